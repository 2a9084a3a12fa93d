package entra_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

func TestTokenAnswer(t *testing.T) {
	w := start(t)
	got := w.tokenForm("grant_type", "authorization_code", "code", w.signIn(entra.Adele, w.authorizeURL(oidcScopes+" offline_access User.Read")).Get("code"), "redirect_uri", callback, "code_verifier", verifier)
	body := got.json(t)
	for name, want := range map[string]any{"token_type": "Bearer", "scope": "openid profile email User.Read", "expires_in": 3599.0, "ext_expires_in": 3599.0} {
		if body[name] != want {
			t.Errorf("%s = %v, want %v", name, body[name], want)
		}
	}
	for _, name := range []string{"access_token", "id_token", "refresh_token"} {
		if text, _ := body[name].(string); len(text) < 500 {
			t.Errorf("%s = %q", name, text)
		}
	}
	if len(body) != 7 || !strings.Contains(got.header.Get("Cache-Control"), "no-store") {
		t.Errorf("members %v, headers %v", body, got.header)
	}
	if last := w.LastToken(); last.ClientAuth != "client_secret_post" || last.Form.Get("code_verifier") != verifier || last.Form.Has("client_secret") {
		t.Errorf("LastToken %v", last)
	}
	if w.Grants("authorization_code") != 1 || w.Grants("refresh_token") != 0 {
		t.Error("grants are not counted")
	}
	w.ResetCounts()
	if w.Grants("authorization_code") != 0 || w.Requests("token") != 0 || w.LastAuthorize() != nil || w.LastToken().Form != nil || w.GraphURLs() != nil {
		t.Error("counts are not reset")
	}
}

func TestTokenScopes(t *testing.T) {
	w := start(t)
	for _, row := range []struct {
		name, authorize, token string
		want, aud              string
	}{
		{"openid alone", "openid", "", "openid", entra.GraphURI},
		{"oidc is Graph's", oidcScopes, "", oidcScopes, entra.GraphURI},
		{"long form, other case", "openid https://graph.microsoft.com/user.read", "", "openid User.Read", entra.GraphURI},
		{"under our own address", "openid BASE/User.Read", "", "openid User.Read", entra.GraphURI},
		{"without openid", "User.Read", "", "User.Read", entra.GraphURI},
		{"own API", "openid " + apiScope, "", apiScope, webID},
		{"own API by client id", "openid " + webID + "/orders.write", "", "api://" + webID + "/orders.write", webID},
		{"own API, default", "openid api://" + webID + "/.default", "", apiScope + " api://" + webID + "/orders.write", webID},
		{"Graph, default", "openid https://graph.microsoft.com/.default", "", "openid User.Read", entra.GraphURI},
		{"two resources: the first", "openid " + apiScope + " User.Read", "", apiScope, webID},
		{"two resources: the other", "openid " + apiScope + " User.Read", "User.Read", "openid User.Read", entra.GraphURI},
		{"v1 API", "openid " + v1Scope, "", v1Scope, "https://orders.contoso.example"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w.ForgetConsents()
			back := w.signIn(entra.Adele, w.authorizeURL(strings.ReplaceAll(row.authorize, "BASE", w.BaseURL())))
			body := w.tokenForm("grant_type", "authorization_code", "code", back.Get("code"), "redirect_uri", callback, "code_verifier", verifier, "scope", row.token).json(t)
			access, _ := body["access_token"].(string)
			if body["scope"] != row.want || decode(t, access)["aud"] != row.aud {
				t.Errorf("scope %v, want %q; access token %v", body["scope"], row.want, decode(t, access))
			}
			if _, ok := body["id_token"]; ok != strings.Contains(row.authorize, "openid") {
				t.Errorf("id_token there: %v", ok)
			}
			if _, ok := body["refresh_token"]; ok {
				t.Error("a refresh token without offline_access")
			}
		})
	}
	t.Run("all that was consented", func(t *testing.T) {
		w.ForgetConsents()
		w.tokens(entra.Adele, "openid Mail.Read")
		if got := w.tokens(entra.Adele, "openid User.Read").Extra("scope"); got != "openid User.Read Mail.Read" {
			t.Errorf("scope %v", got)
		}
	})
}

