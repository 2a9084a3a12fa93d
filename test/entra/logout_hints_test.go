package entra_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// askFirst asks whoever signs out without a hint.
func askFirst(plain bool) func(*entra.Config) {
	return func(c *entra.Config) { c.Plain, c.Sessions.AskSignOut = plain, true }
}

func TestHintsNameTheAccount(t *testing.T) {
	for _, plain := range []bool{false, true} {
		w := startWith(t, askFirst(plain))
		tok := w.tokens(entra.Adele, lasting)
		raw, _ := tok.Extra("id_token").(string)
		hint, _ := idClaims(t, tok)["login_hint"].(string)
		bob := func(maker *world) string {
			text, err := maker.IDToken(entra.Bob, webID, "")
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
		foreign, err := w.IDToken(entra.Adele, otherID, "")
		if err != nil {
			t.Fatal(err)
		}
		api, err := w.UserToken(entra.Adele, webID, apiScope)
		if err != nil {
			t.Fatal(err)
		}
		ended, err := w.LogoutToken(entra.Adele, webID, "")
		if err != nil {
			t.Fatal(err)
		}
		elsewhere := startWith(t, askFirst(plain))
		broken := raw[:len(raw)-8] + "AAAAAAAA"
		for _, row := range []struct {
			name, param, value string
			client             string
			asks, asksPlain    bool
			problem            string // of the ID token: an error page of a plain provider
		}{
			{"no hint", "x", "", webID, true, true, ""},
			{"the claim login_hint", "logout_hint", hint, webID, false, false, ""},
			{"a user name", "logout_hint", "adele@contoso.example", webID, true, true, ""},
			{"ID token", "id_token_hint", raw, webID, true, false, ""},
			{"ID token without client_id", "id_token_hint", raw, "", true, false, ""},
			{"another user's", "id_token_hint", bob(w), webID, true, true, ""},
			{"another client's", "id_token_hint", foreign, webID, true, false, "another client"},
			{"not ours", "id_token_hint", bob(elsewhere), webID, true, false, "is not ours"},
			{"a broken signature", "id_token_hint", broken, webID, true, false, "signature"},
			{"no token", "id_token_hint", "x", webID, true, false, "no JWT"},
			{"no claims", "id_token_hint", "e30.x.x", webID, true, false, "no JWT"},
			{"an access token", "id_token_hint", api, webID, true, false, "no ID token"},
			{"a logout token", "id_token_hint", ended, webID, true, false, "no ID token"},
			{"Graph's token", "id_token_hint", tok.AccessToken, webID, true, false, "not ours"},
		} {
			t.Run(row.name, func(t *testing.T) {
				asks := row.asks
				if plain {
					asks = row.asksPlain
				}
				stays := asks || plain && row.problem != ""
				w.tokens(entra.Adele, lasting)
				got := w.get(w.endSession(row.param, row.value, "client_id", row.client))
				switch {
				case plain && row.problem != "":
					if got.status != http.StatusBadRequest || !strings.Contains(got.body, row.problem) {
						t.Errorf("%d %s", got.status, got.body)
					}
				case asks:
					if got.status != http.StatusOK || !strings.Contains(got.body, `data-step="sign-out"`) || !strings.Contains(got.body, `id="user-adele"`) {
						t.Errorf("%d %s", got.status, got.body)
					}
				case got.header.Get("Location") != goodbyeWithState:
					t.Errorf("%d %s", got.status, got.body)
				}
				last := w.LastLogout()
				if last.Asked != asks || last.User != entra.AdeleOID || (last.Form.Get(row.param) != row.value) || (row.problem == "") != (last.HintProblem == "") || !strings.Contains(last.HintProblem, row.problem) {
					t.Errorf("last %+v", last)
				}
				hinted := ""
				switch {
				case row.problem != "":
				case row.name == "another user's":
					hinted = entra.BobOID
				case !row.asksPlain:
					hinted = entra.AdeleOID
				}
				if last.Hinted != hinted {
					t.Errorf("hinted %q", last.Hinted)
				}
				if session := w.step(w.authorizeURL(oidcScopes, "prompt", "none")); (session == "code") != stays {
					t.Errorf("afterwards: %s", session)
				}
			})
		}
	}
}

func TestSignOutAsksWhichAccount(t *testing.T) {
	app := listen(t, ok)
	w := startWith(t, func(c *entra.Config) {
		c.Sessions.AskSignOut, c.Clients[0].FrontChannelLogoutURI = true, app.URL+"/web"
	})
	w.tokens(entra.Adele, lasting)
	for name, account := range map[string]string{"somebody else": entra.BobOID, "nobody": ""} {
		form := url.Values{"account": {account}, "post_logout_redirect_uri": {goodbye}}
		if got := w.post(w.Authority()+"/oauth2/v2.0/logout", form); !strings.Contains(got.body, `data-step="sign-out"`) {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if got := w.get(w.endSession("account", entra.AdeleOID)); !strings.Contains(got.body, `data-step="sign-out"`) || len(app.urls()) != 0 {
		t.Errorf("a link answers the question: %d %s", got.status, got.body)
	}
	back, err := entra.SignOut(t.Context(), w.browser, w.endSession())
	if err != nil || back != goodbyeWithState || len(app.urls()) != 1 {
		t.Errorf("%q %v, heard %q", back, err, app.urls())
	}
	// Who is not signed in is not asked.
	if got := w.get(w.endSession()); got.header.Get("Location") != goodbyeWithState {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestPlainLogoutWantsAClient(t *testing.T) {
	w := startWith(t, func(c *entra.Config) { c.Plain = true })
	raw, err := w.IDToken(entra.Adele, webID, "")
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		edits []string
		want  string
	}{
		"client_id":      {nil, goodbyeWithState},
		"the ID token":   {[]string{"client_id", "", "id_token_hint", raw}, goodbyeWithState},
		"neither":        {[]string{"client_id", ""}, ""},
		"another client": {[]string{"client_id", otherID}, ""},
	} {
		if got := w.get(w.endSession(row.edits...)).header.Get("Location"); got != row.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
