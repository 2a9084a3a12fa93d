package session_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/session/memstore"
)

// entries are all of a list.
func entries(t *testing.T, log *memstore.Log) []session.Revocation {
	t.Helper()
	list, _, err := log.Follow(t.Context(), "", time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// What one browser or one stranger sends again and again makes the list no longer
// than what it ended.
func TestAttack30ListIsNotFlooded(t *testing.T) {
	for _, row := range []struct {
		name        string
		times       int
		send        func(r *replica, h http.Header, n int) error
		least, most int
		ended       bool
	}{
		{"one cookie, signed out again and again", 1000, func(r *replica, h http.Header, _ int) error {
			_, err := r.End(r.t.Context(), h)
			return err
		}, 1, 1, true},
		{"one sid that is known, in a moment", 1000, func(r *replica, _ http.Header, _ int) error {
			return r.endSID("one")
		}, 1, 1, true},
		{"one sid that is known, for some seconds", 1000, func(r *replica, _ http.Header, _ int) error {
			time.Sleep(5 * time.Millisecond)
			return r.endSID("one")
		}, 1, 7, true},
		{"sids that are not known", 1000, func(r *replica, _ http.Header, n int) error {
			return r.endSID("guess-" + strconv.Itoa(n))
		}, 0, 0, false},
		{"no sid", 10, func(r *replica, _ http.Header, _ int) error {
			return r.endSID("")
		}, 0, 0, false},
		{"everywhere, by a form that is sent twice", 2, func(r *replica, _ http.Header, _ int) error {
			id := person()
			return r.EndUser(r.t.Context(), id.Key())
		}, 1, 2, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, logs, stop := listed(t, 2, nil, nil)
				defer stop()
				time.Sleep(2 * time.Second)
				h := r[0].signIn(withSID("adele", "https://i", "one"), nil)
				time.Sleep(time.Second)
				for n := range row.times {
					if err := row.send(r[n%2], h, n); err != nil {
						t.Fatal(err)
					}
					synctest.Wait() // both have heard
				}
				want := access.ReasonOK
				if row.ended {
					want = access.ReasonSessionRevoked
				}
				r[0].must("here", h, want)
				r[1].must("there", h, want)
				if n := len(entries(t, logs[0])); n < row.least || n > row.most {
					t.Errorf("%d entries, want %d to %d", n, row.least, row.most)
				}
			})
		})
	}
}

// Who signs out everywhere, signs in again and signs out everywhere, all within a
// second, is signed out everywhere.
func TestAttack30EverywhereTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, stop := listed(t, 2, nil, nil)
		defer stop()
		time.Sleep(2 * time.Second)
		adele := withSID("adele", "https://i", "one")
		id := adele.Key()
		for range 3 {
			h := r[0].signIn(adele, nil)
			r[1].must("signed in", h, access.ReasonOK)
			if err := r[1].EndUser(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			r[0].must("here", h, access.ReasonSessionRevoked)
			r[1].must("there", h, access.ReasonSessionRevoked)
			time.Sleep(100 * time.Millisecond)
		}
	})
}

// Sixty cookies of the name, planted by a sibling host in front of the real one,
// keep no session from being ended by a sign-out, nor from being deleted at a
// sign-in.
func TestAttack15PlantedCookiesShieldNothing(t *testing.T) {
	for mode, open := range map[string]func(t *testing.T) ([]*replica, func()){
		"in a store": func(t *testing.T) ([]*replica, func()) {
			return replicas(t, 2, func(c *session.Config) { c.Shared = true })
		},
		"in cookies": func(t *testing.T) ([]*replica, func()) {
			r, _, stop := listed(t, 2, nil, nil)
			return r, stop
		},
	} {
		for _, row := range []struct {
			name    string
			planted func(r *replica, name string) string
		}{
			{"nothing", func(*replica, string) string { return "" }},
			{"made up", func(_ *replica, name string) string { return strings.Repeat(name+"=x; ", 60) }},
			{"sessions of the attacker's", func(r *replica, _ string) string {
				return strings.Repeat(r.signIn(withSID("mallory", "https://i", ""), nil)["Cookie"][0]+"; ", 60)
			}},
		} {
			t.Run(mode+", "+row.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r, stop := open(t)
					defer stop()
					time.Sleep(2 * time.Second)
					own := r[0].signIn(person(), nil)
					name, _, _ := strings.Cut(own["Cookie"][0], "=")
					planted := http.Header{"Cookie": {row.planted(r[0], name) + own["Cookie"][0]}}
					ended := func(what string, h http.Header) {
						t.Helper()
						time.Sleep(time.Second)
						for _, one := range r {
							if s, reason := one.ask(h); s != nil || reason.CouldNotTell() {
								t.Errorf("%s: %s", what, reason)
							}
						}
					}
					r[1].must("before", own, access.ReasonOK)
					if r[0].CanList() {
						id := person()
						if _, _, _, err := r[0].Issue(t.Context(), planted, &id, nil, nil, ""); err != nil {
							t.Fatal(err)
						}
						ended("deleted by a sign-in", own)
						own = r[0].signIn(person(), nil)
						planted = http.Header{"Cookie": {row.planted(r[0], name) + own["Cookie"][0]}}
						r[1].must("signed in again", own, access.ReasonOK)
					}
					if lines, err := r[0].End(t.Context(), planted); err != nil || len(lines) != 3 {
						t.Fatalf("%q %v", lines, err)
					}
					ended("signed out", own)
				})
			})
		}
	}
}
