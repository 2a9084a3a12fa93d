package storetest

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// ears hear what a store tells a watcher.
type ears struct {
	t       *testing.T
	inside  atomic.Int64
	stopped atomic.Bool

	mu        sync.Mutex
	connected bool
	heard     []session.Key
}

func (e *ears) Connected(is bool) {
	e.enter(func() { e.connected = is })
}

func (e *ears) Changed(keys ...session.Key) {
	e.enter(func() { e.heard = append(e.heard, keys...) })
}

func (e *ears) enter(note func()) {
	if e.inside.Add(1) > 1 {
		e.t.Error("a watcher is told two things at the same time")
	}
	if e.stopped.Load() {
		e.t.Error("a watcher is told something after Watch has returned")
	}
	time.Sleep(100 * time.Microsecond) // so that a second call would meet this one
	e.mu.Lock()
	note()
	e.mu.Unlock()
	e.inside.Add(-1)
}

func (e *ears) has(keys ...session.Key) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, key := range keys {
		if !slices.Contains(e.heard, key) {
			return false
		}
	}
	return true
}

// listen watches on a handle, and returns when changes are heard of. stop ends it
// and waits.
func (w *world) listen(s session.Store) (e *ears, stop func()) {
	w.Helper()
	e = &ears{t: w.T}
	ctx, cancel := context.WithCancel(w.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Watch(ctx, e)
	}()
	stop = func() {
		w.Helper()
		cancel()
		select {
		case <-ended:
			e.stopped.Store(true)
		case <-time.After(patience):
			w.Error("Watch goes on when its context has ended")
		}
	}
	w.Cleanup(stop)
	w.eventually("the watcher is connected", func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.connected
	})
	return e, stop
}

// hears waits until all have heard of keys, and returns how long it took.
func (w *world) hears(what string, keys []session.Key, all ...*ears) time.Duration {
	w.Helper()
	begun := time.Now()
	w.eventually("the watchers have heard of "+what, func() bool {
		return !slices.ContainsFunc(all, func(e *ears) bool { return !e.has(keys...) })
	})
	return time.Since(begun)
}

// What one handle changes is heard on all, within a second. That the machine was
// busy once is no fault: most changes must be as quick.
func watch(w *world) {
	a, b := w.store(), w.store()
	near, _ := w.listen(a)
	far, _ := w.listen(b)
	farToo, _ := w.listen(b)
	var took []time.Duration
	for i := range 10 {
		by := []session.Store{a, b}[i%2]
		updated, deleted := w.created(by, hour), w.created(by, hour)
		updated.Version = 2
		w.update(by, updated, 1)
		took = append(took, w.hears("an update", []session.Key{updated.Key}, near, far, farToo))
		w.delete(by, deleted.Key)
		took = append(took, w.hears("a deletion", []session.Key{deleted.Key}, near, far, farToo))
	}
	slices.Sort(took)
	if median := took[len(took)/2]; median > time.Second {
		w.Errorf("half of the changes took longer than %v until all had heard of them, want at most 1s", median)
	}
}

func watchReplaced(w *world) {
	a, b := w.store(), w.store()
	e, _ := w.listen(b)
	for range 5 {
		first, second := w.created(a, hour), w.created(b, hour)
		w.create(a, record(hour), first.Key, second.Key)
		w.hears("what was replaced", []session.Key{first.Key, second.Key}, e)
	}
}

// Many changes at the same time are all heard of, one call after the other.
func watchMany(w *world) {
	a, b := w.store(), w.store()
	e, _ := w.listen(b)
	records := w.many(300, newHandle())
	var keys []session.Key
	for _, r := range records {
		keys = append(keys, r.Key)
	}
	if n := w.delete(a, keys[:200]...); n != 200 {
		w.Errorf("deleted %d of 200", n)
	}
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for _, r := range records[200+25*i : 225+25*i] {
				changed := session.Record{Key: r.Key, Version: 2, Value: []byte("changed")}
				if err := a.Update(w.ctx(), &changed, 1); err != nil {
					w.Errorf("update: %v", err)
				}
			}
		})
	}
	all.Wait()
	w.hears("all of them", keys, e)
}

// A touch, what others do in their realms, and what was refused are no changes of ours.
func watchOnly(w *world) {
	a, b, foreign := w.store(), w.store(), w.storeOf(newRealm())
	e, _ := w.listen(b)
	other, _ := w.listen(foreign)
	touched := w.created(a, hour)
	w.touch(a, touched.Key, time.Now(), time.Now().Add(2*hour))
	far := w.created(foreign, hour)
	far.Version = 2
	w.update(foreign, far, 1)
	farDeleted := w.created(foreign, hour)
	w.delete(foreign, farDeleted.Key)
	w.hears("its own realm", []session.Key{far.Key, farDeleted.Key}, other)

	// What comes after them has been heard: they would have been, too.
	last := w.created(a, hour)
	w.delete(a, last.Key)
	w.hears("what came last", []session.Key{last.Key}, e)
	for name, key := range map[string]session.Key{
		"a touch": touched.Key, "an update in another realm": far.Key, "a deletion in another realm": farDeleted.Key,
	} {
		if e.has(key) {
			w.Errorf("a watcher was told of %s", name)
		}
	}
	if other.has(last.Key) {
		w.Error("a watcher of another realm was told of a deletion")
	}
}

func watchEnds(w *world) {
	a, b := w.store(), w.store()
	first, stop := w.listen(a)
	second, _ := w.listen(a)
	stop()
	r := w.created(b, hour)
	w.delete(b, r.Key)
	w.hears("a deletion", []session.Key{r.Key}, second)
	if first.has(r.Key) {
		w.Error("a watcher is told something after its end")
	}
	third, _ := w.listen(a) // again on the same handle
	r = w.created(b, hour)
	w.delete(b, r.Key)
	w.hears("a deletion", []session.Key{r.Key}, second, third)

	// With a context that is over already it returns.
	ctx, cancel := context.WithCancel(w.Context())
	cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.Watch(ctx, &ears{t: w.T})
	}()
	select {
	case <-ended:
	case <-time.After(patience):
		w.Error("Watch does not return")
	}
}
