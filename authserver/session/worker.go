package session

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
)

// Times of a Worker.
const (
	sweepEvery   = time.Minute
	sweepTimeout = 5 * time.Minute
	sweepLease   = "sweep"
)

// Worker removes from a store what has expired. Of several one does so at a time.
// It needs no key: it reads no session.
type Worker struct {
	Metrics *metrics.Metrics // counts the sweeps; nil counts nothing; to be set before Run

	store Store
	log   *slog.Logger
	every time.Duration
}

// NewWorker returns a worker that sweeps every minute; every other than 0 changes
// that.
func NewWorker(store Store, log *slog.Logger, every time.Duration) (*Worker, error) {
	if store == nil || log == nil {
		return nil, errors.New("make a worker: store and log are required")
	}
	if every <= 0 {
		every = sweepEvery
	}
	return &Worker{store: store, log: log, every: every}, nil
}

// Run sweeps until ctx ends. It writes one line when the store cannot be asked, and
// one when it can again.
func (w *Worker) Run(ctx context.Context) {
	owner, failing := newOwner(), false
	w.Metrics.Stores(opSweep)
	for {
		began := time.Now()
		n, err := w.sweep(ctx, owner)
		if ctx.Err() != nil {
			return
		}
		w.Metrics.StoreOperation(opSweep, storeResult(err))
		w.Metrics.StoreTook(opSweep, began)
		switch {
		case err != nil && !failing:
			w.log.Warn("the store of sessions cannot be swept", "error", err.Error())
		case err == nil && failing:
			w.log.Info("the store of sessions can be swept again")
		}
		if failing = err != nil; n > 0 {
			w.log.Debug("the store of sessions was swept", "removed", n)
		}
		// Replicas that started together shall not come together.
		pause := w.every/2 + time.Duration(rand.Int64N(int64(w.every))) //nolint:gosec // no secret hangs on it
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// sweep does nothing while another has the lease.
func (w *Worker) sweep(ctx context.Context, owner string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	asking, stop := context.WithTimeout(ctx, 5*storeTimeout)
	defer stop()
	if got, err := w.store.Acquire(asking, sweepLease, owner, sweepTimeout); err != nil || !got {
		return 0, err
	}
	n, err := w.store.Sweep(ctx)
	return n, errors.Join(err, w.store.Release(ctx, sweepLease, owner))
}
