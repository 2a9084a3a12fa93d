package redisstore

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/test/servers"
)

// patience is how long a test waits for what has to come.
const patience = 30 * time.Second

func random[T ~[32]byte]() (v T) {
	_, _ = rand.Read(v[:]) // it cannot fail
	return v
}

func newRealm() string {
	b := random[session.Key]()
	return hex.EncodeToString(b[:8])
}

func configOf(r *servers.Redis, realm string) Config {
	return Config{URL: secret.New(r.URL()), CAFile: r.CAFile(), Realm: realm}
}

func open(t *testing.T, cfg Config) *Store {
	t.Helper()
	s, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func openLog(t *testing.T, cfg Config) *RevocationLog {
	t.Helper()
	l, err := NewLog(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func newRecord() *session.Record {
	now := time.Now().Truncate(time.Millisecond)
	return &session.Record{
		Key: random[session.Key](), User: random[session.Handle](), SID: random[session.Handle](), Version: 1,
		Issued: now, Seen: now, Expires: now.Add(time.Hour), Label: []byte("label"), Value: []byte("the value of this record"),
	}
}

func create(t *testing.T, s *Store) *session.Record {
	t.Helper()
	r := newRecord()
	if err := s.Create(within(t, patience), r); err != nil {
		t.Fatal(err)
	}
	return r
}

// within is a context for one call.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// eventually waits until ask returns no error.
func eventually(t *testing.T, what string, ask func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if err = ask(); err == nil {
			return
		}
	}
	t.Fatalf("waited in vain: %s: %v", what, err)
}

// watcher passes on what it is told.
type watcher struct {
	connected chan bool
	changed   chan session.Key
}

func newWatcher() *watcher {
	return &watcher{connected: make(chan bool, 100), changed: make(chan session.Key, 1000)}
}

func (w *watcher) Connected(yes bool) { w.connected <- yes }

func (w *watcher) Changed(keys ...session.Key) {
	for _, key := range keys {
		w.changed <- key
	}
}

// watch lets w watch until the test ends.
func watch(t *testing.T, s *Store, w *watcher) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Watch(ctx, w)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
}

func next[T comparable](t *testing.T, what string, from <-chan T, want T) {
	t.Helper()
	select {
	case got := <-from:
		if got != want {
			t.Fatalf("%s: %v, want %v", what, got, want)
		}
	case <-time.After(patience):
		t.Fatalf("%s: waited in vain for %v", what, want)
	}
}
