package e2e

import (
	"net/http"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// Not a hole in Chromium today, which sends no Sec-Fetch-User with a prefetch; the
// design says that what is fetched beforehand is no navigation.
func TestAttack38PrefetchedSignOut(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	v := signedIn(t, s, entra.Adele)
	ticket := v.cookie(ticketCookie)
	for _, purpose := range []string{"prefetch", "prefetch;prerender", "prefetch;anonymous-client-ip"} {
		r := v.do(http.MethodGet, "/easyauth/logout", joined(clicked(), http.Header{"Sec-Purpose": {purpose}}))
		if r.status != http.StatusOK || v.cookie(ticketCookie) != ticket {
			t.Errorf("%s: %d", purpose, r.status)
		}
	}
	if r := v.do(http.MethodGet, "/easyauth/logout", clicked()); r.status != http.StatusFound || v.cookie(ticketCookie) != "" {
		t.Errorf("a click: %d", r.status)
	}
}
