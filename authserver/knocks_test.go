package authserver_test

import (
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/session/memstore"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// issueSID makes a stored session of this sid and returns the Cookie header of its browser.
func (k *kit) issueSID(sid string) http.Header {
	k.t.Helper()
	id := access.Identity{Tenant: emulator.DefaultTenantID, Object: emulator.AdeleOID, Claims: []access.Claim{{Name: "sid", Values: []string{sid}}}}
	return http.Header{"Cookie": {k.issue(id)}}
}

// signedInBy reports whether a Cookie header's session is good.
func (k *kit) signedInBy(h http.Header) bool {
	s, _, _ := k.sessions.Read(k.t.Context(), h)
	return s != nil
}

// Guesses keep no real logout off, however many come at once; and those that a slow
// store cannot take in wait a moment and are then refused, so that they do not pile
// up. What they are told is the same.
func TestAttack15ManyKnocks(t *testing.T) {
	idp := startEntra(t, time.Now)
	for _, row := range []struct {
		name  string
		slow  time.Duration // what the store takes for one
		first int           // guesses that are there already
		ended bool
		most  time.Duration // that the real one waits
	}{
		{"alone", 0, 0, true, 0},
		{"beside 300", 0, 300, true, 0},
		{"beside 300 at a store that takes a tenth of a second", 100 * time.Millisecond, 300, true, 1100 * time.Millisecond},
		{"beside 31 slow ones", 3 * time.Second, 31, true, 3 * time.Second},
		{"beside 32 that take less than it waits", 1500 * time.Millisecond, 32, true, 3 * time.Second},
		{"beside 32 slow ones", 3 * time.Second, 32, false, 2 * time.Second},
		{"beside 300 slow ones", 3 * time.Second, 300, false, 2 * time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &faultyStore{Store: memstore.New("0123456789abcdef", nil)}
				k := newKit(t, options{idp: idp, noDiscovery: true, store: f, clock: time.Now})
				h := k.issueSID("the-real-one")
				f.set(func(op string) error {
					if op == "list" {
						time.Sleep(row.slow)
					}
					return nil
				})
				var all sync.WaitGroup
				for n := range row.first {
					all.Go(func() { frontAnswer(t, k.send("GET", frontPath+"?sid=guess-"+strconv.Itoa(n), nil, "")) })
				}
				synctest.Wait()
				began := time.Now()
				frontAnswer(t, k.send("GET", frontPath+"?sid=the-real-one", nil, ""))
				if waited := time.Since(began); waited > row.most {
					t.Errorf("waited %v", waited)
				}
				f.set(nil)
				if k.signedInBy(h) == row.ended {
					t.Errorf("it has ended: %v", !row.ended)
				}
				all.Wait()
				frontAnswer(t, k.send("GET", frontPath+"?sid=the-real-one", nil, "")) // when it is quiet
				if k.signedInBy(h) {
					t.Error("it goes on")
				}
			})
		})
	}
}

// In cookie mode neither a thousand guesses nor one sid a thousand times make the
// list of revoked tickets long.
func TestAttack30KnocksInCookies(t *testing.T) {
	idp := startEntra(t, time.Now)
	synctest.Test(t, func(t *testing.T) {
		log := memstore.NewLog(nil)
		k := newKit(t, options{idp: idp, noDiscovery: true, revoked: log, clock: time.Now})
		time.Sleep(2 * time.Second)
		h := k.issueSID("the-real-one")
		read := func() []session.Revocation {
			list, _, err := log.Follow(t.Context(), "", time.Millisecond)
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		for n := range 1000 {
			frontAnswer(t, k.send("GET", frontPath+"?sid=guess-"+strconv.Itoa(n), nil, ""))
		}
		if list := read(); len(list) != 0 || !k.signedInBy(h) {
			t.Errorf("guesses: %d entries, signed in %v", len(list), k.signedInBy(h))
		}
		for range 1000 {
			frontAnswer(t, k.send("GET", frontPath+"?sid=the-real-one", nil, ""))
			time.Sleep(5 * time.Millisecond)
		}
		if list := read(); len(list) < 1 || len(list) > 7 || k.signedInBy(h) {
			t.Errorf("one sid: %d entries, signed in %v", len(list), k.signedInBy(h))
		}
		for range 1000 { // and a cookie that is signed out again and again
			r := http.Header{"Cookie": h["Cookie"], "Sec-Fetch-Site": {"same-origin"}, "Content-Type": form["Content-Type"]}
			if resp := k.send("POST", basePath+"/logout", r, ""); resp.StatusCode >= 400 {
				t.Fatal(resp.StatusCode)
			}
		}
		if list := read(); len(list) > 7 {
			t.Errorf("one cookie: %d entries", len(list))
		}
	})
}
