package main

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"
)

// A server that stops waits for what goes on when all requests were answered, within
// the time that it has for stopping, and says if that was not enough.
func TestStopWaitsForWhatGoesOn(t *testing.T) {
	errLate := errors.New("refreshes did not end")
	for name, row := range map[string]struct {
		timeout string
		wait    func(context.Context) error
		want    error
	}{
		"it ends": {"1m", func(ctx context.Context) error {
			time.Sleep(50 * time.Millisecond)
			return ctx.Err()
		}, nil},
		"it does not end": {"100ms", func(ctx context.Context) error {
			<-ctx.Done()
			return errLate
		}, errLate},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := loaded(t, map[string]string{"EASYAUTH_SHUTDOWN_TIMEOUT": row.timeout})
			log := slog.New(slog.DiscardHandler)
			p, err := wire(t.Context(), cfg, outside{log: log, version: testVersion})
			if err != nil {
				t.Fatal(err)
			}
			defer p.close()
			waited := 0
			p.wait = func(ctx context.Context) error {
				waited++
				if end, bounded := ctx.Deadline(); !bounded || time.Until(end) > cfg.ShutdownTimeout {
					t.Errorf("until %v, with a timeout of %v", end, cfg.ShutdownTimeout)
				}
				return row.wait(ctx)
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(errInterrupted) // no notice
			if err := listenAndServe(ctx, cfg, p, log, testVersion); !errors.Is(err, row.want) || (err == nil) != (row.want == nil) {
				t.Errorf("%v, want %v", err, row.want)
			}
			if waited != 1 {
				t.Errorf("waited %d times", waited)
			}
		})
	}
}
