package ingress_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/ingress"
)

func TestNavigation(t *testing.T) {
	tests := []struct {
		name   string
		method string
		header http.Header
		want   bool
	}{
		{"browser opens a page", "GET", http.Header{"Sec-Fetch-Mode": {"navigate"}, "Accept": {"text/html"}}, true},
		{"fetch that accepts pages", "GET", http.Header{"Sec-Fetch-Mode": {"cors"}, "Accept": {"text/html"}}, false},
		{"image", "GET", http.Header{"Sec-Fetch-Mode": {"no-cors"}}, false},
		{"HEAD", "HEAD", http.Header{"Sec-Fetch-Mode": {"navigate"}, "Accept": {"text/html"}}, false},
		{"form", "POST", http.Header{"Sec-Fetch-Mode": {"navigate"}, "Accept": {"text/html"}}, false},
		{"prefetch", "GET", http.Header{"Sec-Fetch-Mode": {"navigate"}, "Sec-Purpose": {"prefetch"}}, false},
		{"prerender", "GET", http.Header{"Sec-Fetch-Mode": {"navigate"}, "Sec-Purpose": {"prefetch;prerender"}}, false},
		{"old browser", "GET", http.Header{"Accept": {"text/HTML,application/xhtml+xml"}}, true},
		{"second Accept line", "GET", http.Header{"Accept": {"image/png", "text/html"}}, true},
		{"curl", "GET", http.Header{"Accept": {"*/*"}}, false},
		{"nothing", "GET", nil, false},
	}
	for _, tt := range tests {
		if got := ingress.Navigation(tt.method, tt.header); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestNginx(t *testing.T) {
	set := func(h http.Header, key string, values ...string) http.Header {
		h = h.Clone()
		for _, v := range values {
			h.Add(key, v)
		}
		return h
	}
	good := http.Header{"X-Original-Url": {"http://App.Test./a?b=%7C"}, "X-Original-Method": {"GET"}, "Sec-Fetch-Mode": {"navigate"}}
	tests := []struct {
		name   string
		header http.Header
		ok     bool
	}{
		{"as nginx asks", good, true},
		{"without X-Original-Method", http.Header{"X-Original-Url": good["X-Original-Url"], "Sec-Fetch-Mode": {"navigate"}}, true},
		{"no X-Original-URL", http.Header{"X-Original-Method": {"GET"}}, false},
		{"two", set(good, "X-Original-URL", "http://evil.test/"), false},
		{"joined by a comma", http.Header{"X-Original-Url": {"http://app.test/a, http://evil.test/"}}, false},
		{"a host that ends in a question mark", http.Header{"X-Original-Url": {"http://app.test?/a?b=%7C"}}, false},
		{"the same with a port", http.Header{"X-Original-Url": {"http://app.test:8443?/a?b=%7C"}}, false},
		{"a host that ends in a query", http.Header{"X-Original-Url": {"http://app.test?x=/a?b=%7C"}}, false},
		{"no path", http.Header{"X-Original-Url": {"http://app.test"}}, false},
		{"X-Original-URI is the client's", http.Header{"X-Original-Uri": {"http://app.test/a"}}, false},
		{"X-Forwarded-* is the client's", http.Header{"X-Forwarded-Host": {"app.test"}, "X-Forwarded-Uri": {"/a"}, "X-Forwarded-Proto": {"http"}}, false},
		{"the client's headers beside nginx's", set(set(set(set(set(set(good, "X-Forwarded-Host", "evil.test"), "X-Forwarded-Uri", "/public"),
			"X-Forwarded-Method", "OPTIONS"), "X-Forwarded-Prefix", "/x"), "X-Original-URI", "/public"), "Forwarded", "host=evil.test"), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://auth.internal/easyauth/auth", nil)
			r.Header = tt.header
			ask, err := ingress.Nginx(r)
			if (err == nil) != tt.ok {
				t.Fatalf("error %v, want ok %v", err, tt.ok)
			}
			if !tt.ok && !strings.HasPrefix(err.Error(), "X-Original-URL: ") {
				t.Errorf("the error does not name the header: %v", err)
			}
			if tt.ok && (ask.Original.Host != "app.test" || ask.Original.RequestURI != "/a?b=%7C" || ask.Method != "GET" || !ask.Navigation) {
				t.Errorf("%+v", ask)
			}
		})
	}
}

func TestNginxStatus(t *testing.T) {
	tests := map[access.Outcome]int{
		access.Deny: 403, access.Allow: 204, access.SignIn: 401, access.Forbid: 401, access.StepUp: 401, access.Unsure: 401,
		access.Outcome(99): 403,
	}
	for outcome, want := range tests {
		if got := ingress.NginxStatus(outcome, 204); got != want {
			t.Errorf("%s: %d, want %d", outcome, got, want)
		}
	}
}
