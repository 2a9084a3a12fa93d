package entra_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

func TestRefresh(t *testing.T) {
	w := start(t)
	first := w.tokens(entra.Adele, oidcScopes+" offline_access User.Read "+apiScope)
	if first.Extra("scope") != oidcScopes+" User.Read" {
		t.Fatalf("first scope %v", first.Extra("scope"))
	}
	refresh := func(edits ...string) reply {
		return w.tokenForm(append([]string{"grant_type", "refresh_token", "refresh_token", first.RefreshToken}, edits...)...)
	}
	body := refresh("scope", apiScope).json(t)
	access, _ := body["access_token"].(string)
	if body["scope"] != apiScope || decode(t, access)["aud"] != webID {
		t.Errorf("other resource: %v", body)
	}
	idToken, _ := body["id_token"].(string)
	if nonce := decode(t, idToken)["nonce"]; nonce != nil {
		t.Errorf("a refreshed ID token has nonce %v", nonce)
	}
	next, _ := body["refresh_token"].(string)
	if next == "" || next == first.RefreshToken {
		t.Errorf("the refresh token does not rotate: %q", next)
	}
	if got := w.tokenForm("grant_type", "refresh_token", "refresh_token", next).json(t)["scope"]; got != apiScope {
		t.Errorf("without scope the resource changes: %v", got)
	}
	if got := refresh(); got.status != http.StatusOK || got.json(t)["scope"] != oidcScopes+" User.Read" {
		t.Errorf("the old token: %d %s", got.status, got.body)
	}
	refused(t, refresh("scope", "Mail.Read"), 400, "invalid_grant", "AADSTS65001")
	refused(t, refresh("scope", "User.Read "+apiScope), 400, "invalid_request", "AADSTS28000")
	refused(t, refresh("scope", "Usr.Read"), 400, "invalid_scope", "AADSTS70011")
	refused(t, refresh("refresh_token", ""), 400, "invalid_request", "AADSTS900144")
	refused(t, refresh("refresh_token", "1.unknown"), 400, "invalid_grant", "AADSTS70000")
	refused(t, refresh("client_id", otherID, "client_secret", "other"), 400, "invalid_grant", "AADSTS70000")
	w.RevokeSessions(entra.Adele)
	refused(t, refresh(), 400, "invalid_grant", "AADSTS50173")

	again := w.tokens(entra.Adele, oidcScopes+" offline_access")
	w.clock.add(90*24*time.Hour - time.Second)
	if got := refresh("refresh_token", again.RefreshToken); got.status != http.StatusOK {
		t.Errorf("89 days: %d", got.status)
	}
	w.clock.add(time.Second)
	refused(t, refresh("refresh_token", again.RefreshToken), 400, "invalid_grant", "AADSTS700082")
}

func TestRefreshOfAUserWhoIsGone(t *testing.T) {
	w := start(t)
	tok := w.tokens(entra.Bob, oidcScopes+" offline_access")
	bob, _ := w.User(entra.Bob)
	bob.ObjectID = "b0000000-0000-4000-8000-0000000000b1"
	w.SetUser(bob)
	refused(t, w.tokenForm("grant_type", "refresh_token", "refresh_token", tok.RefreshToken), 400, "invalid_grant", "AADSTS50034")
	if got := w.step(w.authorizeURL(oidcScopes)); got != "pick" {
		t.Errorf("the session of a user who is gone: %s", got)
	}
}

func TestClientCredentials(t *testing.T) {
	w := start(t)
	ask := func(scope string) reply { return w.tokenForm("grant_type", "client_credentials", "scope", scope) }
	for scope, want := range map[string]struct{ aud, role string }{
		"api://" + webID + "/.default":            {webID, "Orders.Process"},
		webID + "/.default":                       {webID, "Orders.Process"},
		"https://graph.microsoft.com/.default":    {entra.GraphURI, "Directory.Read.All"},
		"https://orders.contoso.example/.default": {"https://orders.contoso.example", ""},
	} {
		body := ask(scope).json(t)
		if len(body) != 4 {
			t.Errorf("%s: members %v", scope, body)
		}
		access, _ := body["access_token"].(string)
		claims := decode(t, access)
		if claims["aud"] != want.aud || list(claims["roles"]) != want.role || claims["scp"] != nil || claims["sub"] != claims["oid"] {
			t.Errorf("%s: %v", scope, claims)
		}
		if idtyp := claims["idtyp"]; (idtyp == "app") == (want.role == "") {
			t.Errorf("%s: idtyp %v", scope, idtyp)
		}
	}
	refused(t, ask(""), 400, "invalid_request", "AADSTS900144")
	refused(t, ask(apiScope), 400, "invalid_scope", "AADSTS1002012")
	refused(t, ask("openid"), 400, "invalid_scope", "AADSTS1002012")
	refused(t, ask("openid api://"+webID+"/.default"), 400, "invalid_scope", "AADSTS1002012")
	refused(t, ask("https://graph.microsoft.com/.default api://"+webID+"/.default"), 400, "invalid_request", "AADSTS28000")
	refused(t, ask("api://nobody/.default"), 400, "invalid_scope", "AADSTS500011")
}
