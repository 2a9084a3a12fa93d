package authserver_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// While the provider is slow, 64 sign-ins wait for it and no more; who comes then is
// told, and those who waited are signed in.
func TestAttack22SignInsOfACrowd(t *testing.T) {
	const most = 64
	k := newKit(t, options{})
	backs := make([]func() *response, most+1)
	for i := range backs {
		b := k.browser(emulator.Adele)
		back := b.atEntra(b.toEntra(aPage))
		backs[i] = func() *response { return b.get(back) }
	}
	hold := k.idp.HoldTokens("authorization_code")
	var running sync.WaitGroup
	for _, back := range backs[:most] {
		running.Go(func() {
			if resp := back(); resp.StatusCode != http.StatusFound {
				t.Errorf("who waited: %d", resp.StatusCode)
			}
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := hold.Wait(ctx, most); err != nil {
		t.Fatal(err)
	}
	if resp := backs[most](); resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
		t.Errorf("who came then: %d, %q", resp.StatusCode, resp.Header.Get("Retry-After"))
	}
	if n := hold.Waiting(); n != most {
		t.Errorf("%d requests wait at the provider", n)
	}
	hold.Release()
	running.Wait()
}
