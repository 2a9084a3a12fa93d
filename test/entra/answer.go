package entra

import (
	"slices"
	"strings"
)

// delegatedAnswer is the token endpoint's answer for a user. asked has exactly one resource.
func (s *Server) delegatedAnswer(client Client, g grant, asked askedScopes) map[string]any {
	f := s.faults.get()
	u, _ := s.User(g.oid)
	if g.policy != "" {
		return s.policyAnswer(client, g, u, asked, f)
	}
	res := asked.resources[0]
	names := s.grantedNames(client, g.oid, res, f)
	_, seconds := s.accessTimes()
	access := s.accessToken(client, g, u, res.resource, names, f)
	answer := map[string]any{
		"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds,
		"scope":        shownScope(res.resource, names),
		"access_token": access,
	}
	if slices.Contains(asked.oidc, "openid") && !f.OmitIDToken {
		answer["id_token"] = s.idToken(client, g, u, asked.oidc, access, f)
	}
	if slices.Contains(asked.oidc, "offline_access") {
		id := "1." + token(900) // Entra's are about this long
		s.refreshes.put(id, refresh{grant: g, last: res.id, expires: s.now().Add(refreshLifetime)})
		answer["refresh_token"] = id
	}
	return answer
}

// grantedNames lists what the access token is good for: all that is consented for
// the resource, as at Entra, those asked for first. Graph's include openid,
// profile and email; offline_access is not echoed.
func (s *Server) grantedNames(client Client, oid string, res askedResource, f Faults) []string {
	have := s.consented(client, oid)
	var names []string
	if res.graph {
		for _, name := range []string{"openid", "profile", "email"} {
			if slices.Contains(have, name) {
				names = append(names, name)
			}
		}
	}
	names = appendNew(names, res.granted()...)
	var rest []string
	for _, full := range have {
		if name, ok := strings.CutPrefix(full, res.uri+"/"); ok && slices.Contains(res.scopes, name) {
			rest = append(rest, name)
		}
	}
	slices.Sort(rest)
	names = appendNew(names, rest...)
	if f.GrantedScopes != nil {
		names = slices.DeleteFunc(names, func(name string) bool {
			return !slices.Contains(f.GrantedScopes, name) && !slices.Contains(f.GrantedScopes, res.full(name))
		})
	}
	return names
}

func shownScope(res resource, names []string) string {
	shown := make([]string, len(names))
	for i, name := range names {
		shown[i] = res.shown(name)
	}
	return strings.Join(shown, " ")
}

// appTokenAnswer is the client credentials grant, which needs a tenant.
func (s *Server) appTokenAnswer(at authority, client Client, scope string) (map[string]any, *stsError) {
	if at.tenant == "" {
		return nil, &stsError{code: 50194, oauth: "invalid_request", text: "Application '" + client.ID + "'(" + client.Name +
			") cannot get a token of its own at the /" + at.canonical() + " endpoint. Use a tenant-specific endpoint."}
	}
	if at.policy != "" {
		return nil, &stsError{b2c: true, code: 90086, oauth: "unsupported_grant_type", text: "The supplied grant_type [client_credentials] is not supported."}
	}
	if client.public() {
		return nil, &stsError{code: 700025, oauth: "invalid_client", text: "Client is public so the client credentials grant cannot be used."}
	}
	if strings.TrimSpace(scope) == "" {
		return nil, missingParameter("scope")
	}
	asked, fail := s.parseScopes(scope)
	switch {
	case fail != nil:
		return nil, fail
	case len(asked.resources) > 1:
		return nil, &stsError{code: 28000, oauth: "invalid_request", text: "Provided value for the input parameter scope is not valid because it contains more than one resource. Scope " + clip(scope) + " is not valid."}
	case len(asked.oidc) > 0, len(asked.resources) != 1, !slices.Equal(asked.resources[0].names, []string{".default"}):
		return nil, &stsError{code: 1002012, oauth: "invalid_scope", text: "The provided value for scope " + clip(scope) + " is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."}
	}
	seconds := int(s.lifetime.Seconds()) - 1
	return map[string]any{
		"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds,
		"access_token": s.appToken(client, at.tenant, asked.resources[0].resource, s.faults.get()),
	}, nil
}
