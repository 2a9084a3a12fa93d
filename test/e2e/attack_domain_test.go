package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// With a cookie domain a sibling host can set cookies of the ticket's name. Two people
// are refused, whatever the order; what is no ticket does not get in the way of the
// real one; and a sign-in makes an end of it.
func TestAttack11SharedDomainThroughNginx(t *testing.T) {
	t.Parallel()
	const shared = "one.apps.test"
	s := start(t, stand.Config{Hosts: []string{shared, "two.apps.test"}, Env: map[string]string{"EASYAUTH_COOKIE_DOMAIN": "apps.test", "EASYAUTH_READ_REGISTRATION": "false"}})
	page := s.URL(shared, "/api/x")
	ticketOf := func(user string) (*visitor, string) {
		v := newVisitor(t, s, user)
		r := v.follow(v.get(s.URL(shared, "/echo")))
		if r.status != http.StatusOK {
			t.Fatalf("%s: %d\n%.300s", user, r.status, r.body)
		}
		for pair := range strings.SplitSeq(r.echo(t).Headers.Get("Cookie"), "; ") {
			if strings.HasPrefix(pair, "__Secure-easyauth-") && !strings.Contains(pair, "handover") {
				return v, pair
			}
		}
		t.Fatalf("%s has no ticket: %s", user, r.body)
		return nil, ""
	}
	v, adele := ticketOf(entra.Adele)
	_, bob := ticketOf(entra.Bob)
	_, again := ticketOf(entra.Adele)
	name, value, _ := strings.Cut(adele, "=")
	tests := []struct {
		name, cookies, oid string // "": refused
	}{
		{"alone", adele, entra.AdeleOID},
		{"another person's behind it", adele + "; " + bob, ""},
		{"another person's before it", bob + "; " + adele, ""},
		{"another person's among garbage", name + "=x; " + adele + "; " + bob, ""},
		{"garbage before it", name + "=x; " + adele, entra.AdeleOID},
		{"garbage behind it", adele + "; " + name + "=x", entra.AdeleOID},
		{"a broken copy before it", name + "=" + flip(value, -1) + "; " + adele, entra.AdeleOID},
		{"another session of the same person", adele + "; " + again, entra.AdeleOID},
		{"garbage alone", name + "=x; " + name + "=y", ""},
		{"more than are tried", strings.Repeat(name+"=x; ", 40) + adele, ""},
		{"under the name for one host", ticketCookie + "=" + value, ""},
		{"another hash", "__Secure-easyauth-000000=" + value, ""},
		{"the name in another case", strings.ToLower(name) + "=" + value, ""},
		{"white space before the name", "\u2000" + adele, ""},
		{"white space before another person's", adele + "; \u2000" + bob, entra.AdeleOID},
	}
	for _, tt := range tests {
		r := v.with(tt.cookies, page)
		if tt.oid == "" {
			if r.status != http.StatusUnauthorized {
				t.Errorf("%s: %d\n%.300s", tt.name, r.status, r.body)
			}
			continue
		}
		if r.status != http.StatusOK || r.echo(t).Headers.Get("X-Injected-Oid") != tt.oid {
			t.Errorf("%s: %d\n%.300s", tt.name, r.status, r.body)
		}
	}
	// The browser binding is of one host alone here too.
	for _, c := range v.jarOf(s.URL("two.apps.test", "/easyauth/signin-oidc")) {
		if strings.HasPrefix(c, "__Host-") {
			t.Errorf("the sibling gets %s", c)
		}
	}
}

// jarOf are the cookies that the browser would send there.
func (v *visitor) jarOf(target string) (pairs []string) {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, target, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	for _, c := range v.client.Jar.Cookies(req.URL) {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	return pairs
}

// Nothing that looks like the auth endpoint answers without what nginx sets, when an
// Ingress publishes all of EasyAuth.
func TestAttack25PathsOfTheCheck(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	v := signedIn(t, s, entra.Adele)
	address := strings.TrimPrefix(s.EasyAuth, "http://")
	ask := func(line string, more ...string) string {
		lines := append([]string{line, "Host: " + strings.TrimPrefix(v.url(""), "https://"), "Connection: close", "Cookie: " + v.ticket()}, more...)
		return dialed(t, address, strings.Join(lines, "\r\n")+"\r\n\r\n")
	}
	const query = "?scope=Mail.ReadWrite&graph=/me/messages"
	for _, path := range []string{
		"/easyauth/auth", "/easyauth/auth" + query, "/easyauth/auth/", "/easyauth//auth" + query, "//easyauth/auth" + query, "/easyauth/./auth" + query, "/easyauth/login/../auth" + query, "/easyauth/%61uth" + query, "/easyauth/AUTH" + query,
		"/easyauth/auth%2f" + query, "/easyauth/auth;x" + query, "/easyauth/auth%00" + query, "/easyauth/auth/x" + query, "/easyauth/auth/forward" + query, "/auth" + query, "/", "http://" + appHost + "/easyauth/auth" + query,
	} {
		for _, method := range []string{"GET", "POST", "HEAD", "PUT", "OPTIONS", "TRACE", "CONNECT"} {
			answer := ask(method+" "+path+" HTTP/1.1", "Content-Length: 0")
			head, _, _ := strings.Cut(answer, "\r\n\r\n")
			if status := statusOf(answer); status < http.StatusMultipleChoices || strings.Contains(head, "Set-Cookie") || strings.Contains(strings.ToLower(head), "x-injected") {
				t.Errorf("%s %s: %s", method, path, head)
			}
		}
	}
	if answer := ask("GET /easyauth/auth HTTP/1.1", "X-Original-URL: "+v.url("/")); statusOf(answer) != http.StatusAccepted || !strings.Contains(answer, entra.AdeleOID) {
		t.Errorf("as nginx asks: %.300s", answer)
	}
}
