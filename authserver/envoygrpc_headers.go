package authserver

import (
	"net/http"
	"slices"
	"strings"

	"github.com/easyauth-sidecar/easyauth/ingress"
)

// unwanted lists the client's headers, in lower case, that an application must not get beside an identity:
// other spellings of the identity's headers, which CGI and its heirs take for them, whatever else begins with
// their prefix, and what frameworks take for the path or the host that was asked for.
func (s *Server) unwanted(client, identity http.Header) []string {
	prefixes := s.Headers.Prefixes()
	for i, prefix := range prefixes {
		prefixes[i] = ingress.Fold(prefix)
	}
	set, ours := make(map[string]bool, len(identity)), make(map[string]bool, len(identity))
	for key := range identity {
		set[strings.ToLower(key)], ours[ingress.Fold(key)] = true, true
	}
	var names []string
	for key := range client {
		key = strings.ToLower(key)
		name := ingress.Fold(key)
		switch {
		case set[key]: // it is overwritten, and would be removed after that
		case ours[name], ingress.Rerouting(name), slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) }):
			names = append(names, key)
		}
	}
	slices.Sort(names)
	return names
}
