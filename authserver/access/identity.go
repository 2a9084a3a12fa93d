package access

import (
	"slices"
	"time"
)

// Identity is who is asking. Empty fields are claims the token did not have.
type Identity struct {
	Tenant  string // tid
	Object  string // oid
	Issuer  string // iss
	Subject string // sub

	Name              string
	PreferredUsername string
	Email             string // for display: mutable, and perhaps another tenant's

	Roles  []string
	Scopes []string // as granted, under the names that ScopeNames keeps
	Groups []string

	// GroupsUnknown means that Groups is not complete: the token could not hold
	// them all (Entra ID's limit is 200), or the ticket could not. It is not the
	// same as having none.
	GroupsUnknown bool
	// GroupsChecked are groups whose membership is known even so.
	GroupsChecked []string
	// GroupsFailed means that the rest could not be asked for at sign-in.
	GroupsFailed bool

	Contexts []string  // authentication contexts (acrs); with another provider its acr
	Methods  []string  // authentication methods (amr), which Entra ID does not send
	AuthTime time.Time // when the person last signed in; zero: not known

	Claims []Claim       // all other claims, sorted by name
	Graph  []GraphResult // results of the graph queries run at sign-in

	// Elsewhere means that a token for another application said who this is. That token
	// tells who, and not what this application knows of them: Subject, Scopes, Groups,
	// Contexts and Methods are empty, and Roles and Claims hold only what EasyAuth put there.
	Elsewhere bool

	// Dropped names what was left out, of the token or of the ticket, because it
	// was too large or not clear: "graph", "groups", claims by name, or "claims" for
	// several.
	Dropped []string
}

// Claim is one other claim of the token. An array has one value per
// element; an object is its JSON text.
type Claim struct {
	Name   string
	Values []string
}

// GraphResult is the answer to one Microsoft Graph query.
type GraphResult struct {
	Query   string // the relative URL that was asked
	JSON    string // compact JSON; empty when Dropped
	Dropped bool   // answered, but too large to keep
}

// Key identifies a person: tenant and object id where the token has them (they
// never change and are never reused), else issuer and subject.
type Key struct{ Authority, ID string }

// Key returns the identity's key. The zero Key means that it has none.
func (id *Identity) Key() Key {
	if id.Tenant != "" && id.Object != "" {
		return Key{id.Tenant, id.Object}
	}
	if id.Issuer != "" && id.Subject != "" {
		return Key{id.Issuer, id.Subject}
	}
	return Key{}
}

// Memberships sorts clauses none of whose groups is among Groups: of those that
// are denied id is certainly in none; of the unknown ones a group was not asked for.
func (id *Identity) Memberships(clauses []Clause) (denied, unknown []Clause) {
	for _, c := range clauses {
		if id.GroupsUnknown && slices.ContainsFunc(c, func(g string) bool { return !slices.Contains(id.GroupsChecked, g) }) {
			unknown = append(unknown, c)
		} else {
			denied = append(denied, c)
		}
	}
	return denied, unknown
}

// GraphResult returns the result of exactly this query, nil if it was not run.
// There is no fallback to a similar query: /me must never answer /me/manager.
func (id *Identity) GraphResult(query string) *GraphResult {
	for i := range id.Graph {
		if id.Graph[i].Query == query {
			return &id.Graph[i]
		}
	}
	return nil
}
