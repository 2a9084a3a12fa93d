package session_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// late gives answers that are on their way for a while.
type late struct {
	session.Store

	wait time.Duration
}

func (l *late) Get(ctx context.Context, key session.Key) (*session.Record, error) {
	r, err := l.Store.Get(ctx, key)
	time.Sleep(l.wait)
	return r, err
}

// Whoever asks after a session was ended, here or where it was heard of, joins no
// reading that began before: the answer of that may be from before the end.
func TestAttack30JoinsNoEarlierReading(t *testing.T) {
	for _, row := range []struct {
		name string
		end  func(r []*replica, h http.Header) error
		want access.Reason
	}{
		{"nothing has ended", nil, access.ReasonOK},
		{"signed out here", func(r []*replica, h http.Header) error { _, err := r[0].End(r[0].t.Context(), h); return err }, access.ReasonSessionEnded},
		{"signed out elsewhere", func(r []*replica, h http.Header) error { _, err := r[1].End(r[0].t.Context(), h); return err }, access.ReasonSessionEnded},
		{"replaced by a sign-in elsewhere", func(r []*replica, h http.Header) error {
			id := person()
			_, _, _, err := r[1].Issue(r[0].t.Context(), h, &id, nil, nil, "")
			return err
		}, access.ReasonSessionEnded},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, stop := replicas(t, 2)
				defer stop()
				time.Sleep(time.Second)
				h := r[0].signIn(person(), lasting(time.Now(), time.Hour))
				r[0].store.Store = &late{r[0].store.Store, 800 * time.Millisecond}
				var earlier sync.WaitGroup
				earlier.Go(func() { r[0].must("that began before", h, access.ReasonOK) })
				time.Sleep(100 * time.Millisecond)
				if row.end != nil {
					if err := row.end(r, h); err != nil {
						t.Fatal(err)
					}
					synctest.Wait() // it is heard of
				}
				r[0].must("that began after", h, row.want)
				earlier.Wait()
				r[0].must("and what was read before is not remembered", h, row.want)
				want := 3
				if row.end == nil { // both joined one reading, which is remembered
					want = 1
				}
				if n := r[0].store.count("get"); n != want {
					t.Errorf("%d readings, want %d", n, want)
				}
			})
		})
	}
}

// A panic in the refresh of a session is logged and counted as a failure, and is
// not tried again at once; the session goes on as it is.
func TestRefreshPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{}
		registry, text := prometheus.NewRegistry(), &lines{}
		r, stop := replicas(t, 1, p.with(), func(c *session.Config) {
			c.Metrics, c.Log = metrics.New(registry, "test"), slog.New(slog.NewTextHandler(text, nil))
		})
		defer stop()
		time.Sleep(time.Second)
		h := r[0].signIn(person(), lasting(time.Now(), time.Hour))
		p.set(func(context.Context, *session.Session) (*access.Identity, *session.Tokens, error) { panic("a fault") })
		time.Sleep(61 * time.Minute)
		for range 20 {
			r[0].must("as it is", h, access.ReasonOK)
			time.Sleep(90 * time.Millisecond)
		}
		if n := p.count(); n != 1 {
			t.Errorf("tried %d times in two seconds", n)
		}
		if logged := text.take(); strings.Count(logged, "a session could not be refreshed") != 1 || !strings.Contains(logged, "panic: a fault") || strings.Contains(logged, "rt-0") {
			t.Errorf("logged:\n%s", logged)
		}
		const want = `# HELP easyauth_refreshes_total Attempts to refresh the tokens of a session, by result.
# TYPE easyauth_refreshes_total counter
easyauth_refreshes_total{result="elsewhere"} 0
easyauth_refreshes_total{result="ended"} 0
easyauth_refreshes_total{result="failed"} 1
easyauth_refreshes_total{result="not_kept"} 0
easyauth_refreshes_total{result="ok"} 0
`
		if err := testutil.GatherAndCompare(registry, bytes.NewBufferString(want), "easyauth_refreshes_total"); err != nil {
			t.Error(err)
		}
		p.set(p.good)
		time.Sleep(time.Minute)
		if s := r[0].must("later", h, access.ReasonOK); s != nil && s.Tokens.Refresh.Reveal() != "rt-0'" {
			t.Error("not refreshed")
		}
		p.set(func(context.Context, *session.Session) (*access.Identity, *session.Tokens, error) { panic("a fault") })
		time.Sleep(66 * time.Minute)
		r[0].must("longer than is allowed", h, access.ReasonNotRefreshed)
	})
}
