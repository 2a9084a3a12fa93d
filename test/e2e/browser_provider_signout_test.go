package e2e

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// Paths at which the provider ends sessions.
const (
	frontChannel = "/easyauth/frontchannel-logout"
	backChannel  = "/easyauth/backchannel-logout"
)

// shopClient is the registration of a second application.
const (
	shopClient = "22222222-3333-4444-8555-666666666666"
	shopSecret = "a-secret-of-the-shop"
)

// neighbours are two applications of one organization, at sites that have nothing in
// common, each with its own EasyAuth. Both are told of a sign-out by frames.
func neighbours(t *testing.T) (app, shop *stand.Stand) {
	t.Helper()
	k := startKeeper(t, onRedis)
	cfg := k.replicas(nil)
	cfg.Registration = func(c *entra.Client) {
		c.OptionalClaims = []string{entra.ClaimSessionID, entra.ClaimLoginHint}
	}
	cfg.Emulator = func(c *entra.Config) {
		c.Sessions.AskSignOut = true
		c.Clients = append(c.Clients, entra.Client{ID: shopClient, Secret: shopSecret, Name: "Shop"})
	}
	app = start(t, cfg)
	idp := app.Entra
	cfg = k.replicas(map[string]string{
		"EASYAUTH_INSTANCE": idp.BaseURL() + "/", "EASYAUTH_GRAPH_URL": idp.BaseURL(), "EASYAUTH_CLIENT_ID": shopClient, "EASYAUTH_CLIENT_SECRET": shopSecret,
	})
	cfg.Hosts, cfg.Replicas, cfg.EntraStopped = []string{shopHost}, 1, true
	shop = start(t, cfg)
	idp.RegisterRedirectURI(shopClient, shop.URL(shopHost, "/easyauth/signin-oidc"))
	idp.RegisterPostLogoutURI(shopClient, shop.URL(shopHost, "/easyauth/signout-callback-oidc"))
	idp.RegisterFrontChannelLogoutURI(shopClient, shop.URL(shopHost, frontChannel))
	idp.RegisterFrontChannelLogoutURI(stand.ClientID, app.URL(appHost, frontChannel))
	return app, shop
}

// Who signs out of one application is signed out of the other too, and only in this
// browser: the provider's page loads a frame of each.
func TestBrowserFrontChannelLogout(t *testing.T) {
	t.Parallel()
	app, shop := neighbours(t)
	idp, shopPage := app.Entra, shop.URL(shopHost, "/page")
	inBoth := func() *tab {
		b := inBrowser(t, app, "", entra.Adele)
		b.isOn(b.enter(shopPage, entra.Adele), "/page")
		return b
	}
	shopGoesOn := func(b *tab) {
		t.Helper()
		trips := idp.Requests(entra.EndpointAuthorize)
		if b.isOn(b.open(shopPage), "/page"); idp.Requests(entra.EndpointAuthorize) != trips {
			t.Error("the shop's session is over")
		}
	}
	b, other := inBoth(), inBoth()
	complaints := b.complaints()
	b.open(app.URL(appHost, mePath))
	b.click(endHere)
	b.arrives(app.URL(appHost, "/easyauth/signout-callback-oidc"))
	b.shows("You are signed out")
	last := idp.LastLogout()
	if last.Asked || last.Form.Get("logout_hint") == "" || last.Hinted != entra.AdeleOID || len(last.Frames) != 2 {
		t.Errorf("the provider was asked %v: asked back %v, hinted %q, frames %v", last.Form, last.Asked, last.Hinted, last.Frames)
	}
	if got := complaints(); len(got) > 0 {
		t.Errorf("the browser says %q", got)
	}
	if b.cookie(ticketCookie, shopPage) == "" { // no frame of another site reaches it: it is dead all the same
		t.Error("the shop's cookie is gone")
	}
	b.isOutAt(shopPage, idp)
	b.isOut(app)
	other.isIn(app)
	shopGoesOn(other)

	// At the provider's own page, which asks who leaves, and stays.
	complaints = other.complaints()
	other.open(idp.Authority() + "/oauth2/v2.0/logout")
	if other.mustStep() != "sign-out" {
		t.Fatalf("without a hint nobody is asked, at %s\n%s", other.url(), other.body())
	}
	other.click("#user-" + entra.Adele)
	other.shot("provider-signed-out")
	if frames := other.js(`String(document.querySelectorAll("iframe").length)`); frames != "2" || other.mustStep() != "signed-out" {
		t.Errorf("%s frames at %s", frames, other.url())
	}
	if got := complaints(); len(got) > 0 {
		t.Errorf("the browser says %q", got)
	}
	other.isOutAt(shopPage, idp)
	other.isOut(app)

	// The sibling: a page that may not be framed ends nothing, and the browser says so.
	idp.RegisterFrontChannelLogoutURI(shopClient, shop.URL(shopHost, mePath))
	b = inBoth()
	complaints = b.complaints()
	b.open(idp.Authority() + "/oauth2/v2.0/logout")
	b.click("#user-" + entra.Adele)
	b.isOut(app)
	if got := complaints(); len(got) == 0 {
		t.Error("the browser says nothing about a frame that it must refuse")
	}
	shopGoesOn(b)
}

