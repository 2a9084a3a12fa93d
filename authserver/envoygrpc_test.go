package authserver_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/headers"
)

// envoy is an Envoy that asks a kit over gRPC with grpc-go's client.
type envoy struct {
	t      *testing.T
	k      *kit
	client authv3.AuthorizationClient
}

func newEnvoy(t *testing.T, o options) *envoy {
	t.Helper()
	o.adapters.EnvoyGRPC = true
	k := newKit(t, o)
	server := httptest.NewUnstartedServer(k.server)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	conn, err := grpc.NewClient("passthrough:"+server.Listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &envoy{t, k, authv3.NewAuthorizationClient(conn)}
}

// checkOf is what Envoy asks about a page that a browser opens, with lines of headers (name, value, …).
func checkOf(lines ...string) *authv3.CheckRequest {
	h := &corev3.HeaderMap{}
	for i := 0; i < len(lines); i += 2 {
		h.Headers = append(h.Headers, &corev3.HeaderValue{Key: lines[i], RawValue: []byte(lines[i+1])})
	}
	for _, pseudo := range []string{":path", ":method", ":authority", ":scheme"} {
		h.Headers = append(h.Headers, &corev3.HeaderValue{Key: pseudo, RawValue: []byte("x")})
	}
	return &authv3.CheckRequest{Attributes: &authv3.AttributeContext{
		Source: &authv3.AttributeContext_Peer{Address: &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{Address: "192.0.2.17"}}}},
		Request: &authv3.AttributeContext_Request{Http: &authv3.AttributeContext_HttpRequest{
			Id: "1", Method: "GET", Path: "/orders?page=2", Host: "app.example.com", Scheme: "https", Protocol: "HTTP/1.1", HeaderMap: h,
		}},
	}}
}

func opens(lines ...string) []string { return append([]string{"accept", "text/html"}, lines...) }

func (e *envoy) check(q *authv3.CheckRequest, meta ...string) *authv3.CheckResponse {
	e.t.Helper()
	a, err := e.client.Check(metadata.AppendToOutgoingContext(e.t.Context(), meta...), q)
	if err != nil {
		e.t.Fatal(err)
	}
	if passes := a.GetStatus().GetCode() == 0; passes != (a.GetOkResponse() != nil) || passes == (a.GetDeniedResponse() != nil) {
		e.t.Fatalf("neither one nor the other: %v", a)
	}
	return a
}

// headersOf returns headers as http.Header has them.
func headersOf(list []*corev3.HeaderValueOption) http.Header {
	h := http.Header{}
	for _, o := range list {
		h.Add(o.GetHeader().GetKey(), o.GetHeader().GetValue())
	}
	return h
}

func TestEnvoyGRPCPasses(t *testing.T) {
	e := newEnvoy(t, options{})
	cookies := e.k.issue(access.Identity{Roles: []string{"Admin"}})
	q := checkOf(opens("cookie", "other=1", "cookie", cookies, "x-injected-oid", "evil", "x_injected_oid", "evil", "x.injected.roles", "evil", "x-injected-made-up", "evil",
		"x`injected|graph", "evil", "x-original-url", "/public", "x_original_method", "GET", "x-rewrite-url", "/public", "forwarded", "host=evil", "x-envoy-original-path", "/", "x-injecte", "1", "x-forwarded-for", "192.0.2.1")...)
	q.Attributes.ContextExtensions = map[string]string{"query": "role-any=Owner,Admin"}
	ok := e.check(q).GetOkResponse()
	if ok == nil {
		t.Fatal("refused")
	}
	h := headersOf(ok.GetHeaders())
	for _, name := range e.k.headerNames() {
		if values := h.Values(name); len(values) != 1 {
			t.Errorf("%s: %d values", name, len(values))
		}
	}
	if h.Get("X-Injected-Roles") != "Admin" || h.Get("X-Injected-Oid") == "evil" || h.Get("X-Injected-Oid") == "" {
		t.Errorf("%v", h)
	}
	for _, o := range ok.GetHeaders() {
		if o.GetAppendAction() != corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD || !o.GetKeepEmptyValue() {
			t.Errorf("%v", o)
		}
	}
	want := []string{"forwarded", "x-injected-made-up", "x-original-url", "x-rewrite-url", "x.injected.roles", "x_injected_oid", "x_original_method", "x`injected|graph"}
	if !slices.Equal(ok.GetHeadersToRemove(), want) {
		t.Errorf("removed %q, want %q", ok.GetHeadersToRemove(), want)
	}
	if len(ok.GetResponseHeadersToAdd()) > 0 {
		t.Errorf("%v", ok.GetResponseHeadersToAdd())
	}

	// The lines of headers in one, as Envoy has it by default.
	q = checkOf()
	q.Attributes.Request.Http.HeaderMap = nil
	q.Attributes.Request.Http.Headers = map[string]string{"cookie": cookies, ":path": "/"}
	if e.check(q).GetOkResponse() == nil {
		t.Error("refused with headers in a map")
	}
}

