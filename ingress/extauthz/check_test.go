package extauthz_test

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/easyauth-sidecar/easyauth/ingress/extauthz"
)

// asked is a question as Envoy puts it, every field filled.
func asked(t testing.TB) *authv3.CheckRequest {
	t.Helper()
	peer := func(address string) *authv3.AttributeContext_Peer {
		return &authv3.AttributeContext_Peer{
			Address: &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
				Address: address, PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: 40000},
			}}},
			Service: "cluster", Labels: map[string]string{"app": "x"}, Principal: "spiffe://x", Certificate: "none",
		}
	}
	said, err := structpb.NewStruct(map[string]any{"a": []any{1.0, "two"}})
	if err != nil {
		t.Fatal(err)
	}
	told := &corev3.Metadata{FilterMetadata: map[string]*structpb.Struct{"envoy.filters.http.jwt_authn": said}}
	return &authv3.CheckRequest{Attributes: &authv3.AttributeContext{
		Source: peer("192.0.2.17"), Destination: peer("10.0.0.1"),
		Request: &authv3.AttributeContext_Request{
			Time: timestamppb.Now(),
			Http: &authv3.AttributeContext_HttpRequest{
				Id: "1234567890", Method: "GET", Path: "/orders?page=2&q=%7C", Host: "app.example.com", Scheme: "https",
				Protocol: "HTTP/2", Size: -1, Body: "no", RawBody: []byte{0xff},
				Headers: map[string]string{
					":path": "/orders?page=2&q=%7C", ":method": "GET", ":authority": "app.example.com", ":scheme": "https",
					"cookie": "__Host-easyauth=abc; other=1", "accept": "text/html", "x-request-id": "5b7e", "host": "app.example.com",
				},
			},
		},
		ContextExtensions: map[string]string{"query": "role-any=A,B"},
		MetadataContext:   told, RouteMetadataContext: told, TlsSession: &authv3.AttributeContext_TLSSession{Sni: "app.example.com"},
	}}
}

// raw is the question of an Envoy with encode_raw_headers.
func raw(t testing.TB, lines ...string) *authv3.CheckRequest {
	t.Helper()
	q := asked(t)
	h := q.Attributes.Request.Http
	h.Headers, h.HeaderMap = nil, &corev3.HeaderMap{}
	for i := 0; i < len(lines); i += 2 {
		h.HeaderMap.Headers = append(h.HeaderMap.Headers, &corev3.HeaderValue{Key: lines[i], RawValue: []byte(lines[i+1])})
	}
	return q
}

func marshal(t testing.TB, m proto.Message) []byte {
	t.Helper()
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDecode(t *testing.T) {
	j := newJudge(t)
	pipe := asked(t)
	pipe.Attributes.Source.Address = &corev3.Address{Address: &corev3.Address_Pipe{Pipe: &corev3.Pipe{Path: "/run/x"}}}
	little := &authv3.CheckRequest{Attributes: &authv3.AttributeContext{Request: &authv3.AttributeContext_Request{Http: &authv3.AttributeContext_HttpRequest{}}}}
	for name, q := range map[string]*authv3.CheckRequest{
		"all":             asked(t),
		"raw headers":     raw(t, ":path", "/", "cookie", "a=1", "cookie", "b=2", "x-bytes", "\xff\xfe", "x-empty", ""),
		"no raw header":   raw(t),
		"from a pipe":     pipe,
		"next to nothing": little,
		"text for raw value": func() *authv3.CheckRequest {
			q := raw(t, "a", "")
			q.Attributes.Request.Http.HeaderMap.Headers[0].Value = "text"
			return q
		}(),
	} {
		t.Run(name, func(t *testing.T) {
			b := marshal(t, q)
			c, err := extauthz.Decode(b)
			if err != nil {
				t.Fatal(err)
			}
			same(t, c, q)
			judged, err := j.decode(b)
			if err != nil {
				t.Fatal(err)
			}
			same(t, c, judged)
		})
	}
}

// field is one field of a message, of bytes.
func field(number protowire.Number, content ...[]byte) []byte {
	var all []byte
	for _, c := range content {
		all = append(all, c...)
	}
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), all)
}

