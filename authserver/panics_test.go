package authserver_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// breaking is a connection to the provider that breaks while it is used.
type breaking struct{ on atomic.Bool }

func (b *breaking) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.on.Load() {
		panic("a broken transport")
	}
	return http.DefaultTransport.RoundTrip(r)
}

// What breaks while keys, or the application's own token, are fetched for a request
// ends neither the process nor the next fetch: nobody can tell.
func TestBrokenFetchesEndNothing(t *testing.T) {
	b := &breaking{}
	o := asksForBearers("GroupMember.Read.All")
	o.edit = func(c *entra.Config) { c.Client = &http.Client{Transport: b} }
	k := newKit(t, o)
	if resp := k.ask("GET", "", k.bearerOf(emulator.Bob)); resp.StatusCode != http.StatusAccepted { // the keys are there
		t.Fatal(resp.StatusCode)
	}
	k.idp.RotateKeys()
	k.advance(61 * time.Second)
	fresh, grace := k.bearerOf(emulator.Adele), k.bearerOf(emulator.Grace)
	b.on.Store(true)
	for query, h := range map[string]http.Header{"": fresh, inAny(250): grace} {
		for range 2 {
			if resp := k.ask("GET", query, h); resp.StatusCode != http.StatusUnauthorized {
				t.Errorf("%q: %d %s", query, resp.StatusCode, k.lastReason())
			}
			k.advance(61 * time.Second)
		}
	}
	b.on.Store(false)
	for query, h := range map[string]http.Header{"": fresh, inAny(250): grace} {
		if resp := k.ask("GET", query, h); resp.StatusCode != http.StatusAccepted {
			t.Errorf("%q, mended: %d %s", query, resp.StatusCode, k.lastReason())
		}
	}
}
