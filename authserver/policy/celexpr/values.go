package celexpr

import (
	"net/netip"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/policy"
)

// values gives an evaluation what the input holds. A variable that is not known is not
// there, which is an error for the expression that reads it.
type values struct {
	in  *policy.Input
	cfg Config

	// What was asked for before: a loop may ask often.
	roles, groups, scopes ref.Val
	claims                *claims
}

// Texts that are longer cannot be read: what an expression does with one costs time by
// its length, and CEL counts most of that as nothing.
const (
	maxText = 1 << 10 // bytes; as of a value in a condition
	maxPath = 8 << 10
)

// Parent returns nil: there is nothing beside the input.
func (v *values) Parent() cel.Activation { return nil }

// ResolveName returns the value of a variable, and false if it is not known.
func (v *values) ResolveName(name string) (any, bool) {
	if v.in == nil {
		return nil, false
	}
	if strings.HasPrefix(name, "identity.") {
		return v.ofIdentity(name)
	}
	switch in := v.in; name {
	case varBearer:
		return types.Bool(in.Bearer), true
	case varAppOnly:
		return types.Bool(in.AppOnly), !in.AppUnknown
	case varClient:
		return text(in.Client)
	case varMethod:
		return method(in.Method)
	case varPath:
		path, ok := in.Path()
		return types.String(path), ok && len(path) <= maxPath
	case varSource:
		return source(in.Source)
	case varTime:
		return types.Timestamp{Time: in.Now.UTC()}, !in.Now.IsZero()
	}
	return nil, false
}

func (v *values) ofIdentity(name string) (any, bool) {
	id := v.in.Identity
	if id == nil {
		return nil, false
	}
	switch name {
	case varObject:
		return text(id.Object)
	case varTenant:
		return text(id.Tenant)
	case varSubject:
		return text(id.Subject)
	case varIssuer:
		return text(id.Issuer)
	case varName:
		return text(id.Name)
	case varPreferredUsername:
		return text(id.PreferredUsername)
	case varEmail:
		email, _ := policy.VerifiedEmail(id, v.cfg.Entra)
		return text(email)
	case varRoles:
		if id.Elsewhere || slices.Contains(id.Dropped, "roles") {
			return nil, false
		}
		return once(&v.roles, id.Roles)
	case varScopes:
		return once(&v.scopes, id.Scopes)
	case varGroups:
		if id.GroupsUnknown || id.Elsewhere || slices.Contains(id.Dropped, "groups") {
			return nil, false
		}
		return once(&v.groups, id.Groups)
	case varClaims:
		if v.claims == nil {
			v.claims = &claims{id: id, mapped: v.cfg.Mapped}
		}
		return v.claims, true
	}
	return nil, false
}

func text(s string) (any, bool) { return types.String(s), s != "" && len(s) <= maxText }

// once makes a list the first time that it is asked for.
func once(made *ref.Val, list []string) (any, bool) {
	if *made == nil {
		var ok bool
		if *made, ok = texts(list); !ok {
			return nil, false
		}
	}
	return *made, true
}

// texts makes a list, and false if a text in it is too long.
func texts(list []string) (ref.Val, bool) {
	if slices.ContainsFunc(list, func(s string) bool { return len(s) > maxText }) {
		return nil, false
	}
	return types.NewStringList(types.DefaultTypeAdapter, list), true
}

// method wants what a policy's own condition wants: some applications take "post" for
// POST, others do not.
func method(s string) (any, bool) {
	return types.String(s), s != "" && len(s) <= maxText && !strings.ContainsFunc(s, func(r rune) bool { return (r < 'A' || r > 'Z') && r != '-' && r != '_' })
}

// source writes an address without its zone, and an IPv4 address as one also when it
// came in IPv6 form.
func source(a netip.Addr) (any, bool) {
	if !a.IsValid() {
		return nil, false
	}
	return types.String(a.WithZone("").Unmap().String()), true
}

func claimOf(id *access.Identity, name string) ([]string, bool) {
	for i := range id.Claims {
		if id.Claims[i].Name == name {
			return id.Claims[i].Values, true
		}
	}
	return nil, false
}
