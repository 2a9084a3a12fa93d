package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// A person sees all sessions of theirs, ends one, and then all. Other people's go
// on. Every request lands on another replica than the one before it.
func TestBrowserSessions(t *testing.T) {
	t.Parallel()
	source := axeSource(t)
	cfg := startKeeper(t, onRedis).replicas(nil)
	cfg.Registration = func(c *entra.Client) {
		c.AppPermissions = map[string][]string{entra.GraphURI: {"GroupMember.Read.All"}}
	}
	cfg.Emulator = func(c *entra.Config) { c.GroupNames = map[string]string{entra.GroupID(1): "Vertrieb Süd & Co."} }
	s := start(t, cfg)
	bob := inBrowser(t, s, "", entra.Bob)
	for _, way := range []struct {
		screen
		by hand
	}{
		{screen{name: "desktop", width: 1280, height: 800}, byMouse},
		{screen{name: "phone-dark", width: 390, height: 844, phone: true, dark: true}, byKeyboard},
	} {
		t.Run(way.name, func(t *testing.T) {
			b := inBrowser(t, s, "", entra.Adele)
			b.look(way.screen)
			other := inBrowser(t, s, firefoxAgent, entra.Adele)
			third := inBrowser(t, s, safariAgent, entra.Adele)
			b.lists(s, thisOne(chromiumLabel), another(firefoxLabel), another(safariLabel))
			b.checkMe(s, source, way.screen)

			if status := way.by(b, endOther+`[aria-label*="`+firefoxLabel+`"]`); status != http.StatusOK || b.url() != s.URL(appHost, mePath) {
				t.Errorf("after a session was ended: %d at %s", status, b.url())
			}
			b.shown(thisOne(chromiumLabel), another(safariLabel))
			other.isOut(s)
			third.isIn(s)
			bob.isIn(s)
			other.isOn(other.signInAs(entra.Adele), "/page")
			third.lists(s, thisOne(safariLabel), another(chromiumLabel), another(firefoxLabel))

			b.open(s.URL(appHost, mePath))
			if status := way.by(b, endEverywhere); status != http.StatusOK {
				t.Errorf("after signing out everywhere: %d", status)
			}
			b.shows("You are signed out", "Sign in again")
			b.shot("signed-out-everywhere-" + way.name)
			for _, each := range []*tab{b, other, third} {
				each.isOut(s)
			}
			bob.isIn(s)
		})
	}
	bob.lists(s, thisOne(chromiumLabel))
	bob.shows("Bob Builder")
}

// checkMe looks at the real page of Adele.
func (b *tab) checkMe(s *stand.Stand, source string, on screen) {
	b.t.Helper()
	b.shot("me-" + on.name)
	if found := b.js(cut); found != "" {
		b.t.Error(found)
	}
	b.checkPainted(on.dark, false)
	groups := b.js(`[...document.querySelectorAll("dt")].find(e => e.textContent === "Groups").nextElementSibling.innerText`)
	for _, want := range []string{"Vertrieb Süd & Co.", "Group 002", entra.GroupID(1), entra.GroupID(2)} {
		if !strings.Contains(groups, want) {
			b.t.Errorf("%q is not among the groups: %s", want, groups)
		}
	}
	b.shows("Adele Vance", "adele@contoso.example", "Admin", "Orders.Write", "Session ends", "This session", "Sign out everywhere")
	b.flatten()
	checkFindings(b.t, "me", b.axe(source))
	b.open(s.URL(appHost, mePath)) // as it was
}

// The list is the person's own: a form that was changed ends nobody else's session.
func TestBrowserSessionsOfOthers(t *testing.T) {
	t.Parallel()
	s := start(t, startKeeper(t, onRedis).replicas(nil))
	b, other := inBrowser(t, s, "", entra.Adele), inBrowser(t, s, firefoxAgent, entra.Adele)
	bob := inBrowser(t, s, "", entra.Bob)
	other.lists(s, thisOne(firefoxLabel), another(chromiumLabel))
	bob2 := inBrowser(t, s, safariAgent, entra.Bob)
	bob2.lists(s, thisOne(safariLabel), another(chromiumLabel))
	handle := bob2.js(`document.querySelector(` + quote(endOther) + `).value`)
	b.open(s.URL(appHost, mePath))
	own := b.js(`document.querySelector(` + quote(endOther) + `).value`)
	if own == handle || own == "" || handle == "" {
		t.Fatalf("handles %q and %q", own, handle)
	}
	b.js(`document.querySelector(` + quote(endOther) + `).value = ` + quote(handle))
	if status := b.click(endOther); status != http.StatusOK {
		t.Errorf("a session of another person: %d", status)
	}
	b.shown(thisOne(chromiumLabel), another(firefoxLabel))
	bob.isIn(s)
	other.isIn(s)
	b.click(endOther) // the sibling: as the page has it
	other.isOut(s)
	bob.isIn(s)
}