// What begins as the headers of another product do is no client's to say, also where the profile does not write it.
func TestEnvoyGRPCProfile(t *testing.T) {
	for profile, want := range map[headers.Profile][]string{
		headers.Authentik: {"x-authentik-jwt", "x_authentik_meta_app"}, headers.Pomerium: {"x-pomerium-jwt-assertion"}, headers.OAuth2Proxy: {"x-auth-request-access-token"}, headers.EasyAuth: nil,
	} {
		e := newEnvoy(t, options{profile: profile})
		lines := []string{"cookie", e.k.issue(access.Identity{})}
		for _, name := range []string{"x-authentik-jwt", "x_authentik_meta_app", "x-pomerium-jwt-assertion", "x-auth-request-access-token"} {
			lines = append(lines, name, "evil")
		}
		if ok := e.check(checkOf(lines...)).GetOkResponse(); ok == nil || !slices.Equal(ok.GetHeadersToRemove(), want) {
			t.Errorf("%v: removed %q, want %q", profile, ok.GetHeadersToRemove(), want)
		}
	}
}

func (k *kit) headerNames() []string { return k.server.Headers.Names() }

func TestEnvoyGRPCRenewsUse(t *testing.T) {
	e := newEnvoy(t, options{idle: time.Hour})
	cookies := e.k.issue(access.Identity{})
	e.k.advance(30 * time.Minute)
	ok := e.check(checkOf(opens("cookie", cookies)...)).GetOkResponse()
	if lines := ok.GetResponseHeadersToAdd(); len(lines) != 1 || lines[0].GetHeader().GetKey() != "set-cookie" || lines[0].GetAppendAction() != corev3.HeaderValueOption_APPEND_IF_EXISTS_OR_ADD {
		t.Errorf("%v", ok)
	}
	if headersOf(ok.GetHeaders()).Get("Set-Cookie") != "" {
		t.Error("the cookie is for the application")
	}
}

