package entra

import (
	"errors"
	"maps"
	"slices"
)

// checkPlain finds what a provider that is not Microsoft's, or only such a one, cannot have.
func (c Config) checkPlain() error {
	if c.Plain && (c.ExternalID || len(c.B2C.Policies) > 0) {
		return errors.New("a plain provider is neither External ID nor B2C")
	}
	for _, client := range c.Clients {
		if err := client.checkBackChannel(c.Plain); err != nil {
			return err
		}
	}
	return nil
}

// plainDocument is the discovery document of a provider that is not Microsoft's.
func (s *Server) plainDocument(a authority) map[string]any {
	base := s.BaseURL()
	at := base + "/" + a.canonical()
	return map[string]any{
		"issuer":                                s.issuer(a.template()),
		"authorization_endpoint":                at + "/oauth2/v2.0/authorize",
		"token_endpoint":                        at + "/oauth2/v2.0/token",
		"end_session_endpoint":                  at + "/oauth2/v2.0/logout",
		"jwks_uri":                              at + "/discovery/v2.0/keys",
		"userinfo_endpoint":                     base + "/oidc/userinfo",
		"response_modes_supported":              []string{"query", "fragment", "form_post"},
		"response_types_supported":              []string{"code"},
		"grant_types_supported":                 []string{"authorization_code", "refresh_token", "client_credentials"},
		"scopes_supported":                      oidcScopes(),
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "client_secret_basic", "private_key_jwt"},
		"code_challenge_methods_supported":      []string{"S256", "plain"},
		"claims_supported":                      []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "sid", "name", "preferred_username", "email", "email_verified"},
		"frontchannel_logout_supported":         true,
		"frontchannel_logout_session_supported": true,
		"backchannel_logout_supported":          true,
		"backchannel_logout_session_supported":  true,
	}
}

// plainIDToken is an ID token of a provider that is not Microsoft's: no tid, oid
// and ver, not backdated; sid and auth_time always, all groups however many.
func (s *Server) plainIDToken(client Client, g grant, u User, oidc []string, access string, f Faults) string {
	now := s.now()
	claims := map[string]any{
		"iss": s.issuer(g.tenant), "aud": client.ID, "sub": pairwise(g.tenant, g.oid, client.ID),
		"iat": now.Unix(), "exp": now.Add(s.lifetime).Unix(), ClaimAuthTime: g.authTime.Unix(),
	}
	if slices.Contains(oidc, "profile") {
		claims["preferred_username"] = u.Username
		set(claims, "name", u.Name)
	}
	if slices.Contains(oidc, "email") && u.Email != "" {
		claims["email"], claims["email_verified"] = u.Email, true
	}
	set(claims, "nonce", g.nonce)
	set(claims, ClaimSessionID, g.sid)
	if client.wants(ClaimLoginHint) {
		claims[ClaimLoginHint] = loginHint(u)
	}
	roles := client.rolesOf(u.Roles)
	if f.Roles != nil {
		roles = f.Roles
	}
	if len(roles) > 0 {
		claims["roles"] = roles
	}
	if len(u.Groups) > 0 && !client.NoGroups {
		claims["groups"] = u.Groups
	}
	maps.Copy(claims, u.moreClaims(claims))
	return s.finishID(claims, g, access, f)
}

// moreClaims are those of Claims that are neither taken nor the protocol's.
func (u User) moreClaims(taken map[string]any) map[string]any {
	more := maps.Clone(u.Claims)
	maps.DeleteFunc(more, func(name string, _ any) bool {
		_, there := taken[name]
		return there || protocolClaim(name)
	})
	return more
}
