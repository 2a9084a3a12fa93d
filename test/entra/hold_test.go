package entra_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

func TestHold(t *testing.T) {
	w := start(t)
	token := w.tokens(entra.Adele, lasting).RefreshToken
	h := w.HoldTokens("refresh_token")
	const n = 5
	results := make(chan int, n)
	for range n {
		go func() {
			got, err := w.tryRefresh(http.DefaultClient, token)
			if err != nil {
				t.Error(err)
			}
			results <- got.status
		}()
	}
	if err := h.Wait(t.Context(), n); err != nil || h.Waiting() != n || w.Refreshes(entra.Adele) != n || len(results) != 0 {
		t.Fatalf("%v: %d wait, %d came, %d answered", err, h.Waiting(), w.Refreshes(entra.Adele), len(results))
	}
	if got := w.tokenForm("grant_type", "client_credentials", "scope", "https://graph.microsoft.com/.default"); got.status != http.StatusOK {
		t.Errorf("another grant: %d", got.status)
	}
	// What changes meanwhile counts: nothing was done for them yet.
	w.ChangeUser(entra.Adele, func(u *entra.User) { u.Disabled = true })
	h.Release()
	h.Release()
	for range n {
		if status := <-results; status != http.StatusBadRequest {
			t.Errorf("status %d", status)
		}
	}
	w.ChangeUser(entra.Adele, func(u *entra.User) { u.Disabled = false })
	if got := w.refresh(token); got.status != http.StatusOK || h.Waiting() != 0 {
		t.Errorf("afterwards: %d, %d wait", got.status, h.Waiting())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if h.Wait(ctx, 1) == nil {
		t.Error("Wait does not end with its context")
	}
}

func TestHeldClientGoesAway(t *testing.T) {
	w := startWith(t, func(c *entra.Config) { c.Sessions.RotateRefreshTokens = true })
	token := w.tokens(entra.Adele, lasting).RefreshToken
	every, refreshes := w.HoldTokens(""), w.HoldTokens("refresh_token")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 50 * time.Millisecond}
	if _, err := w.tryRefresh(client, token); err == nil {
		t.Fatal("a held request got an answer")
	}
	for every.Waiting() > 0 { // until the server has noticed
		time.Sleep(time.Millisecond)
	}
	every.Release()
	refreshes.Release()
	if got := w.refresh(token); got.status != http.StatusOK {
		t.Errorf("the token was used for nobody: %d %s", got.status, got.body)
	}
}

func TestTwoHolds(t *testing.T) {
	w := start(t)
	token := w.tokens(entra.Adele, lasting).RefreshToken
	first, second := w.HoldTokens("refresh_token"), w.HoldTokens("")
	done := make(chan int, 1)
	go func() {
		got, err := w.tryRefresh(http.DefaultClient, token)
		if err != nil {
			t.Error(err)
		}
		done <- got.status
	}()
	if err := first.Wait(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	first.Release()
	if err := second.Wait(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	second.Release()
	if status := <-done; status != http.StatusOK {
		t.Errorf("status %d", status)
	}
}
