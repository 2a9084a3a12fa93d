package redisstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/test/servers"
)

// call is one method of a Store or a RevocationLog, named.
type call struct {
	name string
	do   func(context.Context) error
}

func calls(s *Store, l *RevocationLog, place string) []call {
	hour := time.Now().Add(time.Hour)
	return []call{
		{"create", func(ctx context.Context) error { return s.Create(ctx, newRecord()) }},
		{"get", func(ctx context.Context) error { _, err := s.Get(ctx, random[session.Key]()); return err }},
		{"update", func(ctx context.Context) error { return s.Update(ctx, newRecord(), 1) }},
		{"touch", func(ctx context.Context) error {
			return s.Touch(ctx, random[session.Key](), time.Now(), hour)
		}},
		{"delete", func(ctx context.Context) error { _, err := s.Delete(ctx, random[session.Key]()); return err }},
		{"list", func(ctx context.Context) error { _, _, err := s.List(ctx, session.Query{Limit: 10}); return err }},
		{"acquire", func(ctx context.Context) error {
			_, err := s.Acquire(ctx, "lease", "owner", time.Minute)
			return err
		}},
		{"release", func(ctx context.Context) error { return s.Release(ctx, "lease", "owner") }},
		{"once", func(ctx context.Context) error { _, err := s.Once(ctx, "name", hour); return err }},
		{"sweep", func(ctx context.Context) error { _, err := s.Sweep(ctx); return err }},
		{"ping", s.Ping},
		{"append", func(ctx context.Context) error {
			return l.Append(ctx, session.Revocation{Scope: session.AllTickets, Issued: time.Now(), Until: hour})
		}},
		{"follow", func(ctx context.Context) error { _, _, err := l.Follow(ctx, place, 0); return err }},
		{"follow and wait", func(ctx context.Context) error {
			_, _, err := l.Follow(ctx, place, 10*time.Millisecond)
			return err
		}},
		{"note sid", func(ctx context.Context) error { return l.NoteSID(ctx, random[session.Handle](), hour) }},
		{"known sid", func(ctx context.Context) error { _, err := l.KnownSID(ctx, random[session.Handle]()); return err }},
		{"once of the log", func(ctx context.Context) error { _, err := l.Once(ctx, "name", hour); return err }},
		{"ping of the log", l.Ping},
	}
}

// answered reports whether an error is an answer of the store, or none.
func answered(err error) bool { return err == nil || errors.Is(err, session.ErrNoRecord) }

// wantAnswers wants every call to be answered again, by the store it had before.
func wantAnswers(t *testing.T, all []call) {
	t.Helper()
	for _, c := range all {
		eventually(t, c.name, func() error {
			if err := c.do(within(t, patience)); !answered(err) {
				return err
			}
			return nil
		})
	}
}

// wantSilence wants every call to fail within the time of its context, and not to
// mistake what it does not know for an answer.
func wantSilence(t *testing.T, all []call, d time.Duration) {
	t.Helper()
	for _, c := range all {
		begun := time.Now()
		err := c.do(within(t, d))
		// What is bounded is a wait of minutes or for ever; a busy machine gets seconds.
		if took := time.Since(begun); took > d+5*time.Second {
			t.Errorf("%s: ended after %v, its context after %v", c.name, took, d)
		}
		if answered(err) || errors.Is(err, session.ErrVersion) {
			t.Errorf("%s without a server: %v, want an error that says that it could not be asked", c.name, err)
		}
	}
}

func TestKilledAndStartedAgain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		options servers.RedisOptions
	}{
		{"one server", servers.RedisOptions{AOF: true}},
		{"a cluster", servers.RedisOptions{AOF: true, Cluster: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := servers.StartRedis(t, tt.options)
			log := &lines{}
			cfg := configOf(server, newRealm())
			cfg.Log = slog.New(log)
			s, l := open(t, cfg), openLog(t, cfg)
			w := newWatcher()
			watch(t, s, w)
			next(t, "connected", w.connected, true)
			kept := create(t, s)
			_, place, err := l.Follow(within(t, patience), "", 0)
			if err != nil {
				t.Fatal(err)
			}

			server.Kill()
			next(t, "connected", w.connected, false)
			wantSilence(t, calls(s, l, place), 2*time.Second)

			server.Restart()
			wantAnswers(t, calls(s, l, place))
			next(t, "connected", w.connected, true)
			got, err := s.Get(within(t, patience), kept.Key)
			if err != nil || string(got.Value) != string(kept.Value) {
				t.Errorf("the record of before: %v", err)
			}
			if n, err := s.Delete(within(t, patience), kept.Key); n != 1 || err != nil {
				t.Errorf("delete: %d, %v", n, err)
			}
			next(t, "changed", w.changed, kept.Key)
			if log.count("cannot be asked") == 0 || log.count("answers again") == 0 {
				t.Errorf("the log does not tell of it:\n%s", log.text())
			}
		})
	}
}

