package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// groupPages need groups that Grace, whose token cannot hold hers, is in, and
// one that nobody is in.
func groupPages() stand.Config {
	cfg := oneHost()
	cfg.Rules = []stand.Rule{
		{Path: "/finance", Query: "group=" + entra.GroupID(3)},
		{Path: "/either", Query: "group-any=" + entra.GroupID(900) + "," + entra.GroupID(240)},
		{Path: "/nobody", Query: "group=" + entra.GroupID(900)},
	}
	return cfg
}

func TestBrowserGroups(t *testing.T) {
	t.Parallel()
	cfg := groupPages()
	cfg.Env = noRegistration().Env // questions to Graph are counted
	s := start(t, cfg)
	b := newProfile(t).tab(t)
	b.open(s.URL(appHost, "/finance?x=1"))
	b.isOn(b.signInAs(entra.Grace), "/finance?x=1")
	b.isOn(b.open(s.URL(appHost, "/either")), "/either") // asked for silently
	b.isOn(b.open(s.URL(appHost, "/finance")), "/finance")
	calls := s.Entra.Requests(entra.EndpointGraph)
	b.isOn(b.open(s.URL(appHost, "/either")), "/either")
	if n := s.Entra.Requests(entra.EndpointGraph); n != calls {
		t.Errorf("%d more questions to Graph", n-calls)
	}
	if status := b.open(s.URL(appHost, "/nobody")); status != http.StatusForbidden {
		t.Errorf("a group of nobody: %d", status)
	}
	b.shows("You may not open this page", "Missing group", entra.GroupID(900), "is not in the group that this page needs")
	b.shot("group")
	b.click(someoneElse)
	b.asksWho()
	b.signInAs(entra.Max) // 200 groups, all in the token
	b.shows("Missing group")
	b.isOn(b.open(s.URL(appHost, "/finance")), "/finance")
	b = newProfile(t).tab(t)
	b.open(s.URL(appHost, "/finance"))
	if status := b.signInAs(entra.Adele); status != http.StatusForbidden { // two groups
		t.Errorf("Adele: %d", status)
	}
	b.shows("Missing group", entra.GroupID(3))
}

// Graph cannot be asked: could-not-tell, and never a no. The session stays, and
// half a minute later the button brings the answer, silently.
func TestBrowserGroupsUnknown(t *testing.T) {
	t.Parallel()
	const younger = 50 * time.Second // less than clocks may differ
	for name, fault := range map[string]entra.EndpointFault{
		"503": {Status: http.StatusServiceUnavailable}, "429": {Status: http.StatusTooManyRequests, RetryAfter: 7},
		"garbage": {Garbage: true}, "drops the connection": {Drop: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, groupPages())
			b := newProfile(t).tab(t)
			s.Entra.SetFaults(entra.Faults{Endpoints: map[entra.Endpoint]entra.EndpointFault{entra.EndpointGraph: fault}})
			b.open(s.URL(appHost, "/finance"))
			if status := b.signInAs(entra.Grace); status != http.StatusServiceUnavailable {
				t.Errorf("status %d", status)
			}
			b.shows("We could not check your access", "You are still signed in", "Try again in")
			b.shot("groups-unknown")
			b.age(s, -younger) // however slow the machine is: not yet half a minute old
			b.isOn(b.open(s.URL(appHost, "/page")), "/page")
			trips := s.Entra.Requests(entra.EndpointAuthorize)
			b.open(s.URL(appHost, "/nobody")) // not a no either
			b.shows("We could not check your access")
			if n := s.Entra.Requests(entra.EndpointAuthorize); n != trips {
				t.Errorf("%d trips to Entra ID at once", n-trips)
			}
			b.open(s.URL(appHost, "/finance"))
			s.Entra.ClearFaults()
			b.age(s, younger+31*time.Second)
			b.isOn(b.click(tryAgain), "/finance")
			if got := s.Entra.LastAuthorize().Get("prompt"); got != "none" {
				t.Errorf("prompt %q", got)
			}
		})
	}
}

// GROUPS=claims asks nobody: a page that says what an administrator can do.
func TestBrowserGroupsOfClaimsAlone(t *testing.T) {
	t.Parallel()
	cfg := groupPages()
	cfg.Env = map[string]string{"EASYAUTH_GROUPS": "claims", "EASYAUTH_READ_REGISTRATION": "false"}
	s := start(t, cfg)
	b := newProfile(t).tab(t)
	b.open(s.URL(appHost, "/finance"))
	if status := b.signInAs(entra.Grace); status != http.StatusServiceUnavailable {
		t.Errorf("Grace: %d", status)
	}
	b.shows("Your groups are not known", "EASYAUTH_GROUPS=auto")
	if n := s.Entra.Requests(entra.EndpointGraph); n != 0 {
		t.Errorf("Graph was asked %d times", n)
	}
	b.click(someoneElse)
	b.asksWho()
	b.isOn(b.signInAs(entra.Max), "/finance")
}

// GROUPS=always with GROUPS_KEEP=all: the registration puts no groups into
// tokens, and the application is told all of them.
func TestBrowserGroupsAlways(t *testing.T) {
	t.Parallel()
	cfg := groupPages()
	cfg.Registration = func(c *entra.Client) { c.NoGroups = true }
	cfg.Env = map[string]string{"EASYAUTH_GROUPS": "always", "EASYAUTH_GROUPS_KEEP": "all", "EASYAUTH_SCOPES": "openid profile email GroupMember.Read.All"}
	s := start(t, cfg)
	b := newProfile(t).tab(t)
	b.open(s.URL(appHost, "/page"))
	b.isOn(b.signInAs(entra.Adele), "/page")
	if got := b.text("#x-injected-groups td:nth-child(2)"); !strings.Contains(got, entra.GroupID(1)) || !strings.Contains(got, entra.GroupID(2)) {
		t.Errorf("groups %q", got)
	}
	if status := b.open(s.URL(appHost, "/finance")); status != http.StatusForbidden {
		t.Errorf("a group that Adele is not in: %d", status)
	}
}
