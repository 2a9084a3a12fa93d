package main

import (
	"context"
	"errors"
	"slices"
	"time"
)

// plan says what is done with a server.
type plan struct {
	crowd    crowd
	kinds    []kind
	mint     *mint
	seed     uint64
	limits   limits
	begun    time.Time // when the server was started
	provider func() providerCalls

	every    time.Duration // a sample
	warmUp   time.Duration // at most, until all caches have been full; and as much more, until they were offered enough
	duration time.Duration // with full caches
	requests int64         // at least, all in all
	settle   time.Duration // at most, until all is closed that clients left
	say      func(format string, args ...any)
}

// often is how many requests of each kind the server must have had before it is measured:
// what it makes at the first of a kind is not growth.
const often = 3

// soak puts a server under load and returns what was seen. An error is an answer
// that was not right, or the end of the server; judging the record is the
// caller's.
func soak(ctx context.Context, s *server, p *plan) (*record, *load, error) {
	m := newMeter(s.pid(), s.admin)
	defer m.client.CloseIdleConnections()
	before, err := m.take(ctx)
	if err != nil {
		return nil, nil, err
	}
	r := &record{before: before, fresh: map[string]int64{}}
	l := newLoad(s.addr, p.kinds, p.mint, p.seed)
	loadCtx, stop := context.WithCancel(ctx)
	defer stop()
	failed, gone := make(chan error, 1), make(chan struct{})
	go func() {
		failed <- l.run(loadCtx, p.crowd)
		close(gone)
	}()
	err = r.watch(ctx, s, m, l, p, failed)
	stop()
	<-gone
	if err == nil {
		err = <-failed // a client may have failed after the last sample
	}
	if err != nil {
		return nil, nil, err
	}
	if r.after, err = settled(ctx, m, r.before, p); err != nil {
		return nil, nil, err
	}
	r.after.at, r.after.sent = r.samples[len(r.samples)-1].at, l.total()
	r.elapsed, r.provider = time.Since(p.begun), p.provider()
	r.provider.unknown = l.of(func(k *kind) bool { return k.unknownKey })
	r.provider.codes = l.of(func(k *kind) bool { return k.code })
	return r, l, nil
}

// watch takes samples until the plan is done.
func (r *record) watch(ctx context.Context, s *server, m *meter, l *load, p *plan, failed chan error) error {
	begun := time.Now()
	var warm time.Time
	said := time.Time{}
	ticks := time.NewTicker(p.every)
	defer ticks.Stop()
	for {
		select {
		case err := <-failed:
			if err == nil {
				err = errors.New("the load ended before its time")
			}
			return s.orItsEnd(err)
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticks.C:
		}
		now, err := m.take(ctx)
		if err != nil {
			return s.orItsEnd(err)
		}
		now.at, now.sent = time.Since(begun), l.total()
		r.samples = append(r.samples, now)
		for _, name := range p.limits.offered() {
			r.fresh[name] = l.offered(name)
		}
		switch {
		case warm.IsZero() && r.allFilled(p.limits.caches) && l.least() >= often:
			warm, r.warm = time.Now(), len(r.samples)-1
			p.say("all caches are full after %s and %d requests", short(now.at), now.sent)
		case warm.IsZero() && now.at > p.warmUp:
			r.warm = len(r.samples)
			return nil // the verdict says which cache was not full
		case !warm.IsZero() && time.Since(warm) >= p.duration && now.sent >= p.requests && (r.turned(p.limits) || time.Since(warm) > p.duration+p.warmUp):
			return nil
		case time.Since(said) > 10*time.Second:
			said = time.Now()
			p.say("%6s  %9d requests, %s", short(now.at), now.sent, mb(now.rss))
		}
	}
}

// turned reports whether all caches were offered enough.
func (r *record) turned(l limits) bool {
	return !slices.ContainsFunc(l.offered(), func(name string) bool { return r.turnover(name) < l.turnover })
}

func (r *record) allFilled(caches []string) bool {
	return !slices.ContainsFunc(caches, func(name string) bool { return !r.filled(name) })
}

// settled waits until the server has closed what its clients left, and returns
// the sample that says so, else the last one.
func settled(ctx context.Context, m *meter, before sample, p *plan) (sample, error) {
	for deadline := time.Now().Add(p.settle); ; {
		s, err := m.take(ctx)
		if err != nil {
			return s, err
		}
		quiet := s.goroutines <= before.goroutines+p.limits.rest && s.files <= before.files+p.limits.rest
		if quiet || time.Now().After(deadline) {
			return s, nil
		}
		if !wait(ctx, 200*time.Millisecond) {
			return s, context.Cause(ctx)
		}
	}
}
