package entra_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

func TestIDTokenClaims(t *testing.T) {
	w := start(t)
	claims := idClaims(t, w.tokens(entra.Adele, oidcScopes))
	now := float64(w.clock.now().Unix())
	want := map[string]any{
		"ver": "2.0", "iss": w.BaseURL() + "/" + w.TenantID() + "/v2.0", "aud": webID, "tid": w.TenantID(), "oid": entra.AdeleOID,
		"preferred_username": "adele@contoso.example", "name": "Adele Vance", "email": "adele.vance@contoso.example", "nonce": "the-nonce",
		"iat": now - 300, "nbf": now - 300, "exp": now + 3600, "auth_time": now, "xms_edov": true,
	}
	for name, value := range want {
		if claims[name] != value {
			t.Errorf("%s = %v, want %v", name, claims[name], value)
		}
	}
	if list(claims["roles"]) != "Admin Orders.Write" || list(claims["groups"]) != entra.GroupID(1)+" "+entra.GroupID(2) {
		t.Errorf("roles %v, groups %v", claims["roles"], claims["groups"])
	}
	for _, name := range []string{"sub", "rh", "uti", "aio", "sid", "login_hint"} {
		if text, _ := claims[name].(string); len(text) < 20 {
			t.Errorf("%s = %v", name, claims[name])
		}
	}
	for _, name := range []string{"azp", "appid", "scp", "idtyp", "amr", "acr", "acrs", "email_verified", "upn", "_claim_names", "hasgroups"} {
		if value, ok := claims[name]; ok {
			t.Errorf("%s = %v", name, value)
		}
	}
	raw, _ := w.tokens(entra.Adele, oidcScopes).Extra("id_token").(string)
	if header := decodePart(t, raw, 0); header["alg"] != "RS256" || header["typ"] != "JWT" || header["kid"] == "" || len(header) != 3 {
		t.Errorf("header %v", header)
	}
}

func TestScopesDecideClaims(t *testing.T) {
	w := start(t)
	for _, row := range []struct{ scope, user, have, lack string }{
		{"openid", entra.Adele, "sub tid nonce roles groups sid", "oid name preferred_username email xms_edov"},
		{"openid profile", entra.Adele, "oid name preferred_username", "email"},
		{"openid email", entra.Adele, "email xms_edov", "oid name preferred_username"},
		{oidcScopes, entra.NoMail, "oid preferred_username", "name email xms_edov roles groups"},
		{oidcScopes, entra.Bob, "oid name email", "roles groups"},
	} {
		t.Run(row.user+" "+row.scope, func(t *testing.T) {
			w.browser = browser(t)
			claims := idClaims(t, w.tokens(row.user, row.scope))
			for name := range strings.FieldsSeq(row.have) {
				if claims[name] == nil {
					t.Errorf("no %s", name)
				}
			}
			for name := range strings.FieldsSeq(row.lack) {
				if value, ok := claims[name]; ok {
					t.Errorf("%s = %v", name, value)
				}
			}
		})
	}
}

func TestGroupsOverage(t *testing.T) {
	w := start(t)
	for user, n := range map[string]int{entra.Max: 200, entra.Grace: 0} {
		raw, err := w.IDToken(user, webID, "")
		if err != nil {
			t.Fatal(err)
		}
		claims := decode(t, raw)
		groups := strings.Fields(list(claims["groups"]))
		if len(groups) != n {
			t.Errorf("%s: %d groups", user, len(groups))
		}
		for i, id := range groups {
			if id != entra.GroupID(i+1) || !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(id) {
				t.Fatalf("group %d: %s", i+1, id)
			}
		}
		if overage := claims["_claim_names"] != nil; overage != (n == 0) {
			t.Errorf("%s: overage %v", user, overage)
		}
		if n == 0 && fmt.Sprint(claims["_claim_sources"]) != "map[src1:map[endpoint:https://graph.windows.net/"+w.TenantID()+"/users/"+entra.GraceOID+"/getMemberObjects]]" {
			t.Errorf("_claim_sources %v", claims["_claim_sources"])
		}
	}
}

func TestHostileUsers(t *testing.T) {
	w := start(t)
	zoe := idClaims(t, w.tokens(entra.Zoe, oidcScopes))
	if zoe["name"] != "Zoë Müller-Łukasz 李" || entra.ZoeName != "Zoë Müller-Łukasz 李" {
		t.Errorf("name %v", zoe["name"])
	}
	w.browser = browser(t)
	claims := idClaims(t, w.tokens(entra.Mallory, oidcScopes))
	if list(claims["roles"]) != "Guest" || list(claims["ROLES"]) != "Admin" || claims["https://evil.example/roles"] != "Admin" || claims["x-injected-roles"] != "Admin" {
		t.Errorf("roles %v, ROLES %v", claims["roles"], claims["ROLES"])
	}
	name, _ := claims["name"].(string)
	if !strings.Contains(name, "\r\n") || !strings.Contains(name, "|") || strings.Contains(name, "\x00") {
		t.Errorf("name %q", name)
	}
	if bloat, _ := claims["bloat"].(string); len(bloat) != entra.BloatSize || entra.BloatSize != 65536 {
		t.Errorf("bloat of %d bytes", len(bloat))
	}
}