func TestEnvoyGRPCRefuses(t *testing.T) {
	e := newEnvoy(t, options{})
	cookies := e.k.issue(access.Identity{Roles: []string{"Admin"}})
	signedIn := checkOf(opens("cookie", cookies)...)
	edit := func(f func(a *authv3.AttributeContext, h *authv3.AttributeContext_HttpRequest)) *authv3.CheckRequest {
		q := checkOf(opens("cookie", cookies)...)
		f(q.Attributes, q.Attributes.Request.Http)
		return q
	}
	rule := func(key, value string) *authv3.CheckRequest {
		return edit(func(a *authv3.AttributeContext, _ *authv3.AttributeContext_HttpRequest) {
			a.ContextExtensions = map[string]string{key: value}
		})
	}
	path := func(p string) *authv3.CheckRequest {
		return edit(func(_ *authv3.AttributeContext, h *authv3.AttributeContext_HttpRequest) { h.Path = p })
	}
	host := func(name string) *authv3.CheckRequest {
		return edit(func(_ *authv3.AttributeContext, h *authv3.AttributeContext_HttpRequest) { h.Host = name })
	}
	for _, row := range []struct {
		name   string
		q      *authv3.CheckRequest
		status int // 0: may pass
	}{
		{"signed in", signedIn, 0},
		{"the role", rule("query", "role=Admin"), 0},
		{"an empty rule", rule("query", ""), 0},
		{"a host with the port", host("app.example.com:443"), 0},
		{"OPTIONS", edit(func(_ *authv3.AttributeContext, h *authv3.AttributeContext_HttpRequest) { h.Method = "OPTIONS" }), 0},

		{"no cookie", checkOf(opens()...), 302},
		{"no cookie, a script", checkOf("accept", "*/*", "sec-fetch-mode", "cors"), 401},
		{"no cookie, a form", edit(func(_ *authv3.AttributeContext, h *authv3.AttributeContext_HttpRequest) {
			h.Method, h.HeaderMap = "POST", checkOf(opens()...).Attributes.Request.Http.HeaderMap
		}), 401},
		{"two tickets", checkOf(opens("cookie", cookies, "cookie", strings.Replace(cookies, "=", "=x", 1))...), 302},
		{"another role, a page", rule("query", "role=Owner"), 302},
		{"a typo in the rule", rule("query", "roles=Admin"), 403},
		{"a typo in the key", rule("role", "Admin"), 403},
		{"the key in another case", rule("Query", "role=Admin"), 403},
		{"an unknown key beside", edit(func(a *authv3.AttributeContext, _ *authv3.AttributeContext_HttpRequest) {
			a.ContextExtensions = map[string]string{"query": "role=Admin", "x": "y"}
		}), 403},
		{"another host", host("evil.test"), 403},
		{"no host", host(""), 403},
		{"a host that ends in a query", host("app.example.com?x="), 403},
		{"a host with a path", host("app.example.com/x"), 403},
		{"a user in the host", host("a@app.example.com"), 403},
		{"no path", path(""), 403},
		{"an asterisk", path("*"), 403},
		{"a whole URL", path("https://app.example.com/"), 403},
		{"a fragment", path("/a#b"), 403},
		{"a malformed escape", path("/%zz"), 403},
		{"a line feed", path("/a\nb"), 403},
		{"no method", edit(func(_ *authv3.AttributeContext, h *authv3.AttributeContext_HttpRequest) { h.Method = "" }), 403},
		{"a method that is none", edit(func(_ *authv3.AttributeContext, h *authv3.AttributeContext_HttpRequest) { h.Method = "GET /" }), 403},
		{"a header that is none", checkOf(opens("cookie", cookies, "a b", "c")...), 403},
		{"a header with a line feed", checkOf(opens("cookie", cookies, "a", "b\r\nc")...), 403},
		{"no request", &authv3.CheckRequest{Attributes: &authv3.AttributeContext{}}, 403},
		{"nothing", &authv3.CheckRequest{}, 403},
		{"far too much", checkOf(opens("cookie", cookies, "a", strings.Repeat("x", 300<<10))...), 403},
		{"X-Original-URL of the client", edit(func(_ *authv3.AttributeContext, h *authv3.AttributeContext_HttpRequest) {
			h.Host, h.HeaderMap = "evil.test", checkOf(opens("cookie", cookies, "x-original-url", app+"/", "x-forwarded-host", "app.example.com")...).Attributes.Request.Http.HeaderMap
		}), 403},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := e.check(row.q)
			denied := a.GetDeniedResponse()
			if got := int(denied.GetStatus().GetCode()); got != row.status {
				t.Fatalf("%d, want %d: %v", got, row.status, a)
			}
			h := headersOf(denied.GetHeaders())
			switch {
			case row.status == 0:
				return
			case h.Get("Cache-Control") != "no-store" || h.Get("Content-Length") != "":
				t.Errorf("%v", h)
			case (row.status == 302) != (h.Get("Location") != ""):
				t.Errorf("Location %q", h.Get("Location"))
			case (row.status == 403) == (h.Get("Set-Cookie") != ""):
				t.Errorf("Set-Cookie %q", h.Get("Set-Cookie"))
			}
			if row.status == 302 && !strings.HasPrefix(h.Get("Location"), app+basePath+"/login?rd=") {
				t.Errorf("Location %q", h.Get("Location"))
			}
			for key := range h {
				if strings.HasPrefix(key, "X-Injected-") {
					t.Errorf("%s on a refusal", key)
				}
			}
		})
	}
}
