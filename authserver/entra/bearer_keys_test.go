package entra

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// A flood of tokens with unknown key ids fetches keys once a minute.
func TestBearerUnknownKeysFlood(t *testing.T) {
	c := bearerCall()
	rp := c.party(t)
	before := c.idp.count(keysPath)
	for minute := range 3 {
		c.clock.Advance(keyCoolDown)
		for i := range 50 {
			edit(withHeader("kid", fmt.Sprintf("unknown-%d-%d", minute, i)))(c)
			if r := rp.Bearer(t.Context(), c.sends()); r.Reason != access.ReasonBearerInvalid {
				t.Fatalf("%+v", r)
			}
		}
	}
	if n := c.idp.count(keysPath) - before; n != 3 {
		t.Errorf("%d fetches in 3 minutes", n)
	}
}

// A key that came with a rotation is found by the first token that names it.
func TestBearerKeyRotation(t *testing.T) {
	c := bearerCall()
	rp := c.party(t)
	published(public(rsaKey().Public(), "k1"), public(otherRSA().Public(), "k2"))(c.attempt)
	c.key, c.header["kid"] = otherRSA(), "k2"
	if r := rp.Bearer(t.Context(), c.sends()); r.Reason != access.ReasonBearerInvalid {
		t.Fatalf("within the cool-down: %+v", r)
	}
	c.clock.Advance(keyCoolDown)
	if r := rp.Bearer(t.Context(), c.sends()); r.Identity == nil {
		t.Errorf("after it: %+v", r)
	}
}

// A provider that does not answer costs a request a bounded time, and the session
// nothing: it could not be told.
func TestBearerWaitIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := bearerCall()
		rp := c.party(t)
		c.clock.Advance(keyCoolDown)
		release := make(chan struct{})
		defer close(release)
		c.idp.set(func(f *fakeIDP) {
			f.answer = func(*http.Request) (*http.Response, error) {
				<-release
				return reply(http.StatusNotFound, ""), nil
			}
		})
		edit(withHeader("kid", "k2"))(c)
		for _, tt := range []struct {
			name string
			ctx  context.Context
			want time.Duration
		}{{"a request that waits", t.Context(), bearerKeyWait}, {"a request that is gone", canceled(), 0}} {
			begin := time.Now()
			r := rp.Bearer(tt.ctx, c.sends())
			if waited := time.Since(begin); waited != tt.want || r.Reason != access.ReasonKeysUnknown || r.Identity != nil {
				t.Errorf("%s: %+v after %v", tt.name, r, waited)
			}
		}
	})
}

func TestBearerInParallel(t *testing.T) {
	c := bearerCall()
	c.cfg.CacheBytes = 64 << 10
	rp := c.party(t)
	headers := make([]http.Header, 40)
	want := make([]string, len(headers))
	for i := range headers {
		want[i] = fmt.Sprintf("person-%d", i)
		c.claims["oid"] = want[i]
		if i%4 == 0 {
			c.key = otherRSA()
		} else {
			c.key = rsaKey()
		}
		headers[i] = c.sends()
	}
	ctx := t.Context()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i, h := range headers {
				r := rp.Bearer(ctx, h)
				if good := i%4 != 0; good != (r.Identity != nil) || good && r.Identity.Object != want[i] {
					t.Errorf("%d: %+v", i, r)
				}
			}
		})
		wg.Go(func() {
			for range 20 {
				_ = keysOf(rp).refresh(ctx)
				_ = rp.Challenge(Challenge{Error: errInvalidToken})
			}
		})
	}
	wg.Wait()
}
