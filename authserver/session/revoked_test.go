package session_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/session/memstore"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

func newLog() *memstore.Log { return memstore.NewLog(nil) }

// listed returns replicas without a store that share a list of revoked tickets,
// each with a handle of its own on it.
func listed(t *testing.T, n int, wrap func(session.RevocationLog) session.RevocationLog, change func(*session.RevokedConfig)) (list []*replica, logs []*memstore.Log, stop func()) {
	t.Helper()
	log := newLog()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for range n {
		handle := log.Another()
		logs = append(logs, handle)
		r := &replica{t: t, log: handle, logs: &lines{}}
		ring, err := seal.NewRing([][]byte{bytes.Repeat([]byte{1}, seal.KeySize)}, seal.Domain{})
		if err != nil {
			t.Fatal(err)
		}
		codec, err := ticket.New(ticket.Config{Ring: ring, Issuer: "https://i"})
		if err != nil {
			t.Fatal(err)
		}
		cfg := session.RevokedConfig{Log: handle, Logger: slog.New(slog.NewTextHandler(r.logs, nil))}
		if wrap != nil {
			cfg.Log = wrap(handle)
		}
		if change != nil {
			change(&cfg)
		}
		revoked, err := session.NewRevoked(cfg)
		if err != nil {
			t.Fatal(err)
		}
		r.ring = ring
		r.Manager, _ = manager(t, func(c *session.Config) {
			c.Ring, c.Codec, c.Lifetime, c.Revoked = ring, codec, time.Hour, revoked
		})
		running.Go(func() { r.Run(ctx) })
		list = append(list, r)
	}
	return list, logs, func() { cancel(); running.Wait() }
}

// A ticket that was ended stays so wherever a copy of it is shown, until it would
// have expired.
func TestAttack30RevokedTickets(t *testing.T) {
	adele := access.Key{Authority: "t", ID: "adele"}
	for _, row := range []struct {
		name              string
		end               func(r *replica, h http.Header) error
		this, same, third bool // ended: this browser, the person's other one, another person's with the sid
	}{
		{"signed out", func(r *replica, h http.Header) error { _, err := r.End(r.t.Context(), h); return err }, true, false, false},
		{"everywhere", func(r *replica, _ http.Header) error { return r.EndUser(r.t.Context(), adele) }, true, true, false},
		{"sid", func(r *replica, _ http.Header) error {
			return r.endSID("one")
		}, true, false, true},
		{"unknown sid", func(r *replica, _ http.Header) error { return r.endSID("none") }, false, false, false},
		{"all, by an administrator", func(r *replica, _ http.Header) error {
			_, err := r.admin().Revoke(r.t.Context(), session.Who{All: true})
			return err
		}, true, true, true},
		{"a person, by an administrator", func(r *replica, _ http.Header) error {
			n, err := r.admin().Revoke(r.t.Context(), session.Who{User: adele})
			if n != -1 {
				r.t.Errorf("%d", n)
			}
			return err
		}, true, true, false},
		{"a sid, by an administrator", func(r *replica, _ http.Header) error {
			_, err := r.admin().Revoke(r.t.Context(), session.Who{SID: "one"})
			return err
		}, true, false, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, _, stop := listed(t, 2, nil, nil)
				defer stop()
				time.Sleep(2 * time.Second)
				this := r[0].signIn(withSID("adele", "https://i", "one"), nil)
				same := r[1].signIn(withSID("adele", "https://i", "two"), nil)
				other := r[0].signIn(withSID("bob", "https://i", "one"), nil)
				time.Sleep(time.Second)
				for _, h := range []http.Header{this, same, other} {
					r[0].must("before", h, access.ReasonOK)
					r[1].must("before", h, access.ReasonOK)
				}
				if err := row.end(r[0], this); err != nil {
					t.Fatal(err)
				}
				time.Sleep(900 * time.Millisecond)
				check := func(when string) {
					for _, one := range r {
						for _, row := range []struct {
							name  string
							h     http.Header
							ended bool
						}{{"this browser", this, row.this}, {"the other browser", same, row.same}, {"the other person", other, row.third}} {
							want := access.ReasonOK
							if row.ended {
								want = access.ReasonSessionRevoked
							}
							one.must(row.name+" "+when, row.h, want)
						}
					}
				}
				check("at once")
				again := r[1].signIn(withSID("adele", "https://i", "one"), nil)
				r[0].must("a new sign-in", again, access.ReasonOK)
				time.Sleep(50 * time.Minute)
				check("long after")
				time.Sleep(20 * time.Minute)
				r[1].must("when it would have expired", this, access.ReasonTicketExpired)
			})
		})
	}
}

