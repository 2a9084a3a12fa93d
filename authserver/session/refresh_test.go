package session_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// From when on a session is refreshed, and that the answer counts everywhere.
func TestRefreshWhenDue(t *testing.T) {
	for _, row := range []struct {
		name   string
		tokens func(now time.Time) *session.Tokens
		after  time.Duration
		want   int
	}{
		{"at once", nil, 0, 0},
		{"long before", nil, 50 * time.Minute, 0},
		{"a moment before five minutes", nil, 55*time.Minute - time.Second, 0},
		{"five minutes before the end", nil, 55 * time.Minute, 1},
		{"after the end", nil, 61 * time.Minute, 1},
		{"a short token, before its last quarter", func(now time.Time) *session.Tokens { return lasting(now, 8*time.Minute) }, 5 * time.Minute, 0},
		{"a short token, in its last quarter", func(now time.Time) *session.Tokens { return lasting(now, 8*time.Minute) }, 6 * time.Minute, 1},
		{"no expiry told, before an hour", notTold, 54 * time.Minute, 0},
		{"no expiry told, after an hour", notTold, time.Hour, 1},
		{"no refresh token", func(now time.Time) *session.Tokens {
			k := lasting(now, time.Hour)
			k.Refresh = secret.String{}
			return k
		}, 3 * time.Hour, 0},
		{"no tokens", func(time.Time) *session.Tokens { return nil }, 3 * time.Hour, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &provider{}
				r, stop := replicas(t, 2, p.with())
				defer stop()
				tokens := lasting(time.Now(), time.Hour)
				if row.tokens != nil {
					tokens = row.tokens(time.Now())
				}
				h := r[0].signIn(person(), tokens)
				time.Sleep(row.after)
				for range 3 {
					r[0].must("here", h, access.ReasonOK)
					r[1].must("there", h, access.ReasonOK)
				}
				if n := p.count(); n != row.want {
					t.Errorf("%d refreshes, want %d", n, row.want)
				}
			})
		})
	}
}

func notTold(now time.Time) *session.Tokens {
	k := lasting(now, time.Hour)
	k.Expires = time.Time{}
	return k
}

// Each refresh gives a new refresh token, and the next one uses it, wherever it is.
func TestRefreshTokensRotate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{}
		r, stop := replicas(t, 2, p.with())
		defer stop()
		h := r[0].signIn(person(), lasting(time.Now(), time.Hour))
		for n := range 5 {
			time.Sleep(time.Hour)
			s := r[n%2].must("refresh", h, access.ReasonOK)
			if s != nil && !s.Tokens.Obtained.Equal(time.Now()) {
				t.Errorf("refresh %d: tokens of %v", n, s.Tokens.Obtained)
			}
		}
		if want := []string{"rt-0", "rt-0'", "rt-0''", "rt-0'''", "rt-0''''"}; !slices.Equal(p.given, want) {
			t.Errorf("used %q", p.given)
		}
	})
}

// One refresh for all who ask at once, of both replicas; the slower the provider,
// the more they use the session as it is.
func TestAttack23ManyRequests(t *testing.T) {
	for _, row := range []struct {
		name    string
		age     time.Duration
		slow    time.Duration
		longest time.Duration // that a request waits
	}{
		{"due", 56 * time.Minute, 100 * time.Millisecond, time.Second},
		{"due, and the provider is slow", 56 * time.Minute, 20 * time.Second, time.Second},
		{"overdue", 61 * time.Minute, 100 * time.Millisecond, time.Second},
		{"overdue, and the provider is slow", 61 * time.Minute, 4 * time.Second, 5 * time.Second},
		{"overdue, and the provider is slower than anybody waits", 61 * time.Minute, 20 * time.Second, 5 * time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &provider{}
				p.answer = func(ctx context.Context, s *session.Session) (*access.Identity, *session.Tokens, error) {
					time.Sleep(row.slow)
					return p.good(ctx, s)
				}
				r, stop := replicas(t, 2, p.with())
				defer stop()
				h := r[0].signIn(person(), lasting(time.Now(), time.Hour))
				time.Sleep(row.age)
				var all sync.WaitGroup
				for i := range 100 {
					all.Go(func() {
						begun := time.Now()
						r[i%2].must("request", h, access.ReasonOK)
						if took := time.Since(begun); took > row.longest {
							t.Errorf("a request waited for %v", took)
						}
					})
				}
				all.Wait()
				time.Sleep(row.slow)
				for i := range r {
					s := r[i].must("afterwards", h, access.ReasonOK)
					if s != nil && s.Tokens.Refresh.Reveal() != "rt-0'" {
						t.Errorf("replica %d has the tokens of before", i)
					}
				}
				if n := p.count(); n != 1 {
					t.Errorf("%d refreshes", n)
				}
			})
		})
	}
}

// A refresh goes on when the request that began it has gone, and a request that
// goes away is not kept waiting.
func TestRefreshOutlivesItsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{}
		p.answer = func(ctx context.Context, s *session.Session) (*access.Identity, *session.Tokens, error) {
			select {
			case <-time.After(2 * time.Second):
			case <-ctx.Done():
				return nil, nil, ctx.Err()
			}
			return p.good(ctx, s)
		}
		r, stop := replicas(t, 1, p.with())
		defer stop()
		h := r[0].signIn(person(), lasting(time.Now(), time.Hour))
		time.Sleep(61 * time.Minute)
		s, _, err := r[0].Read(t.Context(), h)
		if s == nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		begun := time.Now()
		if _, reason, _ := r[0].Fresh(ctx, s); reason != access.ReasonOK || time.Since(begun) != 100*time.Millisecond {
			t.Errorf("%s after %v", reason, time.Since(begun))
		}
		time.Sleep(3 * time.Second)
		if s := r[0].must("afterwards", h, access.ReasonOK); s != nil && s.Tokens.Refresh.Reveal() != "rt-0'" || p.count() != 1 {
			t.Errorf("%d refreshes", p.count())
		}
	})
}
