package session_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// throttled is an error that passes, and says when.
func throttled(after time.Duration) error {
	e := entra.AnswerError("temporarily_unavailable", "")
	e.RetryAfter = after
	return e
}

// While the provider cannot be asked a session is believed for StaleOK, then nobody
// knows; it never ends for that, and recovers by itself. The provider is left alone.
func TestAttack22ProviderDown(t *testing.T) {
	for _, row := range []struct {
		name  string
		err   error
		stale time.Duration
		most  int // requests to the provider in an hour
	}{
		{"unreachable", errDown, 5 * time.Minute, 90},
		{"unreachable, and nothing stale is allowed", errDown, 0, 90},
		{"throttled", throttled(2 * time.Minute), 5 * time.Minute, 34},
		{"a fault of our own credential", entra.AnswerError("invalid_client", ""), 5 * time.Minute, 90},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &provider{}
				r, stop := replicas(t, 2, p.with(), func(c *session.Config) { c.StaleOK = row.stale })
				defer stop()
				h := r[0].signIn(person(), lasting(time.Now(), time.Hour))
				p.fails(row.err)
				began := time.Now()
				time.Sleep(55 * time.Minute)
				var all sync.WaitGroup
				for i := range r {
					all.Go(func() {
						for time.Since(began) < 2*time.Hour {
							asked := time.Since(began)
							_, reason := r[i].ask(h)
							answered := time.Since(began)
							end := time.Hour + row.stale
							if asked >= end && reason != access.ReasonNotRefreshed || answered < end && reason != access.ReasonOK {
								t.Errorf("after %v: %s", asked, reason)
							}
							time.Sleep(2 * time.Second)
						}
					})
				}
				all.Wait()
				if n := p.count(); n > row.most || n < 4 {
					t.Errorf("the provider was asked %d times in an hour", n)
				}
				p.set(p.good)
				time.Sleep(5 * time.Minute)
				for range 5 { // whichever replica has the lease
					r[0].ask(h)
					r[1].ask(h)
					time.Sleep(time.Second)
				}
				r[0].must("the provider is back", h, access.ReasonOK)
				r[1].must("the provider is back, elsewhere", h, access.ReasonOK)
			})
		})
	}
}

// What a request waits for another replica's refresh that never comes is seldom.
func TestRefreshElsewhereHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{}
		r, stop := replicas(t, 2, p.with())
		defer stop()
		h := r[0].signIn(person(), lasting(time.Now(), time.Hour))
		time.Sleep(61 * time.Minute)
		p.fails(throttled(4 * time.Minute))
		r[0].must("the one that asked", h, access.ReasonOK)
		slow, began := 0, time.Now()
		for time.Since(began) < 2*time.Minute {
			asked := time.Now()
			r[1].must("the other", h, access.ReasonOK)
			if time.Since(asked) > time.Second {
				slow++
			}
			time.Sleep(100 * time.Millisecond)
		}
		if p.count() != 1 || slow > 8 {
			t.Errorf("%d refreshes; %d requests waited", p.count(), slow)
		}
	})
}

// A provider's last word ends the session on every replica.
func TestRefreshRefused(t *testing.T) {
	for name, row := range map[string]struct {
		err  *entra.Error
		want access.Reason
	}{
		"revoked":      {entra.AnswerError("invalid_grant", "AADSTS50173: x"), access.ReasonSessionRefused},
		"not told":     {entra.AnswerError("invalid_grant", ""), access.ReasonSessionRefused},
		"a person":     {entra.AnswerError("interaction_required", ""), access.ReasonInteraction},
		"consent":      {entra.AnswerError("invalid_grant", "AADSTS65001: x"), access.ReasonInteraction},
		"no longer in": {entra.AnswerError("invalid_grant", "AADSTS50105: x"), access.ReasonSessionRefused},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &provider{}
				r, stop := replicas(t, 2, p.with())
				defer stop()
				h := r[0].signIn(person(), lasting(time.Now(), time.Hour))
				other := r[0].signIn(access.Identity{Issuer: "https://i", Tenant: "t", Object: "bob"}, nil)
				time.Sleep(56 * time.Minute)
				r[1].must("read there", other, access.ReasonOK)
				p.fails(row.err)
				r[0].must("refused", h, row.want)
				synctest.Wait()
				r[0].must("here", h, access.ReasonSessionEnded)
				r[1].must("there", h, access.ReasonSessionEnded)
				r[1].must("another person's", other, access.ReasonOK)
				p.set(p.good)
				r[1].must("it stays ended", h, access.ReasonSessionEnded)
				if p.count() != 1 {
					t.Errorf("%d refreshes", p.count())
				}
			})
		})
	}
}

// Whoever waits for the other replica's refresh hears that it was refused.
func TestRefreshRefusedElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{}
		r, stop := replicas(t, 2, p.with())
		defer stop()
		h := r[0].signIn(person(), lasting(time.Now(), time.Hour))
		time.Sleep(61 * time.Minute)
		p.set(func(context.Context, *session.Session) (*access.Identity, *session.Tokens, error) {
			time.Sleep(time.Second)
			return nil, nil, entra.AnswerError("invalid_grant", "")
		})
		var all sync.WaitGroup
		all.Go(func() { r[0].must("here", h, access.ReasonSessionRefused) })
		all.Go(func() {
			time.Sleep(100 * time.Millisecond)
			r[1].must("there", h, access.ReasonSessionEnded)
		})
		all.Wait()
	})
}

