package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// ownPaths are our endpoints that nginx publishes.
func ownPaths() []string {
	return []string{"/easyauth/login", callbackPath, "/easyauth/logout", "/easyauth/signout-callback-oidc", "/easyauth/me", "/easyauth/logo", "/easyauth/frontchannel-logout", "/easyauth/backchannel-logout"}
}

// A page elsewhere reads nothing of ours: no answer lets another origin in, no page
// of ours can be framed, and all of them are kept by nobody.
func TestAttack37PagesElsewhere(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	v := signedIn(t, s, entra.Adele)
	before := v.cookies()
	for _, origin := range []string{"https://evil.test", "null", "https://app.test.evil.test", "http://" + appHost, v.url(""), "https://evil." + appHost} {
		h := http.Header{"Origin": {origin}, "Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"cors"}, "Accept": {"application/json"}}
		preflight := joined(h, http.Header{"Access-Control-Request-Method": {"GET"}, "Access-Control-Request-Headers": {"x-original-url"}, "Access-Control-Request-Private-Network": {"true"}})
		for _, path := range append(ownPaths(), "/api/x", "/easyauth/auth") {
			for _, r := range []*reply{v.do(http.MethodGet, path, h), v.do(http.MethodOptions, path, preflight)} {
				if strings.HasPrefix(path, "/api/") && r.status == http.StatusOK {
					continue // the application's own business
				}
				for name := range r.header {
					if strings.HasPrefix(name, "Access-Control-") {
						t.Errorf("%s to %s: %d with %s", path, origin, r.status, name)
					}
				}
			}
		}
		// Past nginx, for an Ingress that publishes all of EasyAuth.
		for _, method := range []string{http.MethodOptions, http.MethodGet} {
			r := v.do(method, s.EasyAuth+"/easyauth/auth", joined(preflight, http.Header{"Cookie": {v.ticket()}}))
			if r.status != http.StatusForbidden || r.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s of the check by %s: %d", method, origin, r.status)
			}
		}
	}
	for _, path := range ownPaths() {
		r := newVisitor(t, s, "").get(path)
		if path != "/easyauth/logo" && !strings.Contains(r.header.Get("Cache-Control"), "no-store") {
			t.Errorf("%s: %d, Cache-Control %q", path, r.status, r.header.Get("Cache-Control"))
		}
		if csp := r.header.Get("Content-Security-Policy"); r.status != http.StatusFound && strings.HasPrefix(r.header.Get("Content-Type"), "text/html") && (!strings.Contains(csp, "frame-ancestors 'none'") || !strings.Contains(csp, "default-src 'none'")) {
			t.Errorf("%s: %d, policy %q", path, r.status, csp)
		}
	}
	if v.cookies() != before {
		t.Error("the cookies have changed")
	}
	if r := v.do(http.MethodGet, "/easyauth/me", http.Header{"Accept": {"application/json"}}); r.status != http.StatusOK || r.header.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(r.header.Get("Content-Type"), "application/json") {
		t.Errorf("/easyauth/me: %d %q", r.status, r.header.Get("Content-Type"))
	}
}

// Addresses that a cache takes for a picture, or for another page, show nothing of a
// person.
func TestAttack37CacheDeception(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	v := signedIn(t, s, entra.Adele)
	for _, suffix := range []string{"/x.css", ".css", ";x.css", "%2fx.css", "%3bx.css", "%00.css", "/..%2fx.css", "/x.css?y", "/", "//", "%0a.css", "\\x.css", "/.", "%23x.css", "/easyauth/me"} {
		for _, base := range []string{v.url(""), s.EasyAuth} {
			r := v.raw("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") // a sibling: nginx is there
			if r.status == 0 {
				t.Fatal("nginx does not answer")
			}
			target := "/easyauth/me" + suffix
			text := fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s:%d\r\nAccept: text/html\r\nConnection: close\r\nCookie: %s\r\n\r\n", target, appHost, s.Port, v.cookies())
			if base == s.EasyAuth {
				if answer := dialed(t, strings.TrimPrefix(base, "http://"), text); strings.Contains(answer, entra.AdeleOID) || strings.HasPrefix(answer, "HTTP/1.1 200") {
					t.Errorf("%s past nginx: %.300s", target, answer)
				}
				continue
			}
			if r := v.raw(text); strings.Contains(r.body, entra.AdeleOID) && !strings.Contains(r.header.Get("Cache-Control"), "no-store") || r.status == http.StatusOK && r.header.Get("Cache-Control") == "" {
				t.Errorf("%s: %d %q", target, r.status, r.header.Get("Cache-Control"))
			}
		}
	}
	for _, target := range []string{"/easyauth/me", "/easyauth/me?x.css"} {
		if r := v.get(target); r.status != http.StatusOK || !strings.Contains(r.body, entra.AdeleOID) || !strings.Contains(r.header.Get("Cache-Control"), "no-store") {
			t.Errorf("%s: %d %q", target, r.status, r.header.Get("Cache-Control"))
		}
	}
}

