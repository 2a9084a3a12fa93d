package ingress_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/ingress"
)

// forwarded is what a proxy says of a request for /a?b=%7C; changes replace headers, and nil removes one.
func forwarded(changes http.Header) http.Header {
	h := http.Header{
		"X-Forwarded-Method": {"GET"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"App.Test.:443"}, "X-Forwarded-Uri": {"/a?b=%7C"},
		"X-Forwarded-For": {"192.0.2.1"}, "Sec-Fetch-Mode": {"navigate"},
	}
	for name, values := range changes {
		if values == nil {
			delete(h, name)
		} else {
			h[name] = values
		}
	}
	return h
}

func TestForward(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change http.Header
		ok     bool
	}{
		{"as Traefik asks", nil, true},
		{"without the scheme, which is not read", http.Header{"X-Forwarded-Proto": nil}, true},
		{"another scheme", http.Header{"X-Forwarded-Proto": {"gopher"}}, true},
		{"no method", http.Header{"X-Forwarded-Method": nil}, false},
		{"an empty method", http.Header{"X-Forwarded-Method": {""}}, false},
		{"two methods", http.Header{"X-Forwarded-Method": {"GET", "GET"}}, false},
		{"a list of methods", http.Header{"X-Forwarded-Method": {"GET, POST"}}, false},
		{"no host", http.Header{"X-Forwarded-Host": nil}, false},
		{"two hosts", http.Header{"X-Forwarded-Host": {"app.test", "app.test"}}, false},
		{"a list of hosts", http.Header{"X-Forwarded-Host": {"app.test, app.test"}}, false},
		{"a host with a path", http.Header{"X-Forwarded-Host": {"app.test/public"}}, false},
		{"a host that ends in a question mark", http.Header{"X-Forwarded-Host": {"app.test?"}}, false},
		{"a host with a user", http.Header{"X-Forwarded-Host": {"a@app.test"}}, false},
		{"no path", http.Header{"X-Forwarded-Uri": nil}, false},
		{"a path without a slash", http.Header{"X-Forwarded-Uri": {"a?b=%7C"}}, false},
		{"the path that is none", http.Header{"X-Forwarded-Uri": {"*"}}, false},
		{"a whole URL", http.Header{"X-Forwarded-Uri": {"https://app.test/a?b=%7C"}}, false},
		{"a port in front of the path", http.Header{"X-Forwarded-Uri": {":8443/a?b=%7C"}}, false},
		{"two paths", http.Header{"X-Forwarded-Uri": {"/a?b=%7C", "/public"}}, false},
		{"a malformed escape", http.Header{"X-Forwarded-Uri": {"/%zz"}}, false},
		{"a control byte", http.Header{"X-Forwarded-Uri": {"/a\x01"}}, false},
		{"what nginx would say beside it", http.Header{"X-Original-Url": {"https://evil.test/public"}, "X-Original-Method": {"OPTIONS"}, "X-Original-Uri": {"/public"}, "Forwarded": {"host=evil.test"}}, true},
		{"what nginx would say instead", http.Header{"X-Forwarded-Uri": nil, "X-Original-Url": {"https://app.test/a?b=%7C"}, "X-Original-Uri": {"/a?b=%7C"}}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://auth.internal/easyauth/auth/forward?role=Admin", nil)
			r.Header = forwarded(tt.change)
			ask, err := ingress.Forward(r)
			if (err == nil) != tt.ok {
				t.Fatalf("error %v, want ok %v", err, tt.ok)
			}
			if tt.ok && (ask.Original.Host != "app.test" || ask.Original.RequestURI != "/a?b=%7C" || ask.Method != "GET" || !ask.MethodTold || !ask.Navigation || ask.Query != "role=Admin") {
				t.Errorf("%+v", ask)
			}
		})
	}
}

