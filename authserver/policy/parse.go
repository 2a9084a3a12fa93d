package policy

import (
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// Options is what policies are read with. The zero value is another provider than
// Entra ID, and has no expressions.
type Options struct {
	// Expressions compiles `expr:`; with nil it is a fault.
	Expressions Compiler
	// Scopes gives the kept names any of which a scope of a rule is met by
	// (access.ScopeNames.Rule); nil: names are kept as they are. It is asked when the
	// text is read: when the names change (access.ScopeNames.Version), read it again.
	Scopes func(name string) []string
	// Entra: authentication contexts are c1 to c99, there is no amr, and xms_edov can
	// be believed. With another provider people may be able to set a claim of that name.
	Entra bool
	// Mapped are claims of the provider that are kept as roles, groups and scopes, and
	// nowhere else. A condition about one would never match.
	Mapped []string
	// Beside says which other keys may stand beside `policies` at the top of the text,
	// whose matter they are not here; nil: none.
	Beside func(key string) bool
}

// Bounds of a text of policies.
const (
	MaxText     = 256 << 10 // bytes
	MaxPolicies = 200
	MaxRules    = 100 // of one policy, deny and allow together
	MaxDepth    = 8   // of all, any and none in each other
	MaxValues   = 1000
)

// parser reads a text of policies.
type parser struct {
	faults

	opts     Options
	asksPath bool // a condition of the policy at hand is about the path
}

// Parse reads YAML whose key `policies` holds policies by name. The error is of type
// Faults and lists everything that is wrong; the Set is then nil.
func Parse(text []byte, opts Options) (*Set, error) {
	p := &parser{opts: opts}
	set := &Set{byName: map[string]*Policy{}}
	if root := p.readYAML(text, MaxText); root != nil {
		p.top(root, set)
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	return set, nil
}

func (p *parser) top(root *yaml.Node, set *Set) {
	found := false
	for _, f := range p.fields(root, "", "a map with the key policies") {
		switch {
		case f.name == "policies":
			found = true
			p.policies(f.value, set)
		case p.opts.Beside == nil || !p.opts.Beside(f.name):
			p.add(f.key, "", "%q is not known; the key is policies", shown(f.name))
		}
	}
	if !found && len(p.list) == 0 {
		p.add(root, "", "has no key policies")
	}
}

func (p *parser) policies(n *yaml.Node, set *Set) {
	fields := p.fields(n, "policies", "a map of policies by their names")
	if len(fields) > MaxPolicies {
		p.add(n, "policies", "has more than %d policies", MaxPolicies)
		return
	}
	for _, f := range fields {
		where := "policies." + shown(f.name)
		if !access.IsPolicyName(f.name) {
			p.add(f.key, where, "a policy's name must be 1 to 64 of A-Z, a-z, 0-9, dot, underscore and hyphen")
		}
		set.names = append(set.names, f.name)
		set.byName[f.name] = p.policy(f.name, f.value, where)
	}
}

func (p *parser) policy(name string, n *yaml.Node, where string) *Policy {
	policy := &Policy{name: name}
	p.asksPath = false
	faultsBefore := len(p.list)
	fields := p.fields(n, where, "a map with allow, and with deny if need be")
	names := map[string]bool{}
	hasAllow := false
	for _, f := range fields {
		switch f.name {
		case "deny":
			policy.deny = p.rules(f.value, where, f.name, names)
		case "allow":
			hasAllow = true
			policy.allow = p.rules(f.value, where, f.name, names)
		default:
			p.add(f.key, where, "%q is not known; use deny and allow", shown(f.name))
		}
	}
	switch {
	case len(policy.deny)+len(policy.allow) > MaxRules:
		p.add(n, where, "has more than %d rules", MaxRules)
	case !hasAllow && len(fields) > 0:
		p.add(n, where, "has no allow rule, so it would let nobody pass; everybody who is signed in is allow: [{signed_in: {is: true}}]")
	}
	if policy.asksPath = p.asksPath; len(p.list) == faultsBefore {
		policy.atSignIn = atSignIn(policy.deny, policy.allow)
	}
	return policy
}

func (p *parser) rules(n *yaml.Node, where, kind string, names map[string]bool) []*rule {
	var out []*rule
	for i, item := range p.items(n, where+"."+kind, "rules") {
		standard := fmt.Sprintf("%s[%d]", kind, i)
		if r := p.rule(item, where+"."+standard, standard); r != nil {
			if names[r.name] {
				p.add(item, where+"."+standard, "another rule of this policy has the name %q too", shown(r.name))
			}
			names[r.name] = true
			out = append(out, r)
		}
	}
	return out
}
