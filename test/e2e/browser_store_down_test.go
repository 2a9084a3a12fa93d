package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// The store goes away while people browse, and comes back: nobody is signed out,
// nobody gets in, and what they read says so.
func TestBrowserStoreDown(t *testing.T) {
	t.Parallel()
	source := axeSource(t)
	k := startKeeper(t, onRedis)
	s := start(t, k.replicas(nil))
	home := s.URL(appHost, "/page")
	b, bob := inBrowser(t, s, "", entra.Adele), inBrowser(t, s, firefoxAgent, entra.Bob)
	before := b.cookie(ticketCookie, home)
	b.open(s.URL(appHost, mePath))
	leaving := bob.beside()
	leaving.open(s.URL(appHost, logoutPath))
	script := b.beside()
	script.open(s.URL(appHost, "/public/echo"))
	if got := script.ask("/data"); got != "200" {
		t.Errorf("a script: %s", got)
	}
	k.Kill()

	if status := b.open(s.URL(appHost, "/deep?x=%7C")); status != http.StatusServiceUnavailable {
		t.Errorf("a page: %d", status)
	}
	b.shows("We could not check your access", "You are still signed in", "Try again in", "app.test", "Correlation id")
	b.shot("store-down")
	b.look(screen{width: 390, height: 844, phone: true, dark: true})
	b.shot("store-down-phone-dark")
	if found := b.js(cut); found != "" {
		t.Error(found)
	}
	b.flatten()
	checkFindings(t, "store down", b.axe(source))
	if status := b.open(s.URL(appHost, mePath)); status != http.StatusServiceUnavailable {
		t.Errorf("me: %d", status)
	}
	b.shows("We could not check your access", "You are still signed in")
	for path, want := range map[string]string{"/data": `503 {"error":"unsure"`, "/api/x": "401"} {
		if got := script.ask(path); got != want {
			t.Errorf("a script's %s: %s, want %s", path, got, want)
		}
	}
	// Who wants to leave is told that the session goes on; who comes, that it is not the time.
	if status := leaving.click("button"); status != http.StatusServiceUnavailable {
		t.Errorf("sign-out: %d", status)
	}
	leaving.shows("You are still signed in", "Your session could not be ended", "Try again")
	leaving.shot("store-down-sign-out")
	newcomer := newProfile(t).tab(t)
	newcomer.open(home)
	if newcomer.mustStep() == "pick" {
		if status := newcomer.signInAs(entra.Zoe); status != http.StatusServiceUnavailable {
			t.Errorf("a sign-in: %d", status)
		}
	}
	newcomer.shot("store-down-sign-in")
	if newcomer.cookie(ticketCookie, home) != "" {
		t.Error("a session was made")
	}
	b.open(s.URL(appHost, "/deep?x=%7C"))
	b.shows("We could not check your access")

	trips, asked := s.Entra.Requests(entra.EndpointAuthorize), s.Entra.Requests(entra.EndpointSignIn)
	k.Restart()
	b.again("/deep?x=%7C")
	bob.isIn(s)
	if got := script.ask("/data"); got != "200" {
		t.Errorf("a script: %s", got)
	}
	if b.cookie(ticketCookie, home) != before {
		t.Error("the session is another one")
	}
	if n := s.Entra.Requests(entra.EndpointAuthorize); n != trips || s.Entra.Requests(entra.EndpointSignIn) != asked {
		t.Errorf("%d trips to Entra ID", n-trips)
	}
	b.lists(s, thisOne(chromiumLabel))
	newcomer.again("/page")
	leaving.click(tryAgain) // on a page of ours: nobody is asked again
	leaving.shows("You are signed out")
	bob.isOut(s)
	b.isIn(s)
}

// again clicks on "Try again" until the page opens: EasyAuth finds its store again
// by itself.
func (b *tab) again(uri string) {
	b.t.Helper()
	status := 0
	for began := time.Now(); time.Since(began) < patience; {
		if status = b.click(tryAgain); status == http.StatusOK {
			b.isOn(status, uri)
			return
		}
		if err := b.try(chromedp.Sleep(pollEvery)); err != nil {
			b.t.Fatal(err)
		}
	}
	b.t.Fatalf("Try again leads to %d at %s\n%s", status, b.url(), b.body())
}
