package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/http/httpguts"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// A host beyond ASCII has one canonical form, whichever of its spellings a client
// uses; what only looks like it is another host.
func TestAttack03HostsBeyondASCII(t *testing.T) {
	t.Parallel()
	cfg := oneHost()
	cfg.Env = map[string]string{"EASYAUTH_HOSTS": "app.test:{port}, b\u00fccher.test:{port}, [::1]:{port}"}
	s := start(t, cfg)
	v := newVisitor(t, s, "")
	for host, canonical := range map[string]string{
		"xn--bcher-kva.test": "xn--bcher-kva.test", "XN--BCHER-KVA.Test": "xn--bcher-kva.test",
		"[::1]": "[::1]", "[0:0:0:0:0:0:0:1]": "[::1]", "[::0001]": "[::1]",
		"b\u00fccher.test": "", "B\u00dcCHER.test": "", // browsers send the ASCII form
		"xn--bcher-kvb.test": "", "bucher.test": "", "b\u00fccher.test.evil.test": "", "xn--b\u00fccher-kva.test": "", "b\xfccher.test": "",
		"[::2]": "", "[::ffff:127.0.0.1]": "", "[::1": "", "::1": "", "[::1]x": "", "[::1%25lo]": "",
	} {
		host = fmt.Sprintf("%s:%d", host, s.Port)
		r := v.raw(fmt.Sprintf("GET /easyauth/login?rd=/x HTTP/1.1\r\nHost: %s\r\nAccept: text/html\r\nConnection: close\r\n\r\n", host))
		r.never5xx(t, host)
		to, err := url.Parse(r.header.Get("Location"))
		if canonical != "" {
			want := fmt.Sprintf("https://%s:%d/easyauth/signin-oidc", canonical, s.Port)
			if err != nil || to.Query().Get("redirect_uri") != want {
				t.Errorf("%q: %d %q, want %s", host, r.status, r.header.Get("Location"), want)
			}
			continue
		}
		if r.status != http.StatusMisdirectedRequest && r.status != http.StatusBadRequest || len(r.header["Set-Cookie"]) > 0 {
			t.Errorf("%q: %d %q", host, r.status, r.header.Get("Location"))
		}
	}
}

// Host headers that end an authority early, so that X-Original-URL is another URL
// than was asked for: no role comes of it, and no sign-in begins there.
func TestAttack36HostsThatEndEarly(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	bob, adele := signedIn(t, s, entra.Bob), signedIn(t, s, entra.Adele)
	port := fmt.Sprint(s.Port)
	for _, host := range []string{
		"app.test:" + port + "?", "app.test:" + port + "#", "app.test?x=", "app.test#", "user@app.test:" + port, "app.test:" + port + "@evil.test", "evil.test#@app.test:" + port,
		"app.test:" + port + ";x", "app.test:" + port + ",evil.test", "app.test:99999", "app.test:443:443", "app.test:-1", "app.test:+443", "%61pp.test:" + port, "app%2etest:" + port,
		"app.test\\evil.test", "_", "*", "$host", "app..test", ".app.test", "app.test..", "-", "app.test:" + port + "\u200b", strings.Repeat("a.", 150) + "test", "127.1", "0x7f.1", "2130706433", "[app.test]", "",
		"evil.test", "localhost:" + port,
	} {
		ask := func(target, cookies string) *reply {
			r := bob.raw(fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\nAccept: text/html\r\nCookie: %s\r\nConnection: close\r\n\r\n", target, host, cookies))
			r.never5xx(t, host+target)
			return r
		}
		for _, path := range []string{"/admin", "/api/admin/x", "/admin?/public", "/admin#/public"} {
			if r := ask(path, bob.cookies()); r.reached() {
				t.Errorf("%q: %s without the role: %d", host, path, r.status)
			}
			if r := ask(path, ""); r.reached() {
				t.Errorf("%q: %s without a ticket: %d", host, path, r.status)
			}
		}
		for _, path := range []string{"/easyauth/login?rd=/x", "/easyauth/logout", "/easyauth/me", "/easyauth/signin-oidc?code=x&state=y"} {
			if r := ask(path, adele.cookies()); r.status != http.StatusMisdirectedRequest && r.status != http.StatusBadRequest || len(r.header["Set-Cookie"]) > 0 {
				t.Errorf("%q: %s: %d %q", host, path, r.status, r.header.Get("Location"))
			}
		}
	}
	for _, host := range []string{"app.test:" + port, "APP.TEST:" + port} {
		r := bob.raw(fmt.Sprintf("GET /admin HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\nConnection: close\r\n\r\n", host, adele.cookies()))
		login := bob.raw(fmt.Sprintf("GET /easyauth/login?rd=/x HTTP/1.1\r\nHost: %s\r\nAccept: text/html\r\nConnection: close\r\n\r\n", host))
		if r.shownURI() != "/admin" || login.status != http.StatusFound {
			t.Errorf("%s: %d, login %d", host, r.status, login.status)
		}
	}
}

// nginx leaves X-Auth-Request-Redirect on the sign-in paths to the client. Every line
// of the list of open redirects in it leads nowhere.
func TestAttack07AuthRequestRedirect(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	first := signedIn(t, s, entra.Bob)
	var lines []string
	for _, line := range openRedirects(t) {
		if httpguts.ValidHeaderFieldValue(line) { // see TestAttack02NginxSaysItBadly for the others
			lines = append(lines, line)
		}
	}
	inParallel(t, first, append(lines, first.url("/elsewhere"), "/elsewhere"), func(v *visitor, line string) {
		h := joined(page(), http.Header{"X-Auth-Request-Redirect": {line}, "X-Forwarded-Uri": {line}})
		r, err := v.ask(http.MethodGet, "/easyauth/login?retry=1", h, "")
		if err != nil || r.status != http.StatusFound {
			t.Errorf("%q: login: %v %v", line, r, err)
			return
		}
		h["X-Auth-Request-Redirect"] = []string{line, line}
		if r, err = v.ask(http.MethodGet, v.next(r), h, ""); err != nil || r.header.Get("Location") != v.url("/") {
			t.Errorf("%q: the sign-in ends on %v, %v", line, r, err)
		}
	})
}
