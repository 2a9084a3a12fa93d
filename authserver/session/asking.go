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
	err := do(ctx)
	p.m.count(operation, err)
	return err
}

// count counts an operation of the store. That a record is not there, or newer, is
// an answer.
func (m *Manager) count(operation string, err error) {
	result := "ok"
	switch {
	case errors.Is(err, ErrNoRecord):
		result = "no_record"
	case errors.Is(err, ErrVersion):
		result = "version"
	case err != nil:
		result = "error"
	}
	m.cfg.Metrics.StoreOperation(operation, result)
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
