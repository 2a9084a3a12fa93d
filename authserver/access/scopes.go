package access

import (
	"maps"
	"slices"
	"strings"
	"sync/atomic"
)

// ScopeNames knows how one deployment names scopes.
//
// Entra ID grants Microsoft Graph's scopes under their bare name ("User.Read"),
// and those of every other API behind the API's identifier, which has several
// spellings. Here Graph's are bare, our own API's are "<client id>/<name>" in
// every spelling, and all others keep their full name: so no scope of another
// API is ever taken for ours, and none of ours for Graph's of the same name.
//
// A nil *ScopeNames leaves every name as it is. It is safe for concurrent use.
type ScopeNames struct {
	graph    string   // prefix of Graph's scopes, ends with "/"; "" without Graph
	own      string   // prefix of our own, as kept; "" if the provider knows no resources
	spelling []string // other prefixes that mean our own
	learned  atomic.Pointer[ownScopes]
}

// ownScopes is what the app registration says.
type ownScopes struct {
	spelling []string
	names    map[string]bool
	version  uint64
}

// NewScopeNames returns the names of a client at Entra ID. audiences are other
// identifiers of our own API (App ID URIs); graphURL is Microsoft Graph's address.
func NewScopeNames(clientID string, audiences []string, graphURL string) *ScopeNames {
	n := &ScopeNames{own: clientID + "/", spelling: []string{"api://" + clientID + "/"}}
	if graphURL != "" {
		n.graph = strings.TrimSuffix(graphURL, "/") + "/"
	}
	n.spelling = append(n.spelling, prefixes(audiences)...)
	return n
}

func prefixes(identifiers []string) []string {
	var out []string
	for _, id := range identifiers {
		if id = strings.TrimSuffix(id, "/"); id != "" {
			out = append(out, id+"/")
		}
	}
	return out
}

// Learn takes over what the app registration says: the App ID URIs and the
// names of the scopes that our API exposes. It is called by one goroutine at a time.
func (n *ScopeNames) Learn(appIDURIs, names []string) {
	if n == nil {
		return
	}
	known := &ownScopes{names: make(map[string]bool, len(names))}
	for _, p := range prefixes(appIDURIs) {
		if p != n.graph && p != "/" {
			known.spelling = append(known.spelling, p)
		}
	}
	for _, name := range names {
		known.names[name] = true
	}
	known.version = 1
	if before := n.learned.Load(); before != nil {
		known.version = before.version
		if !slices.Equal(before.spelling, known.spelling) || !maps.Equal(before.names, known.names) {
			known.version++
		}
	}
	n.learned.Store(known)
}

// Version changes when Learn has brought something new: what was made of these
// names before may be out of date then. Ask for it before they are used.
func (n *ScopeNames) Version() uint64 {
	if n == nil {
		return 0
	}
	if known := n.learned.Load(); known != nil {
		return known.version
	}
	return 0
}

// Canonical is the name under which a granted or wanted scope is kept.
func (n *ScopeNames) Canonical(scope string) string {
	if n == nil {
		return scope
	}
	if rest, ok := strings.CutPrefix(scope, n.graph); ok && n.graph != "" && rest != "" && rest != DefaultScope {
		return rest
	}
	if rest, ok := n.cutOwn(scope); ok {
		return n.own + rest
	}
	return scope
}

// DefaultScope stands for all that was consented to before. It is the name of no
// scope, so that of Microsoft Graph keeps its prefix.
const DefaultScope = ".default"

// cutOwn takes any spelling of our own API from the front of a scope.
func (n *ScopeNames) cutOwn(scope string) (string, bool) {
	spellings := n.spelling
	if known := n.learned.Load(); known != nil {
		spellings = slices.Concat(spellings, known.spelling)
	}
	for _, prefix := range append([]string{n.own}, spellings...) {
		// The name itself has no slash: <App ID URI>/a/b is the scope b of another
		// API, whose URI begins like ours.
		if rest, ok := strings.CutPrefix(scope, prefix); ok && rest != "" && !strings.Contains(rest, "/") {
			return rest, true
		}
	}
	return "", false
}

// Own is the kept name of a scope of our own API, as the scp claim of an access
// token for us names it.
func (n *ScopeNames) Own(name string) string {
	if n == nil {
		return name
	}
	return n.own + name
}

// IsOwn reports whether a kept name is one of our own API.
func (n *ScopeNames) IsOwn(scope string) bool { return n != nil && strings.HasPrefix(scope, n.own) }

// Rule returns the kept names any of which a rule's scope is met by. A bare name
// that our registration knows means ours only. While the registration is not
// known, a bare name is Graph's or ours.
func (n *ScopeNames) Rule(scope string) []string {
	if n == nil || strings.Contains(scope, "/") || IsOIDCScope(scope) {
		return []string{n.Canonical(scope)}
	}
	switch known := n.learned.Load(); {
	case known == nil:
		return []string{scope, n.own + scope}
	case known.names[scope]:
		return []string{n.own + scope}
	}
	return []string{scope}
}

// shown is the name of one kept scope; see ShownAll.
func (n *ScopeNames) shown(scope string) string {
	if rest, ok := strings.CutPrefix(scope, n.own); ok {
		return rest
	}
	if known := n.learned.Load(); known != nil && known.names[scope] {
		return n.graph + scope
	}
	return scope
}

// ShownAll gives the names under which an application or a person sees kept
// scopes, each once: ours and Graph's without their prefix. One of Graph's that has
// the name of one of ours keeps its prefix.
func (n *ScopeNames) ShownAll(scopes []string) []string {
	if n == nil {
		return scopes
	}
	var out []string
	for _, s := range scopes {
		if s = n.shown(s); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// IsOIDCScope reports whether a scope is OpenID Connect's own, which goes with
// any resource.
func IsOIDCScope(scope string) bool {
	switch scope {
	case "openid", "profile", "email", "address", "phone", "offline_access":
		return true
	}
	return false
}

// IsScope reports whether a name can be a scope at all (RFC 6749, section 3.3):
// printable ASCII without blanks, quotes and backslashes. Nobody could grant any
// other.
func IsScope(name string) bool { return name != "" && !strings.ContainsFunc(name, notInScope) }

func notInScope(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }
