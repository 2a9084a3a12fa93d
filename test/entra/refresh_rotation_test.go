package entra_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// text is a member of an answer.
func text(t *testing.T, got reply, member string) string {
	t.Helper()
	value, _ := got.json(t)[member].(string)
	return value
}

func TestRotation(t *testing.T) {
	for name, row := range map[string]struct {
		sessions    entra.Sessions
		old, newest int // status of the old token, and of the new one after that
	}{
		"as Entra":    {entra.Sessions{}, 200, 200},
		"good once":   {entra.Sessions{RotateRefreshTokens: true}, 400, 200},
		"reuse kills": {entra.Sessions{RotateRefreshTokens: true, RevokeReused: true}, 400, 400},
	} {
		t.Run(name, func(t *testing.T) {
			w := startWith(t, func(c *entra.Config) { c.Sessions = row.sessions })
			first := w.tokens(entra.Adele, lasting).RefreshToken
			other := w.tokens(entra.Adele, lasting).RefreshToken // of another code
			if got := w.refresh(first, "scope", "Usr.Read"); got.status != http.StatusBadRequest {
				t.Fatalf("a refused request: %d", got.status)
			}
			second := text(t, w.refresh(first), "refresh_token") // a refusal uses nothing up
			third := text(t, w.refresh(second), "refresh_token")
			if first == second || second == third || third == "" {
				t.Fatalf("tokens %.10s %.10s %.10s", first, second, third)
			}
			got := w.refresh(first)
			if got.status != row.old {
				t.Errorf("the first again: %d", got.status)
			}
			if row.old != http.StatusOK {
				refused(t, got, 400, "invalid_grant", "AADSTS70000")
			}
			if got := w.refresh(third); got.status != row.newest {
				t.Errorf("the newest after that: %d %s", got.status, got.body)
			}
			if got := w.refresh(other); got.status != http.StatusOK {
				t.Errorf("another sign-in's: %d %s", got.status, got.body)
			}
		})
	}
}

func TestOnlyOneRefreshWins(t *testing.T) {
	w := startWith(t, func(c *entra.Config) { c.Sessions.RotateRefreshTokens = true })
	token := w.tokens(entra.Adele, lasting).RefreshToken
	results := make(chan int, 32)
	for range cap(results) {
		go func() {
			got, err := w.tryRefresh(http.DefaultClient, token)
			if err != nil {
				t.Error(err)
			}
			results <- got.status
		}()
	}
	count := map[int]int{}
	for range cap(results) {
		count[<-results]++
	}
	if count[200] != 1 || count[400] != cap(results)-1 || w.Refreshes("") != cap(results) {
		t.Errorf("answers %v of %d", count, w.Refreshes(""))
	}
}

func TestRevocationReachesRefreshesUnderWay(t *testing.T) {
	w := start(t)
	tokens := w.tokens(entra.Adele, lasting)
	next := text(t, w.refresh(tokens.RefreshToken), "refresh_token")
	w.RevokeSessions(entra.Adele)
	for _, token := range []string{tokens.RefreshToken, next} {
		refused(t, w.refresh(token), 400, "invalid_grant", "AADSTS50173")
	}
	if got := w.refresh(w.tokens(entra.Adele, lasting).RefreshToken); got.status != http.StatusOK {
		t.Errorf("a new sign-in: %d", got.status)
	}
}

func TestAccessTokenLifetime(t *testing.T) {
	w := startWith(t, func(c *entra.Config) { c.Sessions.AccessTokenLifetime = 90 * time.Second })
	check := func(got reply, lifetime time.Duration) {
		t.Helper()
		access, id := decode(t, text(t, got, "access_token")), decode(t, text(t, got, "id_token"))
		left := func(claims map[string]any) time.Duration {
			exp, _ := claims["exp"].(float64)
			return time.Unix(int64(exp), 0).Sub(w.clock.now())
		}
		if in := got.json(t)["expires_in"]; in != lifetime.Seconds()-1 || got.json(t)["ext_expires_in"] != in {
			t.Errorf("expires_in %v, want %v", in, lifetime)
		}
		if left(access) != lifetime || left(id) != time.Hour {
			t.Errorf("access token %v, ID token %v", left(access), left(id))
		}
	}
	code := w.signIn(entra.Adele, w.authorizeURL(lasting)).Get("code")
	first := w.tokenForm("grant_type", "authorization_code", "code", code, "redirect_uri", callback, "code_verifier", verifier)
	check(first, 90*time.Second)
	me := func(got reply) int {
		return w.get(w.BaseURL()+"/v1.0/me", "Authorization", "Bearer "+text(t, got, "access_token")).status
	}
	w.clock.add(89 * time.Second)
	if me(first) != http.StatusOK {
		t.Error("Graph refuses it too early")
	}
	w.clock.add(time.Second)
	if me(first) != http.StatusUnauthorized {
		t.Error("Graph takes it although it has expired")
	}
	w.SetAccessTokenLifetime(2 * time.Hour)
	second := w.refresh(text(t, first, "refresh_token"))
	check(second, 2*time.Hour)
	app := w.tokenForm("grant_type", "client_credentials", "scope", "https://graph.microsoft.com/.default")
	if in := app.json(t)["expires_in"]; in != 3599.0 {
		t.Errorf("app-only: %v", in)
	}
	defer func() {
		if recover() == nil {
			t.Error("a lifetime of nothing is accepted")
		}
	}()
	w.SetAccessTokenLifetime(0)
}
