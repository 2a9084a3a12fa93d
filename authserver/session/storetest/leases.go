package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

func (w *world) acquire(s session.Store, lease, owner string, ttl time.Duration) bool {
	w.Helper()
	got, err := s.Acquire(w.ctx(), lease, owner, ttl)
	if err != nil {
		w.Fatalf("acquire: %v", err)
	}
	return got
}

func (w *world) release(s session.Store, lease, owner string) {
	w.Helper()
	if err := s.Release(w.ctx(), lease, owner); err != nil {
		w.Fatalf("release: %v", err)
	}
}

func leases(w *world) {
	a, b := w.store(), w.store()
	steps := []struct {
		name    string
		by      session.Store
		release bool
		lease   string
		owner   string
		want    bool
	}{
		{"take it", a, false, "refresh", "a", true},
		{"another wants it", b, false, "refresh", "b", false},
		{"another wants it on the same handle", a, false, "refresh", "b", false},
		{"take it again", a, false, "refresh", "a", true},
		{"the owner counts, not the handle", b, false, "refresh", "a", true},
		{"another lease", b, false, "refresh 2", "b", true},
		{"another gives it back", b, true, "refresh", "b", false},
		{"another wants it still", b, false, "refresh", "b", false},
		{"an owner whose name begins alike gives it back", b, true, "refresh", "", false},
		{"who wants it then", b, false, "refresh", "c", false},
		{"give it back", a, true, "refresh", "a", false},
		{"give it back again", a, true, "refresh", "a", false},
		{"another takes it", b, false, "refresh", "b", true},
		{"the first one has it no more", a, false, "refresh", "a", false},
		{"nor gives it back", a, true, "refresh", "a", false},
		{"the second one has it still", b, false, "refresh", "b", true},
		{"give back what nobody has", a, true, "nothing", "a", false},
	}
	for _, step := range steps {
		if step.release {
			w.release(step.by, step.lease, step.owner)
		} else if got := w.acquire(step.by, step.lease, step.owner, hour); got != step.want {
			w.Errorf("%s: %v, want %v", step.name, got, step.want)
		}
	}
	// One that would be over at once is no lease, however it is answered.
	for _, ttl := range []time.Duration{0, -time.Second} {
		_, _ = a.Acquire(w.ctx(), "at once", "a", ttl)
		if !w.acquire(b, "at once", "b", hour) {
			w.Errorf("a lease of %v keeps another out", ttl)
		}
		w.release(b, "at once", "b")
	}
}

// Of many who want a lease one gets it; and while they take turns no two have it at the same time.
func leaseForOne(w *world) {
	stores := []session.Store{w.store(), w.store()}
	for round := range 5 {
		var got atomic.Int64
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				ok, err := stores[i%2].Acquire(w.ctx(), fmt.Sprintf("round %d", round), fmt.Sprintf("owner %d", i), hour)
				if err != nil {
					w.Errorf("acquire: %v", err)
				}
				if ok {
					got.Add(1)
				}
			})
		}
		all.Wait()
		if got.Load() != 1 {
			w.Errorf("%d of 20 have the lease, want 1", got.Load())
		}
	}

	var holders, turns atomic.Int64
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			ctx, s, owner := w.ctx(), stores[i%2], fmt.Sprintf("owner %d", i)
			for end := time.Now().Add(patience); turns.Load() < 30 && time.Now().Before(end); {
				ok, err := s.Acquire(ctx, "turns", owner, hour)
				if err != nil {
					w.Errorf("acquire: %v", err)
					return
				}
				if !ok {
					time.Sleep(time.Millisecond)
					continue
				}
				if holders.Add(1) > 1 {
					w.Error("two have the lease at the same time")
				}
				turns.Add(1)
				holders.Add(-1)
				if err := s.Release(ctx, "turns", owner); err != nil {
					w.Errorf("release: %v", err)
				}
			}
		})
	}
	all.Wait()
	if turns.Load() < 30 {
		w.Errorf("only %d turns", turns.Load())
	}
}

// takenOver waits until another gets a lease, and wants that not before its time.
func (w *world) takenOver(s session.Store, lease string, ends time.Time) {
	w.Helper()
	w.eventually("the lease has ended", func() bool { return w.acquire(s, lease, "another", hour) })
	if early := time.Until(ends); early > slack {
		w.Errorf("the lease ended %v before its time", early)
	}
}

func leaseEnds(w *world) {
	a, b := w.store(), w.store()
	ends := time.Now().Add(short)
	if !w.acquire(a, "short", "a", short) {
		w.Fatal("a new lease is not to be had")
	}
	if !w.acquire(a, "long", "a", hour) {
		w.Fatal("a new lease is not to be had")
	}
	w.takenOver(b, "short", ends)
	if w.acquire(a, "short", "a", hour) {
		w.Error("who had a lease that ended takes it from the next one")
	}
	w.release(a, "short", "a")
	if w.acquire(a, "short", "a", hour) {
		w.Error("who had a lease that ended can give away the next one's")
	}
	if w.acquire(b, "long", "b", hour) {
		w.Error("a longer lease has ended too")
	}
}

func leaseRenewed(w *world) {
	a, b := w.store(), w.store()
	first := time.Now()
	for inTime := false; !inTime; { // a machine may be too slow once
		first = time.Now()
		w.acquire(a, "prolonged", "a", short)
		inTime = w.acquire(a, "prolonged", "a", hour) && time.Since(first) < short-slack
		if !inTime {
			w.release(a, "prolonged", "a")
		}
	}
	w.eventually("its first end is over", func() bool { return time.Since(first) > short+2*slack })
	if w.acquire(b, "prolonged", "b", hour) {
		w.Error("a lease that was renewed has ended at its first end")
	}
	w.acquire(a, "shortened", "a", hour)
	ends := time.Now().Add(short)
	if !w.acquire(a, "shortened", "a", short) {
		w.Fatal("the owner cannot shorten a lease")
	}
	w.takenOver(b, "shortened", ends)
}
