package pgstore

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// attemptTimeout bounds one attempt to bring the schema up to date, which may
	// wait for another replica.
	attemptTimeout = time.Minute
	// attemptPause is how long calls are answered with the last attempt's error
	// before they begin another.
	attemptPause = 200 * time.Millisecond

	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
)

// gate lets calls pass when the schema is there. It makes one attempt at a time,
// for all who wait.
type gate struct {
	ctx     context.Context // ends with the Store
	attempt func(ctx context.Context) error
	log     *slog.Logger

	open   atomic.Bool
	mu     sync.Mutex
	flight *flight   // nil when no attempt is under way
	last   error     // of the attempt before
	at     time.Time // when it ended
}

type flight struct {
	ended chan struct{}
	err   error
}

// pass returns nil when the schema is there. It waits for an attempt until ctx
// ends, but not for a second one.
func (g *gate) pass(ctx context.Context) error {
	if g.open.Load() {
		return nil
	}
	f, err := g.join()
	if f == nil {
		return err
	}
	select {
	case <-f.ended:
		return f.err
	case <-ctx.Done():
		return fmt.Errorf("wait for the schema: %w", ctx.Err())
	}
}

// join returns the attempt under way, or begins one. It returns no attempt when
// none is needed, or when one has just gone wrong.
func (g *gate) join() (*flight, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.open.Load():
		return nil, nil
	case g.flight != nil:
		return g.flight, nil
	case g.ctx.Err() != nil:
		return nil, errClosed
	case g.last != nil && time.Since(g.at) < attemptPause:
		return nil, g.last
	}
	g.flight = &flight{ended: make(chan struct{})}
	go g.run(g.flight)
	return g.flight, nil
}

func (g *gate) run(f *flight) {
	ctx, cancel := context.WithTimeout(g.ctx, attemptTimeout)
	defer cancel()
	f.err = g.attempt(ctx)

	g.mu.Lock()
	defer g.mu.Unlock()
	if f.err != nil && g.ctx.Err() == nil && (g.last == nil || g.last.Error() != f.err.Error()) {
		g.log.Warn("sessions cannot be kept in the database yet", "error", f.err)
	}
	g.flight, g.last, g.at = nil, f.err, time.Now()
	g.open.Store(f.err == nil)
	close(f.ended)
}

// shut makes the next call look at the schema again.
func (g *gate) shut() { g.open.Store(false) }

// keepTrying makes attempts until one succeeds, with growing pauses, so that the
// schema does not wait for the first call.
func (g *gate) keepTrying() {
	for wait := firstPause; g.pass(g.ctx) != nil; wait = min(2*wait, longestPause) {
		if !sleep(g.ctx, wait) {
			return
		}
	}
}

// sleep reports whether it was not ended early.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
