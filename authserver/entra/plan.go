package entra

import (
	"slices"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// Plan is what one trip to the provider asks for.
type Plan struct {
	Scopes []string // openid, profile and email first; no duplicates; at most one resource
	Graph  bool     // the access token of this trip can be used to run the graph queries
}

const userRead = "User.Read" // what Entra ID grants for /me; the least that Graph has

// Plan chooses the scopes of one trip. An access token is for one resource, and
// Entra ID refuses requests for two, so what belongs to another resource is left
// to the next trip. The resource is, in this order: that of the first unmet
// clause that has one; Microsoft Graph's, when graph queries are to be run; that
// of the first base scope that has one. That a query goes before base scopes
// keeps a page that needs only the query from being sent around for ever.
//
// All names of an unmet clause are asked for, also where one would do: nobody
// here knows which of them the provider will grant. Names that are no scope
// (RFC 6749: printable ASCII without blanks, quotes and backslashes) are left out.
// When Graph is to be asked and no scope of it is, User.Read is added, if the
// provider is Entra ID.
func (rp *RelyingParty) Plan(base []string, unmet []access.Clause, graph bool) Plan {
	needed := slices.Concat(unmet...)
	resource := rp.firstResource(needed)
	if resource == "" && graph {
		resource = rp.graphURL
	}
	if resource == "" {
		resource = rp.firstResource(base)
	}
	scopes := []string{"openid", "profile", "email"}
	var forResource []string
	for _, name := range slices.Concat(needed, base) {
		switch r := rp.resourceOf(name); {
		case !isScope(name):
		case r == "":
			scopes = appendNew(scopes, name)
		case r == resource:
			forResource = appendNew(forResource, rp.withoutGraph(name))
		}
	}
	graph = graph && resource == rp.graphURL
	if graph && len(forResource) == 0 && rp.tenant != "" {
		forResource = []string{userRead}
	}
	return Plan{Scopes: append(scopes, forResource...), Graph: graph}
}

func (rp *RelyingParty) firstResource(names []string) string {
	for _, name := range names {
		if r := rp.resourceOf(name); r != "" && isScope(name) {
			return r
		}
	}
	return ""
}

// resourceOf gives the API that a scope belongs to, "" for OpenID Connect's own
// scopes, which go with any. A bare name is Microsoft Graph's.
func (rp *RelyingParty) resourceOf(scope string) string {
	switch scope {
	case "openid", "profile", "email", "offline_access":
		return ""
	}
	end := strings.LastIndexByte(scope, '/')
	switch {
	case end < 0, strings.HasPrefix(scope, rp.graphURL+"/"):
		return rp.graphURL
	case scope[:end] == rp.clientID: // Entra ID takes both names of our own API
		return "api://" + rp.clientID
	}
	return scope[:end]
}

// withoutGraph is the name under which a scope is asked for and kept: Graph's
// without their prefix, except .default, which is not a name; all others in full,
// our own API's too, so that none is ever taken for Graph's of the same name.
func (rp *RelyingParty) withoutGraph(scope string) string {
	if rest, ok := strings.CutPrefix(scope, rp.graphURL+"/"); ok && rest != "" && rest != ".default" {
		return rest
	}
	return scope
}

// isScope keeps a name with a blank from asking for two scopes.
func isScope(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r > '~' || r == '"' || r == '\\'
	})
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
