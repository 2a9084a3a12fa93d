package authserver_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/session/memstore"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// plant puts a session cookie into a browser.
func (b *browser) plant(value string) {
	b.client.Jar.SetCookies(parse(b.k.t, app+"/"), []*http.Cookie{{Name: b.k.cookies.Ticket.Name, Value: value, Path: "/", Secure: true}})
}

// A sign-in never goes on with the session that was there, and deletes it: the
// attacker's, who would like to share it, an own one, one that has ended.
func TestAttack29PlantedInTheStore(t *testing.T) {
	for _, row := range []struct {
		name    string
		planted func(p *pair) string
		was     bool // a session
	}{
		{"the attacker's", func(p *pair) string { return p.a.signedIn(emulator.Mallory).cookie(p.a.cookies.Ticket.Name) }, true},
		{"the person's own", func(p *pair) string { return p.a.signedIn(emulator.Adele).cookie(p.a.cookies.Ticket.Name) }, true},
		{"one that has expired", func(p *pair) string {
			b := p.a.signedIn(emulator.Mallory)
			p.advance(9 * time.Hour)
			return b.cookie(p.a.cookies.Ticket.Name)
		}, false},
		{"one of other keys", func(p *pair) string {
			k := newKit(t, options{idp: p.a.idp, keys: [][]byte{key(9)}, store: memstore.New("0123456789abcdef", nil)})
			return k.signedIn(emulator.Mallory).cookie(k.cookies.Ticket.Name)
		}, false},
		{"a text", func(*pair) string { return "x" }, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := newPair(t, options{})
			planted := row.planted(p)
			thief := p.a.browser("")
			thief.plant(planted)
			p.passes(t, "the thief, before", thief, row.was)
			victim := p.a.browser(emulator.Adele)
			victim.plant(planted)
			if resp := victim.at(p.b).get(victim.atEntra(victim.at(p.a).get(loginURL(page) + "&retry=1").Header.Get("Location"))); resp.StatusCode != http.StatusFound {
				t.Fatalf("%d\n%s", resp.StatusCode, resp.body)
			}
			if victim.cookie(p.a.cookies.Ticket.Name) == planted {
				t.Error("the cookie of before")
			}
			if resp := victim.check(page, ""); resp.Header.Get("X-Injected-Oid") != emulator.AdeleOID {
				t.Errorf("signed in as %q", resp.Header.Get("X-Injected-Oid"))
			}
			p.passes(t, "the thief, afterwards", thief, false)
			p.passes(t, "the victim", victim, true)
			first := victim.cookie(p.a.cookies.Ticket.Name)
			victim.at(p.a).get(victim.atEntra(victim.get(loginURL(page) + "&retry=1").Header.Get("Location")))
			second := victim.cookie(p.a.cookies.Ticket.Name)
			thief.plant(first)
			if first == second {
				t.Error("a second sign-in kept the session")
			}
			p.passes(t, "the session before the last sign-in", thief, false)
		})
	}
}

