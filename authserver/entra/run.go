package entra

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	firstBackoff = time.Second
	maxBackoff   = time.Minute
	logEvery     = 10 // failures in a row that share a log line
)

// Run finds the provider and keeps its signing keys fresh, until ctx ends. An
// unreachable provider is asked again after 1 s, doubling to 60 s, less up to a
// half by chance. Once discovery has succeeded the document is not read again;
// the keys are, every 12 hours, or every minute at most after a failure. There
// is one log line when a state changes and one for every tenth failure in a row.
// Call it once.
func (rp *RelyingParty) Run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	if rp.cfg.Kind == MultiTenant {
		for _, t := range rp.tenants.Load().all {
			wg.Go(func() { rp.keepTenant(ctx, t) })
		}
	}
	p := rp.provider.Load()
	if p == nil {
		if p = until(ctx, rp.watch("discovery", rp.cfg.Authority), rp.discover); p == nil {
			return
		}
		rp.adopt(p)
	}
	if rp.cfg.Kind != MultiTenant {
		rp.keepKeys(ctx, p.issuer, rp.tenants.Load().all[0].doc.Load().keys)
	}
}

// Ready reports whether the authority's document has been read once.
func (rp *RelyingParty) Ready() bool { return rp.provider.Load() != nil }

// keepTenant is Run for one of several tenants.
func (rp *RelyingParty) keepTenant(ctx context.Context, t *tenant) {
	doc := t.doc.Load()
	if doc == nil {
		doc = until(ctx, rp.watch("discovery", t.v2), func(ctx context.Context) (*tenantDoc, error) { return rp.discoverTenant(ctx, t) })
		if doc == nil {
			return
		}
		t.doc.Store(doc)
	}
	rp.keepKeys(ctx, t.v2, doc.keys)
}

// until repeats a task until it succeeds. It gives nil when ctx ends first.
func until[T any](ctx context.Context, w *watch, task func(context.Context) (*T, error)) *T {
	for {
		v, err := task(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			w.succeeded()
			return v
		}
		w.failed(err)
		if !sleep(ctx, backoff(w.failures)) {
			return nil
		}
	}
}

func (rp *RelyingParty) keepKeys(ctx context.Context, issuer string, keys *keySet) {
	w := rp.watch("signing keys", issuer)
	for {
		err := keys.refresh(ctx)
		if ctx.Err() != nil {
			return
		}
		wait := keyRefresh
		if err == nil {
			w.succeeded()
		} else {
			w.failed(err)
			if wait = backoff(w.failures); len(keys.current()) > 0 {
				wait = max(wait, keyCoolDown)
			}
		}
		if !sleep(ctx, wait) {
			return
		}
	}
}

// watch writes one log line per change of a task's state.
type watch struct {
	log      *slog.Logger
	task     string
	failures int // in a row
	reason   Reason
	worked   bool
}

func (rp *RelyingParty) watch(task, issuer string) *watch {
	return &watch{log: rp.cfg.Log.With("issuer", issuer), task: task}
}

func (w *watch) failed(err error) {
	var e *Error
	reason := ReasonIDPError
	if errors.As(err, &e) {
		reason = e.Reason
	}
	w.failures++
	if w.failures%logEvery == 0 || w.failures == 1 || reason != w.reason {
		w.log.Warn("identity provider: "+w.task+" could not be read", "failures", w.failures, "reason", string(reason), "error", err)
	}
	w.reason = reason
}

func (w *watch) succeeded() {
	if !w.worked || w.failures > 0 {
		w.log.Info("identity provider: "+w.task+" read", "failures", w.failures)
	}
	w.worked, w.failures = true, 0
}

// backoff is the wait after the n-th failure in a row. The random part keeps
// replicas that started together apart.
func backoff(n int) time.Duration {
	full := maxBackoff
	if n <= 6 { // 1 s · 2⁵ is the last below a minute
		full = firstBackoff << (max(n, 1) - 1)
	}
	return full/2 + time.Duration(rand.Int64N(int64(full/2)+1)) //nolint:gosec // no secret hangs on it
}

// sleep reports false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
