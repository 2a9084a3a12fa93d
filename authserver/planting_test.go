package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

const loginHost = "https://login.example.com"

func manyHosts() options {
	return options{
		hosts: []string{"app.example.com", "other.example.com", "login.example.com"}, callbackHost: "login.example.com", cookieDomain: "example.com",
	}
}

// scopeOf is what an authorization URL asks for.
func scopeOf(t *testing.T, target string) string {
	t.Helper()
	return parse(t, target).Query().Get("scope")
}

// Nobody can make another browser's sign-in ask for more: a hand-over that this
// browser did not get is no more than a link to its page.
func TestAttack25HandOverOfAnotherBrowser(t *testing.T) {
	k := newKit(t, manyHosts())
	attacker := k.browser(emulator.Mallory)
	attacker.check(app+"/page", "scope=Mail.ReadWrite&graph=/me/messages")
	hand := attacker.get(loginURL(app + "/page")).Header.Get("Location")
	if own := attacker.get(hand).Header.Get("Location"); !strings.Contains(scopeOf(t, own), "Mail.ReadWrite") {
		t.Fatalf("in its own browser it asks for %q", scopeOf(t, own))
	}
	victim := k.browser(emulator.Adele)
	target := victim.get(hand).Header.Get("Location")
	if got := scopeOf(t, target); got != "openid profile email" {
		t.Errorf("in the victim's browser it asks for %q", got)
	}
	if resp := victim.get(victim.atEntra(target)); resp.Header.Get("Location") != app+"/page" {
		t.Errorf("returned to %q", resp.Header.Get("Location"))
	}
}

func TestAttack25RestartAsksForNothing(t *testing.T) {
	k := newKit(t, options{})
	attacker := k.browser(emulator.Mallory)
	attacker.check(app+"/page", "scope=Mail.ReadWrite")
	authorize := attacker.toEntra(app + "/page")
	if !strings.Contains(scopeOf(t, authorize), "Mail.ReadWrite") {
		t.Fatalf("the attacker's own asks for %q", scopeOf(t, authorize))
	}
	victim := k.browser(emulator.Adele)
	victim.toEntra(app + "/") // at the same moment
	state := parse(t, authorize).Query().Get("state")
	resp := victim.get(app + basePath + "/signin-oidc?code=x&state=" + url.QueryEscape(state))
	if got := scopeOf(t, resp.Header.Get("Location")); got != "openid profile email" || k.idp.Requests(emulator.EndpointToken) != 0 {
		t.Errorf("%d: asks for %q, %d token requests", resp.StatusCode, got, k.idp.Requests(emulator.EndpointToken))
	}
}

func TestHandOverAtAnotherHost(t *testing.T) {
	k := newKit(t, manyHosts())
	b := k.browser(emulator.Adele)
	hand := parse(t, b.get(loginURL(app+"/page")).Header.Get("Location"))
	if resp := b.get(app + basePath + "/login?" + hand.RawQuery); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("%d %q", resp.StatusCode, resp.Header.Get("Location"))
	}
}

func TestHandOverOfLongPages(t *testing.T) {
	for _, length := range []int{500, 1200, 1700, 2600, 5000} {
		k := newKit(t, manyHosts())
		b := k.browser(emulator.Adele)
		page := app + "/p?q=" + strings.Repeat("a", length)
		hand := b.get(loginURL(page))
		wellSized(t, "hand-over", hand)
		if !strings.HasPrefix(hand.Header.Get("Location"), loginHost) {
			t.Fatalf("%d: %d\n%s", length, hand.StatusCode, hand.body)
		}
		login := b.get(hand.Header.Get("Location"))
		wellSized(t, "login", login)
		end := b.get(b.atEntra(login.Header.Get("Location"))).Header.Get("Location")
		if end != page && end != app+"/" || length <= 1200 && end != page {
			t.Errorf("%d: ended at %.100q", length, end)
		}
	}
}

// Two tabs with long addresses do not take each other's.
func TestTwoLongReturnURLs(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Adele)
	login := func(page string) (target, slot string) {
		resp := b.get(loginURL(page))
		for _, c := range resp.Cookies() {
			if strings.Contains(c.Name, "-return-") {
				slot = c.Name
			}
		}
		return resp.Header.Get("Location"), slot
	}
	one, two := app+"/one?q="+strings.Repeat("a", 1000), app+"/two?q="+strings.Repeat("b", 1000)
	first, firstSlot := login(one)
	second, secondSlot := login(two)
	for firstSlot == secondSlot { // one time in three: the second took the first's place
		first, firstSlot = login(one)
		second, secondSlot = login(two)
	}
	if firstSlot == "" || secondSlot == "" {
		t.Fatal("they fit into state: the test needs longer ones")
	}
	if got := b.get(b.atEntra(first)).Header.Get("Location"); got != one {
		t.Errorf("the first returned to %.60q", got)
	}
	if got := b.get(b.atEntra(second)).Header.Get("Location"); got != two {
		t.Errorf("the second returned to %.60q", got)
	}
}

