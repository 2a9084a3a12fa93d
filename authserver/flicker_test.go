package authserver_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// nth makes the n-th reading of the store from now fail, and no other.
func (f *faultyStore) nth(n int) {
	reads := 0
	f.set(func(op string) error {
		if op == "get" {
			if reads++; reads == n {
				return errDown
			}
		}
		return nil
	})
}

// afterCallback says what came of a callback during which the store flickered: the
// whole of it, or a page that says that nobody can tell. A session is never made by
// half.
func afterCallback(t *testing.T, p *pair, resp *response) (finished bool) {
	t.Helper()
	set, removed := resp.sessionCookie(p.a)
	switch {
	case removed:
		t.Error("the session's cookie is removed")
	case resp.StatusCode == http.StatusFound:
		return true
	case resp.StatusCode != http.StatusServiceUnavailable, resp.Header.Get("Retry-After") == "", set, resp.Header.Get("Location") != "":
		t.Errorf("%d %v\n%s", resp.StatusCode, resp.Header, resp.text())
	}
	return false
}

// A reading of the store fails during a callback: nobody is taken for signed out,
// so that scopes of before are not lost without a word.
func TestAttack22FlickerKeepsScopes(t *testing.T) {
	const both = "scope=Mail.Read&scope=Calendars.Read"
	finished, refused := 0, 0
	for n := range 6 {
		t.Run("reading "+strconv.Itoa(n), func(t *testing.T) {
			f := &faultyStore{}
			p := newPair(t, options{faulty: f, noCache: true})
			b := p.a.signedIn(emulator.Adele)
			if resp := b.open(page, "scope=Mail.Read"); resp.StatusCode != http.StatusAccepted {
				t.Fatal(resp.StatusCode, resp.text())
			}
			p.advance(2 * time.Minute) // or it looks like a loop
			b.check(page, "scope=Calendars.Read")
			back := b.atEntra(b.toEntra(page))
			if n > 0 {
				f.nth(n)
			}
			done := afterCallback(t, p, b.get(back))
			f.set(nil)
			if resp := b.check(page, "scope=Mail.Read"); resp.StatusCode != http.StatusAccepted {
				t.Errorf("the scope of before: %d (%s)", resp.StatusCode, p.a.lastReason())
			}
			if done {
				finished++
				if resp := b.check(page, both); resp.StatusCode != http.StatusAccepted {
					t.Errorf("both scopes: %d (%s)", resp.StatusCode, p.a.lastReason())
				}
				return
			}
			refused++
			p.advance(2 * time.Minute)
			if resp := b.open(page, both); resp.StatusCode != http.StatusAccepted {
				t.Errorf("tried again: %d\n%s", resp.StatusCode, resp.text())
			}
		})
	}
	if finished == 0 || refused == 0 {
		t.Errorf("%d finished, %d were refused", finished, refused)
	}
}

// A silent renewal brings another person while the store flickers: it never becomes
// that person's session, and neither when the store is down all the while.
func TestAttack22FlickerTakesNobodyElse(t *testing.T) {
	for _, row := range []struct {
		name string
		set  func(f *faultyStore)
	}{
		{"as it is", func(*faultyStore) {}},
		{"reading 1", func(f *faultyStore) { f.nth(1) }},
		{"reading 2", func(f *faultyStore) { f.nth(2) }},
		{"reading 3", func(f *faultyStore) { f.nth(3) }},
		{"reading 4", func(f *faultyStore) { f.nth(4) }},
		{"every reading", func(f *faultyStore) { f.fails("get") }},
		{"everything", func(f *faultyStore) { f.fails("all") }},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := renews()
			f := &faultyStore{}
			o.faulty, o.noCache, o.staleOK = f, true, 24*time.Hour
			p := newPair(t, o)
			b := p.a.signedIn(emulator.Adele)
			p.advance(8*time.Hour - 25*time.Minute)
			if resp := b.check(page, ""); resp.StatusCode != http.StatusUnauthorized || p.a.lastReason() != "renew" {
				t.Fatal(resp.StatusCode, p.a.lastReason())
			}
			target := b.toEntra(page)
			if got := parse(t, target).Query().Get("prompt"); got != "none" {
				t.Fatalf("prompt %q", got)
			}
			p.a.idp.SetFaults(emulator.Faults{EditClaims: func(claims map[string]any) { claims["oid"] = emulator.BobOID }})
			back := b.atEntra(target)
			row.set(f)
			resp := b.get(back)
			f.set(nil)
			p.a.idp.ClearFaults()
			if set, removed := resp.sessionCookie(p.a); set || removed {
				t.Errorf("%d: the session's cookie is set %v, removed %v", resp.StatusCode, set, removed)
			}
			afterCallback(t, p, resp)
			if resp := b.check(page, ""); resp.StatusCode != http.StatusAccepted || resp.Header.Get("X-Injected-Oid") != emulator.AdeleOID {
				t.Errorf("%d as %q (%s)", resp.StatusCode, resp.Header.Get("X-Injected-Oid"), p.a.lastReason())
			}
		})
	}
}

