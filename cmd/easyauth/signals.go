package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// Causes of a context that a signal ended.
var (
	errInterrupted = errors.New("interrupted") // SIGINT: a person at a keyboard
	errTerminated  = errors.New("terminated")  // SIGTERM: whoever runs services
)

// untilSignal returns a context that ends with the first SIGINT or SIGTERM; its
// cause tells which. A second SIGINT then ends the process as if nobody
// listened, for a person who does not want to wait; a second SIGTERM does
// nothing. Call stop when signals should have their usual effect again.
func untilSignal(parent context.Context) (ctx context.Context, stop context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-ctx.Done():
		case s := <-signals:
			signal.Reset(os.Interrupt)
			if s == os.Interrupt {
				cancel(errInterrupted)
			} else {
				cancel(errTerminated)
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(nil)
	}
}

// onHangup calls reload at each SIGHUP, until its context ends.
func onHangup(reload func(context.Context)) func(context.Context) {
	return func(ctx context.Context) {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGHUP)
		defer signal.Stop(signals)
		for {
			select {
			case <-ctx.Done():
				return
			case <-signals:
				reload(ctx)
			}
		}
	}
}