func TestHalted(t *testing.T) {
	t.Parallel()
	server := servers.StartRedis(t, servers.RedisOptions{})
	cfg := configOf(server, newRealm())
	s, l := open(t, cfg), openLog(t, cfg)
	w := newWatcher()
	watch(t, s, w)
	next(t, "connected", w.connected, true)
	wantAnswers(t, calls(s, l, ""))

	server.Pause()
	wantSilence(t, calls(s, l, ""), 100*time.Millisecond)
	if err := s.Ping(t.Context()); err == nil { // a context without an end
		t.Error("a halted redis answers a ping")
	}
	next(t, "connected", w.connected, false)
	server.Resume()
	wantAnswers(t, calls(s, l, ""))
	next(t, "connected", w.connected, true)
}

// A server that is not there yet when the store is made.
func TestStartedLater(t *testing.T) {
	t.Parallel()
	server := servers.StartRedis(t, servers.RedisOptions{})
	server.Kill()
	cfg := configOf(server, newRealm())
	s, l := open(t, cfg), openLog(t, cfg)
	w := newWatcher()
	watch(t, s, w)
	wantSilence(t, calls(s, l, ""), time.Second)
	server.Restart()
	wantAnswers(t, calls(s, l, ""))
	next(t, "connected", w.connected, true)
}

// replicated wants the replica to have all that the master has.
func replicated(server *servers.Redis) error {
	info, _ := server.Do("INFO", "replication").(string)
	_, rest, _ := strings.Cut(info, "master_repl_offset:")
	offset, _, _ := strings.Cut(rest, "\r\n")
	if offset == "" || !strings.Contains(info, "offset="+offset+",") {
		return fmt.Errorf("replication: %s", info)
	}
	return nil
}

// A master that dies under Sentinel is followed by its replica.
func TestFailover(t *testing.T) {
	t.Parallel()
	server := servers.StartRedis(t, servers.RedisOptions{AOF: true, Sentinel: true})
	cfg := configOf(server, newRealm())
	s, l := open(t, cfg), openLog(t, cfg)
	w := newWatcher()
	watch(t, s, w)
	next(t, "connected", w.connected, true)
	kept := create(t, s)
	before := server.Master()
	eventually(t, "the replica has it", func() error { return replicated(server) })

	server.Kill()
	next(t, "connected", w.connected, false)
	eventually(t, "another master is found", func() error {
		_, err := s.Get(within(t, time.Second), kept.Key)
		return err
	})
	if server.Master() == before {
		t.Fatal("the master is the one that was killed")
	}
	wantAnswers(t, calls(s, l, ""))
	next(t, "connected", w.connected, true)
	if _, err := s.Delete(within(t, patience), kept.Key); err != nil {
		t.Fatal(err)
	}
	next(t, "changed", w.changed, kept.Key)
}

func TestClosed(t *testing.T) {
	t.Parallel()
	server := servers.StartRedis(t, servers.RedisOptions{})
	cfg := configOf(server, newRealm())
	s, l := open(t, cfg), openLog(t, cfg)
	wantAnswers(t, calls(s, l, ""))
	ended := make(chan struct{})
	w := newWatcher()
	go func() {
		defer close(ended)
		s.Watch(context.Background(), w)
	}()
	next(t, "connected", w.connected, true)
	s.Close()
	l.Close()
	s.Close() // once more does nothing
	wantSilence(t, calls(s, l, ""), patience)
	select {
	case <-ended:
	case <-time.After(patience):
		t.Error("watch goes on after close")
	}
}
