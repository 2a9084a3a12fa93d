package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// In absolute form the request's host and its Host header differ. What counts
// is the rule that nginx picks; the host decides nothing and leads nowhere.
func TestAttack03AbsoluteForm(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	adele, bob := signedIn(t, s, entra.Adele), signedIn(t, s, entra.Bob)
	for _, origin := range []string{"https://secret.test", "http://secret.test", "https://app.test", "HTTPS://APP.TEST", "https://user:pw@app.test", fmt.Sprintf("https://app.test:%d", s.Port), "https://[::1]"} {
		for _, host := range []string{fmt.Sprintf("app.test:%d", s.Port), "public.test", "app.test"} {
			ask := func(path, cookies string) *reply {
				r := bob.raw(fmt.Sprintf("GET %s%s HTTP/1.1\r\nHost: %s\r\nAccept: text/html\r\nCookie: %s\r\nConnection: close\r\n\r\n", origin, path, host, cookies))
				r.never5xx(t, origin+" at "+host)
				return r
			}
			what := origin + " with Host " + host
			if r := ask("/admin", ""); r.reached() {
				t.Errorf("%s without a ticket: %d", what, r.status)
			}
			if r := ask("/admin", bob.cookies()); r.reached() {
				t.Errorf("%s without the role: %d", what, r.status)
			}
			if r := ask("/admin", adele.cookies()); r.shownURI() == "" && r.status != http.StatusBadRequest {
				t.Errorf("%s with the role: %d", what, r.status)
			}
			// Login takes the Host header alone, and serves only what is configured.
			login := ask("/easyauth/login?rd=https://secret.test/x", "")
			served := host == fmt.Sprintf("app.test:%d", s.Port)
			switch to, _ := url.Parse(login.header.Get("Location")); {
			case login.status == http.StatusBadRequest: // nginx refuses the line
			case served && to.Query().Get("redirect_uri") != bob.url("/easyauth/signin-oidc"):
				t.Errorf("%s: login: %d %q", what, login.status, login.header.Get("Location"))
			case !served && login.status != http.StatusMisdirectedRequest:
				t.Errorf("%s: login for a host that is not served: %d %q", what, login.status, login.header.Get("Location"))
			}
		}
	}
}

func TestAttack03Hosts(t *testing.T) {
	t.Parallel()
	cfg := oneHost()
	cfg.Env = map[string]string{"EASYAUTH_HOSTS": "app.test:{port}, app.test"}
	s := start(t, cfg)
	port := fmt.Sprint(s.Port)
	tests := []struct{ host, canonical string }{
		{"app.test:" + port, "app.test:" + port},
		{"APP.TEST:" + port, "app.test:" + port},
		{"App.Test.:" + port, "app.test:" + port},
		{"app.test:443", "app.test"},
		{"app.test.", "app.test"},
		{"app.test", "app.test"},
		{"app.test:1", ""},
		{"evil.test:" + port, ""},
		{"app.test.evil.test", ""},
		{"xapp.test:" + port, ""},
		{"localhost", ""},
		{"127.0.0.1:" + port, ""},
		{"[::1]:" + port, ""},
		{"app.test:", ""},
		{"app.test:0" + port, ""},
		{"\u0430pp.test", ""}, // Cyrillic
		{"xn--pp-6kc.test", ""},
	}
	bob := signedIn(t, s, entra.Bob)
	for _, tt := range tests {
		ask := func(target, cookies string) *reply {
			r := bob.raw(fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\nAccept: text/html\r\nCookie: %s\r\nConnection: close\r\n\r\n", target, tt.host, cookies))
			r.never5xx(t, tt.host)
			return r
		}
		if r := ask("/deep?x=1", ""); r.reached() {
			t.Errorf("%s without a ticket: %d", tt.host, r.status)
		}
		if r := ask("/admin", bob.cookies()); r.reached() {
			t.Errorf("%s without the role: %d", tt.host, r.status)
		}
		login := ask("/easyauth/login?rd="+url.QueryEscape("https://"+tt.host+"/deep?x=1"), "")
		if tt.canonical == "" {
			if login.status != http.StatusMisdirectedRequest && login.status != http.StatusBadRequest {
				t.Errorf("login on %s: %d %q", tt.host, login.status, login.header.Get("Location"))
			}
			continue
		}
		if canonical := "https://" + tt.canonical; strings.Contains(tt.host, ".:") || strings.HasSuffix(tt.host, ".") {
			// To the host without the dot first: cookies set here would not get to the callback.
			if location := login.header.Get("Location"); login.status != http.StatusFound || !strings.HasPrefix(location, canonical+"/easyauth/login?rd=") {
				t.Errorf("login on %s: %d %q", tt.host, login.status, location)
			}
			continue
		}
		to, err := url.Parse(login.header.Get("Location"))
		if err != nil || to.Query().Get("redirect_uri") != "https://"+tt.canonical+"/easyauth/signin-oidc" {
			t.Errorf("login on %s: %d %q", tt.host, login.status, login.header.Get("Location"))
		}
		// The page to return to, whatever its spelling, is written in one form.
		v := newVisitor(t, s, entra.Bob)
		callback := v.get(v.next(v.get("/easyauth/login?rd=" + url.QueryEscape("https://"+tt.host+"/deep?x=1"))))
		if got, want := callback.header.Get("Location"), "https://"+tt.canonical+"/deep?x=1"; got != want {
			t.Errorf("rd on %s ends on %q, want %q", tt.host, got, want)
		}
	}
	// HTTP/1.0 without a host: no URL, no pass.
	if r := bob.raw("GET /echo HTTP/1.0\r\nCookie: " + bob.cookies() + "\r\n\r\n"); r.reached() {
		t.Errorf("no Host: %d", r.status)
	}
	if r := bob.raw("GET /echo HTTP/1.1\r\nHost: app.test\r\nHost: evil.test\r\nCookie: " + bob.cookies() + "\r\n\r\n"); r.reached() {
		t.Errorf("two Hosts: %d", r.status)
	}
}

func TestAttack04NoBypassForProbes(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	v := newVisitor(t, s, "")
	for _, agent := range []string{"kube-probe/1.33", "GoogleHC/1.0", "ELB-HealthChecker/2.0", "Prometheus/3.0"} {
		h := http.Header{"User-Agent": {agent}, "Accept": {"*/*"}}
		for _, path := range []string{"/", "/healthz", "/readyz", "/livez", "/metrics", "/ping", "/robots.txt", "/favicon.ico", "/.well-known/acme-challenge/x", "/version"} {
			if r := v.do(http.MethodGet, path, h); r.reached() {
				t.Errorf("%s at %s: %d", agent, path, r.status)
			}
			if r := v.do(http.MethodGet, s.EasyAuth+path, h); r.status != http.StatusNotFound {
				t.Errorf("%s at EasyAuth's own %s: %d", agent, path, r.status)
			}
		}
		for _, path := range []string{"/easyauth/healthz", "/easyauth/readyz", "/easyauth/metrics", "/easyauth/auth", "/easyauth/", "/easyauth"} {
			if r := v.do(http.MethodGet, path, h); r.status != http.StatusNotFound && r.reached() {
				t.Errorf("%s at %s: %d", agent, path, r.status)
			}
		}
	}
	if r := v.do(http.MethodGet, s.Admin+"/healthz", nil); r.status != http.StatusOK {
		t.Errorf("the admin listener: %d", r.status)
	}
}
