package session_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// stuck is a provider that answers nobody, and counts who waits.
func stuck() (p *provider, most *atomic.Int64) {
	var mu sync.Mutex
	now := 0
	p, most = &provider{}, &atomic.Int64{}
	p.set(func(ctx context.Context, _ *session.Session) (*access.Identity, *session.Tokens, error) {
		mu.Lock()
		now++
		most.Store(max(most.Load(), int64(now)))
		mu.Unlock()
		defer func() {
			mu.Lock()
			defer mu.Unlock()
			now--
		}()
		<-ctx.Done()
		return nil, nil, ctx.Err()
	})
	return p, most
}

// All sessions of a morning are due at once, and the provider hangs: few ask it,
// nobody waits for long, and everybody passes as they are for as long as that is
// allowed, and no longer.
func TestAttack22RefreshesOfACrowd(t *testing.T) {
	for _, row := range []struct {
		name  string
		after time.Duration // since sign-in
		want  access.Reason
		wait  time.Duration
	}{
		{"due", 57 * time.Minute, access.ReasonOK, time.Second},
		{"overdue", 62 * time.Minute, access.ReasonOK, 5 * time.Second},
		{"longer than is allowed", 66 * time.Minute, access.ReasonNotRefreshed, 5 * time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, most := stuck()
				r, stop := replicas(t, 1, p.with())
				defer stop()
				time.Sleep(time.Second)
				var browsers []http.Header
				for range 200 {
					browsers = append(browsers, r[0].signIn(person(), lasting(time.Now(), time.Hour)))
				}
				time.Sleep(row.after)
				var all sync.WaitGroup
				for _, h := range browsers {
					all.Go(func() {
						began := time.Now()
						r[0].must("one of them", h, row.want)
						if waited := time.Since(began); waited > row.wait {
							t.Errorf("waited %v", waited)
						}
					})
				}
				all.Wait()
				if n := most.Load(); n != 64 {
					t.Errorf("%d refreshes at once", n)
				}
				time.Sleep(time.Minute)
				p.set(p.good)
				for range 20 { // those who had to wait, in turn
					for _, h := range browsers {
						r[0].ask(h)
					}
					time.Sleep(10 * time.Second)
				}
				r[0].must("the first, when the provider is back", browsers[0], access.ReasonOK)
				r[0].must("the last", browsers[199], access.ReasonOK)
			})
		})
	}
}

// A slot that is given back is taken: the provider is slow, and all come through.
func TestRefreshesInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{}
		p.set(func(ctx context.Context, s *session.Session) (*access.Identity, *session.Tokens, error) {
			time.Sleep(time.Second)
			return p.good(ctx, s)
		})
		r, stop := replicas(t, 1, p.with())
		defer stop()
		time.Sleep(time.Second)
		var browsers []http.Header
		for range 150 { // three turns
			browsers = append(browsers, r[0].signIn(person(), lasting(time.Now(), time.Hour)))
		}
		time.Sleep(62 * time.Minute)
		var all sync.WaitGroup
		for _, h := range browsers {
			all.Go(func() {
				if s := r[0].must("one of them", h, access.ReasonOK); s != nil && s.Tokens.Refresh.Reveal() != "rt-0'" {
					t.Error("it was not refreshed")
				}
			})
		}
		all.Wait()
		if n := p.count(); n != 150 {
			t.Errorf("%d refreshes", n)
		}
	})
}

// A server that stops waits for a refresh that goes on without its request, until
// its patience ends.
func TestWaitForRefreshes(t *testing.T) {
	for _, row := range []struct {
		name     string
		takes    time.Duration // of the provider; 0: nobody asks
		patience time.Duration
		waited   time.Duration
		ok       bool
	}{
		{"nothing is under way", 0, time.Minute, 0, true},
		{"it ends", 10 * time.Second, time.Minute, 9 * time.Second, true},
		{"it takes too long", 10 * time.Second, 3 * time.Second, 3 * time.Second, false},
		{"it ends at its own limit", time.Hour, time.Minute, 19 * time.Second, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &provider{}
				p.set(func(ctx context.Context, s *session.Session) (*access.Identity, *session.Tokens, error) {
					select {
					case <-ctx.Done():
						return nil, nil, ctx.Err()
					case <-time.After(row.takes):
					}
					return p.good(ctx, s)
				})
				r, stop := replicas(t, 2, p.with())
				defer stop()
				time.Sleep(time.Second)
				h := r[0].signIn(person(), lasting(time.Now(), time.Hour))
				if row.takes > 0 {
					time.Sleep(57 * time.Minute)
					s, reason, err := r[0].Read(t.Context(), h)
					if s == nil {
						t.Fatal(reason, err)
					}
					r[0].must("as it is", h, access.ReasonOK) // and the browser has gone
				}
				ctx, cancel := context.WithTimeout(t.Context(), row.patience)
				defer cancel()
				began := time.Now()
				err := r[0].Wait(ctx)
				if waited := time.Since(began); (err == nil) != row.ok || waited != row.waited {
					t.Errorf("%v after %v, want %v", err, waited, row.waited)
				}
				if row.takes > 0 && row.takes < row.patience && row.ok {
					if s := r[1].must("elsewhere", h, access.ReasonOK); s != nil && s.Tokens.Refresh.Reveal() != "rt-0'" {
						t.Error("the new token was not written")
					}
				}
				if err := r[1].Wait(ctx); ctx.Err() == nil && err != nil {
					t.Errorf("where nothing is under way: %v", err)
				}
				time.Sleep(time.Minute)
			})
		})
	}
	m, _ := manager(t, nil)
	if err := m.Wait(t.Context()); err != nil {
		t.Errorf("in cookies: %v", err)
	}
}
