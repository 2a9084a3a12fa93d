package pgstore

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/test/servers"
)

const (
	realmA = "00112233445566aa"
	realmB = "00112233445566bb"

	// patience bounds what must happen at all; nothing is measured by it.
	patience = 30 * time.Second
)

// database makes an empty database and returns its URL.
func database(t *testing.T, pg *servers.Postgres) string {
	t.Helper()
	name := "db_" + strings.ToLower(rand.Text())
	run(t, pg.URL(), "CREATE DATABASE "+name)
	return with(t, pg.URL(), func(u *url.URL) { u.Path = "/" + name })
}

// role makes a role without any right and returns the URL with it.
func role(t *testing.T, at string) (name, as string) {
	t.Helper()
	name = "role_" + strings.ToLower(rand.Text())
	run(t, at, "CREATE ROLE "+name+" LOGIN PASSWORD 'pass'")
	return name, with(t, at, func(u *url.URL) { u.User = url.UserPassword(name, "pass") })
}

func with(t *testing.T, text string, change func(u *url.URL)) string {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	change(u)
	return u.String()
}

// dial opens a connection of the test's own.
func dial(t *testing.T, at string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = conn.Close(ctx)
	})
	return conn
}

func run(t *testing.T, at string, statements ...string) {
	t.Helper()
	conn := dial(t, at)
	for _, sql := range statements {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func number(t *testing.T, at, sql string) int {
	t.Helper()
	conn := dial(t, at)
	var n int
	if err := conn.QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// store opens a Store and its log.
func store(t *testing.T, at, realm string) (*Store, *lines) {
	t.Helper()
	log := &lines{}
	s, err := New(t.Context(), Config{URL: secret.New(at), Realm: realm, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, log
}

// lines is a log.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) count(part string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), part)
}

// record makes one that lives for an hour.
func record() *session.Record {
	now := time.Now().UTC().Truncate(time.Millisecond)
	r := &session.Record{
		Version: 1, Issued: now, Seen: now, Expires: now.Add(time.Hour),
		Label: []byte("a label \x00\xff"), Value: []byte("a value \x00\xff\\x41'"),
	}
	for _, b := range [][]byte{r.Key[:], r.User[:], r.SID[:]} {
		_, _ = rand.Read(b) // never fails
	}
	return r
}

func create(t *testing.T, s *Store, replaces ...session.Key) *session.Record {
	t.Helper()
	r := record()
	if err := s.Create(short(t), r, replaces...); err != nil {
		t.Fatal(err)
	}
	return r
}

// short bounds a call that a healthy database answers.
func short(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v", what, patience)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// events is a Watcher that keeps what it is told, as "true", "false" or a key.
type events struct{ c chan string }

func watch(t *testing.T, s *Store) *events {
	t.Helper()
	w := &events{c: make(chan string, 1000)}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { s.Watch(ctx, w); close(ended) }()
	t.Cleanup(func() {
		cancel()
		select {
		case <-ended:
		case <-time.After(patience):
			t.Error("Watch did not end with its context")
		}
	})
	return w
}

func (w *events) Connected(yes bool) { w.c <- fmt.Sprint(yes) }

func (w *events) Changed(keys ...session.Key) {
	for _, key := range keys {
		w.c <- fmt.Sprintf("%x", key)
	}
}

// want waits for the next event.
func (w *events) want(t *testing.T, want string) {
	t.Helper()
	select {
	case got := <-w.c:
		if got != want {
			t.Fatalf("the watcher was told %s, want %s", got, want)
		}
	case <-time.After(patience):
		t.Fatalf("the watcher was not told %s", want)
	}
}
