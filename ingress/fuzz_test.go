package ingress_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
	"github.com/easyauth-sidecar/easyauth/ingress"
)

// FuzzNginx asks with any headers. The question is that of exactly one
// X-Original-URL, whatever else the client sends, and only a GET of a browser that
// says so opens a page.
func FuzzNginx(f *testing.F) {
	f.Add("https://app.test/a?b=%7C", "", "GET", "navigate", "", "text/html", "https://evil.test/")
	f.Add("http://App.Test.:80/", "", "", "", "", "image/png, TEXT/HTML;q=0.9", "")
	f.Add("https://app.test/", "https://evil.test/", "GET", "navigate", "", "", "")
	f.Add("https://app.test/a, https://evil.test/", "", "POST", "cors", "prefetch;prerender", "text/html", "for=x;host=evil.test")
	f.Add("https://app.test?/admin", "", "GET", "", "", "", "")
	f.Add("", "", "get", "navigate", "prefetch", "*/*", "")
	f.Fuzz(func(t *testing.T, original, second, method, mode, purpose, accept, other string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/easyauth/auth", nil)
		set := func(name string, values ...string) {
			for _, v := range values {
				if v != "" {
					r.Header[name] = append(r.Header[name], v)
				}
			}
		}
		set("X-Original-Url", original, second)
		set("X-Original-Method", method)
		set("Sec-Fetch-Mode", mode)
		set("Sec-Purpose", purpose)
		set("Accept", accept)
		want, wantErr := hosts.ParseOriginal(r.Header["X-Original-Url"])
		before, err := ingress.Nginx(r)
		if (err == nil) != (wantErr == nil) || err == nil && before.Original != want {
			t.Fatalf("%+v, %v; want %+v, %v", before, err, want, wantErr)
		}
		if err == nil && (original != "") == (second != "") {
			t.Fatalf("of %q and %q: %+v", original, second, before)
		}
		if err == nil && !strings.HasSuffix(original+second, before.Original.RequestURI) {
			t.Fatalf("of %q and %q the path %q is made up", original, second, before.Original.RequestURI)
		}
		for _, name := range []string{"X-Forwarded-Uri", "X-Forwarded-Host", "X-Forwarded-Method", "X-Forwarded-Proto", "X-Original-Uri", "X-Http-Method-Override", "Forwarded", "X_original_url"} {
			r.Header[name] = []string{other}
		}
		if after, err2 := ingress.Nginx(r); after != before || (err2 == nil) != (err == nil) {
			t.Errorf("the client's own headers made %+v of %+v", after, before)
		}
		asked := method
		if asked == "" {
			asked = r.Method
		}
		opens := ingress.Navigation(asked, r.Header)
		switch says := mode == "navigate" && !strings.HasPrefix(purpose, "prefetch"); {
		case opens && asked != http.MethodGet, opens && mode != "" && !says, opens && mode == "" && !strings.Contains(strings.ToLower(accept), "text/html"):
			t.Errorf("opens a page: %s, %q, %q, %q", asked, mode, purpose, accept)
		case !opens && asked == http.MethodGet && (says || mode == "" && strings.Contains(strings.ToLower(accept), "text/html")):
			t.Errorf("opens no page: %q, %q, %q", mode, purpose, accept)
		}
		if err == nil && before.Navigation != opens {
			t.Errorf("navigation %v, want %v", before.Navigation, opens)
		}
	})
}