func text(number protowire.Number, s string) []byte { return field(number, []byte(s)) }

func number(n protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, n, protowire.VarintType), v)
}

func join(parts ...[]byte) []byte {
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// request is a CheckRequest with such an HttpRequest.
func request(http ...[]byte) []byte { return field(1, field(4, field(2, http...))) }

func TestDecodeRefuses(t *testing.T) {
	many := func(n int, one func(i int) []byte) []byte {
		var b []byte
		for i := range n {
			b = append(b, one(i)...)
		}
		return b
	}
	header := func(i int) []byte { return field(3, text(1, fmt.Sprint("h", i))) }
	extension := func(i int) []byte { return field(10, text(1, fmt.Sprint("k", i))) }
	ip := func(address string) []byte { return field(1, text(2, address)) }
	nothing := field(4, field(2))
	for _, row := range []struct {
		name  string
		b, ok []byte // ok differs in that alone which is wrong in b
	}{
		{"nothing", nil, request()},
		{"no request", field(1, field(4)), request()},
		{"no HTTP request", field(1, field(1)), request()},
		{"text", []byte("GET / HTTP/1.1"), request()},
		{"cut off", request(text(2, "GET"))[:8], request(text(2, "GET"))},
		{"a length beyond the end", []byte{0x0a, 0x7f, 0x00}, request()},
		{"a group", join(request(), []byte{0x7b, 0x7c}), join(request(), text(15, "x"))},
		{"field 0", join(request(), []byte{0x02, 0x00}), join(request(), []byte{0x12, 0x00})},
		{"two attributes", join(request(), request()), join(request(), text(2, "x"))},
		{"two requests", field(1, nothing, nothing), field(1, nothing)},
		{"two HTTP requests", field(1, field(4, field(2), field(2))), request()},
		{"attributes of a number", join(number(1, 1), request()), join(number(2, 1), request())},
		{"a path twice", request(text(4, "/a"), text(4, "/b")), request(text(4, "/a"))},
		{"a host twice, the same", request(text(5, "a"), text(5, "a")), request(text(5, "a"))},
		{"a method of a number", request(number(2, 1)), request(number(9, 1))},
		{"a path that is not in UTF-8", request(text(4, "/\xff")), request(text(4, "/\xc3\xbf"))},
		{"a header that is not in UTF-8", request(field(3, text(1, "a"), text(2, "\xff"))), request(field(3, text(1, "a"), text(2, "x")))},
		{"a header twice in the map", request(field(3, text(1, "a")), field(3, text(1, "a"))), request(field(3, text(1, "a")), field(3, text(1, "b")))},
		{"a name twice in an entry", request(field(3, text(1, "a"), text(1, "a"))), request(field(3, text(1, "a")))},
		{"a header of a number", request(number(3, 1)), request(number(9, 1))},
		{"a query beside the path", request(text(7, "role=x")), request(text(7, ""))},
		{"a fragment", request(text(8, "x")), request(text(8, ""))},
		{"two header maps", request(field(13), field(13)), request(field(13))},
		{"a raw header of a number", request(field(13, number(1, 1))), request(field(13, number(2, 1)))},
		{"a raw header's name twice", request(field(13, field(1, text(1, "a"), text(1, "b")))), request(field(13, field(1, text(1, "a"))))},
		{"a raw header's name not in UTF-8", request(field(13, field(1, text(1, "\xff")))), request(field(13, field(1, text(1, "a"), text(3, "\xff"))))},
		{"two values of one raw header", request(field(13, field(1, text(1, "a"), text(2, "b"), text(3, "c")))), request(field(13, field(1, text(1, "a"), text(2, "b"), text(3, ""))))},
		{"too many headers", request(many(1001, header)), request(many(1000, header))},
		{"too many raw headers", request(field(13, many(1001, func(int) []byte { return field(1) }))), request(field(13, many(1000, func(int) []byte { return field(1) })))},
		{"too many extensions", field(1, nothing, many(101, extension)), field(1, nothing, many(100, extension))},
		{"an extension twice", field(1, nothing, extension(1), extension(1)), field(1, nothing, extension(1), extension(2))},
		{"two sources", field(1, nothing, field(1), field(1)), field(1, nothing, field(1))},
		{"two addresses", field(1, nothing, field(1, field(1), field(1))), field(1, nothing, field(1, field(1)))},
		{"an address and a pipe", field(1, nothing, field(1, field(1, ip("192.0.2.1"), field(2)))), field(1, nothing, field(1, field(1, ip("192.0.2.1"))))},
		{"an address of a number", field(1, nothing, field(1, field(1, number(1, 1)))), field(1, nothing, field(1, field(1, number(4, 1))))},
		{"two texts in an address", field(1, nothing, field(1, field(1, field(1, text(2, "a"), text(2, "b"))))), field(1, nothing, field(1, field(1, ip("a"))))},
	} {
		if _, err := extauthz.Decode(row.b); err == nil {
			t.Errorf("%s: taken", row.name)
		} else if strings.Contains(err.Error(), "role=x") {
			t.Errorf("%s: the error holds a value: %v", row.name, err)
		}
		if _, err := extauthz.Decode(row.ok); err != nil {
			t.Errorf("not %s: %v", row.name, err)
		}
	}
}

func TestHeader(t *testing.T) {
	c, err := extauthz.Decode(marshal(t, asked(t)))
	if err != nil {
		t.Fatal(err)
	}
	want := http.Header{"Cookie": {"__Host-easyauth=abc; other=1"}, "Accept": {"text/html"}, "X-Request-Id": {"5b7e"}}
	if h, err := c.Header(); err != nil || !reflect.DeepEqual(h, want) {
		t.Errorf("%v, %v", h, err)
	}

	q := raw(t, ":path", "/", "cookie", "a=1", "Cookie", "b=2", "x_injected_oid", "x", "authorization", "Bearer a", "authorization", "Bearer b", "host", "evil.test", "x-tab", "a\tb\xff")
	q.Attributes.Request.Http.Headers = map[string]string{"cookie": "c=3", "x-other": "1"}
	if c, err = extauthz.Decode(marshal(t, q)); err != nil {
		t.Fatal(err)
	}
	want = http.Header{"Cookie": {"a=1", "b=2"}, "X_injected_oid": {"x"}, "Authorization": {"Bearer a", "Bearer b"}, "X-Tab": {"a\tb\xff"}}
	if h, err := c.Header(); err != nil || !reflect.DeepEqual(h, want) {
		t.Errorf("raw headers count alone: %v, %v", h, err)
	}

	for _, row := range []struct {
		name, value string
		ok          bool
	}{
		{"x", "a", true},
		{"", "a", false},
		{":", "a", false},
		{":a b", "a", false},
		{"a b", "a", false},
		{"a\r\nb", "a", false},
		{"ä", "a", false},
		{"x", "a\r\nb: c", false},
		{"x", "a\x00", false},
		{"x", "a\x7f", false},
		{"x", "ä", true},
	} {
		for _, q := range []*authv3.CheckRequest{raw(t, row.name, row.value), merged(t, row.name, row.value)} {
			c, err := extauthz.Decode(marshal(t, q))
			if err != nil {
				t.Fatal(err)
			}
			if h, err := c.Header(); (err == nil) != row.ok || (h != nil) != row.ok {
				t.Errorf("%q: %q: %v, %v", row.name, row.value, h, err)
			}
		}
	}
}

func merged(t testing.TB, name, value string) *authv3.CheckRequest {
	t.Helper()
	q := asked(t)
	q.Attributes.Request.Http.Headers = map[string]string{name: value}
	return q
}
