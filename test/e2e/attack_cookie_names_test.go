package e2e

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// likeTheTicket are Cookie headers with names that some server reads as the
// ticket's, and that a sibling host may set where the ticket's own are refused.
func likeTheTicket(value string) map[string]string {
	return map[string]string{
		"an en quad before it": "\u2000" + ticketCookie + "=" + value, "a no-break space before it": "\u00a0" + ticketCookie + "=" + value,
		"a raw one of Latin-1": "\xa0" + ticketCookie + "=" + value, "NEL before it": "\u0085" + ticketCookie + "=" + value,
		"a mark of byte order": "\ufeff" + ticketCookie + "=" + value, "a zero-width space": "\u200b" + ticketCookie + "=" + value,
		"a blank after it": ticketCookie + " =" + value, "a tab after it": ticketCookie + "\t=" + value, "an en quad after it": ticketCookie + "\u2000=" + value,
		"without a name": "=" + ticketCookie + "=" + value, "without a name, twice": "==" + ticketCookie + "=" + value,
		"in lower case": strings.ToLower(ticketCookie) + "=" + value, "in upper case": strings.ToUpper(ticketCookie) + "=" + value,
		"another prefix": "__Secure-easyauth=" + value, "no prefix": "easyauth=" + value, "__Http-": "__Http-easyauth=" + value, "__Host-Http-": "__Host-Http-easyauth=" + value,
		"quoted": `"` + ticketCookie + `"=` + value, "escaped": "%5f%5fHost-easyauth=" + value, "an escaped letter": "__Host-easyaut%68=" + value,
		"in a quoted value": `$Version=1; x="; ` + strings.ToLower(ticketCookie) + "=" + value + `"`, "after a comma": "x=y, " + ticketCookie + "=" + value,
		"as an attribute": "$Version=1; $Path=/; $" + ticketCookie + "=" + value, "with brackets": ticketCookie + "[]=" + value, "with a dot": ticketCookie + ".0=" + value,
		"as a value of a value": "x=" + ticketCookie + "=" + value, "its second chunk alone": ticketCookie + "-1=" + value, "other chunks": ticketCookie + "-2=" + value + "; " + ticketCookie + "-01=" + value,
	}
}

// What is called almost like the ticket is no ticket, and does not get in the way of
// the real one.
func TestAttack35NamesLikeTheTicket(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	bob, adele := signedIn(t, s, entra.Bob), signedIn(t, s, entra.Adele)
	want := bob.get("/api/x").echo(t).identity()
	for name, planted := range likeTheTicket(adele.cookie(ticketCookie)) {
		for where, lines := range map[string][]string{
			"before the real one": {"Cookie: " + planted + "; " + bob.ticket()}, "behind it": {"Cookie: " + bob.ticket() + "; " + planted},
			"on a line before": {"Cookie: " + planted, "Cookie: " + bob.ticket()}, "on a line behind": {"Cookie: " + bob.ticket(), "Cookie: " + planted},
		} {
			r := bob.raw(bob.request("GET /api/x HTTP/1.1", lines...))
			if r.status != http.StatusOK || !slices.Equal(r.echo(t).identity(), want) {
				t.Errorf("%s, %s: %d", name, where, r.status)
			}
		}
		if r := bob.raw(bob.request("GET /api/x HTTP/1.1", "Cookie: "+planted)); r.status != http.StatusUnauthorized {
			t.Errorf("%s, alone: %d", name, r.status)
		}
	}
	// The siblings: the name itself, and white space that separates cookies.
	for _, line := range []string{bob.ticket(), "\t " + bob.ticket(), "x=y;" + bob.ticket(), ";;" + bob.ticket() + ";", "$Version=1; " + bob.ticket()} {
		if r := bob.raw(bob.request("GET /api/x HTTP/1.1", "Cookie: "+line)); r.status != http.StatusOK {
			t.Errorf("%.20q: %d", line, r.status)
		}
	}
}

// In a real browser: a page on a host below ours plants cookies of all our names, in
// every way that a script has. None takes the place of one of ours, no sign-in of the
// attacker's can be finished, and the person's own goes on as if nothing were.
func TestAttack11BrowserSiblingPlants(t *testing.T) {
	t.Parallel()
	const below = "evil.app.test"
	s := start(t, stand.Config{Hosts: []string{appHost, below}, Env: noRegistration().Env})
	attacker := newVisitor(t, s, entra.Mallory)
	login := attacker.get(attacker.next(attacker.get("/echo")))
	callback := attacker.next(login) // the attacker's code and state, not yet used
	binding := attacker.cookie(browserCookie)
	own := signedIn(t, s, entra.Mallory)
	if binding == "" || own.cookie(ticketCookie) == "" {
		t.Fatal("the attacker has nothing to plant")
	}
	b := newProfile(t).tab(t)
	b.open(s.URL(below, "/public"))
	for name, value := range map[string]string{browserCookie: binding, ticketCookie: own.cookie(ticketCookie), denialCookie: "x", ticketCookie + "-seen": "x", ticketCookie + "-renewal": "1"} {
		for _, before := range []string{"", " ", "=", "\u2000", "\u00a0", "\t", ";", "\u0001", "$Version=1; "} {
			for _, attributes := range []string{"", "; path=/", "; path=/easyauth/signin-oidc", "; path=/; secure; max-age=3600"} {
				line, err := json.Marshal(before + name + "=" + value + "; domain=" + appHost + attributes)
				if err != nil {
					t.Fatal(err)
				}
				b.js(`(document.cookie = ` + string(line) + `, "")`)
			}
		}
	}
	// The sibling of this test: an ordinary cookie does get there.
	b.js(`(document.cookie = "planted=yes; domain=` + appHost + `; path=/", "")`)
	b.open(s.URL(appHost, "/public/echo"))
	var e echoed
	if err := json.Unmarshal([]byte(b.body()), &e); err != nil {
		t.Fatal(err)
	}
	sent := strings.Join(e.Headers["Cookie"], "; ")
	if !strings.Contains(sent, "planted=yes") {
		t.Fatalf("the browser sends %q: the test proves nothing", sent)
	}
	for part := range strings.SplitSeq(sent, ";") {
		if name, _, _ := strings.Cut(strings.Trim(part, " \t"), "="); strings.HasPrefix(name, ticketCookie) {
			t.Errorf("the browser takes %q from a host below ours", part)
		}
	}
	before := s.Entra.Requests(entra.EndpointToken)
	if status := b.open(callback); status != http.StatusBadRequest || s.Entra.Requests(entra.EndpointToken) != before {
		t.Errorf("the attacker's callback: %d at %s", status, b.url())
	}
	if got := b.cookie(ticketCookie, s.URL(appHost, "/")); got != "" {
		t.Error("the attacker's callback made a session")
	}
	b.open(s.URL(appHost, "/page"))
	if status := b.signInAs(entra.Adele); status != http.StatusOK || b.text("#user") != "Adele Vance" {
		t.Errorf("the victim's own sign-in: %d at %s\n%.300s", status, b.url(), b.body())
	}
	if got := b.fetchStatus("/api/admin/x"); got != "200" {
		t.Errorf("the victim's role: %s", got)
	}
	// In the attacker's own browser it is good.
	if r := attacker.get(callback); r.status != http.StatusFound || attacker.cookie(ticketCookie) == "" {
		t.Errorf("the attacker's callback in its own browser: %d", r.status)
	}
}
