package session_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// marks fails the test when two marks are one, or one is zero.
type marks struct {
	t    *testing.T
	seen map[[32]byte]string
}

func (m *marks) other(what string, s *session.Session) {
	m.t.Helper()
	mark := s.Mark()
	if before, same := m.seen[mark]; same || mark == ([32]byte{}) {
		m.t.Errorf("%s: marked as %q is, or not at all", what, before)
	}
	m.seen[mark] = what
}

// Sessions in cookies: each sign-in is another, whoever reads it and however often.
func TestMarkOfCookies(t *testing.T) {
	now := time.Unix(1_795_000_000, 0)
	first, _ := manager(t, func(c *session.Config) { c.Now = func() time.Time { return now } })
	forgetful, _ := manager(t, func(c *session.Config) { c.Now, c.CacheBytes = func() time.Time { return now }, 0 })
	m := &marks{t: t, seen: map[[32]byte]string{}}
	var old *session.Session
	for range 3 { // in one millisecond, by one person
		issued, lines, _, err := first.Issue(t.Context(), nil, &adele, old, nil, "")
		if err != nil {
			t.Fatal(err)
		}
		old = issued
		m.other("a sign-in", issued)
		for _, reader := range []*session.Manager{first, first, forgetful, forgetful} {
			s, reason, err := reader.Read(t.Context(), request(lines))
			if s == nil {
				t.Fatal(reason, err)
			}
			if s.Mark() != issued.Mark() {
				t.Error("the same session is marked otherwise when it is read")
			}
		}
	}
	other := adele
	other.Object = "bob"
	issued, _, _, err := first.Issue(t.Context(), nil, &other, nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	m.other("another person", issued)
}

// Sessions in a store: what the provider says of somebody is another session from then on,
// on every replica.
func TestMarkOfStoredSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{}
		r, stop := replicas(t, 2, p.with())
		defer stop()
		m := &marks{t: t, seen: map[[32]byte]string{}}
		first := r[0].signIn(person(), lasting(time.Now(), time.Hour))
		second := r[0].signIn(person(), lasting(time.Now(), time.Hour))
		both := func(what string, h http.Header) {
			t.Helper()
			here, there := r[0].must(what, h, access.ReasonOK), r[1].must(what, h, access.ReasonOK)
			if here == nil || there == nil {
				return
			}
			m.other(what, here)
			if here.Mark() != there.Mark() {
				t.Errorf("%s: the replicas mark it differently", what)
			}
			if again := r[0].must(what, h, access.ReasonOK); again != nil && again.Mark() != here.Mark() {
				t.Errorf("%s: marked otherwise when it is read again", what)
			}
		}
		both("a session", first)
		both("another of the same person", second)
		p.set(func(ctx context.Context, s *session.Session) (*access.Identity, *session.Tokens, error) {
			id, tokens, err := p.good(ctx, s)
			id.Roles = []string{"Reader"}
			return id, tokens, err
		})
		time.Sleep(56 * time.Minute)
		both("refreshed, with other roles", first)
		time.Sleep(56 * time.Minute)
		both("refreshed again, with the same", first)
	})
}
