package policy

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// role reads a condition about app roles, byte by byte.
func (p *parser) role(n *yaml.Node, where string) *node {
	o, ok := p.operator(n, where, "a role", opIs, opIn)
	if !ok {
		return nil
	}
	has := hasAny(o.values)
	return leaf(func(in *Input) answer {
		if has(in.Identity.Roles) {
			return answer{is: yes}
		}
		return absent(in, "roles")
	})
}

// absent is the answer about something that a token does not have: no, or unknown when
// it was left out.
func absent(in *Input, claim string) answer {
	switch {
	case in.Identity.Elsewhere:
		return cannotTell(WhyElsewhere)
	case slices.Contains(in.Identity.Dropped, claim):
		return cannotTell(WhyClaimDropped)
	}
	return answer{}
}

// group reads a condition about groups. When the token could not hold them all, it is
// unknown until somebody has asked (access.Identity.Memberships).
func (p *parser) group(n *yaml.Node, where string) *node {
	o, ok := p.operator(n, where, "a group's object id", opIs, opIn)
	if !ok {
		return nil
	}
	values := lowerIDs(o.values)
	has := hasAny(values)
	found := leaf(func(in *Input) answer {
		id := in.Identity
		if has(id.Groups) {
			return answer{is: yes}
		}
		if !id.GroupsUnknown {
			return absent(in, "groups")
		}
		for _, g := range values {
			if !slices.Contains(id.GroupsChecked, g) {
				return groupsUnknown(id)
			}
		}
		return answer{}
	})
	found.asks.Groups = []access.Clause{values}
	return found
}

func groupsUnknown(id *access.Identity) answer {
	if id.GroupsFailed {
		return answer{is: unknown, remedy: retry, why: WhyGroupsUnknown}
	}
	return answer{is: unknown, remedy: signIn, why: WhyGroupsUnasked}
}

// scope reads a condition about scopes, which a sign-in can bring.
func (p *parser) scope(n *yaml.Node, where string) *node {
	o, ok := p.operator(n, where, "a scope", opIs, opIn)
	if !ok || !p.every(o, where, access.IsScope, "a scope: ASCII without blanks, quotes and backslashes") {
		return nil
	}
	names := o.values
	if p.opts.Scopes != nil {
		names = nil
		for _, s := range o.values {
			names = append(names, p.opts.Scopes(s)...)
		}
	}
	has := hasAny(names)
	found := leaf(func(in *Input) answer { return orSignIn(has(in.Identity.Scopes)) })
	found.asks.Scopes = []access.Clause{names}
	return found
}

// orSignIn is yes, or a no that a new sign-in may change.
func orSignIn(ok bool) answer {
	if ok {
		return answer{is: yes}
	}
	return answer{remedy: signIn}
}

// device reads a condition about what Entra ID says of the device, if the app
// registration asks for it: deviceid, and signin_state with dvc_cmp, dvc_mngd, dvc_dmjd.
func (p *parser) device(n *yaml.Node, where string) *node {
	fields := p.fields(n, where, "a map with one of id, compliant, managed, joined")
	if len(fields) > 1 {
		p.add(n, where, "must have exactly one of id, compliant, managed, joined")
		return nil
	}
	for _, f := range fields {
		inside := where + "." + shown(f.name)
		switch f.name {
		case "id":
			o, ok := p.operator(f.value, inside, "a device's id", opIs, opIn)
			if !ok {
				return nil
			}
			return deviceClaim("deviceid", equalID(lowerIDs(o.values)))
		case "compliant":
			return p.deviceState(f.value, inside, "dvc_cmp")
		case "managed":
			return p.deviceState(f.value, inside, "dvc_mngd")
		case "joined":
			return p.deviceState(f.value, inside, "dvc_dmjd")
		}
		p.add(f.key, where, "%q is not known; use one of id, compliant, managed, joined", shown(f.name))
	}
	return nil
}

func (p *parser) deviceState(n *yaml.Node, where, state string) *node {
	value, ok := p.boolean(n, where)
	if ok && !value {
		p.add(n, where, "can only be true; put it below none for the opposite")
	}
	if !ok || !value {
		return nil
	}
	return deviceClaim("signin_state", equalAny([]string{state}))
}

// deviceClaim is unknown when the token does not have the claim: that it says nothing
// about a device does not mean that the device is none of ours.
func deviceClaim(claim string, m match) *node {
	return leaf(func(in *Input) answer {
		values := claimValues(in.Identity, claim)
		if len(values) == 0 {
			return cannotTell(WhyDeviceUnknown)
		}
		return holds(slices.ContainsFunc(values, m))
	})
}
