package session_test

import (
	"bytes"
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

// generations returns what makes managers that share the keys and the list of revoked
// tickets, as those of one process do whose configuration changes. All know of a lifetime
// of 12 hours.
func generations(t *testing.T) func(lifetime time.Duration) *replica {
	t.Helper()
	ring, err := seal.NewRing([][]byte{bytes.Repeat([]byte{1}, seal.KeySize)}, seal.Domain{})
	if err != nil {
		t.Fatal(err)
	}
	codec, err := ticket.New(ticket.Config{Ring: ring, Issuer: "https://i"})
	if err != nil {
		t.Fatal(err)
	}
	log := newLog()
	revoked, err := session.NewRevoked(session.RevokedConfig{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	t.Cleanup(func() { cancel(); running.Wait() })
	return func(lifetime time.Duration) *replica {
		r := &replica{t: t, ring: ring, log: log, logs: &lines{}}
		r.Manager, _ = manager(t, func(c *session.Config) {
			c.Ring, c.Codec, c.Lifetime, c.Longest, c.Revoked = ring, codec, lifetime, 12*time.Hour, revoked
		})
		running.Go(func() { r.Run(ctx) })
		time.Sleep(2 * time.Second) // the list is heard
		return r
	}
}

// A configuration shortens the lifetime of sessions, one ends under it, and the next
// configuration puts the lifetime back: what has ended stays so. What only was too old
// meanwhile is good again.
func TestAttack30RevokedUnderAShorterLifetime(t *testing.T) {
	for name, row := range map[string]struct {
		end  func(r *replica, h http.Header) error
		want access.Reason
	}{
		"everywhere": {func(r *replica, _ http.Header) error {
			id := person()
			return r.EndUser(r.t.Context(), id.Key())
		}, access.ReasonSessionRevoked},
		"by the provider": {func(r *replica, _ http.Header) error { return r.endSID("one") }, access.ReasonSessionRevoked},
		"by its browser": {func(r *replica, h http.Header) error {
			_, err := r.End(r.t.Context(), h)
			return err
		}, access.ReasonSessionRevoked},
		"not at all": {func(*replica, http.Header) error { return nil }, access.ReasonOK},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				generation := generations(t)
				stolen := generation(12*time.Hour).signIn(withSID("adele", "https://i", "one"), nil)
				time.Sleep(2 * time.Hour) // it is older than the next lifetime
				short := generation(time.Hour)
				short.must("too old", stolen, access.ReasonTicketExpired)
				if err := row.end(short, stolen); err != nil {
					t.Fatal(err)
				}
				time.Sleep(2 * time.Hour)
				generation(12*time.Hour).must("the lifetime is as it was", stolen, row.want)
			})
		})
	}
}
