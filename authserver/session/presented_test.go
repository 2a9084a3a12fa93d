package session_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

// Every sign-in has a new id and a new key, and what the request brought is deleted,
// whosesoever it is.
func TestAttack29NewAtEverySignIn(t *testing.T) {
	for _, row := range []struct {
		name    string
		planted func(r *replica) http.Header
		ends    bool // it was a session until the sign-in
	}{
		{"the person's own", func(r *replica) http.Header { return r.signIn(person(), nil) }, true},
		{"another person's", func(r *replica) http.Header { return r.signIn(access.Identity{Tenant: "t", Object: "mallory"}, nil) }, true},
		{"one that has expired", func(r *replica) http.Header {
			h := r.signIn(person(), nil)
			time.Sleep(25 * time.Hour)
			return h
		}, false},
		{"one that was signed out", func(r *replica) http.Header {
			h := r.signIn(person(), nil)
			_, _ = r.End(r.t.Context(), h)
			return h
		}, false},
		{"somebody's text", func(r *replica) http.Header {
			return alterCookie(r.signIn(person(), nil), func(string) string { return "x" })
		}, false},
		{"nothing", func(*replica) http.Header { return nil }, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, stop := replicas(t, 2)
				defer stop()
				stays := r[1].signIn(person(), nil)
				planted := row.planted(r[0])
				if row.ends {
					r[1].must("planted", planted, access.ReasonOK)
				}
				if row.name == "one that has expired" {
					stays = r[1].signIn(person(), nil)
				}
				id := person()
				_, lines, _, err := r[0].Issue(t.Context(), planted, &id, nil, nil, "")
				if err != nil || len(lines) != 1 {
					t.Fatalf("%q %v", lines, err)
				}
				synctest.Wait()
				fresh := request(lines)
				if planted != nil && cookieOf(fresh) == cookieOf(planted) {
					t.Error("the cookie is that of before")
				}
				if row.ends {
					r[0].must("the planted one, here", planted, access.ReasonSessionEnded)
					r[1].must("the planted one, there", planted, access.ReasonSessionEnded)
				}
				r[1].must("the new one", fresh, access.ReasonOK)
				r[0].must("another browser's", stays, access.ReasonOK)
			})
		})
	}
}

// alterCookie changes the value of a header's only cookie.
func alterCookie(h http.Header, change func(string) string) http.Header {
	name, value, _ := strings.Cut(h["Cookie"][0], "=")
	return http.Header{"Cookie": {name + "=" + change(value)}}
}

