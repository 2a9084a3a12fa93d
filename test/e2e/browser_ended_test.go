package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// shortTokens are access tokens that are due for a refresh after a moment.
const shortTokens = 2 * time.Second

// An account is disabled while its pages are open: what was due to be refreshed ends.
// The next page goes to the sign-in, and a script is told.
func TestBrowserAccountDisabled(t *testing.T) {
	t.Parallel()
	cfg := startKeeper(t, onRedis).replicas(nil)
	cfg.Emulator = func(c *entra.Config) { c.Sessions.AccessTokenLifetime = shortTokens }
	s := start(t, cfg)
	b, bob := inBrowser(t, s, "", entra.Adele), inBrowser(t, s, "", entra.Bob)
	script := b.beside()
	script.open(s.URL(appHost, "/public/echo"))
	if got := script.ask("/data"); got != "200" {
		t.Errorf("a script: %s", got)
	}
	// While the account is good the session goes on, by refreshes that nobody sees.
	for began := time.Now(); s.Entra.Refreshes(entra.Adele) == 0; {
		b.isIn(s)
		if time.Since(began) > patience {
			t.Fatal("the session is never refreshed")
		}
	}
	b.isIn(s)
	s.Entra.ChangeUser(entra.Adele, func(u *entra.User) { u.Disabled = true })
	for began := time.Now(); ; {
		if b.open(s.URL(appHost, "/deep?x=%7C")); b.mustStep() == "pick" {
			break
		}
		if time.Since(began) > patience {
			t.Fatalf("the session goes on at %s\n%s", b.url(), b.body())
		}
	}
	b.shot("account-disabled")
	if got := script.ask("/data"); got != notSignedIn {
		t.Errorf("a script that is redirected: %s", got)
	}
	if got := script.ask("/api/x"); got != "401" {
		t.Errorf("a script of an API: %s", got)
	}
	b.click("#user-" + entra.Adele)
	if !strings.HasPrefix(b.url(), s.Entra.BaseURL()) {
		t.Errorf("at %s\n%s", b.url(), b.body())
	}
	bob.isIn(s)
	// The sibling: the account is good again.
	s.Entra.ChangeUser(entra.Adele, func(u *entra.User) { u.Disabled = false })
	b.isOn(b.enter(s.URL(appHost, "/deep?x=%7C"), entra.Adele), "/deep?x=%7C")
	if got := script.ask("/data"); got != "200" {
		t.Errorf("a script: %s", got)
	}
}

// notSignedIn is what a script gets that was redirected to the sign-in.
const notSignedIn = `401 {"error":"login_required"`

// ask is what a script of the page that is open gets: the status, and with JSON its
// first member.
func (b *tab) ask(path string) string {
	b.t.Helper()
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`fetch(`+jsString(path)+`).then(async r => {
		const json = (r.headers.get("Content-Type") || "").startsWith("application/json") && r.redirected;
		return r.status + (json ? " " + (await r.text()).split(",")[0] : "");
	}, String)`, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatal(err)
	}
	return got
}
