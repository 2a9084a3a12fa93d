package e2e

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// A page that needs an authentication context: Entra ID asks for the approval
// once, and the page opens.
func TestBrowserAuthenticationContext(t *testing.T) {
	t.Parallel()
	cfg := oneHost()
	cfg.Rules = []stand.Rule{{Path: "/strong", Query: "acr=c1"}, {Path: "/stronger", Query: "acr=c1&acr=c2"}}
	s := start(t, cfg)
	b := newProfile(t).tab(t)
	b.open(s.URL(appHost, "/"))
	b.isOn(b.signInAs(entra.Adele), "/")
	b.open(s.URL(appHost, "/strong?x=%7C"))
	if b.mustStep() != "approve" {
		t.Fatalf("no approval asked at %s\n%s", b.url(), b.body())
	}
	b.shot("approve")
	if status := b.click("#cancel"); status != http.StatusForbidden {
		t.Errorf("not approved: %d", status)
	}
	b.shows("Sign-in was cancelled")
	b.isOn(b.open(s.URL(appHost, "/")), "/") // still signed in
	b.open(s.URL(appHost, "/strong?x=%7C"))
	b.isOn(b.click("#approve"), "/strong?x=%7C")
	trips := s.Entra.Requests(entra.EndpointAuthorize)
	b.isOn(b.open(s.URL(appHost, "/strong")), "/strong")
	b.isOn(b.open(s.URL(appHost, "/page")), "/page")
	if n := s.Entra.Requests(entra.EndpointAuthorize); n != trips {
		t.Errorf("%d more trips to Entra ID", n-trips)
	}
	b.open(s.URL(appHost, "/stronger"))
	if b.mustStep() != "approve" {
		t.Fatalf("no approval asked for the second context at %s\n%s", b.url(), b.body())
	}
	b.isOn(b.click("#approve"), "/stronger")
}

// The token does not say what was asked for: a page, and no loop.
func TestBrowserContextNotGranted(t *testing.T) {
	t.Parallel()
	cfg := oneHost()
	cfg.Rules = []stand.Rule{{Path: "/strong", Query: "acr=c1"}}
	s := start(t, cfg)
	b := newProfile(t).tab(t)
	s.Entra.SetFaults(entra.Faults{EditClaims: func(claims map[string]any) { delete(claims, "acrs") }})
	b.open(s.URL(appHost, "/strong"))
	if status := b.signInAs(entra.Adele); status != http.StatusForbidden {
		t.Errorf("status %d", status)
	}
	b.shows("A stronger sign-in is needed", "Missing authentication context", "c1", "Conditional Access")
	b.isOn(b.open(s.URL(appHost, "/page")), "/page")
	s.Entra.ClearFaults()
	b.isOn(b.open(s.URL(appHost, "/strong")), "/strong")
}

// recent is a stand whose page /recent needs a sign-in of the last 15 minutes,
// and how far the emulator's clock is behind.
func recent(t *testing.T, claims ...string) (s *stand.Stand, behind *atomic.Int64) {
	t.Helper()
	behind = &atomic.Int64{}
	cfg := oneHost()
	cfg.Rules = []stand.Rule{{Path: "/recent", Query: "max_age=15m"}}
	cfg.Registration = func(c *entra.Client) { c.OptionalClaims = append([]string{}, claims...) }
	cfg.Emulator = func(c *entra.Config) {
		c.Now = func() time.Time { return time.Now().Add(-time.Duration(behind.Load())) }
	}
	return start(t, cfg), behind
}

func TestBrowserMaxAge(t *testing.T) {
	t.Parallel()
	s, behind := recent(t, entra.ClaimAuthTime)
	b := newProfile(t).tab(t)
	b.open(s.URL(appHost, "/"))
	b.isOn(b.signInAs(entra.Adele), "/")
	trips := s.Entra.Requests(entra.EndpointAuthorize)
	b.isOn(b.open(s.URL(appHost, "/recent")), "/recent") // a fresh sign-in will do
	if n := s.Entra.Requests(entra.EndpointAuthorize); n != trips {
		t.Errorf("%d more trips to Entra ID", n-trips)
	}
	b = newProfile(t).tab(t)
	behind.Store(int64(20 * time.Minute))
	s.Entra.SetFaults(entra.Faults{EditClaims: func(claims map[string]any) { claims["iat"] = time.Now().Unix() }})
	b.open(s.URL(appHost, "/"))
	b.isOn(b.signInAs(entra.Adele), "/")
	behind.Store(0)
	s.Entra.ClearFaults()
	b.isOn(b.open(s.URL(appHost, "/page")), "/page") // other pages do not care
	b.open(s.URL(appHost, "/recent?x=1"))
	b.asksWho()
	if got := s.Entra.LastAuthorize().Get("max_age"); got != "900" {
		t.Errorf("max_age %q", got)
	}
	b.isOn(b.signInAs(entra.Adele), "/recent?x=1")
	b.isOn(b.open(s.URL(appHost, "/recent")), "/recent")
}

// Without the optional claim nobody can tell: the page says what is missing.
func TestBrowserAuthTimeUnknown(t *testing.T) {
	t.Parallel()
	s, _ := recent(t)
	b := newProfile(t).tab(t)
	b.open(s.URL(appHost, "/recent"))
	b.signInAs(entra.Adele)
	b.shows("It is not known when you signed in", "optional claim auth_time", "Correlation id")
	b.shot("auth-time")
	b.isOn(b.open(s.URL(appHost, "/page")), "/page")
	b.open(s.URL(appHost, "/recent"))
	b.signInAs(entra.Adele)
	b.shows("It is not known when you signed in")
	// The administrator adds it, and the button works.
	s.Entra.SetFaults(entra.Faults{EditClaims: func(claims map[string]any) { claims["auth_time"] = time.Now().Unix() }})
	status := b.click(tryAgain)
	if b.mustStep() != "" {
		status = b.signInAs(entra.Adele)
	}
	b.isOn(status, "/recent")
}

// A person is never asked again because of iat, and an application is told
// nothing of a claim that a rule reads.
func TestBrowserOldAuthTime(t *testing.T) {
	t.Parallel()
	s, _ := recent(t, entra.ClaimAuthTime)
	b := newProfile(t).tab(t)
	s.Entra.SetFaults(entra.Faults{EditClaims: func(claims map[string]any) { claims["auth_time"] = time.Now().Add(-time.Hour).Unix() }})
	b.open(s.URL(appHost, "/recent"))
	b.signInAs(entra.Adele)
	b.shows("A recent sign-in is needed")
	if strings.Contains(b.url(), s.Entra.BaseURL()) {
		t.Errorf("at %s", b.url())
	}
	s.Entra.ClearFaults()
	status := b.click(tryAgain)
	if b.mustStep() != "" {
		status = b.signInAs(entra.Adele)
	}
	b.isOn(status, "/recent")
}
