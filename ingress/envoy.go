package ingress

import (
	"errors"
	"net/http"
	"strings"
)

// NoRule stands in an Envoy's path prefix for a rule that asks for nothing but a sign-in: a prefix has no query, and
// an empty segment would be lost where slashes are merged.
const NoRule = "-"

var errEnvoyPath = errors.New("the path must be the configured prefix, one segment with the rule (or -), and the path of the request")

// Envoy reads the question of Envoy's ext_authz over HTTP: the request itself, without its body, whose path
// has a prefix. prefix is that of this adapter. The segment behind it is the rule: the query of an auth-url,
// written as in a URL's query, or "-" for none. It comes from Envoy's configuration (path_prefix); the
// client's own query stays behind the client's path. The address of the client is not known.
func Envoy(r *http.Request, prefix string) (Ask, error) {
	rest, ok := strings.CutPrefix(r.RequestURI, prefix+"/")
	end := strings.IndexByte(rest, '/')
	if !ok || end <= 0 || strings.ContainsAny(rest[:end], "?#") {
		return Ask{}, errEnvoyPath
	}
	rule := rest[:end]
	if rule == NoRule {
		rule = ""
	}
	return Told(r.Method, r.Host, rest[end:], r.Header, rule)
}
