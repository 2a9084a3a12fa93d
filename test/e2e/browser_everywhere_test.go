package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/servers"
)

// Sessions in cookies alone: nobody keeps a list, and there is nothing to end
// elsewhere. Without the permission groups have no names.
func TestBrowserSessionsInCookies(t *testing.T) {
	t.Parallel()
	source := axeSource(t)
	s := start(t, oneHost())
	b, other := inBrowser(t, s, "", entra.Adele), inBrowser(t, s, firefoxAgent, entra.Adele)
	b.lists(s)
	body := b.body()
	for _, absent := range []string{"Your sessions", "Sign out everywhere", "End session", "Group 00"} {
		if strings.Contains(body, absent) {
			t.Errorf("%q is on the page:\n%s", absent, body)
		}
	}
	b.shows("Adele Vance", entra.GroupID(1), entra.GroupID(2), "Sign out")
	b.flatten()
	checkFindings(t, "me", b.axe(source))
	b.open(s.URL(appHost, logoutPath))
	b.shows("Do you want to sign out?")
	if strings.Contains(b.body(), "everywhere") {
		t.Errorf("offered:\n%s", b.body())
	}
	b.click("button")
	b.shows("You are signed out")
	b.isOut(s)
	other.isIn(s)
}

// With a list of revoked tickets there is still no list of sessions, and signing out
// everywhere holds: by the page about the person, and by the question at sign-out.
func TestBrowserEverywhereInCookies(t *testing.T) {
	t.Parallel()
	redis := servers.StartRedis(t, servers.RedisOptions{})
	cfg := oneHost()
	cfg.Replicas, cfg.NginxWorkers = 2, 1
	cfg.Env = map[string]string{"EASYAUTH_REVOCATION": "redis", "EASYAUTH_REDIS_URL": redis.URL()}
	s := start(t, cfg)
	b, other := inBrowser(t, s, "", entra.Adele), inBrowser(t, s, firefoxAgent, entra.Adele)
	bob := inBrowser(t, s, "", entra.Bob)
	for _, at := range []string{mePath, logoutPath} {
		if status := b.open(s.URL(appHost, at)); status != http.StatusOK {
			t.Errorf("%s: %d", at, status)
		}
		b.shot("everywhere-in-cookies" + strings.ReplaceAll(at, "/", "-"))
		if len(b.sessions()) > 0 {
			t.Errorf("%s lists sessions", at)
		}
		b.click(endEverywhere)
		b.shows("You are signed out")
		b.isOut(s)
		other.isOut(s)
		bob.isIn(s)
		b.isOn(b.signInAs(entra.Adele), "/page") // at once: the new ticket is younger
		other.isOn(other.signInAs(entra.Adele), "/page")
		b.isIn(s)
		other.isIn(s)
	}
	// Signing out here ends nothing elsewhere.
	b.open(s.URL(appHost, mePath))
	b.click(endHere)
	b.shows("You are signed out")
	b.isOut(s)
	other.isIn(s)
}