func TestForwardClient(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, tt := range []struct {
		name, peer string
		header     http.Header
		want       string
	}{
		{"of a proxy", "10.1.1.1:1", nil, "192.0.2.1"},
		{"of somebody else", "192.0.2.9:1", nil, ""},
		{"a list, of which the client wrote a part", "10.1.1.1:1", http.Header{"X-Forwarded-For": {"203.0.113.1, 192.0.2.1"}}, ""},
		{"twice", "10.1.1.1:1", http.Header{"X-Forwarded-For": {"192.0.2.1", "192.0.2.1"}}, ""},
		{"none, and nginx's", "10.1.1.1:1", http.Header{"X-Forwarded-For": nil, "X-Real-Ip": {"192.0.2.1"}}, ""},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/easyauth/auth/forward", nil)
		r.Header, r.RemoteAddr = forwarded(tt.header), tt.peer
		ask, err := ingress.Forward(r)
		if err != nil {
			t.Fatal(err)
		}
		if got := ask.Client(r, proxies); got != addr(tt.want) {
			t.Errorf("%s: %v, want %s", tt.name, got, tt.want)
		}
	}
	told, err := ingress.Told("GET", "app.test", "/", nil, "")
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.RemoteAddr, r.Header = "10.1.1.1:1", forwarded(nil)
	if got := told.Client(r, proxies); err != nil || got.IsValid() {
		t.Errorf("nobody said it: %v, %v", got, err)
	}
	told = told.WithClient(netip.MustParseAddr("::ffff:192.0.2.7"))
	if got := told.Client(r, nil); got != addr("192.0.2.7") {
		t.Errorf("who asks knows it: %v", got)
	}
}

func TestEnvoy(t *testing.T) {
	const prefix = "/easyauth/auth/envoy"
	for _, tt := range []struct {
		name, host, target string
		rule, uri          string // uri "" for a refusal
	}{
		{"no rule", "app.test", "/easyauth/auth/envoy/-/a?b=%7C", "", "/a?b=%7C"},
		{"a rule", "app.test", "/easyauth/auth/envoy/role-any=A,B&scope=x/a?role=C", "role-any=A,B&scope=x", "/a?role=C"},
		{"escapes stay", "app.test", "/easyauth/auth/envoy/graph=%2Fme%3F%24select=x/", "graph=%2Fme%3F%24select=x", "/"},
		{"dots and slashes of the client stay", "app.test", "/easyauth/auth/envoy/-//a/../b/", "", "//a/../b/"},
		{"the client's path is like the prefix", "app.test", "/easyauth/auth/envoy/-/easyauth/auth/envoy/role=x/", "", "/easyauth/auth/envoy/role=x/"},
		{"another port", "app.test:8443", "/easyauth/auth/envoy/-/", "", "/"},
		{"without a rule", "app.test", "/easyauth/auth/envoy", "", ""},
		{"an empty rule", "app.test", "/easyauth/auth/envoy//a", "", ""},
		{"no path behind the rule", "app.test", "/easyauth/auth/envoy/-", "", ""},
		{"the rule as a query", "app.test", "/easyauth/auth/envoy/?role=x/a", "", ""},
		{"another prefix", "app.test", "/easyauth/auth/envoyer/-/a", "", ""},
		{"the prefix with an escape", "app.test", "/easyauth/auth/env%6Fy/-/a", "", ""},
		{"a malformed escape", "app.test", "/easyauth/auth/envoy/-/%zz", "", ""},
		{"a host that ends in a question mark", "app.test?", "/easyauth/auth/envoy/-/a", "", ""},
		{"a host with a path", "app.test/public", "/easyauth/auth/envoy/-/a", "", ""},
		{"no host", "", "/easyauth/auth/envoy/-/a", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodDelete, "/", nil)
			r.RequestURI, r.Host = tt.target, tt.host
			r.Header = http.Header{"X-Forwarded-Uri": {"/public"}, "X-Forwarded-Host": {"evil.test"}, "X-Original-Url": {"https://evil.test/"}, "X-Envoy-Original-Path": {"/public"}}
			ask, err := ingress.Envoy(r, prefix)
			if (err == nil) != (tt.uri != "") {
				t.Fatalf("%+v, %v", ask, err)
			}
			if err == nil && (ask.Query != tt.rule || ask.Original.RequestURI != tt.uri || ask.Method != http.MethodDelete || !ask.MethodTold || ask.Original.Host != tt.host) {
				t.Errorf("%+v", ask)
			}
		})
	}
}