// A page that rd may not lead back to is refused with its reason all the same.
func TestDenialOfAPageThatIsNoReturnURL(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Bob)
	b.open(app+"/", "")
	for _, page := range []string{app + "/admin//x", app + "/a%5Cb"} {
		k.advance(time.Second)
		b.check(page, "role=Admin")
		if resp := b.get(loginURL(page)); resp.StatusCode != http.StatusForbidden || !strings.Contains(resp.body, "Admin") {
			t.Errorf("%s: %d %q", page, resp.StatusCode, resp.Header.Get("Location"))
		}
	}
}

// What an earlier sign-in brought ends with the lifetime of a session, however
// often the person signs in again.
func TestKeptPartsEnd(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Adele)
	if resp := b.open(app+"/me", "graph=/me"); resp.StatusCode != http.StatusAccepted {
		t.Fatal(resp.StatusCode)
	}
	for hours := range 3 {
		k.advance(3 * time.Hour)
		b.get(b.atEntra(b.get(loginURL(app+"/") + "&retry=1").Header.Get("Location")))
		want := http.StatusAccepted
		if hours == 2 { // nine hours after Graph was asked
			want = http.StatusUnauthorized
		}
		if resp := b.check(app+"/me", "graph=/me"); resp.StatusCode != want {
			t.Errorf("after %d hours: %d, want %d", 3*(hours+1), resp.StatusCode, want)
		}
		if resp := b.check(app+"/", ""); resp.StatusCode != http.StatusAccepted {
			t.Errorf("after %d hours: the session itself: %d", 3*(hours+1), resp.StatusCode)
		}
	}
}

// When the check could not be made, login says so and sends nobody to the IdP.
func TestUnsureIsAPageThatKeepsTheSession(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Adele)
	b.open(app+"/page", "")
	k.mu.Lock()
	k.clockFails = 1
	k.mu.Unlock()
	if resp := b.check(app+"/page", ""); resp.StatusCode != http.StatusUnauthorized {
		t.Fatal(resp.StatusCode)
	}
	resp := b.get(loginURL(app + "/page"))
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" || !strings.Contains(resp.body, `href="`+app+`/page"`) {
		t.Errorf("%d, Retry-After %q\n%s", resp.StatusCode, resp.Header.Get("Retry-After"), resp.body)
	}
	if resp := b.check(app+"/page", ""); resp.StatusCode != http.StatusAccepted {
		t.Errorf("trying again: %d", resp.StatusCode)
	}
}

// The browser cookie remembers a used attempt for the other replicas.
func TestAttack10ReplayAtAnotherReplica(t *testing.T) {
	one := newKit(t, options{})
	two := newKit(t, options{idp: one.idp})
	b := one.browser(emulator.Adele)
	back := b.atEntra(b.toEntra(app + "/page"))
	b.get(back)
	b.client.Jar = keepOnly(t, b, one.cookies.Browser.Name) // no ticket, which would win
	b.client.Transport = inProcess{two}
	if resp := b.get(back); resp.StatusCode != http.StatusBadRequest || one.idp.Requests(emulator.EndpointToken) != 1 {
		t.Errorf("%d, %d token requests", resp.StatusCode, one.idp.Requests(emulator.EndpointToken))
	}
}

// A HEAD of a callback must not use the attempt up.
func TestHeadLeavesACallbackAlone(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Adele)
	back := b.atEntra(b.toEntra(app + "/page"))
	if resp := b.do(http.MethodHead, back, navigation(), nil); resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("HEAD: %d", resp.StatusCode)
	}
	if resp := b.get(back); resp.Header.Get("Location") != app+"/page" {
		t.Errorf("the GET after it: %d %q", resp.StatusCode, resp.Header.Get("Location"))
	}
}

func TestAttack17TheTicketsOwnEnd(t *testing.T) {
	short := newKit(t, options{noDiscovery: true, lifetime: time.Hour})
	long := newKit(t, options{noDiscovery: true, lifetime: 24 * time.Hour, idp: short.idp})
	cookies := short.issue(access.Identity{})
	if resp := long.ask("GET", "", nginx(cookies)); resp.StatusCode != http.StatusAccepted {
		t.Errorf("at once: %d", resp.StatusCode)
	}
	long.advance(61 * time.Minute)
	if resp := long.ask("GET", "", nginx(cookies)); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("after its end: %d", resp.StatusCode)
	}
}