// A page that nobody could tell about: login says so at once, and asks once more when
// the page is reloaded half a minute later.
func TestAttack22UnsureIsCheckedAgain(t *testing.T) {
	for _, row := range []struct {
		name   string
		later  time.Duration
		up     bool // the store
		status int
	}{
		{"at once", 0, false, http.StatusServiceUnavailable},
		{"29 seconds later", 29 * time.Second, false, http.StatusServiceUnavailable},
		{"half a minute later", 30 * time.Second, false, http.StatusFound},
		{"four minutes later", 4 * time.Minute, false, http.StatusFound},
		{"at once, and the store is back", 0, true, http.StatusServiceUnavailable},
		{"half a minute later, and the store is back", 30 * time.Second, true, http.StatusFound},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := &faultyStore{}
			p := newPair(t, options{faulty: f, noCache: true})
			b := p.a.signedIn(emulator.Adele)
			f.fails("all")
			if resp := b.check(page, ""); resp.StatusCode != http.StatusUnauthorized || p.a.lastReason() != "store" {
				t.Fatal(resp.StatusCode, p.a.lastReason())
			}
			if row.up {
				f.set(nil)
			}
			p.advance(row.later)
			resp := b.get(loginURL(page))
			set, removed := resp.sessionCookie(p.a)
			if resp.StatusCode != row.status || set || removed {
				t.Fatalf("%d, want %d; set %v, removed %v", resp.StatusCode, row.status, set, removed)
			}
			if row.status == http.StatusFound {
				if resp.Header.Get("Location") != page {
					t.Errorf("to %q", resp.Header.Get("Location"))
				}
				want := http.StatusUnauthorized
				if row.up {
					want = http.StatusAccepted
				}
				if resp := b.check(page, ""); resp.StatusCode != want {
					t.Errorf("asked again: %d, want %d", resp.StatusCode, want)
				}
				if resp := b.get(loginURL(page)); !row.up && resp.StatusCode != http.StatusServiceUnavailable {
					t.Errorf("and then: %d", resp.StatusCode)
				}
			}
			f.set(nil)
			p.passes(t, "nobody was signed out", b, true)
		})
	}
}

// The store stays down, and the replicas' clocks differ: that ends on a page.
func TestLoopOfUnsure(t *testing.T) {
	for _, behind := range []time.Duration{0, 29 * time.Second, 31 * time.Second, 90 * time.Second, 4 * time.Minute} {
		t.Run(behind.String(), func(t *testing.T) {
			f := &faultyStore{}
			p := newPair(t, options{faulty: f, noCache: true})
			b := p.a.signedIn(emulator.Adele)
			other := newKit(t, options{idp: p.a.idp, store: f, noCache: true})
			other.advance(p.a.clock().Sub(other.clock()) - behind)
			f.fails("all")
			b.client.Transport = byPath{auth: other, rest: p.a}
			endsOnAPage(t, b, page, "", "We could not check your access")
			if strings.Contains(p.a.log.String(), "panic") {
				t.Error("a panic")
			}
		})
	}
}
