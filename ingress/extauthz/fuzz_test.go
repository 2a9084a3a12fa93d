package extauthz_test

import (
	"testing"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/protobuf/proto"

	"github.com/easyauth-sidecar/easyauth/ingress/extauthz"
)

// FuzzDecode reads any bytes. What is taken, go-control-plane takes too and reads the same in it.
func FuzzDecode(f *testing.F) {
	j := newJudge(f)
	f.Add(marshal(f, asked(f)))
	f.Add(marshal(f, raw(f, ":path", "/", "cookie", "a", "cookie", "b", "x", "\xff")))
	f.Add(request(text(2, "GET"), text(4, "/"), field(3, text(1, "a"), text(2, "b"))))
	f.Add(field(1, field(4, field(2)), field(10, text(1, "query"), text(2, "role=A")), field(1, field(1, field(1, text(2, "192.0.2.1"))))))
	f.Add(request(field(13, field(1, text(1, "a"), text(3, "\xff")))))
	f.Add(join(request(), field(1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := extauthz.Decode(b)
		if err != nil {
			return
		}
		want, err := j.decode(b)
		if err != nil {
			t.Fatalf("taken, and go-control-plane says: %v", err)
		}
		same(t, c, want)
		_, _ = c.Header()
	})
}

// FuzzEncode answers with any texts. go-control-plane reads what was said, or it was not said; a refusal is always one.
func FuzzEncode(f *testing.F) {
	f.Add("X-Injected-Oid", "a", "x_injected_oid", "set-cookie", "a=1", 302, "body")
	f.Add("", "\r\n", ":path", "X", "\xff", 200, "\xff")
	f.Fuzz(func(t *testing.T, name, value, removed, other, text string, status int, body string) {
		b, err := extauthz.Pass{Set: []extauthz.Line{{Name: name, Value: value}}, Remove: []string{removed}, Answer: []extauthz.Line{{Name: other, Value: text}}}.Encode()
		var a authv3.CheckResponse
		if err == nil {
			if err := proto.Unmarshal(b, &a); err != nil {
				t.Fatal(err)
			}
			ok := a.GetOkResponse()
			if a.GetStatus() == nil || a.GetStatus().GetCode() != 0 || len(ok.GetHeaders()) != 1 || ok.GetHeaders()[0].GetHeader().GetValue() != value ||
				len(ok.GetHeadersToRemove()) != 1 || len(ok.GetResponseHeadersToAdd()) != 1 || ok.GetResponseHeadersToAdd()[0].GetHeader().GetValue() != text {
				t.Errorf("%v", &a)
			}
		}
		b = extauthz.Refusal{Status: status, Headers: []extauthz.Line{{Name: name, Value: value}, {Name: other, Value: text}}, Body: body}.Encode()
		if err := proto.Unmarshal(b, &a); err != nil {
			t.Fatal(err)
		}
		if code := a.GetDeniedResponse().GetStatus().GetCode(); a.GetStatus().GetCode() == 0 || code < 300 || code > 599 {
			t.Errorf("no refusal: %v", &a)
		}
	})
}