// Cookies that nobody of ours sealed for this place, at the auth endpoint; none of
// them costs a call of the store.
func TestAttack15And16HostileStoreCookies(t *testing.T) {
	f := &faultyStore{Store: memstore.New("0123456789abcdef", nil)}
	k := newKit(t, options{noDiscovery: true, store: f, noCache: true})
	name := k.cookies.Ticket.Name
	good := k.issue(access.Identity{})
	value := strings.TrimPrefix(good, name+"=")
	elsewhere := func(o options) string {
		o.noDiscovery, o.idp = true, k.idp
		if o.store == nil {
			o.store = f.Store
		}
		return newKit(t, o).issue(access.Identity{})
	}
	denial := k.ask("GET", "", nginx("")).Cookies()[0].Value
	cookieMode := newKit(t, options{noDiscovery: true, idp: k.idp})
	tests := []struct {
		name, cookies string
		reason        access.Reason
	}{
		{"good", good, access.ReasonOK},
		{"good, among others", "a=b; " + good + "; c=d", access.ReasonOK},
		{"good, beside 200 others", strings.Repeat("x=y; ", 200) + good, access.ReasonOK},
		{"good, beside a second chunk of a time without a store", good + "; " + k.cookies.Ticket1.Name + "=x", access.ReasonOK},
		{"flipped bit", name + "=" + value[:50] + flip(value[50]) + value[51:], access.ReasonTicketInvalid},
		{"truncated", good[:len(good)-1], access.ReasonTicketInvalid},
		{"longer", good + "A", access.ReasonTicketInvalid},
		{"empty", name + "=", access.ReasonTicketInvalid},
		{"garbage", name + "=" + strings.Repeat("A", 3000), access.ReasonTicketInvalid},
		{"the same twice", good + "; " + good, access.ReasonTicketAmbiguous},
		{"200 of the name", strings.Repeat(good+"; ", 200), access.ReasonTicketAmbiguous},
		{"name in another case", strings.ToLower(good), access.ReasonNoTicket},
		{"attack 16: a denial", name + "=" + denial, access.ReasonTicketInvalid},
		{"attack 16: a ticket without a store", cookieMode.issue(access.Identity{}), access.ReasonTicketInvalid},
		{"attack 16: unknown key", elsewhere(options{keys: [][]byte{key(9)}}), access.ReasonTicketInvalid},
		{"the same key, elsewhere in the ring", elsewhere(options{keys: [][]byte{key(1), key(9)}}), access.ReasonOK},
		{"attack 16: another base path", elsewhere(options{basePath: "/other"}), access.ReasonTicketInvalid},
		{"attack 16: another client id", elsewhere(options{clientID: "22222222-0000-4000-8000-000000000002"}), access.ReasonTicketInvalid},
		{"attack 16: another authority", elsewhere(options{issuer: "https://other.example/" + emulator.DefaultTenantID + "/v2.0"}), access.ReasonTicketInvalid},
		{"the same keys, another realm", elsewhere(options{store: memstore.New("fedcba9876543210", nil)}), access.ReasonSessionEnded},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := f.count("")
			resp := k.ask("GET", "", nginx(tt.cookies))
			wellAnswered(t, resp)
			if ok := resp.StatusCode == 202; ok != (tt.reason == access.ReasonOK) || k.lastReason() != tt.reason.String() {
				t.Errorf("%d %s, want %s", resp.StatusCode, k.lastReason(), tt.reason)
			}
			asked := tt.reason == access.ReasonOK || tt.reason == access.ReasonSessionEnded
			if calls := f.count("") - before; (calls != 0) != asked {
				t.Errorf("%d calls of the store", calls)
			}
		})
	}
	if resp := cookieMode.ask("GET", "", nginx(good)); resp.StatusCode != 401 || cookieMode.lastReason() != access.ReasonTicketInvalid.String() {
		t.Errorf("attack 16: a store's cookie without a store: %d %s", resp.StatusCode, cookieMode.lastReason())
	}
}

// With COOKIE_DOMAIN a sibling host can plant a cookie of the session's name.
func TestAttack15SharedStoreCookies(t *testing.T) {
	k := newKit(t, options{noDiscovery: true, cookieDomain: "example.com", store: memstore.New("0123456789abcdef", nil)})
	adele := k.issue(access.Identity{})
	k.advance(time.Second)
	newer := k.issue(access.Identity{Roles: []string{"New"}})
	bob := k.issue(access.Identity{Tenant: emulator.DefaultTenantID, Object: emulator.BobOID})
	junk := k.cookies.Ticket.Name + "=junk; "
	for _, tt := range []struct {
		name, cookies string
		status        int
		roles         string
	}{
		{"one", adele, 202, ""},
		{"junk before it", junk + adele, 202, ""},
		{"two of one person: the newer", adele + "; " + newer, 202, "New"},
		{"two of one person, the other way round", newer + "; " + adele, 202, "New"},
		{"two people", adele + "; " + bob, 401, ""},
		{"just four", strings.Repeat(junk, 3) + adele, 202, ""},
		{"beyond four", strings.Repeat(junk, 4) + adele, 401, ""},
	} {
		resp := k.ask("GET", "", nginx(tt.cookies))
		wellAnswered(t, resp)
		if resp.StatusCode != tt.status || resp.Header.Get("X-Injected-Roles") != tt.roles {
			t.Errorf("%s: %d, roles %q; want %d, %q", tt.name, resp.StatusCode, resp.Header.Get("X-Injected-Roles"), tt.status, tt.roles)
		}
	}
}

// From cookies to a store and back: everybody signs in once more, and what is left
// of the other kind goes.
func TestFromCookiesToAStoreAndBack(t *testing.T) {
	cookies := newKit(t, options{})
	store := newKit(t, options{idp: cookies.idp, clock: cookies.clock, store: memstore.New("0123456789abcdef", cookies.clock)})
	b := cookies.browser(emulator.Grace)
	cookies.idp.ChangeUser(emulator.Grace, func(u *emulator.User) {
		for n := range 190 {
			u.Groups = append(u.Groups[:n:n], emulator.GroupID(1000+n*7919%100000))
		}
	})
	b.open(page, "")
	for i, k := range []*kit{store, cookies, store} {
		b.at(k)
		cookies.advance(10 * time.Minute) // else it would look like a loop
		if resp := b.check(page, ""); resp.StatusCode != http.StatusUnauthorized || k.lastReason() != "ticket_invalid" {
			t.Errorf("%d: %d %s", i, resp.StatusCode, k.lastReason())
		}
		if resp := b.open(page, ""); resp.StatusCode != http.StatusAccepted {
			t.Errorf("%d: %d\n%s", i, resp.StatusCode, resp.text())
		}
		if second := b.cookie(k.cookies.Ticket1.Name); k == store && second != "" {
			t.Errorf("%d: the second chunk stays", i)
		}
	}
}
