package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// Sessions in cookies, with a list of those that ended: a ticket that was signed out
// is refused by the other EasyAuth too. While the list cannot be read nobody passes,
// and nobody is signed out; a list that died has forgotten nothing.
func TestAttack30SignedOutTickets(t *testing.T) {
	t.Parallel()
	k := noteRevoked(t)
	s := start(t, k.replicas(nil))
	v, other, stays := signedIn(t, s, entra.Adele), signedIn(t, s, entra.Adele), signedIn(t, s, entra.Bob)
	dead := []string{v.ticket(), other.ticket()}
	for i := range 2 {
		waitUntil(t, "the list to be heard", func() bool { return v.at(i, dead[0]).status == http.StatusAccepted })
	}
	if r := v.do(http.MethodGet, "/easyauth/logout", clicked()); r.status != http.StatusFound {
		t.Fatalf("sign-out: %d\n%.300s", r.status, r.body)
	}
	ended := time.Now()
	attr(t, "sign-out-ms", max(v.refused(0, dead[0], ended), v.refused(1, dead[0], ended)).Milliseconds())
	if out, err := s.Command(t.Context(), "sessions", "revoke", "--user", entra.AdeleOID); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ended = time.Now()
	attr(t, "command-ms", max(v.refused(0, dead[1], ended), v.refused(1, dead[1], ended)).Milliseconds())
	well := func(when string) {
		t.Helper()
		for i := range 2 {
			waitUntil(t, "somebody else to pass "+when, func() bool { return stays.at(i, stays.ticket()).status == http.StatusAccepted })
			for n, ticket := range dead {
				if r := v.at(i, ticket); r.status != http.StatusUnauthorized {
					t.Errorf("%s: replica %d, revoked ticket %d: %d", when, i, n, r.status)
				}
			}
		}
		if r := stays.get("/echo?" + strings.ReplaceAll(when, " ", "-")); r.status != http.StatusOK {
			t.Errorf("%s: through nginx: %d", when, r.status)
		}
	}
	well("at first")

	k.Pause()
	begun := time.Now()
	for i := range 2 {
		waitUntil(t, "nobody to pass without the list", func() bool { return stays.at(i, stays.ticket()).status == http.StatusUnauthorized })
	}
	attr(t, "unheard-until-unsure-ms", time.Since(begun).Milliseconds())
	if took := time.Since(begun); took > 2*law {
		t.Errorf("it took %v", took)
	}
	before := stays.cookie(ticketCookie)
	if r := stays.follow(stays.get("/echo?paused")); r.status != http.StatusServiceUnavailable || !tellsOf(r, "You are still signed in") {
		t.Errorf("the page says: %d\n%.400s", r.status, r.body)
	}
	if r := stays.do(http.MethodGet, "/easyauth/logout", clicked()); r.status != http.StatusServiceUnavailable || !strings.Contains(r.body, "You are still signed in") {
		t.Errorf("a sign-out that cannot be noted: %d\n%.400s", r.status, r.body)
	}
	if stays.cookie(ticketCookie) != before {
		t.Error("the cookie was touched")
	}
	k.Resume()
	well("after the silence")

	k.Kill()
	k.Restart()
	well("after the list died")
	for i := range 2 { // EasyAuths that hear the list for the first time
		if err := s.Replica(i).Stop(patience); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.RestartEasyAuth(t.Context()); err != nil {
		t.Fatal(err)
	}
	well("at new EasyAuths")
}
