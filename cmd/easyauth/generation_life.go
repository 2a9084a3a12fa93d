package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// mostFlight is longer than a request can take: its answer must be written
	// within a minute.
	mostFlight = 65 * time.Second
	lookAgain  = 20 * time.Millisecond
)

// course is the life of a generation: it is started, answers requests, is replaced and
// ends when the last of them has been answered. The zero value has not started.
type course struct {
	requests atomic.Int64 // that are being answered
	begin    sync.Once
	cancel   context.CancelFunc
	running  sync.WaitGroup
}

// start runs what goes on beside requests, until stop or the end of ctx. A second call
// does nothing.
func (c *course) start(ctx context.Context, background []func(context.Context)) {
	c.begin.Do(func() {
		working, cancel := context.WithCancel(ctx)
		c.cancel = cancel
		for _, run := range background {
			c.running.Go(func() { run(working) })
		}
	})
}

// stop ends what goes on beside requests, and waits for it. The course was started.
func (c *course) stop() {
	c.cancel()
	c.running.Wait()
}

// answered returns when no request is being answered, or after mostFlight, or when ctx
// ends. Nobody sends requests here any more.
func (c *course) answered(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, mostFlight)
	defer cancel()
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for c.requests.Load() > 0 {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
