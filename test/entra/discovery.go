package entra

import (
	"net/http"
	"net/url"
)

// template is the tenant as it stands in discovery: {tenantid} under common and organizations.
func (a authority) template() string {
	if a.tenant == "" {
		return "{tenantid}"
	}
	return a.tenant
}

// discovery answers with the members that Entra's document has, and no others:
// no code_challenge_methods_supported, for example, although PKCE works.
func (s *Server) discovery(w http.ResponseWriter, _ *http.Request, a authority) {
	switch {
	case a.policy != "":
		s.writeDiscovery(w, s.policyDocument(a))
		return
	case s.plain:
		s.writeDiscovery(w, s.plainDocument(a))
		return
	}
	base := s.BaseURL()
	at := base + "/" + a.canonical()
	var region any
	if a.tenant != "" {
		region = "EU"
	}
	s.writeDiscovery(w, map[string]any{
		"token_endpoint":                        at + "/oauth2/v2.0/token",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
		"jwks_uri":                              at + "/discovery/v2.0/keys",
		"response_modes_supported":              []string{"query", "fragment", "form_post"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"response_types_supported":              []string{"code", "id_token", "code id_token", "id_token token"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
		"issuer":                                s.issuer(a.template()),
		"request_uri_parameter_supported":       false,
		"userinfo_endpoint":                     base + "/oidc/userinfo",
		"authorization_endpoint":                at + "/oauth2/v2.0/authorize",
		"http_logout_supported":                 true,
		"frontchannel_logout_supported":         true,
		"end_session_endpoint":                  at + "/oauth2/v2.0/logout",
		"claims_supported": []string{
			"sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name", "msgraph_host",
			"aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name", "tid", "ver", "at_hash", "c_hash", "email",
		},
		"tenant_region_scope":   region,
		"cloud_instance_name":   "microsoftonline.com",
		"cloud_graph_host_name": "graph.windows.net",
		"msgraph_host":          hostOf(base),
		"rbac_url":              "https://pas.windows.net",
	})
}

// writeDiscovery writes a document, changed as the faults say.
func (s *Server) writeDiscovery(w http.ResponseWriter, document map[string]any) {
	if edit := s.faults.get().DiscoveryEdit; edit != nil {
		edit(document)
	}
	w.Header().Set("Cache-Control", "max-age=86400, private")
	writeJSON(w, http.StatusOK, document)
}

func hostOf(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	return u.Host
}
