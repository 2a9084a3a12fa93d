package storetest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// giver is what Store and RevocationLog have in common.
type giver interface {
	Once(ctx context.Context, name string, until time.Time) (bool, error)
}

func once(w *world)       { testOnce(w.T, w.store(), w.store()) }
func onceOfMany(w *world) { testOnceOfMany(w.T, w.store(), w.store()) }

func onceAgain(w *world) {
	a, b := w.store(), w.store()
	testOnceAgain(w.T, a, b, func() { w.sweepOnce(b) })
}

func testOnce(t *testing.T, a, b giver) {
	t.Helper()
	steps := []struct {
		by   giver
		name string
		want bool
	}{
		{a, "jti", true},
		{a, "jti", false},
		{b, "jti", false},
		{b, "jti 2", true},
		{a, "jti 2", false},
		{a, "JTI", true},
		{a, "jti", false},
	}
	for i, step := range steps {
		got, err := step.by.Once(callContext(t), step.name, time.Now().Add(hour))
		if err != nil || got != step.want {
			t.Errorf("step %d: once %q: %v, %v, want %v", i, step.name, got, err, step.want)
		}
	}
}

// Of many who give the same name one is the first.
func testOnceOfMany(t *testing.T, givers ...giver) {
	t.Helper()
	for _, name := range []string{"first", "second", "third"} {
		var first atomic.Int64
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				ok, err := givers[i%len(givers)].Once(callContext(t), name, time.Now().Add(hour))
				if err != nil {
					t.Errorf("once: %v", err)
				}
				if ok {
					first.Add(1)
				}
			})
		}
		all.Wait()
		if first.Load() != 1 {
			t.Errorf("%d of 50 were the first, want 1", first.Load())
		}
	}
}

// A name is remembered until its time is over, and need not be longer.
func testOnceAgain(t *testing.T, a, b giver, sweep func()) {
	t.Helper()
	ends := time.Now().Add(short)
	for name, until := range map[string]time.Time{"short": ends, "long": time.Now().Add(hour)} {
		if ok, err := a.Once(callContext(t), name, until); !ok || err != nil {
			t.Fatalf("once %s: %v, %v", name, ok, err)
		}
	}
	eventually(t, "the name can be given again", func() bool {
		ok, err := b.Once(callContext(t), "short", time.Now().Add(hour))
		if err != nil {
			t.Fatal(err)
		}
		if early := time.Until(ends); ok && early > slack {
			t.Errorf("the name was forgotten %v before its time", early)
		}
		if !ok && time.Until(ends) < -slack {
			sweep()
		}
		return ok
	})
	for _, name := range []string{"short", "long"} {
		if ok, err := a.Once(callContext(t), name, time.Now().Add(hour)); ok || err != nil {
			t.Errorf("once %s, which is to be remembered for an hour: %v, %v", name, ok, err)
		}
	}
}
