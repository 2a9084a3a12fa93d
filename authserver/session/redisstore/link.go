package redisstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/rueidis"
)

const (
	redialPause   = 100 * time.Millisecond // between attempts at a first connection
	keepClient    = time.Second            // before one that leads to the wrong server is given up
	closePatience = 2 * time.Second
)

// link is the way to Redis. The library wants a server that answers before there
// is a client; so the client is made in the background, when it is wanted and
// not there. Once made it connects again by itself.
type link struct {
	opt     rueidis.ClientOption
	secrets []string
	log     *slog.Logger
	closed  chan struct{}

	mu       sync.Mutex // of what follows
	client   rueidis.Client
	madeAt   time.Time     // of client
	attempt  chan struct{} // closed when the attempt that is being made has ended; nil: none is
	failed   error         // why the last attempt failed
	failedAt time.Time
	down     bool // that Redis cannot be asked was logged
	ended    bool
}

func newLink(cfg Config) (*link, error) {
	opt, err := cfg.options()
	if err != nil {
		return nil, err
	}
	l := &link{opt: opt, log: cfg.log(), closed: make(chan struct{})}
	for _, s := range []string{opt.Password, opt.Sentinel.Password} {
		if s != "" {
			l.secrets = append(l.secrets, s)
		}
	}
	l.mu.Lock()
	l.dial()
	l.mu.Unlock()
	return l, nil
}

// dial begins an attempt. The caller holds mu.
func (l *link) dial() {
	done := make(chan struct{})
	l.attempt = done
	go func() {
		client, err := rueidis.NewClient(l.opt)
		l.mu.Lock()
		unwanted := l.ended && err == nil
		l.attempt, l.failed, l.failedAt = nil, clean(err, l.secrets), time.Now()
		if err == nil && !unwanted {
			l.client, l.madeAt = client, time.Now()
		}
		l.mu.Unlock()
		close(done)
		if unwanted {
			client.Close()
		}
	}()
}

// connected returns the client, or waits for the attempt to make one.
func (l *link) connected(ctx context.Context) (rueidis.Client, error) {
	for waited := false; ; waited = true {
		l.mu.Lock()
		switch {
		case l.ended:
			l.mu.Unlock()
			return nil, errClosed
		case l.client != nil:
			client := l.client
			l.mu.Unlock()
			return client, nil
		case l.attempt == nil && l.failed != nil && (waited || time.Since(l.failedAt) < redialPause):
			err := l.failed
			l.mu.Unlock()
			return nil, err
		case l.attempt == nil:
			l.dial()
		}
		attempt := l.attempt
		l.mu.Unlock()
		select {
		case <-attempt:
		case <-l.closed:
			return nil, errClosed
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// drop gives a client up that leads to a server which is no longer the right one.
func (l *link) drop(client rueidis.Client) {
	l.mu.Lock()
	mine := client != nil && l.client == client && time.Since(l.madeAt) >= keepClient
	if mine {
		l.client, l.failed = nil, nil
	}
	l.mu.Unlock()
	if mine {
		go client.Close()
	}
}

// Close ends all connections, and waits a moment for what is under way.
func (l *link) Close() {
	l.mu.Lock()
	if l.ended {
		l.mu.Unlock()
		return
	}
	l.ended = true
	client := l.client
	l.client = nil
	close(l.closed)
	l.mu.Unlock()
	if client == nil {
		return
	}
	done := make(chan struct{})
	go func() {
		client.Close()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(closePatience):
	}
}

// ask calls fn with a client, for at most limit, and returns when ctx ends even if
// fn has not: the library may be waiting for a connection that another call makes.
// For the same reason fn's context has the time of ctx, but is not canceled with it.
// An error of fn says that Redis did not answer, or what it answered instead; what
// the answer means is for the caller.
func ask[T any](ctx context.Context, l *link, limit time.Duration, fn func(context.Context, rueidis.Client) (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	done := make(chan outcome, 1)
	go func() {
		until := time.Now().Add(limit)
		if t, ok := ctx.Deadline(); ok && t.Before(until) {
			until = t
		}
		inner, cancel := context.WithDeadline(context.WithoutCancel(ctx), until)
		defer cancel()
		var o outcome
		defer func() { done <- o }()
		defer func() {
			if p := recover(); p != nil { // of the library; here it would end the process
				o.err = fmt.Errorf("panic: %v", p)
			}
		}()
		client, err := l.connected(inner)
		if err == nil {
			o.value, err = fn(inner, client)
		}
		o.err = l.heard(client, clean(err, l.secrets))
	}()
	select {
	case o := <-done:
		if o.err != nil && ctx.Err() != nil {
			return none, ctx.Err()
		}
		return o.value, o.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// heard notes how a call went, and logs when that changes.
func (l *link) heard(client rueidis.Client, err error) error {
	var refused *serverError
	answered := err == nil || errors.As(err, &refused)
	if refused != nil && refused.elsewhere() {
		l.drop(client)
	}
	down := client == nil || !answered || refused != nil && refused.unable()
	l.mu.Lock()
	changed := l.down != down && !l.ended
	l.down = down
	l.mu.Unlock()
	switch {
	case changed && down:
		l.log.Warn("redis cannot be asked", "error", err)
	case changed:
		l.log.Info("redis answers again")
	}
	return err
}
