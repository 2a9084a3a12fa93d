package main

import (
	"context"
	"slices"
	"sync"
)

// mostLeaving bounds the generations that were replaced and still work: each holds its
// caches.
const mostLeaving = 3

// leaving are the generations that were replaced and still answer what they had begun,
// so that a change need not wait for the slowest request of the one before. The zero
// value has none.
type leaving struct {
	ended sync.WaitGroup
	mu    sync.Mutex
	those []*generation
	freed chan struct{} // closed when one has ended; nil: nobody waits
}

// room waits until another may leave, or ctx ends, and reports whether it had to. Nobody
// calls it beside add.
func (l *leaving) room(ctx context.Context) (waited bool) {
	for {
		l.mu.Lock()
		if len(l.those) < mostLeaving {
			l.mu.Unlock()
			return waited
		}
		if l.freed == nil {
			l.freed = make(chan struct{})
		}
		freed := l.freed
		l.mu.Unlock()
		waited = true
		select {
		case <-freed:
		case <-ctx.Done():
			return waited
		}
	}
}

// add lets a generation leave: retire returns when it has ended.
func (l *leaving) add(g *generation, retire func()) {
	l.mu.Lock()
	l.those = append(l.those, g)
	l.mu.Unlock()
	l.ended.Go(func() {
		retire()
		l.mu.Lock()
		defer l.mu.Unlock()
		l.those = slices.DeleteFunc(l.those, func(other *generation) bool { return other == g })
		if l.freed != nil {
			close(l.freed)
			l.freed = nil
		}
	})
}

func (l *leaving) all() []*generation {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.those)
}