// A session that is ended while it is refreshed stays ended.
func TestAttack30NotResurrected(t *testing.T) {
	for name, end := range map[string]func(r *replica, h http.Header) error{
		"signed out": func(r *replica, h http.Header) error { _, err := r.End(r.t.Context(), h); return err },
		"revoked": func(r *replica, _ http.Header) error {
			id := person()
			return r.EndUser(r.t.Context(), id.Key())
		},
		"nothing": nil,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &provider{}
				p.answer = func(ctx context.Context, s *session.Session) (*access.Identity, *session.Tokens, error) {
					time.Sleep(3 * time.Second)
					return p.good(ctx, s)
				}
				r, stop := replicas(t, 2, p.with())
				defer stop()
				h := r[0].signIn(person(), lasting(time.Now(), time.Hour))
				time.Sleep(61 * time.Minute)
				var all sync.WaitGroup
				want := access.ReasonOK
				if end != nil {
					want = access.ReasonSessionEnded
				}
				all.Go(func() { r[0].must("that began it", h, want) })
				time.Sleep(time.Second)
				if end != nil {
					if err := end(r[1], h); err != nil {
						t.Error(err)
					}
					synctest.Wait()
					r[0].must("meanwhile", h, access.ReasonSessionEnded)
				}
				all.Wait()
				r[0].must("here", h, want)
				r[1].must("there", h, want)
			})
		})
	}
}

// The answer of an Update was lost: the next try finds it done.
func TestRefreshAnswerOfTheStoreLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{}
		r, stop := replicas(t, 2, p.with())
		defer stop()
		h := r[0].signIn(person(), lasting(time.Now(), time.Hour))
		time.Sleep(61 * time.Minute)
		lost := &lostUpdate{Store: r[0].store.Store}
		r[0].store.Store = lost
		if s := r[0].must("refreshed", h, access.ReasonOK); s != nil && s.Tokens.Refresh.Reveal() != "rt-0'" {
			t.Error("the tokens of before")
		}
		r[1].must("there", h, access.ReasonOK)
		if p.count() != 1 || lost.n != 2 {
			t.Errorf("%d refreshes, %d updates", p.count(), lost.n)
		}
	})
}

type lostUpdate struct {
	session.Store

	n int
}

func (l *lostUpdate) Update(ctx context.Context, r *session.Record, was uint64) error {
	err := l.Store.Update(ctx, r, was)
	if l.n++; l.n == 1 {
		return errDown
	}
	return err
}

// The store fails in each step of a refresh: the session goes on as it was, or as
// it is, and nothing ends.
func TestAttack22StoreFailsDuringARefresh(t *testing.T) {
	for _, op := range []string{"acquire", "get", "update", "release"} {
		for kind, fault := range map[string]func() error{
			"fails":  func() error { return errDown },
			"panics": func() error { panic("a broken store") },
		} {
			t.Run(op+" "+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := &provider{}
					r, stop := replicas(t, 2, p.with())
					defer stop()
					h := r[0].signIn(person(), lasting(time.Now(), time.Hour))
					time.Sleep(57 * time.Minute)
					s, _, err := r[0].Read(t.Context(), h)
					if s == nil {
						t.Fatal(err)
					}
					r[0].store.on(op, fault)
					if _, reason, err := r[0].Fresh(t.Context(), s); reason != access.ReasonOK {
						t.Errorf("%s %v", reason, err)
					}
					r[0].store.on(op, nil)
					time.Sleep(time.Minute)
					r[0].must("the store is back", h, access.ReasonOK)
					r[1].must("there", h, access.ReasonOK)
					time.Sleep(6 * time.Hour)
					r[1].must("hours later", h, access.ReasonOK)
				})
			})
		}
	}
}

// What replaced a refresh token is kept though the rest of the answer was no good.
func TestRefreshKeepsTheNewTokenOfABadAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{}
		p.answer = func(_ context.Context, s *session.Session) (*access.Identity, *session.Tokens, error) {
			next := *s.Tokens
			next.Refresh = secret.New("rotated")
			return nil, &next, errors.New("the ID token is not signed by the provider")
		}
		r, stop := replicas(t, 2, p.with())
		defer stop()
		h := r[0].signIn(person(), lasting(time.Now(), time.Hour))
		time.Sleep(61 * time.Minute)
		r[0].must("as it was", h, access.ReasonOK)
		p.set(p.good)
		time.Sleep(time.Minute)
		r[1].must("refreshed", h, access.ReasonOK)
		if !slices.Equal(p.given, []string{"rt-0", "rotated"}) {
			t.Errorf("used %q", p.given)
		}
	})
}

// What the provider said cannot be kept: it is not asked again and again.
func TestRefreshThatCannotBeKept(t *testing.T) {
	for name, row := range map[string]struct {
		fault func() error
		name  string // of the person, in the answer
		most  int
	}{
		"the store refuses it":      {func() error { return errDown }, "Adele", 90},
		"it is larger than allowed": {nil, noise(300 << 10), 90},
		"it is kept":                {nil, "Adele", 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &provider{}
				p.answer = func(ctx context.Context, s *session.Session) (*access.Identity, *session.Tokens, error) {
					id, tokens, err := p.good(ctx, s)
					id.Name = row.name
					return id, tokens, err
				}
				r, stop := replicas(t, 2, p.with(), func(c *session.Config) { c.StaleOK = 24 * time.Hour })
				defer stop()
				h := r[0].signIn(person(), lasting(time.Now(), time.Hour))
				for i := range r {
					r[i].store.on("update", row.fault)
				}
				time.Sleep(time.Hour)
				for range 50 * 12 {
					r[0].must("here", h, access.ReasonOK)
					r[1].must("there", h, access.ReasonOK)
					time.Sleep(5 * time.Second)
				}
				if n := p.count(); n > row.most || n == 0 {
					t.Errorf("the provider was asked %d times in an hour", n)
				}
			})
		})
	}
}
