package e2e

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// A person leaves Entra ID's page open for longer than an attempt lives.
func TestBrowserExpiredAttempt(t *testing.T) {
	t.Parallel()
	s := start(t, noRegistration()) // token requests are counted
	b := newProfile(t).tab(t)
	back := func(by time.Duration) {
		t.Helper()
		b.open(s.URL(appHost, "/page?x=1"))
		b.asksWho()
		s.Entra.SetFaults(entra.Faults{CallbackState: olderState(t, s, s.Entra.LastAuthorize().Get("state"), by)})
	}
	back(11 * time.Minute)
	requests := s.Entra.Requests(entra.EndpointToken)
	if status := b.signInAs(entra.Adele); status != http.StatusBadRequest {
		t.Errorf("status %d", status)
	}
	b.shows("This sign-in cannot be completed", "Your sign-in took too long. Please start again.", "app.test")
	b.shot("expired")
	if n := s.Entra.Requests(entra.EndpointToken); n != requests {
		t.Error("the code of an expired attempt was sent to the token endpoint")
	}
	s.Entra.ClearFaults()
	b.isOn(b.click(tryAgain), "/page?x=1")

	b = newProfile(t).tab(t)
	back(11 * time.Minute)
	b.signInAs(entra.Adele)
	b.shows("Your sign-in took too long")
	s.Entra.ClearFaults()
	b.click(someoneElse)
	b.asksWho()
	b.isOn(b.signInAs(entra.Bob), "/page?x=1")

	b = newProfile(t).tab(t) // the sibling
	back(5 * time.Minute)
	b.isOn(b.signInAs(entra.Adele), "/page?x=1")
}

// Every key was replaced while a person was at Entra ID.
func TestBrowserAttemptOfOtherKeys(t *testing.T) {
	t.Parallel()
	cfg := oneHost()
	cfg.Env = map[string]string{"EASYAUTH_DEFAULT_REDIRECT": "/start"}
	s := start(t, cfg)
	b := newProfile(t).tab(t)
	restart := func() {
		t.Helper()
		if err := s.EasyAuthProcess().Stop(patience); err != nil {
			t.Fatal(err)
		}
		if err := s.RestartEasyAuth(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	b.open(s.URL(appHost, "/page"))
	restart() // with the same keys: nothing is lost
	b.isOn(b.signInAs(entra.Adele), "/page")
	b = newProfile(t).tab(t)
	b.open(s.URL(appHost, "/page"))
	cfg.Env["EASYAUTH_KEYS"] = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU="
	restart()
	if status := b.signInAs(entra.Adele); status != http.StatusBadRequest {
		t.Errorf("status %d", status)
	}
	b.shows("This sign-in cannot be completed", "The link is not valid, or it was used before. Please start again.")
	b.isOn(b.click(tryAgain), "/start")
}

// Wrong, replayed and foreign links to the callback, opened as from a mail.
func TestBrowserForeignCallbacks(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	b := newProfile(t).tab(t)
	b.open(s.URL(appHost, "/page"))
	state := s.Entra.LastAuthorize().Get("state")
	other := newProfile(t).tab(t)
	for name, query := range map[string]url.Values{
		"no state":        {"code": {"c"}},
		"an altered one":  {"code": {"c"}, "state": {state[:len(state)-4] + "AAAA"}},
		"another browser": {"code": {"c"}, "state": {state}},
	} {
		if status := other.open(s.URL(appHost, "/easyauth/signin-oidc?"+query.Encode())); status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, status)
		}
		other.shows("This sign-in cannot be completed", "Please start again.")
	}
	other.click(tryAgain)
	if status := other.signInAs(entra.Bob); status != http.StatusOK || other.text("#user") != "Bob Builder" {
		t.Errorf("%d at %s", status, other.url())
	}
	b.isOn(b.signInAs(entra.Adele), "/page") // the attempt itself is as good as before
}
