package entra_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"

	"golang.org/x/oauth2"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

func TestSignInFails(t *testing.T) {
	w := start(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, row := range []struct {
		name   string
		ctx    context.Context
		target string
		user   string
		want   string // "" means that it works
	}{
		{"nothing wrong", t.Context(), w.authorizeURL(oidcScopes), entra.Adele, ""},
		{"unknown user", t.Context(), w.authorizeURL(oidcScopes), "eve", "does not exist"},
		{"error page", t.Context(), w.authorizeURL(oidcScopes, "client_id", "nobody"), entra.Adele, "AADSTS700016"},
		{"not our server", t.Context(), w.BaseURL() + "/elsewhere", entra.Adele, "status 404"},
		{"signed-out page", t.Context(), w.Authority() + "/oauth2/v2.0/logout", entra.Adele, "nothing to do"},
		{"no URL", t.Context(), "http://%zz", entra.Adele, "parse"},
		{"nobody there", t.Context(), "http://127.0.0.1:1/", entra.Adele, "sign-in request"},
		{"context ended", ended, w.authorizeURL(oidcScopes), entra.Adele, "context canceled"},
	} {
		t.Run(row.name, func(t *testing.T) {
			back, err := entra.SignIn(row.ctx, nil, row.target, row.user)
			switch {
			case row.want == "" && (err != nil || !strings.HasPrefix(back, callback+"?code=")):
				t.Errorf("got %q, %v", back, err)
			case row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)):
				t.Errorf("got %q, %v, want %q", back, err, row.want)
			}
		})
	}
}

// TestSignInStopsAtTheCallback proves that the walk does not go to the relying
// party, also when that is on the emulator's own host.
func TestSignInStopsAtTheCallback(t *testing.T) {
	w := start(t)
	mine := w.BaseURL() + "/callback"
	w.RegisterRedirectURI(webID, mine)
	back, err := entra.SignIn(t.Context(), w.browser, w.authorizeURL(oidcScopes, "redirect_uri", mine), entra.Adele)
	if err != nil || !strings.HasPrefix(back, mine+"?code=") {
		t.Errorf("got %q, %v", back, err)
	}
	client := &http.Client{}
	if _, err := entra.SignIn(t.Context(), client, w.authorizeURL(oidcScopes), entra.Adele); err != nil || client.Jar != nil || client.CheckRedirect != nil {
		t.Errorf("the caller's client was changed: %v", err)
	}
}

// TestConcurrentUse has meaning under the race detector.
func TestConcurrentUse(t *testing.T) {
	w := start(t)
	var all sync.WaitGroup
	for i, user := range []string{entra.Adele, entra.Bob, entra.Grace, entra.Max, entra.Zoe, entra.NoMail, entra.Mallory, entra.Adele} {
		all.Go(func() {
			back, err := entra.SignIn(t.Context(), nil, w.authorizeURL(oidcScopes+" offline_access User.Read"), user)
			if err != nil {
				t.Error(err)
				return
			}
			tok, err := w.oauth().Exchange(t.Context(), query(t, back).Get("code"), oauth2.VerifierOption(verifier))
			if err != nil {
				t.Error(err)
				return
			}
			if got := w.graph("GET", tok.AccessToken, "/v1.0/me", ""); got.status != http.StatusOK {
				t.Errorf("%s: %d", user, got.status)
			}
		})
		all.Go(func() {
			switch i % 4 {
			case 0:
				w.RotateKeys()
			case 1:
				w.SetFaults(entra.Faults{Roles: []string{"A"}})
				w.ClearFaults()
			case 2:
				w.RegisterRedirectURI(webID, "https://more.test/")
				u, _ := w.User(entra.Bob)
				w.SetUser(u)
			default:
				_, _, _, _ = w.Requests("token"), w.LastAuthorize(), w.LastToken(), w.GraphURLs()
				w.keySet()
			}
		})
	}
	all.Wait()
}
