package entra_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// TestTokenFaultsAreSeen proves with a verifier of its own that each fault is
// what its name says: go-oidc refuses it, or the claim is visibly wrong.
func TestTokenFaultsAreSeen(t *testing.T) {
	w := start(t)
	provider, err := oidc.NewProvider(t.Context(), w.Issuer())
	if err != nil {
		t.Fatal(err)
	}
	verifier := provider.Verifier(&oidc.Config{ClientID: webID, Now: w.clock.now})
	now := float64(w.clock.now().Unix())
	for _, row := range []struct {
		fault   entra.TokenFault
		refused string // what go-oidc says; "" means it accepts
		look    func(header, claims map[string]any) bool
	}{
		{"", "", func(h, c map[string]any) bool { return h["alg"] == "RS256" && c["nonce"] == "n" && len(c) > 10 }},
		{entra.WrongNonce, "", func(_, c map[string]any) bool { return c["nonce"] != "n" && c["nonce"] != nil }},
		{entra.MissingNonce, "", func(_, c map[string]any) bool { _, ok := c["nonce"]; return !ok }},
		{entra.WrongAudience, "audience", func(_, c map[string]any) bool { return c["aud"] != webID }},
		{entra.WrongIssuer, "different provider", func(_, c map[string]any) bool { return c["iss"] != w.Issuer() && c["tid"] == w.TenantID() }},
		{entra.WrongTenant, "", func(_, c map[string]any) bool { return c["iss"] == w.Issuer() && c["tid"] == entra.OtherTenantID }},
		{entra.OtherTenant, "different provider", func(_, c map[string]any) bool {
			return c["iss"] == w.BaseURL()+"/"+entra.OtherTenantID+"/v2.0" && c["tid"] == entra.OtherTenantID
		}},
		{entra.WrongSignature, "signature", nil},
		{entra.AlgNone, "malformed jwt", func(h, _ map[string]any) bool { return h["alg"] == "none" }},
		{entra.HS256PublicKey, "malformed jwt", func(h, _ map[string]any) bool { return h["alg"] == "HS256" }},
		{entra.UnknownKid, "signature", func(h, _ map[string]any) bool { return h["kid"] != nil }},
		{entra.MissingKid, "", func(h, _ map[string]any) bool { _, ok := h["kid"]; return !ok }},
		{entra.NotAJWT, "malformed jwt", nil},
		{entra.Expired, "expired", func(_, c map[string]any) bool { return c["exp"] == now-3600 && c["iat"] == now-7200 }},
		{entra.MissingExpiry, "expired", func(_, c map[string]any) bool { _, ok := c["exp"]; return !ok }},
		{entra.FutureNotBefore, "nbf", func(_, c map[string]any) bool { return c["nbf"] == now+3600 }},
		{entra.MissingIssuedAt, "", func(_, c map[string]any) bool { _, ok := c["iat"]; return !ok }},
		{entra.MissingOID, "", func(_, c map[string]any) bool { _, ok := c["oid"]; return !ok && c["sub"] != nil }},
		{entra.MissingSubject, "", func(_, c map[string]any) bool { _, ok := c["sub"]; return !ok && c["oid"] != nil }},
		{entra.MissingTenant, "", func(_, c map[string]any) bool { _, ok := c["tid"]; return !ok }},
	} {
		t.Run(string(row.fault), func(t *testing.T) {
			w.SetFaults(entra.Faults{IDToken: row.fault})
			raw, err := w.IDToken(entra.Adele, webID, "n")
			if err != nil {
				t.Fatal(err)
			}
			_, err = verifier.Verify(t.Context(), raw)
			if (row.refused == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), row.refused) {
				t.Errorf("go-oidc says %v, want %q", err, row.refused)
			}
			if row.look != nil && !row.look(decodePart(t, raw, 0), decode(t, raw)) {
				t.Errorf("header %v, claims %v", decodePart(t, raw, 0), decode(t, raw))
			}
		})
	}
	if n := len(entra.TokenFaults()); n != 19 {
		t.Errorf("TokenFaults has %d: add the new one to this table", n)
	}
}

func TestTokenFaultsThroughTheTokenEndpoint(t *testing.T) {
	w := start(t)
	for _, fault := range entra.TokenFaults() {
		w.SetFaults(entra.Faults{IDToken: fault})
		raw, _ := w.tokens(entra.Adele, oidcScopes).Extra("id_token").(string)
		w.ClearFaults()
		good, _ := w.tokens(entra.Adele, oidcScopes).Extra("id_token").(string)
		if raw == "" || decode(t, good)["nonce"] != "the-nonce" {
			t.Errorf("%s: %q, then %v", fault, raw, decode(t, good))
		}
	}
}

