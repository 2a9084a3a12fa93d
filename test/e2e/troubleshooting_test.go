package e2e

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

func TestQuotedLines(t *testing.T) {
	const log = `{"level":"WARN","msg":"login","result":"loop","status":403,"host":"a"}` + "\n"
	tests := []struct {
		name, quote string
		want        bool
	}{
		{"as it is", `{"level":"WARN","msg":"login","result":"loop","status":403}`, true},
		{"any text", `{"msg":"login","host":"…"}`, true},
		{"a part", `{"msg":"lo…"}`, true},
		{"only a part", `{"msg":"lo"}`, false},
		{"another level", `{"level":"INFO","msg":"login"}`, false},
		{"another number", `{"msg":"login","status":400}`, false},
		{"a member too many", `{"msg":"login","user":"…"}`, false},
	}
	for _, tt := range tests {
		if got := logged(t, log, tt.quote); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// What docs/troubleshooting.md quotes, brought about with nginx. Each symptom has a sibling in which one thing
// is right.
func TestTroubleshootingOfRules(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	v := signedIn(t, s, entra.Bob)

	const rule = "### 403 of nginx: the rule or the question cannot be read"
	if r := v.get("/bad/x"); r.status != http.StatusForbidden || !strings.Contains(r.body, "<center>nginx") {
		t.Errorf("a rule that cannot be read: %d\n%s", r.status, r.body)
	}
	wantLogged(t, s, rule, 0)
	if logged(t, s.Log(), quoted(t, rule, "json")[1]) {
		t.Error("X-Original-URL is said to be missing, and it is there")
	}
	forgetful := startForgetful(t, s)
	if a := forgetful.ask(t, "/x", "Cookie: "+v.cookies()); a.status != http.StatusForbidden {
		t.Errorf("without X-Original-URL: %d", a.status)
	}
	wantLogged(t, s, rule, 1)

	if r := v.open("/admin/x"); r.status != http.StatusForbidden || !strings.Contains(r.body, "You may not open this page") {
		t.Errorf("without the role: %d", r.status)
	}
	wantLogged(t, s, "### You may not open this page", 0)

	const large = "### 400: Request Header Or Cookie Too Large"
	if pattern(quoted(t, large, "text")[0]).MatchString(s.NginxErrors()) {
		t.Error("a cookie is said to be too large before there was one")
	}
	if r := v.with(v.cookies()+"; a="+strings.Repeat("y", 9000), "/echo"); r.status != http.StatusBadRequest || !strings.Contains(r.body, "Request Header Or Cookie Too Large") {
		t.Errorf("9 KB of cookies: %d", r.status)
	}
	wantNginx(t, s, large)

	script := newVisitor(t, s, "")
	if r := script.do(http.MethodGet, "/easyauth/login?rd=/x", http.Header{"Accept": {"application/json"}}); r.status != http.StatusUnauthorized || !strings.Contains(r.body, "login_required") {
		t.Errorf("a script: %d %s", r.status, r.body)
	}
	wantLogged(t, s, "### 401 for scripts and APIs", 0)
}

// The session's cookie never comes back.
func TestTroubleshootingLoop(t *testing.T) {
	t.Parallel()
	const heading = "### Signing in again and again"
	s := start(t, oneHost())
	v := newVisitor(t, s, entra.Adele)
	r := v.get("/echo")
	for range maxTrips {
		if r.status != http.StatusFound {
			break
		}
		r = v.get(v.next(r))
		v.forget(ticketCookie)
	}
	if r.status != http.StatusForbidden || !strings.Contains(r.body, "Signing in again and again") {
		t.Errorf("a cookie that does not come back: %d\n%.300s", r.status, r.body)
	}
	wantLogged(t, s, heading, 0)

	other := start(t, oneHost())
	if r := newVisitor(t, other, entra.Adele).open("/echo"); r.status != http.StatusOK || logged(t, other.Log(), quoted(t, heading, "json")[0]) {
		t.Errorf("a cookie that comes back: %d", r.status)
	}
}

// nginx's default buffers on the sign-in paths, and a person with 200 groups.
func TestTroubleshootingBuffers(t *testing.T) {
	t.Parallel()
	const heading = "### 502 after sign-in: upstream sent too big header"
	cfg := oneHost()
	cfg.SmallBuffers = true
	s := start(t, cfg)
	if r := newVisitor(t, s, entra.Adele).open("/echo"); r.status != http.StatusOK || pattern(quoted(t, heading, "text")[0]).MatchString(s.NginxErrors()) {
		t.Errorf("a small session: %d", r.status)
	}
	if r := newVisitor(t, s, entra.Max).open("/echo"); r.status != http.StatusBadGateway {
		t.Errorf("a large session: %d", r.status)
	}
	wantNginx(t, s, heading)
	wantLogged(t, s, heading, 0)
}

// The auth-url leads to a path that EasyAuth does not have.
func TestTroubleshootingElsewhere(t *testing.T) {
	t.Parallel()
	cfg := oneHost()
	cfg.Env = map[string]string{"EASYAUTH_AUTH_PATH": "/easyauth/check"}
	s := start(t, cfg)
	if r := newVisitor(t, s, entra.Adele).get("/echo"); r.status != http.StatusInternalServerError || !strings.Contains(r.body, "<center>nginx") {
		t.Errorf("another path: %d", r.status)
	}
	wantNginx(t, s, "### 500 on every page: auth request unexpected status")
}

// A wrong secret, and a redirect URI that is not registered.
func TestTroubleshootingRegistration(t *testing.T) {
	t.Parallel()
	const secret = "### Sign-in is not set up correctly"
	cfg := oneHost()
	cfg.Env = map[string]string{"EASYAUTH_CLIENT_SECRET": "another-secret"}
	s := start(t, cfg)
	if r := newVisitor(t, s, entra.Adele).open("/echo"); r.status != http.StatusInternalServerError || !strings.Contains(r.body, "Sign-in is not set up correctly") {
		t.Errorf("a wrong secret: %d\n%.300s", r.status, r.body)
	}
	wantLogged(t, s, secret, 0)
	waitUntil(t, "the registration", func() bool {
		return regexp.MustCompile(`app registration: it could not be read.*AADSTS7000215`).MatchString(s.Log())
	})
	if out, err := s.Command(t.Context(), "check-config", "--online"); err == nil || !strings.Contains(out, "AADSTS7000215") {
		t.Errorf("check-config --online: %v\n%s", err, out)
	}

	cfg = oneHost()
	cfg.Registration = func(c *entra.Client) { c.RedirectURIs = []string{"https://other.test/easyauth/signin-oidc"} }
	s = start(t, cfg)
	v := newVisitor(t, s, entra.Adele)
	login := v.get(v.next(v.get("/echo")))
	if r := v.get(login.header.Get("Location")); r.status != http.StatusBadRequest || !strings.Contains(r.body, "AADSTS50011") {
		t.Errorf("a redirect URI that is not registered: %d\n%.300s", r.status, r.body)
	}
	wantLogged(t, s, "## Numbers of Entra ID", 0)
	if strings.Contains(s.Log(), `"msg":"callback"`) || logged(t, s.Log(), quoted(t, secret, "json")[0]) {
		t.Error("there was a callback")
	}
}

// The provider cannot be reached.
func TestTroubleshootingProvider(t *testing.T) {
	t.Parallel()
	cfg := oneHost()
	cfg.EntraStopped = true
	s := start(t, cfg)
	v := newVisitor(t, s, entra.Adele)
	if r := v.get(v.next(v.get("/echo"))); r.status != http.StatusServiceUnavailable || !strings.Contains(r.body, "Sign-in is not available right now") {
		t.Errorf("no provider: %d\n%.300s", r.status, r.body)
	}
	wantLogged(t, s, "### Sign-in is not available right now", 0)

	r := v.do(http.MethodGet, s.EasyAuth+"/easyauth/login?rd=/x", joined(page(), http.Header{"Host": {"elsewhere.test"}}))
	if r.status != http.StatusMisdirectedRequest || !strings.Contains(r.body, "This address is not served here") {
		t.Errorf("a host that is not served: %d", r.status)
	}
	wantLogged(t, s, "### This address is not served here", 0)
}

// Signing out at Entra ID, and a return address that is not registered there.
func TestTroubleshootingSignOut(t *testing.T) {
	t.Parallel()
	const heading = "### Signing out does not sign out"
	lines := strings.Split(quoted(t, heading, "json")[0], "\n")
	for _, registered := range []bool{true, false} {
		cfg := oneHost()
		if !registered {
			cfg.Registration = func(c *entra.Client) { c.PostLogoutURIs = nil }
		}
		s := start(t, cfg)
		v := signedIn(t, s, entra.Adele)
		r, err := v.ask(http.MethodPost, "/easyauth/logout", page(), "")
		if err != nil {
			t.Fatal(err)
		}
		end := v.follow(r)
		waitUntil(t, lines[0], func() bool { return logged(t, s.Log(), lines[0]) })
		if back := !strings.HasPrefix(end.url, s.Entra.BaseURL()+"/"); back != registered {
			t.Errorf("registered %v, came back %v: %s", registered, back, end.url)
		}
		if registered { // the line is written after the answer was
			waitUntil(t, lines[1], func() bool { return logged(t, s.Log(), lines[1]) })
		} else if logged(t, s.Log(), lines[1]) {
			t.Error("not registered, and somebody came back")
		}
	}
}
