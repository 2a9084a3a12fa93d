package ticket

import (
	"slices"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// shrink drops the next part of an identity and names it; false when nothing is
// left to drop. The caller's slices are not changed.
func shrink(id *access.Identity) (string, bool) {
	if i := largest(id.Graph, func(g access.GraphResult) int { return len(g.JSON) }); i >= 0 {
		id.Graph = slices.Clone(id.Graph)
		id.Graph[i].JSON, id.Graph[i].Dropped = "", true
		return "graph", true
	}
	if i := largest(id.Claims, claimSize); i >= 0 {
		name := id.Claims[i].Name
		id.Claims = slices.Delete(slices.Clone(id.Claims), i, i+1)
		if len(name) > 64 || len(id.Dropped) > 16 {
			name = "claims"
		}
		if !slices.Contains(id.Dropped, name) {
			id.Dropped = append(slices.Clone(id.Dropped), name)
		}
		return name, true
	}
	if !slices.Contains(id.Dropped, "groups") && len(id.Groups) > 0 {
		// Groups that a rule named stay: that one is not a member matters too.
		id.Groups = slices.DeleteFunc(slices.Clone(id.Groups), func(g string) bool { return !slices.Contains(id.GroupsChecked, g) })
		id.GroupsUnknown = true
		id.Dropped = append(slices.Clone(id.Dropped), "groups")
		return "groups", true
	}
	if len(id.Groups) > 0 || len(id.GroupsChecked) > 0 {
		id.Groups, id.GroupsChecked, id.GroupsUnknown, id.GroupsFailed = nil, nil, true, true
		return "groups", true
	}
	return "", false
}

// claimSize is what dropping a claim brings, in bytes. The session at the identity
// provider is never dropped: without it that provider could not end this one.
func claimSize(c access.Claim) int {
	if isSID(c) {
		return 0
	}
	return len(c.Name) + len(strings.Join(c.Values, ""))
}

// largest returns the index of the element of the greatest size, -1 when there
// is none of more than zero.
func largest[T any](list []T, size func(T) int) int {
	at, top := -1, 0
	for i, v := range list {
		if n := size(v); n > top {
			at, top = i, n
		}
	}
	return at
}
