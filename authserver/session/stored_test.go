package session_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// An older record than the cookie's is never taken.
func TestAttack30OlderRecord(t *testing.T) {
	r, stop := replicas(t, 1, func(c *session.Config) { c.CacheBytes = 0 })
	defer stop()
	h := r[0].signIn(person(), nil)
	r[0].must("the record", h, access.ReasonOK)
	older := &rolledBack{Store: r[0].store.Store}
	r[0].store.Store = older
	if s, reason := r[0].ask(h); s != nil || reason != access.ReasonTicketInvalid && reason != access.ReasonSessionOld {
		t.Errorf("with version 0: %s", reason)
	}
}

// rolledBack gives records another version than they have.
type rolledBack struct{ session.Store }

func (s *rolledBack) Get(ctx context.Context, key session.Key) (*session.Record, error) {
	r, err := s.Store.Get(ctx, key)
	if err == nil {
		r.Version--
	}
	return r, err
}

// A record is bound to its place, its version and its cookie: no other value opens.
func TestAttack30ExchangedRecords(t *testing.T) {
	r, stop := replicas(t, 1, func(c *session.Config) { c.CacheBytes = 0 })
	defer stop()
	one := r[0].signIn(person(), nil)
	two := r[0].signIn(access.Identity{Tenant: "t", Object: "bob", Roles: []string{"Owner"}}, nil)
	var records []*session.Record
	spy := &exchanging{Store: r[0].store.Store}
	r[0].store.Store = spy
	for _, h := range []http.Header{one, two} {
		r[0].must("as it is", h, access.ReasonOK)
		records = append(records, spy.last)
	}
	for name, edit := range map[string]func(r *session.Record){
		"the value of another":      func(r *session.Record) { r.Value = records[1].Value },
		"another record as a whole": func(r *session.Record) { *r = *records[1] },
		"a version more":            func(r *session.Record) { r.Version++ },
		"a bit of the value":        func(r *session.Record) { r.Value = bytes.Clone(r.Value); r.Value[20] ^= 1 },
		"the value cut":             func(r *session.Record) { r.Value = r.Value[:len(r.Value)-1] },
		"an empty value":            func(r *session.Record) { r.Value = nil },
		"a value of a single byte":  func(r *session.Record) { r.Value = []byte{1} },
		"the key of another":        func(r *session.Record) { r.Key = records[1].Key },
	} {
		spy.edit = edit
		r[0].must(name, one, access.ReasonTicketInvalid)
	}
	spy.edit = nil
	r[0].must("as it was", one, access.ReasonOK)
}

type exchanging struct {
	session.Store

	last *session.Record
	edit func(*session.Record)
}

func (s *exchanging) Get(ctx context.Context, key session.Key) (*session.Record, error) {
	r, err := s.Store.Get(ctx, key)
	if err == nil {
		s.last = r
		if s.edit != nil {
			c := *r
			s.edit(&c)
			return &c, nil
		}
	}
	return r, err
}

// The store fails at each call: nobody knows, and nothing ends.
func TestAttack22StoreDown(t *testing.T) {
	for kind, fault := range map[string]func() error{
		"fails":  func() error { return errDown },
		"panics": func() error { panic("a broken store") },
	} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, stop := replicas(t, 1, func(c *session.Config) { c.CacheBytes = 0 })
				defer stop()
				h := r[0].signIn(person(), nil)
				r[0].store.on("get", fault)
				for range 3 {
					r[0].must(kind, h, access.ReasonStore)
				}
				if r[0].store.count("delete") != 0 {
					t.Error("something was deleted")
				}
				r[0].store.on("get", nil)
				r[0].must("again", h, access.ReasonOK)
			})
		})
	}
	t.Run("hangs", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r, stop := replicas(t, 1, func(c *session.Config) { c.CacheBytes = 0 })
			defer stop()
			h := r[0].signIn(person(), nil)
			synctest.Wait() // what is heard now would make a new reading
			r[0].store.Store = hanging{r[0].store.Store}
			begun := time.Now()
			var all sync.WaitGroup
			for range 50 {
				all.Go(func() { r[0].must("hangs", h, access.ReasonStore) })
			}
			all.Wait()
			if took := time.Since(begun); took > time.Second || r[0].store.count("get") != 1 {
				t.Errorf("%v, %d reads", took, r[0].store.count("get"))
			}
		})
	})
	t.Run("at the end of a session", func(t *testing.T) {
		r, stop := replicas(t, 1)
		defer stop()
		h := r[0].signIn(person(), nil)
		r[0].store.on("delete", func() error { return errDown })
		var down *session.StoreError
		if lines, err := r[0].End(t.Context(), h); !errors.As(err, &down) || lines != nil {
			t.Errorf("%q %v", lines, err)
		}
		r[0].store.on("delete", nil)
		r[0].must("it goes on", h, access.ReasonOK)
		if lines, err := r[0].End(t.Context(), h); err != nil || len(lines) != 3 {
			t.Errorf("%q %v", lines, err)
		}
	})
	t.Run("at a sign-in", func(t *testing.T) {
		r, stop := replicas(t, 1)
		defer stop()
		r[0].store.on("create", func() error { return errDown })
		id := person()
		var down *session.StoreError
		if s, lines, _, err := r[0].Issue(t.Context(), nil, &id, nil, nil, ""); !errors.As(err, &down) || s != nil || lines != nil {
			t.Errorf("%v %q %v", s, lines, err)
		}
	})
}

// hanging answers when whoever asks has gone.
type hanging struct{ session.Store }

func (hanging) Get(ctx context.Context, _ session.Key) (*session.Record, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// Records are remembered for 5 s at most, and not at all while changes are not heard.
func TestAttack30Remembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, stop := replicas(t, 2)
		defer stop()
		synctest.Wait() // until both hear of changes
		h := r[0].signIn(person(), nil)
		reads := func(what string, want int, requests int, every time.Duration) {
			t.Helper()
			before := r[0].store.count("get")
			for range requests {
				r[0].must(what, h, access.ReasonOK)
				time.Sleep(every)
			}
			if n := r[0].store.count("get") - before; n != want {
				t.Errorf("%s: %d reads, want %d", what, n, want)
			}
		}
		reads("at once", 1, 40, 100*time.Millisecond)
		time.Sleep(6 * time.Second)
		reads("over half a minute", 6, 60, 500*time.Millisecond)
		r[0].store.memory.Fail(errDown)
		r[0].must("the store is down", h, access.ReasonStore)
		r[0].store.memory.Fail(nil)
		synctest.Wait()
		reads("again", 1, 20, 100*time.Millisecond)

		// The line of replica 0 breaks for changes alone: then it asks each time, and
		// what another replica ended is ended.
		deaf := &watched{Store: r[0].store.memory, calls: map[string]int{}, before: map[string]func() error{}}
		alone, _ := manager(t, func(c *session.Config) { c.Store, c.CacheBytes, c.Lifetime = deaf, 1<<20, 24*time.Hour }) // nobody runs it
		lone := &replica{Manager: alone, t: t, store: deaf}
		own := lone.signIn(person(), nil)
		for range 5 {
			lone.must("deaf", own, access.ReasonOK)
		}
		if n := deaf.count("get"); n != 5 {
			t.Errorf("deaf: %d reads of 5", n)
		}
		if _, err := r[1].End(t.Context(), own); err != nil {
			t.Fatal(err)
		}
		lone.must("ended elsewhere", own, access.ReasonSessionEnded)
	})
}