// complaints listens to what the browser says about frames of the pages that are
// opened from now on.
func (b *tab) complaints() func() []string {
	b.t.Helper()
	var mu sync.Mutex
	var said []string
	err := chromedp.Listen(b.ctx, func(event any) {
		if e, ok := event.(*log.EventEntryAdded); ok && strings.Contains(strings.ToLower(e.Entry.Text), "fram") {
			mu.Lock()
			defer mu.Unlock()
			said = append(said, e.Entry.Text)
		}
	})
	if err == nil {
		err = b.try(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			_, err := cdp.Call(ctx, target, log.Enable, cdp.Empty{})
			return err
		}))
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return func() []string {
		b.js(`""`) // what was said before is here
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(said)
	}
}

// arrives waits until a script of another page has led the browser to an address.
func (b *tab) arrives(address string) {
	b.t.Helper()
	err := b.try(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		for {
			url, err := chromedp.Location()(ctx, target)
			if err != nil || strings.HasPrefix(url, address) {
				return err
			}
			if _, err := chromedp.Sleep(pollEvery)(ctx, target); err != nil {
				return err
			}
		}
	}), chromedp.WaitReady(chromedp.CSS("main")))
	if err != nil {
		b.t.Fatalf("at %s, not at %s: %v", b.url(), address, err)
	}
}

// A provider that is not Microsoft's: it takes the ID token for the hint, and tells
// EasyAuth itself that a session has ended.
func TestBrowserBackChannelLogout(t *testing.T) {
	t.Parallel()
	cfg := startKeeper(t, onRedis).replicas(map[string]string{
		"EASYAUTH_ISSUER": "{entra}/" + entra.DefaultTenantID + "/v2.0", "EASYAUTH_TENANT_ID": "", "EASYAUTH_INSTANCE": "",
		"EASYAUTH_GRAPH_URL": "", "EASYAUTH_GRAPH_QUERIES": "", "EASYAUTH_READ_REGISTRATION": "",
	})
	cfg.Emulator = func(c *entra.Config) {
		c.Plain = true
		c.Sessions.AskSignOut, c.Sessions.BackChannelClient = true, insecureClient(t)
	}
	s := start(t, cfg)
	s.Entra.RegisterBackChannelLogoutURI(stand.ClientID, s.URL(appHost, backChannel))
	b, other, bob := inBrowser(t, s, "", entra.Adele), inBrowser(t, s, firefoxAgent, entra.Adele), inBrowser(t, s, "", entra.Bob)
	b.open(s.URL(appHost, mePath))
	b.click(endHere)
	b.shows("You are signed out")
	last := s.Entra.LastLogout()
	if last.Asked || last.Form.Get("id_token_hint") == "" || last.HintProblem != "" || last.Hinted != entra.AdeleOID {
		t.Errorf("the provider asked %v, about %q: %s", last.Asked, last.Hinted, last.HintProblem)
	}
	b.isOut(s)
	other.isIn(s) // another session at the provider

	// An administrator there ends them all, while a page is open.
	b.isOn(b.signInAs(entra.Adele), "/page")
	script := other.beside()
	script.open(s.URL(appHost, "/public/echo"))
	if got := script.ask("/api/x"); got != "200" {
		t.Errorf("a script: %s", got)
	}
	s.Entra.LogOutUser(t.Context(), entra.Adele)
	b.isOut(s)
	other.isOut(s)
	if got := script.ask("/data"); got != notSignedIn {
		t.Errorf("a script, after the end: %s", got)
	}
	bob.isIn(s)
	calls := s.Entra.LogoutCalls()
	for _, call := range calls {
		if call.Status != http.StatusOK || call.Err != nil {
			t.Errorf("a logout token: %d %q, %v", call.Status, call.Body, call.Err)
		}
	}
	if len(calls) != 2 {
		t.Errorf("%d logout tokens", len(calls))
	}
}
