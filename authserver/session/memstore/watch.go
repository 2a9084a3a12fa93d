package memstore

import (
	"context"
	"slices"
	"sync"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// event is what a watcher is told: of the line, or of keys.
type event struct {
	line      bool
	connected bool
	keys      []session.Key
}

// watching is one call of Watch. Events wait in a queue, so that who changes
// something waits for no watcher.
type watching struct {
	mu     sync.Mutex
	events []event
	more   chan struct{} // holds one when there are events
}

func (w *watching) add(e event) {
	w.mu.Lock()
	w.events = append(w.events, e)
	w.mu.Unlock()
	select {
	case w.more <- struct{}{}:
	default:
	}
}

func (w *watching) take() []event {
	w.mu.Lock()
	defer w.mu.Unlock()
	taken := w.events
	w.events = nil
	return taken
}

// Watch implements session.Store. While the handle fails its watchers hear of no
// change, and they are not told later.
func (s *Store) Watch(ctx context.Context, w session.Watcher) {
	own := &watching{more: make(chan struct{}, 1)}
	s.data.mu.Lock()
	s.data.lines[s.line] = s.realm
	s.data.mu.Unlock()
	s.line.mu.Lock()
	s.line.watchers[own] = struct{}{}
	own.add(event{line: true, connected: s.line.err == nil})
	s.line.mu.Unlock()
	defer func() {
		s.line.mu.Lock()
		delete(s.line.watchers, own)
		s.line.mu.Unlock()
	}()
	for {
		select {
		case <-ctx.Done():
			return
		case <-own.more:
		}
		for _, e := range own.take() {
			if ctx.Err() != nil {
				return
			}
			if e.line {
				w.Connected(e.connected)
			} else {
				w.Changed(e.keys...)
			}
		}
	}
}

// tell tells every watcher of the realm. The data is locked.
func (s *Store) tell(keys ...session.Key) {
	if len(keys) == 0 {
		return
	}
	for l, realm := range s.data.lines {
		if realm == s.realm {
			l.tell(keys)
		}
	}
}

func (l *line) tell(keys []session.Key) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return
	}
	for w := range l.watchers {
		w.add(event{keys: slices.Clone(keys)})
	}
}
