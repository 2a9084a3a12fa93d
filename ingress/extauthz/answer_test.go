package extauthz_test

import (
	"strings"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/easyauth-sidecar/easyauth/ingress/extauthz"
)

// option is a header as go-control-plane has it.
func option(name, value string, action corev3.HeaderValueOption_HeaderAppendAction, keep bool) *corev3.HeaderValueOption {
	return &corev3.HeaderValueOption{Header: &corev3.HeaderValue{Key: name, Value: value}, AppendAction: action, KeepEmptyValue: keep}
}

const (
	appends    = corev3.HeaderValueOption_APPEND_IF_EXISTS_OR_ADD
	overwrites = corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD
)

// equal wants the very bytes that go-control-plane writes, and that it reads the same in them.
func equal(t *testing.T, name string, b []byte, want *authv3.CheckResponse) {
	t.Helper()
	var got authv3.CheckResponse
	if err := proto.Unmarshal(b, &got); err != nil || !proto.Equal(&got, want) {
		t.Errorf("%s: %v, %v; want %v", name, &got, err, want)
	}
	if string(b) != string(marshal(t, want)) {
		t.Errorf("%s: %x, want %x", name, b, marshal(t, want))
	}
}

func TestPass(t *testing.T) {
	for _, row := range []struct {
		name string
		pass extauthz.Pass
		want *authv3.OkHttpResponse
	}{
		{"nothing", extauthz.Pass{}, &authv3.OkHttpResponse{}},
		{"everything", extauthz.Pass{
			Set:    []extauthz.Line{{Name: "X-Injected-Oid", Value: "a"}, {Name: "X-Injected-Graph"}},
			Remove: []string{"x_injected_oid", "Forwarded"},
			Answer: []extauthz.Line{{Name: "Set-Cookie", Value: "a=1"}, {Name: "Set-Cookie", Value: "b=2"}},
		}, &authv3.OkHttpResponse{
			Headers:              []*corev3.HeaderValueOption{option("x-injected-oid", "a", overwrites, true), option("x-injected-graph", "", overwrites, true)},
			HeadersToRemove:      []string{"x_injected_oid", "forwarded"},
			ResponseHeadersToAdd: []*corev3.HeaderValueOption{option("set-cookie", "a=1", appends, false), option("set-cookie", "b=2", appends, false)},
		}},
		{"long", extauthz.Pass{Set: []extauthz.Line{{Name: "x", Value: strings.Repeat("ä", 5000)}}}, &authv3.OkHttpResponse{
			Headers: []*corev3.HeaderValueOption{option("x", strings.Repeat("ä", 5000), overwrites, true)},
		}},
	} {
		b, err := row.pass.Encode()
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
		equal(t, row.name, b, &authv3.CheckResponse{Status: &status.Status{}, HttpResponse: &authv3.CheckResponse_OkResponse{OkResponse: row.want}})
	}
}

func TestPassRefuses(t *testing.T) {
	line := func(name, value string) []extauthz.Line { return []extauthz.Line{{Name: name, Value: value}} }
	for name, p := range map[string]extauthz.Pass{
		"a name twice":            {Set: append(line("X-A", "1"), line("x-a", "2")...)},
		"set and removed":         {Set: line("X-A", "1"), Remove: []string{"x-a"}},
		"removed, and no name":    {Remove: []string{""}},
		"a pseudo header removed": {Remove: []string{":path"}},
		"no name":                 {Set: line("", "1")},
		"a pseudo header":         {Set: line(":path", "/")},
		"a name with a blank":     {Set: line("a b", "1")},
		"a line feed":             {Set: line("a", "1\nb")},
		"a NUL":                   {Set: line("a", "\x00")},
		"not UTF-8":               {Set: line("a", "\xff")},
		"a line feed for the client": {
			Answer: line("set-cookie", "1\r\n"),
		},
	} {
		if b, err := p.Encode(); err == nil || b != nil {
			t.Errorf("%s: %x, %v", name, b, err)
		}
	}
}

func TestRefusal(t *testing.T) {
	denied := func(code typev3.StatusCode, body string, headers ...*corev3.HeaderValueOption) *authv3.CheckResponse {
		return &authv3.CheckResponse{
			Status: &status.Status{Code: 7},
			HttpResponse: &authv3.CheckResponse_DeniedResponse{DeniedResponse: &authv3.DeniedHttpResponse{
				Status: &typev3.HttpStatus{Code: code}, Headers: headers, Body: body,
			}},
		}
	}
	line := func(name, value string) extauthz.Line { return extauthz.Line{Name: name, Value: value} }
	for _, row := range []struct {
		name    string
		refusal extauthz.Refusal
		want    *authv3.CheckResponse
	}{
		{
			"to a sign-in",
			extauthz.Refusal{Status: 302, Headers: []extauthz.Line{line("Location", "https://app.test/"), line("Set-Cookie", "a"), line("Set-Cookie", "b")}},
			denied(302, "", option("location", "https://app.test/", overwrites, false), option("set-cookie", "a", overwrites, false), option("set-cookie", "b", appends, false)),
		},
		{"with a body", extauthz.Refusal{Status: 401, Body: "{}"}, denied(401, "{}")},
		{"a body that is not UTF-8", extauthz.Refusal{Status: 503, Body: "a\xffb"}, denied(503, "a\ufffdb")},
		{"nothing", extauthz.Refusal{}, denied(403, "")},
		{"a status that passes", extauthz.Refusal{Status: 200, Body: "x"}, denied(403, "x")},
		{"a status that is none", extauthz.Refusal{Status: 99}, denied(403, "")},
		{"a status beyond all", extauthz.Refusal{Status: 600}, denied(403, "")},
		{
			"headers that are none",
			extauthz.Refusal{Status: 403, Headers: []extauthz.Line{line("", "x"), line(":status", "200"), line("a", "b\r\nc"), line("a", "\xff"), line("a", "b")}},
			denied(403, "", option("a", "b", overwrites, false)),
		},
	} {
		equal(t, row.name, row.refusal.Encode(), row.want)
	}
}
