package entra

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
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
	p := rp.findProvider(ctx)
	if p == nil {
		return
	}
	rp.provider.Store(p)
	rp.keepKeys(ctx, p.keys)
}

// Ready reports whether discovery has succeeded once.
func (rp *RelyingParty) Ready() bool { return rp.provider.Load() != nil }

// findProvider gives nil when ctx ends first.
func (rp *RelyingParty) findProvider(ctx context.Context) *provider {
	w := &watch{log: rp.log.With("issuer", rp.issuer), task: "discovery"}
	for {
		p, err := rp.discover(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			w.succeeded()
			return p
		}
		w.failed(err)
		if !sleep(ctx, backoff(w.failures)) {
			return nil
		}
	}
}

func (rp *RelyingParty) keepKeys(ctx context.Context, keys *keySet) {
	w := &watch{log: rp.log.With("issuer", rp.issuer), task: "signing keys"}
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
