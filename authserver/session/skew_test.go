package session_test

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

// skewed returns replicas without a store that share a list of revoked tickets, of
// which each has its clock ahead by so much.
func skewed(t *testing.T, ahead ...time.Duration) (list []*replica, stop func()) {
	t.Helper()
	log := newLog()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, by := range ahead {
		now := func() time.Time { return time.Now().Add(by) }
		r := &replica{t: t, log: log.Another(), logs: &lines{}}
		ring, err := seal.NewRing([][]byte{bytes.Repeat([]byte{1}, seal.KeySize)}, seal.Domain{})
		if err != nil {
			t.Fatal(err)
		}
		codec, err := ticket.New(ticket.Config{Ring: ring, Issuer: "https://i"})
		if err != nil {
			t.Fatal(err)
		}
		revoked, err := session.NewRevoked(session.RevokedConfig{Log: r.log, Now: now})
		if err != nil {
			t.Fatal(err)
		}
		r.ring = ring
		r.Manager, _ = manager(t, func(c *session.Config) {
			c.Ring, c.Codec, c.Lifetime, c.Revoked, c.Now = ring, codec, time.Hour, revoked, now
		})
		running.Go(func() { r.Run(ctx) })
		list = append(list, r)
	}
	time.Sleep(2 * time.Second)
	return list, func() { cancel(); running.Wait() }
}

// wholeEnds are all ways of ending more than one ticket, by a replica.
var wholeEnds = []struct {
	name string
	end  func(r *replica) error
}{
	{"everywhere", func(r *replica) error {
		id := person()
		return r.EndUser(r.t.Context(), id.Key())
	}},
	{"sid", func(r *replica) error { return r.endSID("one") }},
	{"a person, by an administrator", func(r *replica) error {
		id := person()
		return r.revokes(session.Who{User: id.Key()})
	}},
	{"all, by an administrator", func(r *replica) error { return r.revokes(session.Who{All: true}) }},
}

// revokes does so at a command line whose clock is the replica's.
func (r *replica) revokes(who session.Who) error {
	a, err := session.NewAdmin(session.AdminConfig{Log: r.log, Ring: r.ring, Lifetime: time.Hour, Now: r.Now})
	if err == nil {
		_, err = a.Revoke(r.t.Context(), who)
	}
	return err
}

// The clocks of two replicas are a quarter of a minute apart: what one ends, of whatever
// was issued before, is ended on both, and who signs in afterwards is signed in on
// both.
func TestAttack30ClocksApart(t *testing.T) {
	for _, row := range []struct {
		name  string
		other time.Duration
	}{{"together", 0}, {"ahead", 15 * time.Second}, {"behind", -15 * time.Second}} {
		for _, ends := range wholeEnds {
			for by, revoker := range []string{"the right one", "the other"} {
				t.Run(row.name+", "+ends.name+", by "+revoker, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { clocksApart(t, row.other, ends.end, by) })
				})
			}
		}
	}
}

func clocksApart(t *testing.T, other time.Duration, end func(*replica) error, by int) {
	r, stop := skewed(t, 0, other)
	defer stop()
	identity := withSID("adele", "https://i", "one")
	var before []http.Header
	for range 3 {
		for i := range r {
			before = append(before, r[i].signIn(identity, nil))
		}
		time.Sleep(10 * time.Second)
	}
	before = append(before, r[0].signIn(identity, nil), r[1].signIn(identity, nil))
	time.Sleep(10 * time.Millisecond)
	if err := end(r[by]); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1500 * time.Millisecond)
	ended := func(when string) {
		t.Helper()
		for i := range r {
			for _, h := range before {
				r[i].must("issued before, "+when, h, access.ReasonSessionRevoked)
			}
		}
	}
	ended("at once")
	for _, when := range []time.Duration{0, 10 * time.Second, 20 * time.Second, time.Minute} {
		time.Sleep(when)
		for i := range r {
			again := r[i].signIn(identity, nil)
			time.Sleep(time.Millisecond)
			r[0].must("a new sign-in, on the right one", again, access.ReasonOK)
			r[1].must("a new sign-in, on the other", again, access.ReasonOK)
		}
	}
	time.Sleep(50 * time.Minute)
	ended("long after")
}

// Of a clock that is ten minutes ahead nobody is locked out for longer than a
// minute, though what it ended is ended.
func TestRevokerFarAhead(t *testing.T) {
	for _, ends := range wholeEnds {
		t.Run(ends.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, stop := skewed(t, 0, 0, 10*time.Minute)
				defer stop()
				identity := withSID("adele", "https://i", "one")
				before := r[0].signIn(identity, nil)
				time.Sleep(time.Second)
				if err := ends.end(r[2]); err != nil {
					t.Fatal(err)
				}
				time.Sleep(61 * time.Second)
				for _, one := range r[:2] {
					one.must("issued before", before, access.ReasonSessionRevoked)
					again := one.signIn(identity, nil)
					time.Sleep(time.Millisecond)
					r[0].must("a minute later", again, access.ReasonOK)
					r[1].must("a minute later, on another", again, access.ReasonOK)
				}
			})
		})
	}
}

// What an administrator ends stays ended until its last ticket would have: also
// one of a replica whose clock is ahead.
func TestAttack30AdminOutlivesTickets(t *testing.T) {
	for _, ahead := range []time.Duration{0, 15 * time.Second} {
		for n, ends := range slices.Concat(wholeEnds[2:], wholeEnds[2:], wholeEnds[2:]) {
			t.Run(ahead.String()+", "+ends.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r, stop := skewed(t, 0, ahead)
					defer stop()
					time.Sleep(time.Duration(n) * 11 * time.Second) // lists are tidied once a minute
					last := r[1].signIn(withSID("adele", "https://i", "one"), nil)
					time.Sleep(time.Millisecond)
					if err := ends.end(r[0]); err != nil {
						t.Fatal(err)
					}
					time.Sleep(2 * time.Second)
					for began := time.Now(); time.Since(began) < 62*time.Minute; time.Sleep(7 * time.Second) {
						for _, one := range r {
							if s, reason := one.ask(last); s != nil {
								t.Fatalf("after %v: %s", time.Since(began), reason)
							}
						}
					}
				})
			})
		}
	}
}
