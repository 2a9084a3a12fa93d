package pgstore

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/test/servers"
)

func outagesSuite(t *testing.T, pg *servers.Postgres) {
	at := database(t, pg)
	for _, tt := range []struct {
		name string
		run  func(t *testing.T, pg *servers.Postgres, at string)
	}{
		{"not there at the start", notThereYet},
		{"killed and restarted", killed},
		{"paused", paused},
		{"closed while it is paused", closedWhilePaused},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, pg, at) })
	}
}

func notThereYet(t *testing.T, pg *servers.Postgres, at string) {
	pg.Kill()
	s, log := store(t, at, realmA)
	w := watch(t, s)
	fails(t, s, session.Key{1})
	eventually(t, "the log says so", func() bool { return log.count("cannot be kept in the database yet") > 0 })
	pg.Restart()
	w.want(t, "true")
	eventually(t, "it is there", func() bool { return s.Ping(short(t)) == nil })
	everything(t, s)
}

func killed(t *testing.T, pg *servers.Postgres, at string) {
	s, _ := store(t, at, realmA)
	w := watch(t, s)
	w.want(t, "true")
	r := create(t, s)
	pg.Kill()
	w.want(t, "false")
	fails(t, s, r.Key)
	pg.Restart()
	w.want(t, "true")
	if _, err := s.Get(short(t), r.Key); err != nil {
		t.Errorf("the session from before: %v", err)
	}
	if _, err := s.Delete(short(t), r.Key); err != nil {
		t.Errorf("Delete: %v", err)
	}
	w.want(t, fmt.Sprintf("%x", r.Key))
}

func paused(t *testing.T, pg *servers.Postgres, at string) {
	s, _ := store(t, at, realmA)
	w := watch(t, s)
	w.want(t, "true")
	r := create(t, s)
	pg.Pause()
	fails(t, s, r.Key)
	w.want(t, "false")
	fails(t, s, r.Key)
	fresh, _ := store(t, at, realmA)
	fails(t, fresh, r.Key)
	pg.Resume()
	w.want(t, "true")
	if _, err := s.Get(short(t), r.Key); err != nil {
		t.Errorf("the session from before: %v", err)
	}
	eventually(t, "a Store that was opened meanwhile works", func() bool {
		_, err := fresh.Get(short(t), r.Key)
		return err == nil
	})
}

func closedWhilePaused(t *testing.T, pg *servers.Postgres, at string) {
	s, _ := store(t, at, realmA)
	create(t, s)
	pg.Pause()
	defer pg.Resume()
	closed := make(chan struct{})
	go func() { s.Close(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(patience):
		t.Error("Close does not return")
	}
}

// fails makes calls that cannot be answered: each ends about when its context does,
// or before, and never says that there is no such session.
func fails(t *testing.T, s *Store, key session.Key) {
	t.Helper()
	const enough = 300 * time.Millisecond
	r := record()
	for name, call := range map[string]func(ctx context.Context) error{
		"Create":  func(ctx context.Context) error { return s.Create(ctx, r) },
		"Get":     func(ctx context.Context) error { _, err := s.Get(ctx, key); return err },
		"Update":  func(ctx context.Context) error { return s.Update(ctx, r, 0) },
		"Touch":   func(ctx context.Context) error { return s.Touch(ctx, key, r.Seen, r.Expires) },
		"Delete":  func(ctx context.Context) error { _, err := s.Delete(ctx, r.Key); return err },
		"List":    func(ctx context.Context) error { _, _, err := s.List(ctx, session.Query{Limit: 1}); return err },
		"Acquire": func(ctx context.Context) error { _, err := s.Acquire(ctx, "a", "b", time.Second); return err },
		"Release": func(ctx context.Context) error { return s.Release(ctx, "a", "b") },
		"Once":    func(ctx context.Context) error { _, err := s.Once(ctx, "a", time.Now()); return err },
		"Sweep":   func(ctx context.Context) error { _, err := s.Sweep(ctx); return err },
		"Ping":    s.Ping,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), enough)
		begin := time.Now()
		err := call(ctx)
		took := time.Since(begin)
		cancel()
		if err == nil || errors.Is(err, session.ErrNoRecord) || errors.Is(err, session.ErrVersion) {
			t.Errorf("%s: %v", name, err)
		}
		if took > enough+5*time.Second { // the rest is for a slow machine
			t.Errorf("%s took %v", name, took)
		}
	}
}
