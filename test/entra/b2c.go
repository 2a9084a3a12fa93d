package entra

import (
	"slices"
	"strings"
)

// B2C is a tenant of Azure AD B2C: its policies each are an authority. The zero
// value has none.
type B2C struct {
	Policies  []string // names of user flows, as claim tfp tells them; addresses ignore case
	ACR       bool     // the policy stands in claim acr instead of tfp
	ObjectIDs bool     // tokens with oid and tid
}

// policyIssuer is the issuer of all policies of a tenant: it names none of them.
func (s *Server) policyIssuer(tenant string) string { return s.BaseURL() + "/" + tenant + "/v2.0/" }

// PolicyAuthority returns the address of a policy without the version, with the
// tenant's GUID, as https://contoso.b2clogin.com/<tenant>/<policy> would be.
func (s *Server) PolicyAuthority(policy string) string { return s.Authority() + "/" + policy }

// PolicyIssuer returns the issuer of the tokens of all policies.
func (s *Server) PolicyIssuer() string { return s.policyIssuer(s.tenant) }

// policy accepts an authority /{tenant}/{policy}. The policy is told as it was configured.
func (s *Server) policy(tenant, name string) (authority, bool) {
	i := slices.IndexFunc(s.b2c.Policies, func(known string) bool { return strings.EqualFold(known, name) })
	a, ok := s.authority(tenant)
	if i < 0 || !ok || a.tenant == "" {
		return authority{}, false
	}
	a.segment, a.policy = a.segment+"/"+name, s.b2c.Policies[i]
	return a, true
}

// policyDocument is the discovery document of a policy. Its addresses name the
// tenant as the request did.
func (s *Server) policyDocument(a authority) map[string]any {
	at := s.BaseURL() + "/" + strings.ToLower(a.segment)
	return map[string]any{
		"issuer":                                s.policyIssuer(a.tenant),
		"authorization_endpoint":                at + "/oauth2/v2.0/authorize",
		"token_endpoint":                        at + "/oauth2/v2.0/token",
		"end_session_endpoint":                  at + "/oauth2/v2.0/logout",
		"jwks_uri":                              at + "/discovery/v2.0/keys",
		"response_modes_supported":              []string{"query", "fragment", "form_post"},
		"response_types_supported":              []string{"code", "code id_token", "code token", "code id_token token", "id_token", "id_token token", "token", "token id_token"},
		"scopes_supported":                      []string{"openid"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "client_secret_basic"},
		"claims_supported":                      []string{"name", "emails", "idp", "sub", "tfp", "iss", "iat", "exp", "aud", "acr", "nonce", "auth_time"},
	}
}

// policyScopes reads a scope parameter of B2C: OpenID Connect's, those of APIs, and
// the client's own id, which asks for an access token for itself. Graph's are
// unknown there. The API comes first in the resources, the client itself counts as one.
func (s *Server) policyScopes(client Client, text string) (askedScopes, *stsError) {
	var rest []string
	self := false
	for field := range strings.FieldsSeq(text) {
		if field == client.ID {
			self = true
			continue
		}
		rest = append(rest, field)
	}
	asked, fail := s.parseScopes(strings.Join(rest, " "))
	if fail != nil || slices.ContainsFunc(asked.resources, func(r askedResource) bool { return r.graph }) {
		return asked, &stsError{b2c: true, code: 90117, oauth: "invalid_request", text: "The scope '" + clip(text) + "' provided in request is not supported."}
	}
	if self {
		asked.resources = append(asked.resources, askedResource{resource: resource{id: client.ID, uri: client.ID}})
	}
	return asked, nil
}
