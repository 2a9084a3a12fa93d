package authserver_test

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// Several replicas with the same keys behave as one: each request goes to
// another, and nothing sticks.
func TestReplicas(t *testing.T) {
	one := newKit(t, options{})
	two := newKit(t, options{idp: one.idp})
	b := one.browser(emulator.Adele)
	b.client.Transport = &alternating{kits: []*kit{one, two}}
	for _, page := range []struct{ url, query string }{
		{app + "/", "role=Admin"},
		{app + "/mail", "scope=Mail.Read"},
		{app + "/p?q=" + strings.Repeat("a", 1200), "scope=Calendars.Read&graph=/me"},
	} {
		if resp := b.open(page.url, page.query); resp.StatusCode != http.StatusAccepted {
			t.Errorf("%.40s: %d\n%s", page.url, resp.StatusCode, resp.body)
		}
	}
	for range 4 {
		if resp := b.check(app+"/", "scope=Mail.Read&scope=Calendars.Read"); resp.StatusCode != http.StatusAccepted {
			t.Errorf("afterwards: %d", resp.StatusCode)
		}
	}
}

type alternating struct {
	kits []*kit
	n    atomic.Int64
}

func (a *alternating) RoundTrip(r *http.Request) (*http.Response, error) {
	n := int(a.n.Add(1))
	return inProcess{a.kits[n%len(a.kits)]}.RoundTrip(r)
}

func TestAttack26HugeClaimsLeaveRolesAlone(t *testing.T) {
	k := newKit(t, options{})
	for _, user := range []string{emulator.Mallory, emulator.Grace, emulator.Max} {
		resp := k.browser(user).open(app+"/page", "graph=/me")
		if resp.StatusCode != http.StatusAccepted {
			t.Fatalf("%s: %d\n%s", user, resp.StatusCode, resp.body)
		}
		wellAnswered(t, resp.Response)
		if resp.Header.Get("X-Injected-Oid") == "" || resp.Header.Get("X-Injected-Overflow") == "" {
			t.Errorf("%s: oid %q, overflow %q", user, resp.Header.Get("X-Injected-Oid"), resp.Header.Get("X-Injected-Overflow"))
		}
	}
	big := strings.Repeat("x", 3000)
	cookies := k.issue(access.Identity{
		Name: big, Roles: []string{"Admin"}, Scopes: []string{"Mail.Read"}, Groups: []string{"g1"},
		Graph: []access.GraphResult{{Query: "/me", JSON: `"` + big + `"`}},
	})
	resp := k.ask("GET", "graph=/me", nginx(cookies))
	wellAnswered(t, resp)
	for name, want := range map[string]string{"Roles": "Admin", "Scp": "Mail.Read", "Groups": "g1", "Graph": ""} {
		if got := resp.Header.Get("X-Injected-" + name); got != want {
			t.Errorf("%s: %.40q, want %q", name, got, want)
		}
	}
	if overflow := strings.Split(resp.Header.Get("X-Injected-Overflow"), "|"); !slices.Contains(overflow, "graph") {
		t.Errorf("overflow %q does not name graph", overflow)
	}
	if !k.overflowed() {
		t.Error("no overflow counted")
	}
}

// overflowed reads the counter that has no label.
func (k *kit) overflowed() bool {
	families, err := k.registry.Gather()
	if err != nil {
		k.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "easyauth_header_overflow_total" {
			return f.GetMetric()[0].GetCounter().GetValue() > 0
		}
	}
	return false
}

func TestAttack06And27Smuggler(t *testing.T) {
	k := newKit(t, options{})
	resp := k.browser(emulator.Mallory).open(app+"/page", "")
	if resp.StatusCode != http.StatusAccepted {
		t.Fatal(resp.StatusCode)
	}
	if roles := resp.Header.Get("X-Injected-Roles"); strings.Contains(roles, "Admin") {
		t.Errorf("roles %q", roles)
	}
	for name, values := range resp.Header {
		for _, v := range values {
			if strings.ContainsAny(v, "\r\n\x00") || strings.HasPrefix(name, "X-Injected-") && name != "X-Injected-Groups" && name != "X-Injected-Overflow" && strings.Count(v, "|") > 5 {
				t.Errorf("%s: %.80q", name, v)
			}
		}
	}
	if got := k.browser(emulator.Mallory).open(app+"/admin", "role=Admin"); got.StatusCode != http.StatusForbidden {
		t.Errorf("as an administrator: %d", got.StatusCode)
	}
}

func TestAttack29PlantedSession(t *testing.T) {
	k := newKit(t, options{})
	attacker := k.browser(emulator.Mallory)
	attacker.open(app+"/", "")
	planted := attacker.cookie(k.cookies.Ticket.Name)
	victim := k.browser(emulator.Adele)
	victim.client.Jar.SetCookies(parse(t, app+"/"), []*http.Cookie{{Name: k.cookies.Ticket.Name, Value: planted, Path: "/", Secure: true}})
	before := readSession(t, k, victim)
	if resp := victim.get(victim.atEntra(victim.toEntra(app + "/"))); resp.StatusCode != http.StatusFound {
		t.Fatal(resp.StatusCode)
	}
	after := readSession(t, k, victim)
	if before == after {
		t.Error("the session of before the sign-in goes on")
	}
	if resp := victim.check(app+"/", ""); resp.Header.Get("X-Injected-Oid") != emulator.AdeleOID {
		t.Errorf("signed in as %q", resp.Header.Get("X-Injected-Oid"))
	}
	victim.get(victim.atEntra(victim.get(loginURL(app+"/") + "&retry=1").Header.Get("Location")))
	if readSession(t, k, victim) == after {
		t.Error("a second sign-in kept the session's id")
	}
}

func readSession(t *testing.T, k *kit, b *browser) string {
	t.Helper()
	s, reason, err := k.sessions.Read(t.Context(), http.Header{"Cookie": {k.cookies.Ticket.Name + "=" + b.cookie(k.cookies.Ticket.Name)}})
	if s == nil {
		t.Fatalf("no session: %s, %v", reason, err)
	}
	return string(s.ID[:])
}
