package ingress

import (
	"fmt"
	"net/http"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
)

// The headers that ingress-nginx (and every nginx configuration of ours) sets
// on an auth_request subrequest, replacing the client's. X-Forwarded-* and
// X-Original-URI are not among them: there they are whatever the client sent.
const (
	headerOriginalURL    = "X-Original-Url" // in the form of http.Header's keys
	headerOriginalMethod = "X-Original-Method"
	headerRealIP         = "X-Real-Ip"
)

// Nginx reads the question of nginx's auth_request. It fails when there is not
// exactly one usable X-Original-URL: nginx always sends one, and a page
// elsewhere that embeds the endpoint cannot.
func Nginx(r *http.Request) (Ask, error) {
	original, err := hosts.ParseOriginal(r.Header[headerOriginalURL])
	if err != nil {
		return Ask{}, fmt.Errorf("X-Original-URL: %w", err)
	}
	ask := Ask{Original: original, Method: r.Method, Query: r.URL.RawQuery, addressIn: headerRealIP}
	if told := r.Header[headerOriginalMethod]; len(told) == 1 && told[0] != "" { // else a configuration without the optional header
		ask.Method, ask.MethodTold = told[0], true
	}
	ask.Navigation = Navigation(ask.Method, r.Header)
	return ask, nil
}

// NginxStatus is the answer's status for nginx, which understands three: any
// 2xx passes, 401 leads to auth-signin, 403 is final; anything else becomes 500.
// success is the configured status of Allow (200, 202 or 204).
func NginxStatus(o access.Outcome, success int) int {
	switch o {
	case access.Allow:
		return success
	case access.SignIn, access.Forbid, access.StepUp, access.Unsure:
		return http.StatusUnauthorized
	case access.Deny:
	}
	return http.StatusForbidden
}
