package entra

import (
	"maps"
	"slices"
	"strings"
)

// policyTimes are the claims of time of B2C's tokens, which are not backdated.
func (s *Server) policyTimes() map[string]any {
	now := s.now()
	return map[string]any{"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(s.lifetime).Unix(), "ver": "1.0"}
}

// policyClaims are those that B2C's ID and access tokens share. sub is the user's
// object id; there are neither roles nor groups.
func (s *Server) policyClaims(g grant, u User) map[string]any {
	claims := s.policyTimes()
	claims["iss"], claims["sub"], claims["auth_time"] = s.policyIssuer(g.tenant), u.ObjectID, g.authTime.Unix()
	if s.b2c.ACR {
		claims["acr"] = strings.ToLower(g.policy)
	} else {
		claims["tfp"] = g.policy
	}
	if s.b2c.ObjectIDs {
		claims["oid"], claims["tid"] = u.ObjectID, g.tenant
	}
	set(claims, "name", u.Name)
	if u.Email != "" {
		claims["emails"] = []string{u.Email}
	}
	set(claims, "nonce", g.nonce)
	return claims
}

// policyIDToken makes an ID token of B2C. access is the token that it comes with, "" for none.
func (s *Server) policyIDToken(client Client, g grant, u User, access string, f Faults) string {
	claims := s.policyClaims(g, u)
	claims["aud"] = client.ID
	if access != "" {
		claims["at_hash"] = atHash(access)
	}
	maps.Copy(claims, u.moreClaims(claims))
	return s.finishID(claims, g, access, f)
}

func (s *Server) policyAccessToken(client Client, g grant, u User, res resource, names []string, f Faults) string {
	claims := s.policyClaims(g, u)
	lifetime, _ := s.accessTimes()
	claims["aud"], claims["azp"], claims["exp"] = res.id, client.ID, s.now().Add(lifetime).Unix()
	set(claims, "scp", strings.Join(names, " "))
	delete(claims, "nonce")
	s.breakClaims(claims, f.AccessToken)
	if f.EditAccess != nil {
		f.EditAccess(claims)
	}
	return s.sign(s.keys.of(keysName(g.tenant, g.policy)), claims, f.AccessToken, nil)
}

// policyAnswer is the token endpoint's answer of B2C: an access token only when
// an API or the client itself was asked for.
func (s *Server) policyAnswer(client Client, g grant, u User, asked askedScopes, f Faults) map[string]any {
	now, seconds := s.now(), int(s.lifetime.Seconds())
	lifetime, _ := s.accessTimes()
	answer := map[string]any{"token_type": "Bearer", "not_before": now.Unix()}
	scope, access := slices.Clone(asked.oidc), ""
	if len(asked.resources) > 0 {
		res := asked.resources[0]
		access = s.policyAccessToken(client, g, u, res.resource, res.granted(), f)
		maps.Copy(answer, map[string]any{
			"access_token": access, "expires_in": int(lifetime.Seconds()), "expires_on": now.Add(lifetime).Unix(), "resource": res.id,
		})
		if res.id == client.ID && len(res.granted()) == 0 {
			scope = append([]string{client.ID}, scope...)
		}
		for _, name := range res.granted() {
			scope = append(scope, res.full(name))
		}
	}
	if slices.Contains(asked.oidc, "openid") && !f.OmitIDToken {
		answer["id_token"], answer["id_token_expires_in"] = s.policyIDToken(client, g, u, access, f), seconds
	}
	if slices.Contains(asked.oidc, "offline_access") {
		id := "eyJ" + token(600)
		last := ""
		if len(asked.resources) > 0 {
			last = asked.resources[0].id
		}
		s.refreshes.put(id, refresh{grant: g, last: last, expires: now.Add(policyRefreshLifetime)})
		answer["refresh_token"], answer["refresh_token_expires_in"] = id, int(policyRefreshLifetime.Seconds())
	}
	answer["scope"] = strings.Join(scope, " ")
	return answer
}

// policyRequest decides for what a token request of B2C is: its own scopes, else those of before.
func (s *Server) policyRequest(client Client, g grant, text string) (askedScopes, *stsError) {
	if strings.TrimSpace(text) == "" {
		return g.scopes, nil
	}
	asked, fail := s.policyScopes(client, text)
	if fail != nil {
		return asked, fail
	}
	asked.oidc = appendNew(slices.Clone(g.scopes.oidc), asked.oidc...)
	return asked, nil
}