func TestForgedSignatures(t *testing.T) {
	w := start(t)
	w.SetFaults(entra.Faults{IDToken: entra.AlgNone})
	if raw := w.idToken(); !strings.HasSuffix(raw, ".") {
		t.Errorf("alg none with a signature: %s", raw)
	}
	w.SetFaults(entra.Faults{IDToken: entra.HS256PublicKey})
	forged, err := jose.ParseSignedCompact(w.idToken(), []jose.SignatureAlgorithm{jose.HS256})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := forged.Verify(entra.PublicKeyPEM(&signingKey().PublicKey)); err != nil {
		t.Errorf("a careless verifier must accept HS256 with the public key: %v", err)
	}
	w.SetFaults(entra.Faults{IDToken: entra.UnknownKid})
	a, b := w.idToken(), w.idToken()
	if decodePart(t, a, 0)["kid"] == decodePart(t, b, 0)["kid"] {
		t.Error("the unknown kid is the same twice")
	}
	sig, err := jose.ParseSignedCompact(a, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sig.Verify(&signingKey().PublicKey); err != nil {
		t.Errorf("with an unknown kid the signature must be right: %v", err)
	}
}

func TestAccessTokenFaults(t *testing.T) {
	w := start(t)
	w.SetFaults(entra.Faults{AccessToken: entra.WrongAudience})
	user, err1 := w.UserToken(entra.Adele, webID, apiScope)
	app, err2 := w.AppToken(webID, "api://"+webID+"/.default")
	graph, err3 := w.UserToken(entra.Adele, webID, "User.Read")
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	if decode(t, user)["aud"] == webID || decode(t, app)["aud"] == webID || decode(t, graph)["aud"] != entra.GraphURI || decode(t, w.idToken())["aud"] != webID {
		t.Error("the fault must touch access tokens of APIs alone")
	}
}

func TestClaimFaults(t *testing.T) {
	w := start(t)
	w.SetFaults(entra.Faults{Roles: []string{"Owner"}, EditClaims: func(c map[string]any) { c["sub"] = "edited" }})
	claims := idClaims(t, w.tokens(entra.Adele, oidcScopes+" "+apiScope))
	if list(claims["roles"]) != "Owner" || claims["sub"] != "edited" {
		t.Errorf("claims %v", claims)
	}
	app, err := w.AppToken(webID, "api://"+webID+"/.default")
	if err != nil || list(decode(t, app)["roles"]) != "Owner" {
		t.Errorf("app roles: %v %v", decode(t, app), err)
	}
	w.SetFaults(entra.Faults{Roles: []string{}, OmitIDToken: true})
	tok := w.tokens(entra.Adele, oidcScopes+" "+apiScope)
	if tok.Extra("id_token") != nil || decode(t, tok.AccessToken)["roles"] != nil {
		t.Errorf("id_token %v", tok.Extra("id_token"))
	}
	if raw := w.idToken(); decode(t, raw)["roles"] != nil {
		t.Error("an empty list of roles must leave the claim out")
	}
}

func TestGrantedScopesFault(t *testing.T) {
	w := start(t)
	w.SetFaults(entra.Faults{GrantedScopes: []string{"openid", "User.Read", apiScope}})
	tok := w.tokens(entra.Adele, oidcScopes+" User.Read Mail.Read "+apiScope)
	if tok.Extra("scope") != "openid User.Read" || decode(t, tok.AccessToken)["scp"] != "openid User.Read" {
		t.Errorf("scope %v, scp %v", tok.Extra("scope"), decode(t, tok.AccessToken)["scp"])
	}
	if got := w.tokens(entra.Adele, apiScope).Extra("scope"); got != apiScope {
		t.Errorf("API scope %v", got)
	}
	w.ClearFaults()
	if got := w.tokens(entra.Adele, oidcScopes+" User.Read").Extra("scope"); got != oidcScopes+" User.Read Mail.Read" {
		t.Errorf("afterwards: %v", got)
	}
}

func TestCallbackFaults(t *testing.T) {
	w := start(t)
	for _, row := range []struct {
		name   string
		faults entra.Faults
		want   map[string]string // "" means absent
	}{
		{"none", entra.Faults{}, map[string]string{"state": "the-state", "iss": "", "error": ""}},
		{"issuer", entra.Faults{CallbackIssuer: "https://evil.example"}, map[string]string{"iss": "https://evil.example", "error": ""}},
		{"state", entra.Faults{CallbackState: "altered"}, map[string]string{"state": "altered", "error": ""}},
		{"error", entra.Faults{CallbackError: "server_error"}, map[string]string{"state": "the-state", "error": "server_error", "code": ""}},
		{
			"script",
			entra.Faults{CallbackError: "access_denied", CallbackErrorDescription: entra.ScriptDescription},
			map[string]string{"error": "access_denied", "error_description": entra.ScriptDescription, "code": ""},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			w.SetFaults(row.faults)
			got := w.signIn(entra.Adele, w.authorizeURL(oidcScopes))
			for name, want := range row.want {
				if got.Get(name) != want {
					t.Errorf("%s = %q, want %q", name, got.Get(name), want)
				}
			}
		})
	}
	if !strings.Contains(entra.ScriptDescription, "<script>") {
		t.Error("no script in ScriptDescription")
	}
}
