package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// Hostile cookies where sessions are in a store, through nginx: 401 at either replica,
// and the session that they were made of goes on.
func TestAttack15And16StoreCookiesThroughNginx(t *testing.T) {
	t.Parallel()
	s := start(t, startKeeper(t, onRedis).replicas(nil))
	adele, bob := signedIn(t, s, entra.Adele), signedIn(t, s, entra.Bob)
	good, one := adele.cookie(ticketCookie), ticketCookie+"="
	own := carrierOf(t, s, good)
	sealed := func(domain func(*seal.Domain), edit func(*carrier)) string {
		d := seal.Domain{BasePath: "/easyauth", Authority: authorityOf(s), ClientID: stand.ClientID}
		if domain != nil {
			domain(&d)
		}
		ring, err := seal.NewRing([][]byte{[]byte(stand.Key)}, d)
		if err != nil {
			t.Fatal(err)
		}
		c := own
		if edit != nil {
			edit(&c)
		}
		value, err := c.seal(carrierBox(t, ring))
		if err != nil {
			t.Fatal(err)
		}
		return one + value
	}
	a := begin(t, s, entra.Adele, "/page")
	tests := []struct {
		name, cookies string
		status        int
	}{
		{"good", one + good, 200},
		{"the same, sealed again", sealed(nil, nil), 200},
		{"among 200 others", strings.Repeat("x=y; ", 200) + one + good, 200},
		{"beside a second chunk of nothing", one + good + "; " + ticketCookie1 + "=" + good, 200},
		{"a letter of the key id", one + flip(good, 2), 401},
		{"a letter of the middle", one + flip(good, len(good)/2), 401},
		{"the last letter", one + flip(good, -1), 401},
		{"half", one + good[:len(good)/2], 401},
		{"longer", one + good + "A", 401},
		{"empty", one, 401},
		{"twice", one + good + "; " + one + good, 401},
		{"two people", one + good + "; " + one + bob.cookie(ticketCookie), 401},
		{"as the second chunk", ticketCookie1 + "=" + good, 401},
		{"chunk -1", one + good[:9] + "; " + ticketCookie + "--1=" + good[9:], 401},
		{"8,000 letters", one + strings.Repeat("A", 7900), 401},
		{"state", one + a.answer.Get("state"), 401},
		{"the browser's", one + adele.cookie(browserCookie), 401},
		{"a ticket", one + "1" + strings.Repeat("A", 300), 401},
		{"another base path", sealed(func(d *seal.Domain) { d.BasePath = "/other" }, nil), 401},
		{"another client id", sealed(func(d *seal.Domain) { d.ClientID = callerID }, nil), 401},
		{"another authority", sealed(func(d *seal.Domain) { d.Authority += "/" }, nil), 401},
		{"an id of nobody", sealed(nil, func(c *carrier) { c.id[3] ^= 1 }), 401},
		{"another secret", sealed(nil, func(c *carrier) { c.secret[3] ^= 1 }), 401},
	}
	for _, tt := range tests {
		for range 2 { // at either replica
			r := adele.with(tt.cookies, "/api/x")
			if r.status != tt.status || tt.status == http.StatusOK && r.echo(t).Headers.Get("X-Injected-Oid") != entra.AdeleOID {
				t.Errorf("%s: %d, want %d", tt.name, r.status, tt.status)
			}
		}
	}
	for _, v := range []*visitor{adele, bob} {
		if r := v.get("/api/x"); r.status != http.StatusOK {
			t.Errorf("a session afterwards: %d", r.status)
		}
	}
}
