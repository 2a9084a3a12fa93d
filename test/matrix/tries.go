package matrix

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// identity are the fixed identity headers.
func identity() []string {
	var names []string
	for _, short := range []string{"userinfo", "name", "oid", "preferred-username", "sub", "tid", "email", "groups", "scp", "roles", "graph", "overflow"} {
		names = append(names, "X-Injected-"+short)
	}
	return names
}

// unseen fails when the application received a request meanwhile.
func (s *stand) unseen(t *testing.T, what string, ask func() *reply) *reply {
	t.Helper()
	before := s.app.seen.Load()
	r := ask()
	if r.fromApplication() || s.app.seen.Load() != before {
		t.Errorf("%s: the application received it: %s", what, describe(r))
	}
	if r.status >= 200 && r.status < 300 {
		t.Errorf("%s: %s", what, describe(r))
	}
	for name := range r.header {
		if strings.HasPrefix(Fold(name), "x-injected-") {
			t.Errorf("%s: %s is told to the client", what, name)
		}
	}
	return r
}

// A page that nobody is signed in for leads to the sign-in, and the application hears nothing of it.
func tryRefused(t *testing.T, s *stand) outcome {
	var first int
	for _, path := range []string{"/", "/home", "/admin/x", "/mail/x?public=/public/", "/publicity", "/home?/public/"} {
		v := s.visit(t, entra.Adele)
		r := s.unseen(t, path, func() *reply { return v.get(path) })
		if first = r.status; !redirects(r) || r.location().Host != Host {
			return lacks("%s", describe(r))
		}
		if r = v.get(r.location().String()); !redirects(r) || !strings.HasPrefix(r.header.Get("Location"), s.idp.BaseURL()) {
			return lacks("%s: not on the way to the identity provider: %s", path, describe(r))
		}
	}
	for _, path := range []string{"/easyauth/auth", "/easyauth/auth?role=x", "/easyauth/auth/", "/easyauth/auth/forward", "/easyauth/auth/envoy/-/x"} {
		if r := s.unseen(t, "the auth endpoint from outside", func() *reply { return s.visit(t, "").get(path) }); r.status != http.StatusNotFound {
			t.Errorf("the auth endpoint from outside: %s", describe(r))
		}
	}
	if r := s.visit(t, "").get("/public/x"); !r.fromApplication() {
		return lacks("a public page: %s", describe(r))
	}
	return saw("%d", first)
}

// Who is signed in reaches the application, which is told once who it is.
func trySignedIn(t *testing.T, s *stand) outcome {
	v := s.visit(t, entra.Adele)
	r := v.open("/home")
	if !r.fromApplication() {
		return lacks("%s", describe(r))
	}
	e := r.echo(t)
	for name, want := range map[string]string{"X-Injected-Oid": entra.AdeleOID, "X-Injected-Tid": s.idp.TenantID()} {
		if got, ok := e.Value(name); got != want || !ok {
			t.Errorf("%s is %q, want %q once: %v", name, got, want, e.Lines)
		}
	}
	for _, name := range identity() {
		if got := e.Values(name); len(got) > 1 {
			t.Errorf("%s arrives %d times", name, len(got))
		}
	}
	if roles, _ := e.Value("X-Injected-Roles"); !slices.Contains(strings.Split(roles, "|"), "Admin") {
		t.Errorf("roles are %q", roles)
	}
	if host, _ := e.Value("Host"); host != Host || e.Method != http.MethodGet || e.Target != "/home" {
		t.Errorf("the application is asked %s %s of %q", e.Method, e.Target, host)
	}
	if r := v.get("/admin/x"); !r.fromApplication() {
		return lacks("a page for the role: %s", describe(r))
	}
	return saw("%d", r.status)
}

// After the sign-in the browser is where it wanted to go, to the letter.
func tryDeepLink(t *testing.T, s *stand) outcome {
	const deep = "/reports/b%C3%BCro%20x/?q=a%20b&amp=1&x=%26y%3D2%2F&z=%2B+c&u=https://other.example/"
	v := s.visit(t, entra.Adele)
	r := v.open(deep)
	if !r.fromApplication() {
		return lacks("%s", describe(r))
	}
	if e := r.echo(t); e.Target != deep || r.url != "https://"+Host+deep {
		return lacks("the browser is at %s, and the application is asked for %s", r.url, e.Target)
	}
	return saw("%d, same URL", r.status)
}

// Who lacks a role that a sign-in cannot bring is told so.
func tryRoleRefused(t *testing.T, s *stand) outcome {
	if r := s.signedIn(t, entra.Adele).get("/admin/x"); !r.fromApplication() {
		t.Errorf("with the role: %s", describe(r))
	}
	bob := s.signedIn(t, entra.Bob)
	r := s.unseen(t, "without the role", func() *reply { return bob.open("/admin/x") })
	if r.status != http.StatusForbidden || !strings.Contains(r.body, "Admin") {
		return lacks("%s", describe(r))
	}
	return saw("%d", r.status)
}

// A scope that is missing is asked for, and the page then opens.
func tryStepUp(t *testing.T, s *stand) outcome {
	v := s.signedIn(t, entra.Adele)
	before := len(v.asked)
	first := s.unseen(t, "without the scope", func() *reply { return v.get("/mail/x") })
	r := v.follow(first)
	if len(v.asked) == before || !strings.Contains(v.asked[len(v.asked)-1].Query().Get("scope"), "Mail.Read") {
		return lacks("the scope is not asked for: %v", v.asked[before:])
	}
	if !r.fromApplication() {
		return lacks("%s", describe(r))
	}
	if scp, _ := r.echo(t).Value("X-Injected-Scp"); !strings.Contains(scp, "Mail.Read") {
		t.Errorf("scp is %q", scp)
	}
	return saw("%d, then %d", first.status, r.status)
}
