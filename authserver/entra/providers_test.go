package entra

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestOtherProviders(t *testing.T) {
	const calendar = "https://www.googleapis.com/auth/calendar.readonly"
	all := []string{"default-roles-main", "offline_access", "orders-admin"}
	for _, tt := range []struct {
		name, provider string
		instead        []string

		subject       string
		roles, groups []string
		granted       string // one of the scopes of a sign-in
		other, value  string // one of the other claims

		caller string // sub of the access token; empty: its tokens are ignored
		scopes []string
	}{
		{
			"Keycloak", "Keycloak", nil,
			"f4a1c8de-6b17-4d0f-8f65-2f3f0a4b9c55", all,
			[]string{"admins", "staff"},
			"profile", "sid", "0c9d2a7e-1f35-4a62-8f0b-9b7c6d5e4f33",
			"f4a1c8de-6b17-4d0f-8f65-2f3f0a4b9c55",
			[]string{"openid", "profile", "email", "orders"},
		},
		{
			"Keycloak's own roles", "Keycloak",
			[]string{"EASYAUTH_ROLES_CLAIM=realm_access.roles"},
			"f4a1c8de-6b17-4d0f-8f65-2f3f0a4b9c55", all,
			[]string{"admins", "staff"},
			"profile", "given_name", "Ann",
			"f4a1c8de-6b17-4d0f-8f65-2f3f0a4b9c55",
			[]string{"openid", "profile", "email", "orders"},
		},
		{
			"Okta", "Okta",
			[]string{"EASYAUTH_AUDIENCES=api://default"},
			"00u1a2b3c4d5e6f7g8h9",
			[]string{"Everyone", "admins"},
			[]string{"Everyone", "admins"},
			"profile", "jti", "ID.Fk2bY0mQ9nq2nJt5dD0q7vJm1lW8s3hZxP6uR4cT0aE",
			"ann@example.com",
			[]string{"openid", "profile", "orders.read"},
		},
		{
			"Google", "Google", nil,
			"110169484474386276334", nil, nil, calendar, "hd", "example.com",
			"", nil,
		},
		{
			"Auth0", "Auth0",
			[]string{"EASYAUTH_AUDIENCES=https://api.example.com/orders"},
			"auth0|6553da60a54af58e29493993",
			[]string{"orders-admin"},
			[]string{"admins"},
			"profile", "nickname", "ann",
			"auth0|6553da60a54af58e29493993",
			[]string{"openid", "profile", "read:orders"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, cfg := readProvider(t, tt.provider, tt.instead...)
			rp := ready(t, cfg)
			id, granted, err := p.signIn(t, rp)
			if err != nil {
				t.Fatal(err)
			}
			if id.Issuer != cfg.Authority || id.Subject != tt.subject || id.Object+id.Tenant != "" || id.Name != "Ann Example" || id.Email != "ann@example.com" {
				t.Errorf("%+v", id)
			}
			if !slices.Equal(id.Roles, tt.roles) || !slices.Equal(id.Groups, tt.groups) || !slices.Contains(granted, tt.granted) {
				t.Errorf("roles %q, groups %q, scopes %q", id.Roles, id.Groups, granted)
			}
			if got := claim(id, tt.other); !slices.Equal(got, []string{tt.value}) {
				t.Errorf("%s is %q", tt.other, got)
			}
			if got := claim(id, rp.cfg.Claims.Roles); got != nil {
				t.Errorf("the claim of roles is there again: %q", got)
			}
			if tt.caller == "" {
				answer, _ := p.Answer["access_token"].(string)
				if got := rp.Bearer(t.Context(), authorization(answer)); got.Claimed {
					t.Errorf("an access token that is no JWT: %v", got.Err)
				}
				return
			}
			got := rp.Bearer(t.Context(), authorization(p.signed(p.AccessToken, "JWT")))
			if got.Identity == nil {
				t.Fatal(got.Err)
			}
			if who := got.Identity; who.Subject != tt.caller || !slices.Equal(who.Roles, tt.roles) || !slices.Equal(who.Groups, tt.groups) || !slices.Equal(who.Scopes, tt.scopes) {
				t.Errorf("sub %q, roles %q, groups %q, scopes %q", who.Subject, who.Roles, who.Groups, who.Scopes)
			}
		})
	}
}

