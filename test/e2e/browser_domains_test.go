package e2e

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// shopHost has nothing in common with appHost: no cookie can be for both.
const shopHost = "shop.example"

// Two unrelated domains on one server: each has its own callback and its own session.
func TestBrowserUnrelatedDomains(t *testing.T) {
	t.Parallel()
	cfg := startKeeper(t, onRedis).replicas(nil)
	cfg.Hosts = []string{appHost, shopHost}
	s := start(t, cfg)
	app, shop := s.URL(appHost, "/page?x=1"), s.URL(shopHost, "/admin?y=2")
	b := newProfile(t).tab(t)
	b.open(app)
	b.isOn(b.signInAs(entra.Adele), "/page?x=1")
	if got := s.Entra.LastAuthorize().Get("redirect_uri"); got != s.URL(appHost, "/easyauth/signin-oidc") {
		t.Errorf("redirect URI %s", got)
	}
	ours := b.cookie(ticketCookie, app)
	if got := b.cookie(ticketCookie, shop); got != "" || ours == "" {
		t.Errorf("the browser has %q for the one and %q for the other", ours, got)
	}
	// The browser sends nothing of it there: a script is nobody, and a page takes a
	// trip to Entra ID, which knows the person.
	b.open(s.URL(shopHost, "/public"))
	if got := b.fetchStatus("/api/x"); got != "401" {
		t.Errorf("a script at the other: %s", got)
	}
	trips := s.Entra.Requests(entra.EndpointAuthorize)
	if status := b.open(shop); status != http.StatusOK || b.url() != shop || b.text("#user") != "Adele Vance" {
		t.Errorf("the other: %d at %s", status, b.url())
	}
	if n := s.Entra.Requests(entra.EndpointAuthorize); n != trips+1 {
		t.Errorf("%d trips to Entra ID", n-trips)
	}
	if got := s.Entra.LastAuthorize().Get("redirect_uri"); got != s.URL(shopHost, "/easyauth/signin-oidc") {
		t.Errorf("redirect URI %s", got)
	}
	if got := b.cookie(ticketCookie, shop); got == "" || got == ours || b.cookie(ticketCookie, app) != ours {
		t.Errorf("the cookies are %q and %q", b.cookie(ticketCookie, app), got)
	}
	checkCookies(t, b, map[string]bool{ticketCookie: true, browserCookie: true, denialCookie: true})

	// A sign-out may lead to the other, and ends nothing there.
	b.open(s.URL(appHost, logoutPath+"?rd=") + url.QueryEscape(s.URL(shopHost, "/public")))
	if b.click("button"); b.url() != s.URL(shopHost, "/public") || b.text("#uri") != "/public" {
		t.Errorf("sign-out ended at %s", b.url())
	}
	if b.cookie(ticketCookie, app) != "" {
		t.Error("the cookie is there after sign-out")
	}
	trips = s.Entra.Requests(entra.EndpointAuthorize)
	if status := b.open(shop); status != http.StatusOK || b.url() != shop || s.Entra.Requests(entra.EndpointAuthorize) != trips {
		t.Errorf("the other, after a sign-out: %d at %s", status, b.url())
	}
	b.open(app)
	b.asksWho()
	b.isOn(b.signInAs(entra.Adele), "/page?x=1")

	// They are two sessions of one person: each page lists both.
	b.lists(s, thisOne(chromiumLabel), another(chromiumLabel))
	if b.click(endOther); b.url() != s.URL(appHost, mePath) {
		t.Errorf("after a session was ended: %s", b.url())
	}
	b.shown(thisOne(chromiumLabel))
	trips = s.Entra.Requests(entra.EndpointAuthorize)
	b.open(shop)
	if n := s.Entra.Requests(entra.EndpointAuthorize); n != trips+1 {
		t.Errorf("the session at the other was ended: %d trips to Entra ID", n-trips)
	}
	b.isIn(s)
}
