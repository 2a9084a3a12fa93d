package entra

import (
	"net/http"
	"slices"
	"strings"
)

// Endpoint names a group of addresses, for counting and for faults.
type Endpoint string

// The endpoints of a Server.
const (
	EndpointDiscovery Endpoint = "discovery" // openid-configuration
	EndpointKeys      Endpoint = "keys"      // the JWKS
	EndpointAuthorize Endpoint = "authorize"
	EndpointSignIn    Endpoint = "sign-in" // what the pages post to
	EndpointToken     Endpoint = "token"
	EndpointLogout    Endpoint = "logout"
	EndpointUserInfo  Endpoint = "userinfo"
	EndpointGraph     Endpoint = "graph" // /v1.0 and /beta with $batch, which counts once
	EndpointError     Endpoint = "error" // the page behind error_uri
	EndpointLogo      Endpoint = "logo"  // the logos of registrations
)

// authority is the beginning of an address: a tenant, one of the words that stand
// for many tenants, or a tenant and a policy of B2C.
type authority struct {
	segment string
	tenant  string // "" for common and organizations
	policy  string // of B2C, else ""; segment then holds it too
}

type authorityHandler func(http.ResponseWriter, *http.Request, authority)

// route finds the handler of a path. It is written out because net/http's
// patterns cannot tell /{tenant}/oauth2/… from /v1.0/….
func (s *Server) route(path string) (Endpoint, http.HandlerFunc) {
	first, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch {
	case first == "v1.0", first == "beta":
		return EndpointGraph, s.graph
	case first == "oidc" && rest == "userinfo":
		return EndpointUserInfo, methods(s.userInfo, http.MethodGet, http.MethodPost)
	case first == "logo":
		return EndpointLogo, methods(s.logo(rest), http.MethodGet)
	case first == "error" && rest == "":
		return EndpointError, methods(s.errorCodePage, http.MethodGet)
	}
	endpoint, serve, allowed := s.authorityRoute(rest)
	a, ok := s.authority(first)
	if endpoint == "" {
		name, below, _ := strings.Cut(rest, "/")
		if endpoint, serve, allowed = s.authorityRoute(below); endpoint == "" {
			return "", nil
		}
		if a, ok = s.policy(first, name); !ok {
			return "", nil
		}
	}
	return endpoint, methods(func(w http.ResponseWriter, r *http.Request) {
		if !ok {
			s.unknownTenant(w, endpoint, first)
			return
		}
		serve(w, r, a)
	}, allowed...)
}

func (s *Server) authorityRoute(rest string) (Endpoint, authorityHandler, []string) {
	get, post := http.MethodGet, http.MethodPost
	switch rest {
	case "v2.0/.well-known/openid-configuration":
		return EndpointDiscovery, s.discovery, []string{get}
	case "discovery/v2.0/keys":
		return EndpointKeys, s.jwks, []string{get}
	case "oauth2/v2.0/authorize":
		return EndpointAuthorize, s.authorize, []string{get, post}
	case "login":
		return EndpointSignIn, s.interact, []string{post}
	case "oauth2/v2.0/token":
		return EndpointToken, s.token, []string{post}
	case "oauth2/v2.0/logout":
		return EndpointLogout, s.logout, []string{get, post}
	}
	return "", nil, nil
}

func (s *Server) unknownTenant(w http.ResponseWriter, endpoint Endpoint, segment string) {
	fail := stsError{code: 90002, oauth: "invalid_tenant", text: "Tenant '" + clip(segment) + "' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."}
	if endpoint == EndpointDiscovery || endpoint == EndpointToken || endpoint == EndpointKeys {
		s.writeTokenError(w, &fail)
		return
	}
	s.errorPage(w, &fail)
}

func methods(serve http.HandlerFunc, allowed ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(allowed, r.Method) && (r.Method != http.MethodHead || !slices.Contains(allowed, http.MethodGet)) {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		serve(w, r)
	}
}

// clip keeps a text of the client short enough for a message.
func clip(text string) string {
	if len(text) > 200 {
		return strings.ToValidUTF8(text[:200], "") + "…"
	}
	return strings.ToValidUTF8(text, "�")
}
