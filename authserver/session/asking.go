package session

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// storeTimeout bounds what a request waits for the store.
const storeTimeout = time.Second

// StoreError means that the store, or the list of revoked tickets, could not do
// what it was asked: nothing is known to have happened.
type StoreError struct{ Err error }

// Error says what was being done.
func (e *StoreError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *StoreError) Unwrap() error { return e.Err }

// ask asks the store, for storeTimeout at most, and counts what comes of it.
func (p *inStore) ask(ctx context.Context, operation string, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	began := time.Now()
	err := do(ctx)
	p.m.count(operation, began, err)
	return err
}

// The operations of a store and of a list of revoked tickets, in the metrics.
const (
	opGet     = "get"
	opCreate  = "create"
	opUpdate  = "update"
	opTouch   = "touch"
	opDelete  = "delete"
	opList    = "list"
	opAcquire = "acquire"
	opRelease = "release"
	opOnce    = "once"
	opSweep   = "sweep"
	opAppend  = "append" // of the list
	opFollow  = "follow"
)

// count counts an operation of the store that began then.
func (m *Manager) count(operation string, began time.Time, err error) {
	m.cfg.Metrics.StoreOperation(operation, storeResult(err))
	m.cfg.Metrics.StoreTook(operation, began)
}

// storeResult is the result of an operation in the metrics. That a record is not
// there, or newer, is an answer.
func storeResult(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, ErrNoRecord):
		return "no_record"
	case errors.Is(err, ErrVersion):
		return "version"
	case errors.Is(err, context.Canceled):
		return "cancelled" // whoever waited has gone
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	return "error"
}

func newOwner() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand
	return hex.EncodeToString(b[:])
}

var errPanic = errors.New("panic")

// recovered calls fn and turns a panic into an error: fn may run in a goroutine of
// its own, where a panic would end the process.
func recovered[T any](fn func() (T, error)) (v T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v\n%s", errPanic, p, debug.Stack())
		}
	}()
	return fn()
}

func sameSecret(a, b [32]byte) bool { return subtle.ConstantTimeCompare(a[:], b[:]) == 1 }