func TestCodeIsRefused(t *testing.T) {
	w := start(t)
	for _, row := range []struct {
		name   string
		edits  []string
		after  time.Duration
		err    string
		aadsts string // "" means that the code is redeemed
	}{
		{"nothing wrong", nil, 0, "", ""},
		{"just in time", nil, 10*time.Minute - time.Second, "", ""},
		{"after 10 minutes", nil, 10 * time.Minute, "invalid_grant", "AADSTS70008"},
		{"no code", []string{"code", ""}, 0, "invalid_request", "AADSTS900144"},
		{"unknown code", []string{"code", "1.unknown"}, 0, "invalid_grant", "AADSTS70000"},
		{"another redirect URI", []string{"redirect_uri", callback + "?keep=1"}, 0, "invalid_grant", "AADSTS500112"},
		{"no redirect URI", []string{"redirect_uri", ""}, 0, "invalid_grant", "AADSTS500112"},
		{"no verifier", []string{"code_verifier", ""}, 0, "invalid_grant", "AADSTS501481"},
		{"another verifier", []string{"code_verifier", strings.ToUpper(verifier)}, 0, "invalid_grant", "AADSTS501481"},
		{"challenge as verifier", []string{"code_verifier", oauth2.S256ChallengeFromVerifier(verifier)}, 0, "invalid_grant", "AADSTS501481"},
		{"another client", []string{"client_id", otherID, "client_secret", "other"}, 0, "invalid_grant", "AADSTS700005"},
		{"two resources", []string{"scope", "User.Read " + apiScope}, 0, "invalid_request", "AADSTS28000"},
		{"unknown scope", []string{"scope", "Usr.Read"}, 0, "invalid_scope", "AADSTS70011"},
		{"scope without consent", []string{"scope", "Mail.Read"}, 0, "invalid_grant", "AADSTS65001"},
		{"no grant type", []string{"grant_type", ""}, 0, "invalid_request", "AADSTS900144"},
		{"unknown grant type", []string{"grant_type", "password"}, 0, "unsupported_grant_type", "AADSTS70003"},
	} {
		t.Run(row.name, func(t *testing.T) {
			code := w.signIn(entra.Adele, w.authorizeURL(oidcScopes+" "+apiScope)).Get("code")
			w.clock.add(row.after)
			edits := append([]string{"grant_type", "authorization_code", "code", code, "redirect_uri", callback, "code_verifier", verifier}, row.edits...)
			got := w.tokenForm(edits...)
			if row.aadsts == "" {
				if got.status != http.StatusOK {
					t.Errorf("got %d %s", got.status, got.body)
				}
				return
			}
			refused(t, got, http.StatusBadRequest, row.err, row.aadsts)
		})
	}
}

func TestCodeIsGoodOnce(t *testing.T) {
	w := start(t)
	form := []string{"grant_type", "authorization_code", "code", w.signIn(entra.Adele, w.authorizeURL(oidcScopes)).Get("code"), "redirect_uri", callback, "code_verifier", verifier}
	results := make(chan int, 8)
	for range cap(results) {
		go func() {
			res, err := http.PostForm(w.Authority()+"/oauth2/v2.0/token", url.Values{ //nolint:noctx // ends with the test's server
				"client_id": {webID}, "client_secret": {webSecret}, "grant_type": {form[1]}, "code": {form[3]}, "redirect_uri": {form[5]}, "code_verifier": {form[7]},
			})
			if err != nil {
				results <- 0
				return
			}
			_ = res.Body.Close()
			results <- res.StatusCode
		}()
	}
	count := map[int]int{}
	for range cap(results) {
		count[<-results]++
	}
	if count[http.StatusOK] != 1 || count[http.StatusBadRequest] != cap(results)-1 {
		t.Errorf("answers by status: %v", count)
	}
	refused(t, w.tokenForm(form...), http.StatusBadRequest, "invalid_grant", "AADSTS54005")
}

func TestPKCEMethods(t *testing.T) {
	w := start(t)
	for _, row := range []struct {
		name     string
		edits    []string
		verifier string
		want     int
	}{
		{"plain", []string{"code_challenge_method", "plain", "code_challenge", verifier}, verifier, http.StatusOK},
		{"plain by default", []string{"code_challenge_method", "", "code_challenge", verifier}, verifier, http.StatusOK},
		{"plain, wrong", []string{"code_challenge_method", "plain", "code_challenge", verifier}, verifier + "x", http.StatusBadRequest},
		{"none", []string{"code_challenge_method", "", "code_challenge", ""}, "", http.StatusOK},
		{"a verifier without challenge", []string{"code_challenge_method", "", "code_challenge", ""}, verifier, http.StatusBadRequest},
	} {
		t.Run(row.name, func(t *testing.T) {
			code := w.signIn(entra.Bob, w.authorizeURL(oidcScopes, row.edits...)).Get("code")
			if got := w.tokenForm("grant_type", "authorization_code", "code", code, "redirect_uri", callback, "code_verifier", row.verifier); got.status != row.want {
				t.Errorf("got %d %s", got.status, got.body)
			}
		})
	}
}
