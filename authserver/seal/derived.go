package seal

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// Derive returns n bytes (at most 8,160) per ring key, in the order of IDs, for a
// purpose that has its own codec. No two purposes share a byte. What it returns
// does not follow Replace: see Derived.
func (r *Ring) Derive(purpose string, n int) ([][]byte, error) {
	return r.set.Load().deriveAll(purpose, n)
}

func (s *keySet) deriveAll(purpose string, n int) ([][]byte, error) {
	out := make([][]byte, 0, len(s.keys))
	for i := range s.keys {
		sub, err := s.derive(i, s.info(purpose, 0), n)
		if err != nil {
			return nil, fmt.Errorf("derive a key for %q: %w", purpose, err)
		}
		out = append(out, sub)
	}
	return out, nil
}

// Derived is a value made of a ring's keys, which follows Replace. It is safe for
// concurrent use.
type Derived[T any] struct {
	ring  *Ring
	build func(*keySet) (T, error)

	made atomic.Pointer[made[T]]
	mu   sync.Mutex // held while building
}

type made[T any] struct {
	set   *keySet
	value T
}

// NewDerived returns what build makes of Derive(purpose, n), which it does now and
// again after each Replace, when the value is next asked for. An error of the first
// time is returned.
func NewDerived[T any](r *Ring, purpose string, n int, build func(keys [][]byte) (T, error)) (*Derived[T], error) {
	return derived(r, func(s *keySet) (T, error) {
		keys, err := s.deriveAll(purpose, n)
		if err != nil {
			var none T
			return none, err
		}
		return build(keys)
	})
}

// Following returns a value that holds something of a ring's keys, or that they
// opened: build makes it now and again after each Replace, when it is next asked for.
func Following[T any](r *Ring, build func() T) *Derived[T] {
	d, _ := derived(r, func(*keySet) (T, error) { return build(), nil }) // build cannot fail
	return d
}

func derived[T any](r *Ring, build func(*keySet) (T, error)) (*Derived[T], error) {
	d := &Derived[T]{ring: r, build: build}
	if _, err := d.Current(); err != nil {
		return nil, err
	}
	return d, nil
}

// Current returns the value of the ring's present keys.
func (d *Derived[T]) Current() (T, error) {
	if m := d.made.Load(); m != nil && m.set == d.ring.set.Load() {
		return m.value, nil
	}
	return d.rebuild()
}

func (d *Derived[T]) rebuild() (T, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	set := d.ring.set.Load()
	if m := d.made.Load(); m != nil && m.set == set {
		return m.value, nil
	}
	value, err := d.build(set)
	if err != nil {
		return value, err
	}
	d.made.Store(&made[T]{set, value})
	return value, nil
}