func TestExtraClaimsNeverReplaceTheProtocols(t *testing.T) {
	w := start(t)
	u, _ := w.User(entra.Bob)
	u.Claims = map[string]any{"sub": "x", "aud": "x", "roles": []string{"Admin"}, "groups": []string{"x"}, "nonce": "x", "exp": 1, "department": "Sales"}
	w.SetUser(u)
	raw, err := w.IDToken(entra.Bob, webID, "")
	if err != nil {
		t.Fatal(err)
	}
	claims := decode(t, raw)
	if claims["department"] != "Sales" || claims["aud"] != webID || claims["roles"] != nil || claims["groups"] != nil || claims["nonce"] != nil || claims["sub"] == "x" {
		t.Errorf("claims %v", claims)
	}
	u.Claims["later"] = "x"
	if again, _ := w.User(entra.Bob); again.Claims["later"] != nil {
		t.Error("SetUser keeps the caller's map")
	}
}

func TestPairwiseSubject(t *testing.T) {
	w := start(t)
	sub := func(user, client string) any {
		raw, err := w.IDToken(user, client, "")
		if err != nil {
			t.Fatal(err)
		}
		return decode(t, raw)["sub"]
	}
	if sub(entra.Adele, webID) != sub(entra.Adele, webID) || sub(entra.Adele, webID) == sub(entra.Adele, otherID) || sub(entra.Adele, webID) == sub(entra.Bob, webID) {
		t.Error("sub is not pairwise")
	}
}

func TestRegistrationDecidesClaims(t *testing.T) {
	w := start(t)
	raw, err := w.IDToken(entra.Adele, otherID, "")
	if err != nil {
		t.Fatal(err)
	}
	claims := decode(t, raw)
	if list(claims["roles"]) != "Admin" {
		t.Errorf("roles %v: only those that the registration defines", claims["roles"])
	}
	for _, name := range []string{"groups", "sid", "auth_time", "login_hint", "xms_edov"} {
		if claims[name] != nil {
			t.Errorf("%s = %v", name, claims[name])
		}
	}
}

func TestAccessTokenOfOurAPI(t *testing.T) {
	w := start(t)
	tok := w.tokens(entra.Adele, oidcScopes+" "+apiScope)
	claims := decode(t, tok.AccessToken)
	for name, want := range map[string]any{
		"ver": "2.0", "aud": webID, "iss": w.Issuer(), "azp": webID, "azpacr": "1", "scp": "access_as_user", "oid": entra.AdeleOID, "tid": w.TenantID(),
		"sub": idClaims(t, tok)["sub"], "sid": idClaims(t, tok)["sid"], "preferred_username": "adele@contoso.example",
		"nonce": nil, "appid": nil, "idtyp": nil, "email": nil,
	} {
		if claims[name] != want {
			t.Errorf("%s = %v, want %v", name, claims[name], want)
		}
	}
	if list(claims["roles"]) != "Admin Orders.Write" {
		t.Errorf("roles %v", claims["roles"])
	}
	v1 := decode(t, w.tokens(entra.Adele, v1Scope).AccessToken)
	for name, want := range map[string]any{
		"ver": "1.0", "aud": "https://orders.contoso.example", "iss": "https://sts.windows.net/" + w.TenantID() + "/", "appid": webID, "azp": nil, "scp": "orders.read", "upn": "adele@contoso.example",
	} {
		if v1[name] != want {
			t.Errorf("v1: %s = %v, want %v", name, v1[name], want)
		}
	}
}

// TestVerify proves with another implementation that tokens verify, and that Graph's do not.
func TestVerify(t *testing.T) {
	w := start(t)
	provider, err := oidc.NewProvider(t.Context(), w.Issuer())
	if err != nil {
		t.Fatal(err)
	}
	verify := func(raw, aud string) error {
		_, err := provider.Verifier(&oidc.Config{ClientID: aud, Now: w.clock.now}).Verify(t.Context(), raw)
		return err
	}
	tok := w.tokens(entra.Adele, oidcScopes+" User.Read")
	idToken, _ := tok.Extra("id_token").(string)
	if err := verify(idToken, webID); err != nil {
		t.Errorf("ID token: %v", err)
	}
	api, err := w.UserToken(entra.Adele, webID, apiScope)
	if err != nil {
		t.Fatal(err)
	}
	if err := verify(api, webID); err != nil {
		t.Errorf("API token: %v", err)
	}
	if header := decodePart(t, tok.AccessToken, 0); header["nonce"] == nil {
		t.Errorf("Graph token's header %v", header)
	}
	// The issuer differs too: the signature alone must fail.
	lax := provider.Verifier(&oidc.Config{ClientID: entra.GraphURI, SkipIssuerCheck: true, Now: w.clock.now})
	if _, err := lax.Verify(t.Context(), tok.AccessToken); err == nil || !strings.Contains(err.Error(), "signature") {
		t.Errorf("Graph's token verifies: %v", err)
	}
}