// Another site, or a host below ours, cannot sign anybody out: it gets a page that
// asks, or nothing.
func TestAttack38SignOutByAnotherSite(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	v := signedIn(t, s, entra.Adele)
	ticket := v.cookie(ticketCookie)
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"text/html"}, "Sec-Fetch-Mode": {"navigate"}}
	from := func(site, origin string) http.Header {
		h := joined(form, http.Header{"Sec-Fetch-User": {"?1"}})
		if site != "" {
			h["Sec-Fetch-Site"] = []string{site}
		}
		if origin != "" {
			h["Origin"] = []string{origin}
		}
		return h
	}
	for name, h := range map[string]http.Header{
		"another site": from("cross-site", "https://evil.test"), "a host below": from("same-site", "https://evil."+appHost), "a file": from("cross-site", "null"),
		"an old browser at another site": from("", "https://evil.test"), "an old browser, null": from("", "null"), "another port": from("", "https://"+appHost+":1"),
		"two origins": joined(from("", "https://evil.test"), http.Header{"Origin": {v.url("")}}), "with another method named": joined(from("cross-site", "https://evil.test"), http.Header{"X-Http-Method-Override": {"GET"}}),
	} {
		for _, path := range []string{"/easyauth/logout", "/easyauth/logout?rd=/"} {
			r, err := v.ask(http.MethodPost, path, h, "rd=/")
			if err != nil || r.status != http.StatusForbidden || v.cookie(ticketCookie) != ticket {
				t.Errorf("%s: %v %v", name, r, err)
			}
		}
		if r := v.do(http.MethodGet, "/easyauth/logout", h); r.status != http.StatusOK || v.cookie(ticketCookie) != ticket {
			t.Errorf("%s, as a link: %d", name, r.status)
		}
	}
	for name, h := range map[string]http.Header{
		"a picture": {"Sec-Fetch-Site": {"same-origin"}, "Sec-Fetch-Mode": {"no-cors"}, "Sec-Fetch-Dest": {"image"}}, "a script": {"Sec-Fetch-Site": {"same-origin"}, "Sec-Fetch-Mode": {"cors"}},
		"nothing told": {"Accept": {"text/html"}}, "fetched beforehand": joined(page(), http.Header{"Sec-Fetch-Site": {"same-origin"}, "Sec-Purpose": {"prefetch"}}),
		"no click": joined(page(), http.Header{"Sec-Fetch-Site": {"same-origin"}}), "typed": joined(page(), http.Header{"Sec-Fetch-Site": {"none"}, "Sec-Fetch-User": {"?1"}}),
	} {
		if r := v.do(http.MethodGet, "/easyauth/logout?rd=/", h); r.status != http.StatusOK || v.cookie(ticketCookie) != ticket {
			t.Errorf("%s: %d", name, r.status)
		}
	}
	if r := v.get("/api/x"); r.status != http.StatusOK {
		t.Errorf("the session: %d", r.status)
	}
	if r, err := v.ask(http.MethodPost, "/easyauth/logout", from("same-origin", v.url("")), ""); err != nil || r.status != http.StatusFound || v.cookie(ticketCookie) != "" {
		t.Errorf("our own form: %v %v", r, err)
	}
}

// The same parameter twice, in several spellings, or where it does not belong.
func TestAttack39ParametersTwice(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	first := signedIn(t, s, entra.Bob)
	const evil = "https%3A%2F%2Fevil.test%2F"
	inParallel(t, first, []string{
		"rd=/ok&rd=" + evil, "rd=" + evil + "&rd=/ok", "rd=/ok;rd=" + evil, "rd=/ok&RD=" + evil, "rd=/ok&rd[]=" + evil, "rd=/ok&r%64=" + evil, "rd=/ok&redirect_uri=" + evil, "rd=/ok&returnUrl=" + evil,
		"rd=/ok&callback=" + evil, "rd=/ok&client_id=x&response_type=token&scope=Mail.Send&prompt=none&domain_hint=evil.test&login_hint=mallory@evil.example&state=x&nonce=x&code_challenge=x",
		"rd=/ok&handover=x&host=evil.test", "rd=/ok%00" + evil, "rd=/ok%0d%0aLocation:%20" + evil,
	}, func(v *visitor, query string) {
		r := v.get("/easyauth/login?retry=1&" + query)
		if r.status == http.StatusBadRequest {
			return
		}
		to, err := url.Parse(r.header.Get("Location"))
		if err != nil || r.status != http.StatusFound || !strings.HasPrefix(to.String(), s.Entra.BaseURL()+"/") {
			t.Errorf("%s: %d %q", query, r.status, r.header.Get("Location"))
			return
		}
		for name, values := range to.Query() {
			if len(values) != 1 || strings.Contains(strings.Join(values, ""), "evil") {
				t.Errorf("%s: asks with %s=%q", query, name, values)
			}
		}
		if q := to.Query(); q.Get("response_type") != "code" || q.Get("scope") != "openid profile email" || q.Get("redirect_uri") != v.url(callbackPath) || q.Get("state") == "x" || q.Get("code_challenge_method") != "S256" {
			t.Errorf("%s: asks with %v", query, q)
		}
		r = v.get(v.next(r))
		stays(t, v, v.url("/"), r.header.Get("Location"), query)
		if got := r.header.Get("Location"); got != v.url("/ok") && got != v.url("/") {
			t.Errorf("%s: ends on %q", query, got)
		}
	})
	if location, ok := first.fresh().end("/easyauth/login?retry=1&rd=/ok"); !ok || location != first.url("/ok") {
		t.Errorf("one alone: %q", location)
	}
}
