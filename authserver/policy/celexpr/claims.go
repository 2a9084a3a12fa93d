package celexpr

import (
	"errors"
	"reflect"
	"slices"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// claims is a map of which one claim can be asked for, and no more: singleClaims
// refuses the rest, which is an error here.
type claims struct {
	id     *access.Identity
	mapped []string    // Config.Mapped
	read   []readClaim // before
}

type readClaim struct {
	name string
	list ref.Val
}

// Find returns the values of a claim, an error if it was left out or is too long, and
// false if the token does not have it.
func (c *claims) Find(key ref.Val) (ref.Val, bool) {
	name, ok := key.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(key), false
	}
	if i := slices.IndexFunc(c.read, func(r readClaim) bool { return r.name == string(name) }); i >= 0 {
		return c.read[i].list, true
	}
	if values, ok := claimOf(c.id, string(name)); ok {
		if list, ok := texts(values); ok {
			c.read = append(c.read, readClaim{string(name), list})
			return list, true
		}
		return types.NewErr("the claim is too long"), false
	}
	switch {
	case !isOther(string(name), c.mapped):
		return types.NewErr("the claim is elsewhere"), false
	case c.id.Elsewhere || dropped(c.id, string(name)):
		return types.NewErr("the claim was left out"), false
	}
	return nil, false
}

// Get returns the values of a claim, or an error.
func (c *claims) Get(key ref.Val) ref.Val {
	switch value, ok := c.Find(key); {
	case ok, value != nil:
		return value
	default:
		return types.NewErr("no such claim")
	}
}

// Contains reports whether the token has a claim; it is an error if it was left out.
func (c *claims) Contains(key ref.Val) ref.Val {
	switch value, ok := c.Find(key); {
	case ok:
		return types.True
	case value != nil:
		return value
	default:
		return types.False
	}
}

// dropped reports whether a claim may have been left out. An identity names it as
// policy does: "claims" for several, else up to 60 bytes in printable ASCII.
func dropped(id *access.Identity, name string) bool {
	if len(id.Dropped) == 0 {
		return false
	}
	const limit = 60
	shown := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, name[:min(len(name), limit)])
	return slices.ContainsFunc(id.Dropped, func(d string) bool { return d == "claims" || d == name || d == shown })
}

// Iterator gives an error for an entry.
func (c *claims) Iterator() traits.Iterator {
	return types.NewRefValList(types.DefaultTypeAdapter, []ref.Val{notWhole()}).Iterator()
}

// Size is an error.
func (c *claims) Size() ref.Val { return notWhole() }

// Equal is an error.
func (c *claims) Equal(ref.Val) ref.Val { return notWhole() }

// ConvertToType is an error.
func (c *claims) ConvertToType(ref.Type) ref.Val { return notWhole() }

// ConvertToNative is an error.
func (c *claims) ConvertToNative(reflect.Type) (any, error) {
	return nil, errors.New("claims are asked for one by one")
}

// Type returns the type of maps.
func (c *claims) Type() ref.Type { return types.MapType }

// Value returns nothing, so that the identity stays here.
func (c *claims) Value() any { return nil }

func notWhole() ref.Val { return types.NewErr("claims are asked for one by one") }
