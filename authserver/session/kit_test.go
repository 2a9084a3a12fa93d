package session_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/session/memstore"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

const realm = "0123456789abcdef"

var errDown = errors.New("down")

// person is whom tests sign in. Tokens of an hour come with it.
func person() access.Identity {
	return access.Identity{Issuer: "https://i", Tenant: "t", Object: "adele", Subject: "s", Roles: []string{"Admin"}}
}

func lasting(now time.Time, d time.Duration) *session.Tokens {
	return &session.Tokens{
		Access: secret.New("at-0"), ID: secret.New("id-0"), Refresh: secret.New("rt-0"),
		Obtained: now.UTC().Truncate(time.Millisecond), Expires: now.Add(d).UTC().Truncate(time.Millisecond), Scopes: []string{"openid"},
	}
}

// replica is one Manager with a handle of its own on what all share. In a bubble
// of synctest its clock is the bubble's.
type replica struct {
	*session.Manager

	t     *testing.T
	ring  *seal.Ring
	store *watched
	log   *memstore.Log // without a store: the list of revoked tickets
	logs  *lines        // what was logged, with a list
}

// lines are what was logged. They may be read while more come.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// take returns what was written since the last call.
func (l *lines) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.b.Reset()
	return l.b.String()
}

// watched counts what reaches a store, and can be made to do something first.
type watched struct {
	session.Store

	memory *memstore.Store

	mu     sync.Mutex
	calls  map[string]int
	before map[string]func() error
}

func (w *watched) call(op string) error {
	w.mu.Lock()
	w.calls[op]++
	before := w.before[op]
	w.mu.Unlock()
	if before != nil {
		return before()
	}
	return nil
}

// on makes an operation do something first, and fail with its error; nil: nothing.
func (w *watched) on(op string, before func() error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.before[op] = before
}

func (w *watched) count(ops ...string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for op, calls := range w.calls {
		if len(ops) == 0 || slices.Contains(ops, op) {
			n += calls
		}
	}
	return n
}

// Watch is the memory's own: Store may be exchanged while somebody watches.
func (w *watched) Watch(ctx context.Context, watcher session.Watcher) { w.memory.Watch(ctx, watcher) }

func (w *watched) Create(ctx context.Context, r *session.Record, replaces ...session.Key) error {
	if err := w.call("create"); err != nil {
		return err
	}
	return w.Store.Create(ctx, r, replaces...)
}

func (w *watched) Get(ctx context.Context, key session.Key) (*session.Record, error) {
	if err := w.call("get"); err != nil {
		return nil, err
	}
	return w.Store.Get(ctx, key)
}

func (w *watched) Update(ctx context.Context, r *session.Record, was uint64) error {
	if err := w.call("update"); err != nil {
		return err
	}
	return w.Store.Update(ctx, r, was)
}

func (w *watched) Touch(ctx context.Context, key session.Key, seen, expires time.Time) error {
	if err := w.call("touch"); err != nil {
		return err
	}
	return w.Store.Touch(ctx, key, seen, expires)
}

func (w *watched) Delete(ctx context.Context, keys ...session.Key) (int, error) {
	if err := w.call("delete"); err != nil {
		return 0, err
	}
	return w.Store.Delete(ctx, keys...)
}

func (w *watched) List(ctx context.Context, q session.Query) ([]*session.Record, string, error) {
	if err := w.call("list"); err != nil {
		return nil, "", err
	}
	return w.Store.List(ctx, q)
}

func (w *watched) Acquire(ctx context.Context, lease, owner string, ttl time.Duration) (bool, error) {
	if err := w.call("acquire"); err != nil {
		return false, err
	}
	return w.Store.Acquire(ctx, lease, owner, ttl)
}

func (w *watched) Release(ctx context.Context, lease, owner string) error {
	if err := w.call("release"); err != nil {
		return err
	}
	return w.Store.Release(ctx, lease, owner)
}

func (w *watched) Sweep(ctx context.Context) (int, error) {
	if err := w.call("sweep"); err != nil {
		return 0, err
	}
	return w.Store.Sweep(ctx)
}

