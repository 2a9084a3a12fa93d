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

// The cookie's times, and the record's own.
func TestAttack17StoredTimes(t *testing.T) {
	for _, row := range []struct {
		name  string
		after time.Duration
		edit  func(*session.Config)
		want  access.Reason
	}{
		{"a moment before its end", 24*time.Hour - time.Second, nil, access.ReasonOK},
		{"at its end", 24 * time.Hour, nil, access.ReasonSessionEnded},
		{"a lifetime that was shortened", time.Hour, func(c *session.Config) { c.Lifetime = time.Hour }, access.ReasonTicketExpired},
		{"and a moment before", time.Hour - time.Second, func(c *session.Config) { c.Lifetime = time.Hour }, access.ReasonOK},
		{"issued in the future", 0, func(c *session.Config) { c.Now = func() time.Time { return time.Now().Add(-2 * time.Minute) } }, access.ReasonTicketEarly},
		{"by a clock a little ahead", 0, func(c *session.Config) { c.Now = func() time.Time { return time.Now().Add(-time.Minute) } }, access.ReasonOK},
		{"a tenant that may no longer sign in", 0, func(c *session.Config) { c.Allowed = func(string) bool { return false } }, access.ReasonTenant},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := 0
				r, stop := replicas(t, 2, func(c *session.Config) {
					if n++; n == 2 && row.edit != nil {
						row.edit(c)
					}
				})
				defer stop()
				h := r[0].signIn(person(), nil)
				time.Sleep(row.after)
				r[1].must(row.name, h, row.want)
			})
		})
	}
}

// A session that is not used ends, wherever it was used last; use is noted seldom.
func TestStoredIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, stop := replicas(t, 2, func(c *session.Config) { c.Idle = 10 * time.Minute })
		defer stop()
		h := r[0].signIn(person(), nil)
		use := func(i int, want access.Reason) {
			t.Helper()
			if s := r[i].must("use", h, want); s != nil {
				if line := r[i].Touch(t.Context(), s); line != "" {
					t.Errorf("a cookie: %s", line)
				}
			}
		}
		for i := range 120 { // an hour
			use(i%2, access.ReasonOK)
			time.Sleep(30 * time.Second)
		}
		if n := r[0].store.count("touch") + r[1].store.count("touch"); n < 20 || n > 61 {
			t.Errorf("noted %d times in an hour", n)
		}
		time.Sleep(8 * time.Minute)
		use(0, access.ReasonOK)
		time.Sleep(8 * time.Minute)
		use(1, access.ReasonOK)
		time.Sleep(10*time.Minute + time.Second)
		use(0, access.ReasonSessionEnded)
		use(1, access.ReasonSessionEnded)
	})
}

// What could not be noted ends a session early, and no request fails for it.
func TestTouchThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, stop := replicas(t, 1, func(c *session.Config) { c.Idle = 10 * time.Minute })
		defer stop()
		h := r[0].signIn(person(), nil)
		time.Sleep(9 * time.Minute)
		s := r[0].must("used", h, access.ReasonOK)
		r[0].store.on("touch", func() error { return errDown })
		r[0].Touch(t.Context(), s)
		time.Sleep(90 * time.Second)
		r[0].must("nobody noted it", h, access.ReasonSessionEnded)
	})
}

// A request that was read before its session changed does not bring the old one
// back when its use is noted.
func TestAttack30TouchBringsNothingBack(t *testing.T) {
	for name, row := range map[string]struct {
		change func(r *replica, h http.Header)
		want   access.Reason
		role   string
	}{
		"signed out": {func(r *replica, h http.Header) { _, _ = r.End(r.t.Context(), h) }, access.ReasonSessionEnded, ""},
		"refreshed": {func(r *replica, h http.Header) {
			if s := r.must("refresh", h, access.ReasonOK); s != nil && s.Identity.Roles[0] != "New" {
				r.t.Errorf("roles %q", s.Identity.Roles)
			}
		}, access.ReasonOK, "New"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &provider{}
				p.answer = func(ctx context.Context, s *session.Session) (*access.Identity, *session.Tokens, error) {
					id, tokens, err := p.good(ctx, s)
					id.Roles = []string{"New"}
					return id, tokens, err
				}
				r, stop := replicas(t, 2, p.with(), func(c *session.Config) { c.Idle = 2 * time.Hour })
				defer stop()
				synctest.Wait()
				h := r[0].signIn(person(), lasting(time.Now(), time.Hour))
				time.Sleep(57 * time.Minute)
				before, _, err := r[0].Read(t.Context(), h)
				if before == nil {
					t.Fatal(err)
				}
				row.change(r[1], h)
				synctest.Wait()
				r[0].Touch(t.Context(), before)
				s, reason, _ := r[0].Read(t.Context(), h)
				if reason != row.want || s != nil && s.Identity.Roles[0] != row.role {
					t.Errorf("%s %+v", reason, s)
				}
			})
		})
	}
}
