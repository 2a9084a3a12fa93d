package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

const renewalCookie = "__Host-easyauth-renewal"

// endingSoon signs Adele in and makes her session one that ends in half an hour,
// which is worth renewing.
func endingSoon(t *testing.T) (s *stand.Stand, b *tab, ticket string) {
	t.Helper()
	cfg := oneHost()
	cfg.Env = map[string]string{"EASYAUTH_SESSION_LIFETIME": "8h", "EASYAUTH_RENEW_BEFORE": "1h"}
	s = start(t, cfg)
	b = newProfile(t).tab(t)
	b.open(s.URL(appHost, "/"))
	b.isOn(b.signInAs(entra.Adele), "/")
	ticket = b.cookie(ticketCookie, s.URL(appHost, "/"))
	trips := s.Entra.Requests(entra.EndpointAuthorize)
	b.isOn(b.open(s.URL(appHost, "/page")), "/page")
	if n := s.Entra.Requests(entra.EndpointAuthorize); n != trips || b.cookie(ticketCookie, s.URL(appHost, "/")) != ticket {
		t.Errorf("a young session is renewed: %d trips", n-trips)
	}
	return s, b, b.age(s, 7*time.Hour+30*time.Minute)
}

func TestBrowserRenewal(t *testing.T) {
	t.Parallel()
	s, b, old := endingSoon(t)
	home := s.URL(appHost, "/")
	trips, asked := s.Entra.Requests(entra.EndpointAuthorize), s.Entra.Requests(entra.EndpointSignIn)
	// A script's request is never sent away.
	if got := b.fetchStatus("/data"); got != "200" || b.cookie(ticketCookie, home) != old {
		t.Errorf("a fetch: %s", got)
	}
	if n := s.Entra.Requests(entra.EndpointAuthorize); n != trips {
		t.Errorf("a fetch makes %d trips to Entra ID", n-trips)
	}
	b.isOn(b.open(s.URL(appHost, "/deep?x=%7C")), "/deep?x=%7C")
	last := s.Entra.LastAuthorize()
	if n := s.Entra.Requests(entra.EndpointAuthorize); n != trips+1 || last.Get("prompt") != "none" || last.Get("login_hint") != "adele@contoso.example" {
		t.Errorf("%d trips, the last %v", n-trips, last)
	}
	fresh := b.cookie(ticketCookie, home)
	if fresh == old || fresh == "" || s.Entra.Requests(entra.EndpointSignIn) != asked {
		t.Errorf("renewed %v, pages %d", fresh != old, s.Entra.Requests(entra.EndpointSignIn)-asked)
	}
	for range 3 {
		b.isOn(b.open(s.URL(appHost, "/page")), "/page")
	}
	if n := s.Entra.Requests(entra.EndpointAuthorize); n != trips+1 {
		t.Errorf("%d more trips for the renewed session", n-trips-1)
	}
}

// The session at Entra ID is gone: the old one goes on, and that is remembered.
func TestBrowserRenewalFails(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(s *stand.Stand){
		"signed out at Entra ID": func(s *stand.Stand) { s.Entra.RevokeSessions(entra.Adele) },
		"a second factor":        func(s *stand.Stand) { s.Entra.SetFaults(callbackError("interaction_required", "AADSTS50076")) },
		"Entra ID is away": func(s *stand.Stand) {
			s.Entra.SetFaults(entra.Faults{Endpoints: map[entra.Endpoint]entra.EndpointFault{entra.EndpointToken: {Status: http.StatusServiceUnavailable}}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, b, old := endingSoon(t)
			fail(s)
			trips := s.Entra.Requests(entra.EndpointAuthorize)
			b.isOn(b.open(s.URL(appHost, "/deep?x=%7C")), "/deep?x=%7C")
			if b.cookie(ticketCookie, s.URL(appHost, "/")) != old || b.cookie(renewalCookie, s.URL(appHost, "/")) == "" {
				t.Error("the old session is gone, or the try is not remembered")
			}
			if n := s.Entra.Requests(entra.EndpointAuthorize); n != trips+1 {
				t.Errorf("%d trips", n-trips)
			}
			for range 3 {
				b.isOn(b.open(s.URL(appHost, "/page")), "/page")
			}
			if n := s.Entra.Requests(entra.EndpointAuthorize); n != trips+1 {
				t.Errorf("%d more trips", n-trips-1)
			}
			// Ten minutes later it may be tried again.
			s.Entra.ClearFaults()
			b.forget(renewalCookie, s.URL(appHost, "/"))
			b.open(s.URL(appHost, "/page"))
			if n := s.Entra.Requests(entra.EndpointAuthorize); n != trips+2 {
				t.Errorf("after ten minutes: %d trips", n-trips)
			}
		})
	}
}

// Another person signed in at Entra ID meanwhile: nobody's session is changed.
func TestBrowserRenewalOfAnother(t *testing.T) {
	t.Parallel()
	s, b, old := endingSoon(t)
	// The same browser signs Bob in at Entra ID, at a host of another application.
	b.open(s.URL(appHost, "/easyauth/login?rd=/page&prompt=select_account"))
	b.asksWho()
	b.click("#user-" + entra.Bob)
	if b.mustStep() != "consent" {
		t.Fatalf("at %s", b.url())
	}
	b.isOn(b.open(s.URL(appHost, "/page")), "/page")
	if got := b.text("#x-injected-oid td:nth-child(2)"); got != entra.AdeleOID || b.cookie(ticketCookie, s.URL(appHost, "/")) != old {
		t.Errorf("oid %q", got)
	}
}

// A session that has ended is an ordinary sign-in, silent at Entra ID.
func TestBrowserSessionEnds(t *testing.T) {
	t.Parallel()
	s, b, _ := endingSoon(t)
	b.age(s, time.Hour)
	if got := b.fetchStatus("/api/x"); got != "401" {
		t.Errorf("a fetch: %s", got)
	}
	b.isOn(b.open(s.URL(appHost, "/page")), "/page")
	if got := s.Entra.LastAuthorize().Get("prompt"); got != "" {
		t.Errorf("prompt %q", got)
	}
}

// fetchStatus is what a script of a page of the application gets. The browser is
// then on a page for everybody: scripts of the sample's others may not connect.
func (b *tab) fetchStatus(path string) string {
	b.t.Helper()
	b.open(b.js(`new URL("/public/echo", location.href).href`))
	status, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`fetch(`+jsString(path)+`).then(r => String(r.status), String)`, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatal(err)
	}
	return status
}
