// Package memstore keeps sessions and revocations in the memory of one process.
// It is for tests, of whatever uses a store and of the suite that all stores pass:
// it can be shared by several users, and told to fail. It is not for serving:
// what it keeps ends with the process.
package memstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// Store is one handle on sessions in memory: what a connection is to a real store.
type Store struct {
	realm string
	data  *data
	line  *line
}

var _ session.Store = (*Store)(nil)

// New returns an empty store of a realm; with the realm "" Sweep is for all realms.
// now is the clock that it expires by; nil means time.Now.
func New(realm string, now func() time.Time) *Store {
	if now == nil {
		now = time.Now
	}
	return &Store{realm: realm, line: newLine(), data: &data{
		now: now, records: map[place]*session.Record{}, leases: map[name]lease{}, once: map[name]time.Time{},
		lines: map[*line]string{},
	}}
}

// Another returns a further handle on what s keeps, for this realm or another. It
// is closed, and fails, for itself.
func (s *Store) Another(realm string) *Store {
	return &Store{realm: realm, line: newLine(), data: s.data}
}

// Fail makes every call of this handle return an error that wraps err, and tells
// its watchers that they hear nothing; nil mends it.
func (s *Store) Fail(err error) { s.line.fail(err) }

// Ping implements session.Store.
func (s *Store) Ping(ctx context.Context) error { return s.line.check(ctx) }

// Close implements session.Store. It may be called again.
func (s *Store) Close() { s.line.fail(errClosed) }

var errClosed = errors.New("it is closed")

// begin locks the data for one call, if the handle can be used.
func (s *Store) begin(ctx context.Context) (end func(), err error) {
	if err := s.line.check(ctx); err != nil {
		return nil, err
	}
	s.data.mu.Lock()
	return s.data.mu.Unlock, nil
}

// data is what all handles share.
type data struct {
	now func() time.Time

	mu      sync.Mutex
	records map[place]*session.Record
	leases  map[name]lease
	once    map[name]time.Time
	lines   map[*line]string // of handles with a watcher, and their realms
}

// place and name are a key, and the name of a lease or of Once, in a realm.
type (
	place struct {
		realm string
		key   session.Key
	}
	name struct{ realm, text string }
)

type lease struct {
	owner string
	until time.Time
}

// line is the way of one handle to the data: it can break.
type line struct {
	mu       sync.Mutex
	err      error
	watchers map[*watching]struct{}
}

func newLine() *line { return &line{watchers: map[*watching]struct{}{}} }

// fail breaks the line, or mends it; one that was closed stays so.
func (l *line) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if errors.Is(l.err, errClosed) {
		return
	}
	was := l.err == nil
	l.err = err
	if is := err == nil; is != was {
		for w := range l.watchers {
			w.add(event{connected: is, line: true})
		}
	}
}

// check returns why a call cannot be made.
func (l *line) check(ctx context.Context) error {
	err := ctx.Err()
	if err == nil {
		l.mu.Lock()
		err = l.err
		l.mu.Unlock()
	}
	if err != nil {
		return fmt.Errorf("use the store in memory: %w", err)
	}
	return nil
}
