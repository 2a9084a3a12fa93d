package storetest

import (
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// sweepOnce sweeps, and wants no error.
func (w *world) sweepOnce(s session.Store) int {
	w.Helper()
	n, err := s.Sweep(w.ctx())
	if err != nil {
		w.Fatalf("sweep: %v", err)
	}
	if n < 0 {
		w.Errorf("sweep: %d things", n)
	}
	return n
}

// Sweep takes away nothing that lives, and leaves nothing for a second time.
func sweep(w *world) {
	a, b := w.store(), w.store()
	if n := w.sweepOnce(a); n != 0 {
		w.Errorf("an empty realm had %d things to sweep", n)
	}
	user := newHandle()
	var living []*session.Record
	var last *session.Record
	for i := range 20 {
		ttl := hour
		if i%2 == 0 {
			ttl = short
		}
		r := record(ttl)
		r.User = user
		w.create(a, r)
		if ttl == hour {
			living = append(living, r)
		} else {
			last = r
		}
	}
	w.acquire(a, "short", "a", short)
	w.acquire(a, "long", "a", hour)
	for name, until := range map[string]time.Time{"short": time.Now().Add(short), "long": time.Now().Add(hour)} {
		if ok, err := a.Once(w.ctx(), name, until); !ok || err != nil {
			w.Fatalf("once: %v, %v", ok, err)
		}
	}
	w.sweepOnce(b) // before the time of most
	w.goneAt(b, last)
	w.eventually("all has expired", func() bool { return time.Since(last.Expires) > short+2*slack })
	w.sweepOnce(b)
	if n := w.sweepOnce(a); n != 0 {
		w.Errorf("a second sweep had %d things left", n)
	}
	for _, s := range []session.Store{a, b} {
		for _, r := range living {
			w.wants(s, r)
		}
		w.wantList(s, "by user", session.Query{Users: []session.Handle{user}}, living...)
		w.wantList(s, "all", session.Query{}, living...)
	}
	if w.acquire(b, "long", "b", hour) {
		w.Error("a sweep ended a lease")
	}
	if ok, err := b.Once(w.ctx(), "long", time.Now().Add(hour)); ok || err != nil {
		w.Errorf("a sweep forgot a name: %v, %v", ok, err)
	}
	if !w.acquire(b, "short", "b", hour) {
		w.Error("a lease that has ended is kept from others")
	}
}

// The worker's handle, which is of no realm, sweeps them all.
func sweepAll(w *world) {
	one, two := w.storeOf(newRealm()), w.storeOf(newRealm())
	worker := w.storeOf("")
	if err := worker.Ping(w.ctx()); err != nil {
		w.Fatalf("ping: %v", err)
	}
	living := []*session.Record{w.created(one, hour), w.created(two, hour)}
	expired := []*session.Record{w.created(one, short), w.created(two, short)}
	w.goneAt(one, expired[0])
	w.goneAt(two, expired[1])
	w.sweepOnce(worker)
	for i, s := range []session.Store{one, two} {
		w.wants(s, living[i])
		w.wantList(s, "all", session.Query{}, living[i])
		if n := w.sweepOnce(s); n != 0 {
			w.Errorf("the worker left %d things in a realm", n)
		}
	}
}

func workerLeases(w *world) {
	a, b := w.storeOf(""), w.storeOf("")
	lease := "lease of " + w.realm // others have the same realm
	if !w.acquire(a, lease, "a", hour) || w.acquire(b, lease, "b", hour) {
		w.Error("two workers have the lease, or none")
	}
	if !w.acquire(w.store(), lease, "b", hour) {
		w.Error("a realm's lease of that name is another one")
	}
	w.release(b, lease, "b")
	w.release(a, lease, "a")
	if !w.acquire(b, lease, "b", hour) {
		w.Error("the second worker does not get a lease that was given back")
	}
	w.release(b, lease, "b")
}