func (r *replica) admin() *session.Admin {
	r.t.Helper()
	a, err := session.NewAdmin(session.AdminConfig{Log: r.log, Ring: r.ring, Lifetime: time.Hour})
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := a.List(r.t.Context(), session.Who{All: true}); !errors.Is(err, session.ErrNoList) {
		r.t.Errorf("a list: %v", err)
	}
	return a
}

// Until the list was read, and when it was not heard for more than five seconds,
// nobody knows; afterwards everything is as it was, and what was ended meanwhile has.
func TestAttack22ListUnreachable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := func(l session.RevocationLog) session.RevocationLog {
			l.(*memstore.Log).Fail(errDown)
			return l
		}
		r, logs, stop := listed(t, 2, broken, nil)
		defer stop()
		h := r[0].signIn(person(), nil)
		for range 10 {
			r[0].must("not yet read", h, access.ReasonStore)
			time.Sleep(time.Second)
		}
		logs[0].Fail(nil)
		logs[1].Fail(nil)
		time.Sleep(4 * time.Second)
		r[0].logs.take()
		other := r[0].signIn(withSID("bob", "https://i", "one"), nil)
		r[0].must("read", h, access.ReasonOK)
		logs[0].Fail(errDown)
		for range 40 {
			r[0].must("a moment later", h, access.ReasonOK)
			r[1].must("the other replica", h, access.ReasonOK)
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(2100 * time.Millisecond)
		r[0].must("six seconds later", h, access.ReasonStore)
		r[1].must("the other replica", h, access.ReasonOK)
		if _, err := r[1].End(t.Context(), h); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		r[0].must("still", other, access.ReasonStore)
		var down *session.StoreError
		if lines, err := r[0].End(t.Context(), other); !errors.As(err, &down) || lines != nil {
			t.Errorf("a sign-out while it is down: %q %v", lines, err)
		}
		id := withSID("eve", "https://i", "two")
		if _, lines, _, err := r[0].Issue(t.Context(), nil, &id, nil, nil, ""); !errors.As(err, &down) || lines != nil {
			t.Errorf("a sign-in whose sid cannot be noted: %q %v", lines, err)
		}
		logs[0].Fail(nil)
		time.Sleep(4 * time.Second)
		r[0].must("ended meanwhile", h, access.ReasonSessionRevoked)
		r[0].must("not ended", other, access.ReasonOK)
		if text := r[0].logs.take(); strings.Count(text, "\n") != 2 {
			t.Errorf("not two lines were logged:\n%s", text)
		}
	})
}

// A list to which something is appended all the time is heard all the same.
func TestBusyList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, logs, stop := listed(t, 1, nil, nil)
		defer stop()
		busy, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			for n := uint64(1); busy.Err() == nil; n++ {
				entry := session.Revocation{Scope: session.OneTicket, Issued: time.Now(), Until: time.Now().Add(time.Hour)}
				entry.Handle[0], entry.Handle[1] = byte(n), byte(n>>8)
				if err := logs[0].Append(busy, entry); err != nil {
					return
				}
				time.Sleep(50 * time.Millisecond)
			}
		})
		h := r[0].signIn(person(), nil)
		time.Sleep(3 * time.Second)
		r[0].must("heard", h, access.ReasonOK)
		cancel()
		running.Wait()
	})
}

// After an outage a long list counts as heard when its end was, not its first page.
func TestAttack30LongListAfterAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(l session.RevocationLog) session.RevocationLog { return &slowPages{RevocationLog: l} }
		r, logs, stop := listed(t, 2, slow, nil)
		defer stop()
		time.Sleep(3 * time.Second)
		h := r[1].signIn(person(), nil)
		r[0].must("heard", h, access.ReasonOK)
		logs[0].Fail(errDown)
		time.Sleep(time.Minute)
		list := make([]session.Revocation, 25_000)
		for n := range list {
			list[n] = session.Revocation{Scope: session.OneTicket, Issued: time.Now(), Until: time.Now().Add(time.Hour)}
			list[n].Handle[0], list[n].Handle[1] = byte(n), byte(n>>8)
		}
		if err := logs[1].Append(t.Context(), list...); err != nil {
			t.Fatal(err)
		}
		if _, err := r[1].End(t.Context(), h); err != nil {
			t.Fatal(err)
		}
		logs[0].Fail(nil)
		for range 100 {
			if s, reason := r[0].ask(h); s != nil {
				t.Fatalf("served before the list was read to its end: %s", reason)
			}
			time.Sleep(100 * time.Millisecond)
		}
		r[0].must("ended", h, access.ReasonSessionRevoked)
	})
}

