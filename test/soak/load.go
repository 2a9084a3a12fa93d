package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// load is many clients at once. Each sends one request after the other, of a kind
// that chance picks. The first answer that is not right ends all of them.
type load struct {
	addr  string
	kinds []kind
	mint  *mint

	sent []atomic.Int64 // by kind
	slow atomic.Int64   // slow clients that the server cut off
	left atomic.Int64   // clients that went before their answer
	seed uint64
}

// crowd is how many clients there are.
type crowd struct {
	keeping int // keep their connection
	opening int // open one for each request
	leaving int // do not wait for the answer
	slow    int // send half a header, and then a byte a second

	cutOff time.Duration // how long the server may listen to a slow one at most
}

func (c crowd) all() int { return c.keeping + c.opening + c.leaving + c.slow }

func newLoad(addr string, kinds []kind, m *mint, seed uint64) *load {
	return &load{addr: addr, kinds: kinds, mint: m, sent: make([]atomic.Int64, len(kinds)), seed: seed}
}

// run sends until ctx ends. The error is that of the first client that had one.
func (l *load) run(ctx context.Context, c crowd) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var clients sync.WaitGroup
	start := func(n int, work func(context.Context, *maker) error) {
		for range n {
			l.seed++
			m := newMaker(l.mint, l.seed)
			clients.Go(func() {
				if err := work(ctx, m); err != nil && ctx.Err() == nil {
					fail(err)
				}
			})
		}
	}
	start(c.keeping, func(ctx context.Context, m *maker) error { return l.ask(ctx, m, true) })
	start(c.opening, func(ctx context.Context, m *maker) error { return l.ask(ctx, m, false) })
	start(c.leaving, l.leave)
	start(c.slow, func(ctx context.Context, m *maker) error { return l.dawdle(ctx, m, c.cutOff) })
	<-ctx.Done()
	err := context.Cause(ctx)
	clients.Wait()
	if err == context.Canceled || err == context.DeadlineExceeded { //nolint:errorlint // the cause itself: we were asked to end
		return nil
	}
	return err
}

// ask is a client that waits for its answers.
func (l *load) ask(ctx context.Context, m *maker, keep bool) error {
	c := &client{addr: l.addr}
	defer c.close()
	for ctx.Err() == nil {
		i := l.pick(m)
		r := l.kinds[i].make(m)
		for range l.kinds[i].times() {
			if err := l.askOnce(ctx, c, m, i, r); err != nil {
				return err
			}
			if !keep {
				c.close()
			}
		}
	}
	return nil
}

// askOnce sends a request of kind i and looks at its answer.
func (l *load) askOnce(ctx context.Context, c *client, m *maker, i int, r *request) error {
	k := &l.kinds[i]
	a, err := c.do(ctx, r)
	if err != nil {
		return fmt.Errorf("%s: %w\nThis was sent:\n%s", k.name, err, r)
	}
	if !k.wants(a.status) {
		return fmt.Errorf("%s: answered %d, and right is %d. This was sent:\n%s", k.name, a.status, k.want, r)
	}
	if k.learn != nil {
		k.learn(m, a)
	}
	l.sent[i].Add(1)
	return nil
}

// leave is a client that goes before it is answered.
func (l *load) leave(ctx context.Context, m *maker) error {
	c := &client{addr: l.addr}
	for wait(ctx, 20*time.Millisecond) {
		i := l.pick(m)
		if l.kinds[i].code {
			continue // nobody would know whether it was redeemed
		}
		if err := c.leave(ctx, l.kinds[i].make(m)); err != nil {
			return err
		}
		l.left.Add(1)
	}
	return nil
}

// dawdle is a client that begins a request and never ends it, again and again.
func (l *load) dawdle(ctx context.Context, m *maker, cutOff time.Duration) error {
	for ctx.Err() == nil {
		if err := l.dawdleOnce(ctx, m, cutOff); err != nil {
			return err
		}
	}
	return nil
}

func (l *load) dawdleOnce(ctx context.Context, m *maker, cutOff time.Duration) error {
	conn, err := dial(ctx, l.addr)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // nothing was held back
	begun := time.Now()
	text := []byte("GET " + authPath + " HTTP/1.1\r\nHost: " + host + "\r\n" + "Cookie: " + m.text(200) + "\r\nX-Original-URL: https://")
	for time.Since(begun) < cutOff {
		if _, err := conn.Write(text); err != nil {
			l.slow.Add(1)
			return nil
		}
		text = text[len(text)-1:]
		if !wait(ctx, time.Second) {
			return nil
		}
	}
	return fmt.Errorf("the server still listens to a client that has not ended its header after %s", cutOff)
}

// pick chooses a kind by its weight.
func (l *load) pick(m *maker) int {
	sum := 0
	for i := range l.kinds {
		sum += l.kinds[i].weight
	}
	n := m.random.IntN(sum)
	for i := range l.kinds {
		if n -= l.kinds[i].weight; n < 0 {
			return i
		}
	}
	return 0 // not reached: n was below the sum
}

// total is how many requests were answered as they should be.
func (l *load) total() (n int64) {
	for i := range l.sent {
		n += l.sent[i].Load()
	}
	return n
}

// least is how often the rarest kind came.
func (l *load) least() int64 {
	least := l.sent[0].Load()
	for i := range l.sent {
		least = min(least, l.sent[i].Load())
	}
	return least
}

// offered is how many new things a cache was offered.
func (l *load) offered(cache string) (n int64) {
	for i := range l.kinds {
		if k := &l.kinds[i]; k.fills == cache || k.passes == cache {
			n += l.sent[i].Load() / int64(k.times())
		}
	}
	return n
}

// of counts the requests of some kinds.
func (l *load) of(which func(*kind) bool) (n int64) {
	for i := range l.kinds {
		if which(&l.kinds[i]) {
			n += l.sent[i].Load()
		}
	}
	return n
}

// wait reports whether ctx goes on.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
