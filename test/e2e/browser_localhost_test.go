package e2e

import (
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// The demonstration's arrangement: plain http on localhost, where a browser
// keeps Secure and __Host- cookies all the same.
func TestBrowserLocalhost(t *testing.T) {
	t.Parallel()
	s := start(t, stand.Config{})
	b := newProfile(t).tab(t)
	page := s.URL("", "/graph?x=%7C")
	b.open(page)
	if status := b.signInAs(entra.Adele); status != 200 || b.url() != page || b.text("#user") != "Adele Vance" {
		t.Fatalf("%d at %s\n%s", status, b.url(), b.body())
	}
	checkCookies(t, b, map[string]bool{ticketCookie: true, browserCookie: true, denialCookie: true})
	if status := b.click("#sign-out"); status != 200 || b.text("#uri") != "/public" {
		t.Errorf("sign-out: %d at %s\n%s", status, b.url(), b.body())
	}
	b.open(page)
	if step, err := b.step(); err != nil || step != "pick" {
		t.Errorf("after sign-out: %s, %q, %v", b.url(), step, err)
	}
}