// slowPages takes half a second for a page.
type slowPages struct{ session.RevocationLog }

func (s *slowPages) Follow(ctx context.Context, after string, wait time.Duration) ([]session.Revocation, string, error) {
	list, next, err := s.RevocationLog.Follow(ctx, after, wait)
	if len(list) > 0 {
		time.Sleep(500 * time.Millisecond)
	}
	return list, next, err
}

// A list that is full forgets its older half, and ends every ticket as old as that.
func TestAttack30FullList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, stop := listed(t, 2, nil, func(c *session.RevokedConfig) { c.MaxEntries = 10 })
		defer stop()
		time.Sleep(2 * time.Second)
		var browsers []http.Header
		bystander := r[0].signIn(withSID("bob", "https://i", ""), nil)
		for range 11 {
			time.Sleep(time.Minute)
			browsers = append(browsers, r[0].signIn(person(), nil))
		}
		late := r[0].signIn(withSID("bob", "https://i", ""), nil)
		end := func(n int) {
			t.Helper()
			if _, err := r[0].End(t.Context(), browsers[n]); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		for n := range 10 {
			end(n)
		}
		for _, one := range r {
			one.must("ten fit", bystander, access.ReasonOK)
			one.must("the last browser", browsers[10], access.ReasonOK)
		}
		end(10)
		for _, one := range r {
			for _, h := range browsers {
				one.must("ended", h, access.ReasonSessionRevoked)
			}
			one.must("older than what was forgotten", bystander, access.ReasonSessionRevoked)
			one.must("younger", late, access.ReasonOK)
		}
	})
}

// Entries run out with the tickets that they end.
func TestListRunsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, stop := listed(t, 1, nil, func(c *session.RevokedConfig) { c.MaxEntries = 3 })
		defer stop()
		time.Sleep(2 * time.Second)
		for range 12 { // three at a time, of an hour each
			h := r[0].signIn(person(), nil)
			if _, err := r[0].End(t.Context(), h); err != nil {
				t.Fatal(err)
			}
			r[0].must("ended", h, access.ReasonSessionRevoked)
			time.Sleep(31 * time.Minute)
		}
		if text := r[0].logs.take(); strings.Contains(text, "full") {
			t.Errorf("the list was full:\n%s", text)
		}
	})
}

// A ticket that somebody made up, or that has expired, is not put on the list.
func TestOnlyTicketsOfOursAreListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, logs, stop := listed(t, 1, nil, nil)
		defer stop()
		expired := r[0].signIn(person(), nil)
		time.Sleep(61 * time.Minute)
		good := r[0].signIn(person(), nil)
		for _, h := range []http.Header{nil, expired, alterCookie(good, func(v string) string { return flipAt(v, 40) })} {
			if _, err := r[0].End(t.Context(), h); err != nil {
				t.Fatal(err)
			}
		}
		if list, _, err := logs[0].Follow(t.Context(), "", time.Millisecond); len(list) != 0 || err != nil {
			t.Errorf("%+v %v", list, err)
		}
		if _, err := r[0].End(t.Context(), good); err != nil {
			t.Fatal(err)
		}
		list, _, err := logs[0].Follow(t.Context(), "", time.Millisecond)
		if len(list) != 1 || err != nil || list[0].Scope != session.OneTicket {
			t.Errorf("%+v %v", list, err)
		}
	})
}

func TestNewRevokedRefuses(t *testing.T) {
	for name, row := range map[string]struct {
		cfg session.RevokedConfig
		ok  bool
	}{
		"a log":           {session.RevokedConfig{Log: newLog()}, true},
		"no log":          {session.RevokedConfig{}, false},
		"fewer than none": {session.RevokedConfig{Log: newLog(), MaxEntries: -1}, false},
	} {
		if _, err := session.NewRevoked(row.cfg); (err == nil) != row.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	revoked, err := session.NewRevoked(session.RevokedConfig{Log: newLog()})
	if err != nil {
		t.Fatal(err)
	}
	good := session.Config{Lifetime: time.Hour, Revoked: revoked}
	for name, edit := range map[string]func(*session.Config){
		"as it is":     func(*session.Config) {},
		"with a store": func(c *session.Config) { c.Store = memstore.New(realm, nil) },
	} {
		cfg := good
		manager(t, func(c *session.Config) { cfg.Codec, cfg.Ring = c.Codec, c.Ring })
		edit(&cfg)
		if _, err := session.New(cfg); (err == nil) != (name == "as it is") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
