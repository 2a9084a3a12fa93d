package redisstore

import (
	"context"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// Pauses between attempts of Watch to listen.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = 5 * time.Second
)

// Watch implements session.Store. It ends with ctx, or with the Store, and tells
// Connected(false) then. A Redis that is silent is noticed within about 3 s.
// In a Cluster it listens to one node, to which the others pass on what is told.
func (s *Store) Watch(ctx context.Context, w session.Watcher) {
	if s.realm == "" {
		s.link.log.Error("watch sessions in redis", "error", errNoRealm)
		return
	}
	pause, said := firstPause, ""
	for {
		began, err := s.listen(ctx, w)
		if began {
			pause, said = firstPause, ""
		}
		if ctx.Err() == nil && err != nil && err.Error() != said {
			said = err.Error()
			s.link.log.Warn("changes of sessions in redis are not heard", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-s.link.closed:
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, lastPause)
	}
}

// listen subscribes and passes on until that ends, and why. It reports whether it
// did begin.
func (s *Store) listen(ctx context.Context, w session.Watcher) (bool, error) {
	finding, cancel := context.WithTimeout(ctx, callTimeout)
	client, err := s.link.connected(finding)
	cancel()
	if err != nil {
		return false, clean(err, s.link.secrets)
	}
	e := &ear{w: w}
	ctx = rueidis.WithOnSubscriptionHook(ctx, func(p rueidis.PubSubSubscription) {
		if p.Kind == "subscribe" {
			e.begin()
		}
	})
	err = client.Receive(ctx, client.B().Subscribe().Channel(s.keys.changed()).Build(), func(m rueidis.PubSubMessage) {
		if key, ok := parse[session.Key](m.Message); ok && m.Message != "" {
			e.changed(key)
		}
	})
	return e.end(), clean(err, s.link.secrets)
}

// ear calls a watcher, one call at a time: the confirmation of a subscription and
// its messages come from different goroutines.
type ear struct {
	mu    sync.Mutex
	w     session.Watcher
	on    bool
	ended bool
}

func (e *ear) begin() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.on && !e.ended {
		e.on = true
		e.w.Connected(true)
	}
}

func (e *ear) changed(key session.Key) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.ended {
		e.w.Changed(key)
	}
}

// end reports whether it had begun.
func (e *ear) end() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = true
	if e.on {
		e.w.Connected(false)
	}
	return e.on
}