// FuzzTold: whatever is told, the question is about exactly that path, and about one host.
func FuzzTold(f *testing.F) {
	f.Add("GET", "app.test", "/a?b=%7C", "role=A")
	f.Add("POST", "App.Test.:8443", "//a/../b", "")
	f.Add("GET", "app.test?", "/admin", "")
	f.Add("GET", "app.test/x", "/admin", "")
	f.Add("GET", "a@app.test", "@evil.test/", "")
	f.Add("GET", "[::1]:80", "/", "x")
	f.Fuzz(func(t *testing.T, method, host, uri, query string) {
		ask, err := ingress.Told(method, host, uri, nil, query)
		if err != nil {
			return
		}
		if ask.Original.RequestURI != uri || ask.Query != query || ask.Method != method || uri[0] != '/' {
			t.Errorf("%+v of %q %q", ask, host, uri)
		}
		again, err := ingress.Told(method, ask.Original.Host, uri, nil, query)
		if err != nil || again.Original != ask.Original {
			t.Errorf("%q: %+v, then %+v, %v", host, ask.Original, again.Original, err)
		}
	})
}

// FuzzForward asks with any headers. The question is that of exactly one method, host and path, whatever else the client
// sends, and the path is what was told, byte by byte.
func FuzzForward(f *testing.F) {
	f.Add("GET", "app.test", "/a?b=%7C", "", "https://evil.test/")
	f.Add("POST", "App.Test.:8443", "//a/../b", "/public", "for=x;host=evil.test")
	f.Add("GET", "app.test?", "/admin", "", "/public")
	f.Add("GET, POST", "a@app.test", "@evil.test/", "", "")
	f.Fuzz(func(t *testing.T, method, host, uri, second, other string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/easyauth/auth/forward?role=A", nil)
		r.Header = http.Header{"X-Forwarded-Method": {method}, "X-Forwarded-Host": {host}, "X-Forwarded-Uri": {uri}}
		if second != "" {
			r.Header["X-Forwarded-Uri"] = append(r.Header["X-Forwarded-Uri"], second)
		}
		before, err := ingress.Forward(r)
		if err == nil && (second != "" || before.Original.RequestURI != uri || before.Method != method || before.Query != "role=A") {
			t.Fatalf("of %q %q %q: %+v", method, host, uri, before)
		}
		for _, name := range []string{"X-Original-Url", "X-Original-Uri", "X-Original-Method", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Forwarded-Port", "X-Rewrite-Url", "X-Http-Method-Override", "Forwarded", "X_forwarded_uri"} {
			r.Header[name] = []string{other}
		}
		if after, err2 := ingress.Forward(r); after != before || (err2 == nil) != (err == nil) {
			t.Errorf("the client's own headers made %+v of %+v", after, before)
		}
	})
}

// FuzzEnvoy: whatever the client's host and path are, the rule is the segment that was configured, and the
// path is the client's.
func FuzzEnvoy(f *testing.F) {
	f.Add("app.test", "/a?b=%7C", "role=Admin")
	f.Add("app.test?", "//easyauth/auth/envoy/-/", "-")
	f.Add("[::1]:80", "/-/x", "scope=a%2Fb")
	f.Fuzz(func(t *testing.T, host, uri, rule string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Host, r.RequestURI = host, "/easyauth/auth/envoy/"+rule+uri
		ask, err := ingress.Envoy(r, "/easyauth/auth/envoy")
		if err != nil || strings.ContainsAny(rule, "/?#") || rule == "" || !strings.HasPrefix(uri, "/") {
			return
		}
		want := rule
		if rule == ingress.NoRule {
			want = ""
		}
		if ask.Query != want || ask.Original.RequestURI != uri {
			t.Errorf("%q %q %q: %+v", host, rule, uri, ask)
		}
	})
}