// Nothing goes to the store for a cookie that we did not seal.
func TestAttack15And16NothingReachesTheStore(t *testing.T) {
	elsewhere := func(edit func(*session.Config), key byte, domain seal.Domain) func(t *testing.T) string {
		return func(t *testing.T) string {
			ring, err := seal.NewRing([][]byte{bytes.Repeat([]byte{key}, seal.KeySize)}, domain)
			if err != nil {
				t.Fatal(err)
			}
			codec, err := ticket.New(ticket.Config{Ring: ring, Issuer: "https://i"})
			if err != nil {
				t.Fatal(err)
			}
			r, stop := replicas(t, 1, func(c *session.Config) {
				c.Ring, c.Codec = ring, codec
				if edit != nil {
					edit(c)
				}
			})
			defer stop()
			return cookieOf(r[0].signIn(person(), nil))
		}
	}
	cookieMode := func(c *session.Config) { c.Store, c.Refresher, c.CacheBytes = nil, nil, 0 }
	for _, row := range []struct {
		name  string
		value func(t *testing.T, good string) string
		want  access.Reason
	}{
		{"as it is", func(_ *testing.T, good string) string { return good }, access.ReasonOK},
		{"a bit of the key id", func(_ *testing.T, good string) string { return flipAt(good, 2) }, access.ReasonTicketInvalid},
		{"a bit of the nonce", func(_ *testing.T, good string) string { return flipAt(good, 12) }, access.ReasonTicketInvalid},
		{"a bit of the id", func(_ *testing.T, good string) string { return flipAt(good, 30) }, access.ReasonTicketInvalid},
		{"a bit of the key", func(_ *testing.T, good string) string { return flipAt(good, 70) }, access.ReasonTicketInvalid},
		{"a bit of the tag", func(_ *testing.T, good string) string { return flipAt(good, len(good)-4) }, access.ReasonTicketInvalid},
		{"one character less", func(_ *testing.T, good string) string { return good[:len(good)-1] }, access.ReasonTicketInvalid},
		{"the first half", func(_ *testing.T, good string) string { return good[:len(good)/2] }, access.ReasonTicketInvalid},
		{"one character more", func(_ *testing.T, good string) string { return good + "A" }, access.ReasonTicketInvalid},
		{"twice in one", func(_ *testing.T, good string) string { return good + good }, access.ReasonTicketInvalid},
		{"empty", func(*testing.T, string) string { return "" }, access.ReasonTicketInvalid},
		{"16 KB", func(*testing.T, string) string { return strings.Repeat("A", 16<<10) }, access.ReasonTicketInvalid},
		{"two of the name", func(_ *testing.T, good string) string { return good + "; __Host-easyauth=" + good }, access.ReasonTicketAmbiguous},
		{"200 of the name", func(_ *testing.T, good string) string { return good + strings.Repeat("; __Host-easyauth="+good, 199) }, access.ReasonTicketAmbiguous},
		{"of another key", func(t *testing.T, _ string) string { return elsewhere(nil, 9, seal.Domain{})(t) }, access.ReasonTicketInvalid},
		{"of another base path", func(t *testing.T, _ string) string { return elsewhere(nil, 1, seal.Domain{BasePath: "/x"})(t) }, access.ReasonTicketInvalid},
		{"of another client", func(t *testing.T, _ string) string { return elsewhere(nil, 1, seal.Domain{ClientID: "x"})(t) }, access.ReasonTicketInvalid},
		{"of another provider", func(t *testing.T, _ string) string { return elsewhere(nil, 1, seal.Domain{Authority: "x"})(t) }, access.ReasonTicketInvalid},
		{"of a time without a store", func(t *testing.T, _ string) string { return elsewhere(cookieMode, 1, seal.Domain{})(t) }, access.ReasonTicketInvalid},
		{"of the same keys, but of another store", func(t *testing.T, _ string) string { return elsewhere(nil, 1, seal.Domain{})(t) }, access.ReasonSessionEnded},
	} {
		t.Run(row.name, func(t *testing.T) {
			r, stop := replicas(t, 1, func(c *session.Config) { c.CacheBytes = 0 })
			defer stop()
			h := r[0].signIn(person(), nil)
			before := r[0].store.count()
			altered := alterCookie(h, func(good string) string { return row.value(t, good) })
			r[0].must(row.name, altered, row.want)
			asked := row.want == access.ReasonOK || row.want == access.ReasonSessionEnded
			if n := r[0].store.count() - before; (n > 0) != asked {
				t.Errorf("reading it: %d calls of the store", n)
			}
			if row.want == access.ReasonTicketInvalid {
				before := r[0].store.count()
				if _, err := r[0].End(t.Context(), altered); err != nil || r[0].store.count() != before {
					t.Errorf("ending it: %d calls of the store, %v", r[0].store.count()-before, err)
				}
				id := person()
				if _, _, _, err := r[0].Issue(t.Context(), altered, &id, nil, nil, ""); err != nil || r[0].store.count() != before+1 {
					t.Errorf("signing in beside it: %d calls of the store, %v", r[0].store.count()-before, err)
				}
				r[0].must("the good one", h, access.ReasonOK)
			}
		})
	}
}

func flipAt(s string, at int) string {
	c := byte('A')
	if s[at] == c {
		c = 'B'
	}
	return s[:at] + string(c) + s[at+1:]
}