// replicas returns so many that share a store, with the clock time.Now. Their Run
// ends with the test's context, or earlier by stop.
func replicas(t *testing.T, n int, changes ...func(*session.Config)) (list []*replica, stop func()) {
	t.Helper()
	memory := memstore.New(realm, nil)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for range n {
		handle := memory.Another(realm)
		r := &replica{t: t, store: &watched{Store: handle, memory: handle, calls: map[string]int{}, before: map[string]func() error{}}}
		ring, err := seal.NewRing([][]byte{bytes.Repeat([]byte{1}, seal.KeySize)}, seal.Domain{})
		if err != nil {
			t.Fatal(err)
		}
		codec, err := ticket.New(ticket.Config{Ring: ring, Issuer: "https://i"})
		if err != nil {
			t.Fatal(err)
		}
		r.ring = ring
		r.Manager, _ = manager(t, func(c *session.Config) {
			c.Ring, c.Codec, c.Store, c.CacheBytes, c.Lifetime, c.StaleOK = ring, codec, r.store, 1<<20, 24*time.Hour, 5*time.Minute
			for _, change := range changes {
				change(c)
			}
		})
		running.Go(func() { r.Run(ctx) })
		list = append(list, r)
	}
	return list, func() { cancel(); running.Wait() }
}

// signIn issues a session and returns the Cookie header of its browser.
func (r *replica) signIn(id access.Identity, tokens *session.Tokens) http.Header {
	r.t.Helper()
	_, lines, _, err := r.Issue(r.t.Context(), nil, &id, nil, tokens, "Firefox on Linux")
	if err != nil {
		r.t.Fatal(err)
	}
	return request(lines)
}

// ask reads and refreshes, as the auth endpoint does.
func (r *replica) ask(h http.Header) (*session.Session, access.Reason) {
	s, reason, _ := r.Read(context.Background(), h)
	if s == nil {
		return nil, reason
	}
	s, reason, _ = r.Fresh(context.Background(), s)
	return s, reason
}

// must fails the test unless ask gives this reason.
func (r *replica) must(what string, h http.Header, want access.Reason) *session.Session {
	r.t.Helper()
	s, reason := r.ask(h)
	if reason != want || (s != nil) != (want == access.ReasonOK) {
		r.t.Errorf("%s: %s, want %s", what, reason, want)
	}
	return s
}

// provider is a Refresher that the test writes.
type provider struct {
	mu     sync.Mutex
	calls  []time.Time
	given  []string // refresh tokens that came
	answer func(ctx context.Context, s *session.Session) (*access.Identity, *session.Tokens, error)
}

func (p *provider) Refresh(ctx context.Context, s *session.Session) (*access.Identity, *session.Tokens, error) {
	p.mu.Lock()
	p.calls = append(p.calls, time.Now())
	p.given = append(p.given, s.Tokens.Refresh.Reveal())
	answer := p.answer
	p.mu.Unlock()
	return answer(ctx, s)
}

func (p *provider) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.calls)
}

func (p *provider) set(answer func(ctx context.Context, s *session.Session) (*access.Identity, *session.Tokens, error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = answer
}

// good gives tokens of an hour, and a role that says how often.
func (p *provider) good(_ context.Context, s *session.Session) (*access.Identity, *session.Tokens, error) {
	id := s.Identity
	next := lasting(time.Now(), time.Hour)
	next.Refresh = secret.New(s.Tokens.Refresh.Reveal() + "'")
	return &id, next, nil
}

func (p *provider) fails(err error) {
	p.set(func(context.Context, *session.Session) (*access.Identity, *session.Tokens, error) {
		return nil, nil, err
	})
}

// with makes replicas refresh at p.
func (p *provider) with() func(*session.Config) {
	if p.answer == nil {
		p.answer = p.good
	}
	return func(c *session.Config) { c.Refresher = p }
}

// cookieOf is the value of a header's only cookie.
func cookieOf(h http.Header) string {
	_, value, _ := strings.Cut(h["Cookie"][0], "=")
	return value
}
