package authserver_test

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// falseClock is a clock that can lie, or break, to those who answer a request.
type falseClock struct {
	mu   sync.Mutex
	now  time.Time
	jump time.Time                            // instead, for all that runs on this clock; see jumped
	lie  func(n int, now time.Time) time.Time // instead, to requests: the n-th reading, from 1; may panic
	n    int

	jumped bool
	told   []time.Time // to requests, since the last call of listen
}

func (c *falseClock) read() time.Time {
	asked := answering()
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now
	if c.jumped {
		now = c.jump
	}
	if c.lie != nil && asked {
		c.n++
		now = c.lie(c.n, now)
	}
	if asked {
		c.told = append(c.told, now)
	}
	return now
}

// honest is what time it is, for those who have a clock of their own.
func (c *falseClock) honest() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *falseClock) set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

func (c *falseClock) jumps(to time.Time, jumped bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.jump, c.jumped = to, jumped
}

func (c *falseClock) lies(lie func(n int, now time.Time) time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lie, c.n = lie, 0
}

// listen begins to note what requests are told.
func (c *falseClock) listen() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told, c.n = nil, 0
}

// answering reports whether the auth endpoint itself is asking: not something that
// runs beside it, which a panic would end for good.
func answering() bool {
	calls := make([]uintptr, 64)
	frames := runtime.CallersFrames(calls[:runtime.Callers(2, calls)])
	for {
		frame, more := frames.Next()
		if strings.HasSuffix(frame.Function, "authserver.(*Server).auth") {
			return true
		}
		if !more {
			return false
		}
	}
}

// lyingStore is a store that may answer a reading with something else.
type lyingStore struct {
	session.Store

	mu  sync.Mutex
	lie func(ctx context.Context, r *session.Record, err error) (*session.Record, error)
}

func (s *lyingStore) lies(lie func(ctx context.Context, r *session.Record, err error) (*session.Record, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lie = lie
}

func (s *lyingStore) Get(ctx context.Context, key session.Key) (*session.Record, error) {
	s.mu.Lock()
	lie := s.lie
	s.mu.Unlock()
	r, err := s.Store.Get(ctx, key)
	if lie != nil {
		return lie(ctx, r, err)
	}
	return r, err
}
