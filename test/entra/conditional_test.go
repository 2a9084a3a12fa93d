package entra_test

import (
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

func TestAssignment(t *testing.T) {
	w := startWith(t, func(c *entra.Config) {
		c.Clients[0].AssignmentRequired, c.Clients[0].Assigned = true, []string{entra.Adele, entra.MaxOID}
	})
	for user, ok := range map[string]bool{entra.Adele: true, entra.Max: true, entra.Bob: false} {
		w.browser = browser(t)
		v := w.signIn(user, w.authorizeURL(oidcScopes))
		if v.Has("code") != ok {
			t.Errorf("%s: %v", user, v)
		}
		if ok {
			continue
		}
		if v.Get("error") != "access_denied" || v.Get("state") != "the-state" || !strings.HasPrefix(v.Get("error_description"), "AADSTS50105: ") || !strings.Contains(v.Get("error_description"), "'bob@contoso.example'") {
			t.Errorf("%s: %v", user, v)
		}
		if got := w.step(w.authorizeURL(oidcScopes, "prompt", "none")); got != "interaction_required" {
			t.Errorf("%s, silently: %s", user, got)
		}
	}
}

func TestDisabledUser(t *testing.T) {
	w := start(t)
	tok := w.tokens(entra.Bob, oidcScopes+" offline_access")
	code := w.signIn(entra.Bob, w.authorizeURL(oidcScopes+" offline_access")).Get("code")
	refresh := []string{"grant_type", "refresh_token", "refresh_token", tok.RefreshToken}
	redeem := []string{"grant_type", "authorization_code", "code", code, "redirect_uri", callback, "code_verifier", verifier}
	bob, _ := w.User(entra.Bob)
	bob.Disabled = true
	w.SetUser(bob)
	refused(t, w.tokenForm(refresh...), 400, "invalid_grant", "AADSTS50057")
	refused(t, w.tokenForm(redeem...), 400, "invalid_grant", "AADSTS50057")
	if got := w.step(w.authorizeURL(oidcScopes)); got != "pick" {
		t.Errorf("with a session: %s", got)
	}
	if got := w.step(w.authorizeURL(oidcScopes, "prompt", "none")); got != "login_required" {
		t.Errorf("with a session, silently: %s", got)
	}
	_, byButton := entra.SignIn(t.Context(), browser(t), w.authorizeURL(oidcScopes), entra.Bob)
	_, byPassword := entra.SignInWithPassword(t.Context(), browser(t), w.authorizeURL(oidcScopes), entra.Bob, entra.Password)
	for _, err := range []error{byButton, byPassword} {
		if err == nil || !strings.Contains(err.Error(), "AADSTS50057: ") {
			t.Errorf("sign-in: %v", err)
		}
	}
	bob.Disabled = false
	w.SetUser(bob)
	if got := w.tokenForm(refresh...); got.status != 200 {
		t.Errorf("enabled again: %s", got.body)
	}
}

func TestAdminOnlyScopes(t *testing.T) {
	directory := "openid Directory.Read.All"
	w := startWith(t, func(c *entra.Config) { c.Clients[0].AdminOnly = []string{"Directory.Read.All", "Group.Read.All"} })
	for _, row := range []struct {
		name, scope, prompt, want, aadsts string
	}{
		{"nothing of the admin's", oidcScopes + " User.Read", "", "", ""},
		{"an admin's scope", directory, "", "access_denied", "AADSTS90094"},
		{"among others", oidcScopes + " Group.Read.All", "", "access_denied", "AADSTS90094"},
		{"silently", directory, "none", "consent_required", "AADSTS65001"},
	} {
		t.Run(row.name, func(t *testing.T) {
			v := w.signIn(entra.Bob, w.authorizeURL(row.scope, "prompt", row.prompt))
			if v.Get("error") != row.want || !strings.HasPrefix(v.Get("error_description"), row.aadsts) || v.Has("code") != (row.want == "") {
				t.Errorf("got %v", v)
			}
		})
	}
	w = startWith(t, func(c *entra.Config) {
		c.Clients[0].AdminOnly, c.Clients[0].AdminConsent = []string{"Directory.Read.All"}, []string{"Directory.Read.All"}
	})
	if v := w.signIn(entra.Bob, w.authorizeURL(directory)); !v.Has("code") {
		t.Errorf("after the admin's consent: %v", v)
	}
}

func TestMaxAge(t *testing.T) {
	for _, row := range []struct {
		name, maxAge string
		after        time.Duration
		prompt, want string
	}{
		{"young enough", "3600", time.Hour, "none", "code"},
		{"too old", "3600", time.Hour + time.Second, "", "pick"},
		{"too old, silently", "3600", time.Hour + time.Second, "none", "login_required"},
		{"none asked", "", time.Hour + time.Second, "none", "code"},
		{"zero", "0", 0, "", "pick"},
		{"zero, silently", "0", 0, "none", "login_required"},
		{"negative", "-1", 0, "", "invalid_request"},
		{"no number", "1h", 0, "", "invalid_request"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := start(t)
			w.signIn(entra.Adele, w.authorizeURL(oidcScopes))
			w.clock.add(row.after)
			target := w.authorizeURL(oidcScopes, "max_age", row.maxAge, "prompt", row.prompt)
			if got := w.step(target); got != row.want {
				t.Fatalf("got %s, want %s", got, row.want)
			}
			if row.want != "pick" {
				return
			}
			claims := idClaims(t, w.redeem(w.signIn(entra.Adele, target)))
			if claims["auth_time"] != float64(w.clock.now().Unix()) {
				t.Errorf("auth_time %v", claims["auth_time"])
			}
		})
	}
}