// A store cookie is nothing to a server without a store, and neither is a denial.
func TestAttack16StoreCookieWithoutAStore(t *testing.T) {
	r, stop := replicas(t, 1)
	defer stop()
	h := r[0].signIn(person(), nil)
	without, _ := manager(t, nil)
	if s, reason, _ := without.Read(t.Context(), h); s != nil || reason != access.ReasonTicketInvalid {
		t.Errorf("%s", reason)
	}
	r[0].must("with the store", h, access.ReasonOK)
}

// Cookies of a time without a store go with the next sign-in, and with a sign-out.
func TestSurplusCookiesGo(t *testing.T) {
	r, stop := replicas(t, 1)
	defer stop()
	_, cookies := manager(t, nil)
	h := http.Header{"Cookie": {cookies.Ticket1.Name + "=x; " + cookies.Seen.Name + "=y; other=z"}}
	id := person()
	_, lines, _, err := r[0].Issue(t.Context(), h, &id, nil, nil, "")
	if err != nil || len(lines) != 3 || lines[1] != cookies.Ticket1.Delete() || lines[2] != cookies.Seen.Delete() {
		t.Errorf("%q %v", lines, err)
	}
}

// With a cookie that siblings share several may come.
func TestAttack15SharedStoreCookies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, stop := replicas(t, 1, func(c *session.Config) { c.Shared = true })
		defer stop()
		first := r[0].signIn(person(), nil)
		time.Sleep(time.Second)
		newer := person()
		newer.Roles = []string{"New"}
		second := r[0].signIn(newer, nil)
		bob := r[0].signIn(access.Identity{Tenant: "t", Object: "bob"}, nil)
		both := func(list ...http.Header) http.Header {
			var all []string
			for _, h := range list {
				all = append(all, h["Cookie"]...)
			}
			return http.Header{"Cookie": {strings.Join(all, "; ")}}
		}
		junk := http.Header{"Cookie": {"__Host-easyauth=junk"}}
		for _, row := range []struct {
			name string
			h    http.Header
			want access.Reason
			role string
		}{
			{"one", first, access.ReasonOK, "Admin"},
			{"two of one person", both(first, second), access.ReasonOK, "New"},
			{"the other way round", both(second, first), access.ReasonOK, "New"},
			{"two people", both(first, bob), access.ReasonTicketAmbiguous, ""},
			{"junk before it", both(junk, first), access.ReasonOK, "Admin"},
			{"junk after it", both(first, junk), access.ReasonOK, "Admin"},
			{"just four", both(junk, junk, junk, first), access.ReasonOK, "Admin"},
			{"beyond four", both(junk, junk, junk, junk, first), access.ReasonTicketInvalid, ""},
		} {
			s := r[0].must(row.name, row.h, row.want)
			if s != nil && s.Identity.Roles[0] != row.role {
				t.Errorf("%s: %q", row.name, s.Identity.Roles)
			}
		}
		// Both are ended: a sign-out that leaves one would be none.
		if _, err := r[0].End(t.Context(), both(first, bob)); err != nil {
			t.Fatal(err)
		}
		r[0].must("ended", first, access.ReasonSessionEnded)
		r[0].must("ended too", bob, access.ReasonSessionEnded)
		r[0].must("not presented", second, access.ReasonOK)
	})
}

// A session of a cookie that could not be looked up may be the one that counts.
func TestAttack22OneOfTwoCouldNotBeRead(t *testing.T) {
	r, stop := replicas(t, 1, func(c *session.Config) { c.Shared, c.CacheBytes = true, 0 })
	defer stop()
	first, bob := r[0].signIn(person(), nil), r[0].signIn(access.Identity{Tenant: "t", Object: "bob"}, nil)
	h := http.Header{"Cookie": {first["Cookie"][0] + "; " + bob["Cookie"][0]}}
	n := 0
	r[0].store.on("get", func() error {
		if n++; n == 2 {
			return errDown
		}
		return nil
	})
	r[0].must("one is known", h, access.ReasonStore)
	r[0].must("that one alone", first, access.ReasonOK)
}