// TestOtherProvidersRefused: each fixture passes in TestOtherProviders, and does
// not with one thing changed.
func TestOtherProvidersRefused(t *testing.T) {
	edited := func(claims map[string]any, name string, value any) map[string]any {
		claims = maps.Clone(claims)
		claims[name] = value
		return claims
	}
	for _, tt := range []struct {
		name, provider string
		instead        []string
		bearer         func(p *otherProvider) string // what is sent; empty: the ID token is another
		id             map[string]any
		want           string // in the error; empty: passes
	}{
		{"Keycloak: the usual audience", "Keycloak", nil, func(p *otherProvider) string { return p.signed(edited(p.AccessToken, "aud", "account"), "JWT") }, nil, "account"},
		{"Keycloak: a nonce, as before 24", "Keycloak", nil, func(p *otherProvider) string { return p.signed(edited(p.AccessToken, "nonce", "n"), "JWT") }, nil, "nonce"},
		{"Keycloak: a nonce, and at+jwt", "Keycloak", nil, func(p *otherProvider) string { return p.signed(edited(p.AccessToken, "nonce", "n"), "at+jwt") }, nil, ""},
		{"Keycloak: the ID token", "Keycloak", nil, func(p *otherProvider) string { return p.signed(p.IDToken, "JWT") }, nil, "ID token"},
		{"Okta: without the audience", "Okta", nil, func(p *otherProvider) string { return p.signed(p.AccessToken, "JWT") }, nil, "api://default"},
		{"Okta: of the org server", "Okta", nil, func(p *otherProvider) string {
			return p.signed(edited(p.AccessToken, "iss", "https://example.okta.com"), "JWT")
		}, nil, "ignored"},
		{"Google: the ID token", "Google", nil, func(p *otherProvider) string { return p.signed(p.IDToken, "JWT") }, nil, "ID token"},
		{"Google: the short issuer", "Google", nil, nil, map[string]any{"iss": "accounts.google.com"}, "iss"},
		{"Google: another program's", "Google", nil, nil, map[string]any{"azp": "999.apps.googleusercontent.com"}, "azp"},
		{"Auth0: without the slash", "Auth0", nil, nil, map[string]any{"iss": "https://example.eu.auth0.com"}, "iss"},
		{"Auth0: for userinfo alone", "Auth0", []string{"EASYAUTH_AUDIENCES=https://api.example.com/orders"}, func(p *otherProvider) string {
			return p.signed(edited(p.AccessToken, "aud", "https://example.eu.auth0.com/userinfo"), "JWT")
		}, nil, "userinfo"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, cfg := readProvider(t, tt.provider, tt.instead...)
			rp := ready(t, cfg)
			if tt.bearer == nil {
				maps.Copy(p.IDToken, tt.id)
				if _, _, err := p.signIn(t, rp); err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%v, want %q", err, tt.want)
				}
				return
			}
			got := rp.Bearer(t.Context(), authorization(tt.bearer(p)))
			switch {
			case tt.want == "ignored" && got.Claimed, tt.want == "" && got.Identity == nil:
				t.Errorf("%+v", got)
			case tt.want == "ignored", tt.want == "":
			case got.Err == nil || !strings.Contains(got.Err.Error(), tt.want):
				t.Errorf("%v, want %q", got.Err, tt.want)
			}
		})
	}
}

// Signing out at Google ends the session here only: it has no place for it.
func TestOtherProvidersSignOut(t *testing.T) {
	for _, name := range []string{"Keycloak", "Okta", "Google", "Auth0"} {
		_, cfg := readProvider(t, name)
		if found := must(ready(t, cfg).discover(t.Context())); (found.endSession == nil) != (name == "Google") {
			t.Errorf("%s: %v", name, found.endSession)
		}
	}
}
