package policy

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// claim reads a condition about any other claim.
func (p *parser) claim(n *yaml.Node, where string) *node {
	fields := p.fields(n, where, "a map with path and one operator")
	i := slices.IndexFunc(fields, func(f field) bool { return f.name == "path" })
	if i < 0 {
		if fields != nil {
			p.add(n, where, "has no path: the name of a claim")
		}
		return nil
	}
	path, okPath := p.claimPath(fields[i].value, where+".path")
	rest := slices.Delete(slices.Clone(fields), i, i+1)
	if rest == nil {
		rest = []field{}
	}
	o, ok := p.operatorOf(n, rest, where, "a text", opIs, opIn, opContains, opStartsWith, opEndsWith, opExists, foldKey)
	if !ok || !okPath {
		return nil
	}
	if o.operator == opExists {
		return p.claimExists(o, path, where)
	}
	m := textMatch(o.operator, o.values, o.fold)
	return leaf(func(in *Input) answer { return path.look(in, m) })
}

func (p *parser) claimExists(o operand, path claimPath, where string) *node {
	if o.fold {
		p.add(o.node, where, "fold has no meaning beside exists")
		return nil
	}
	exists := leaf(func(in *Input) answer { return path.look(in, func(string) bool { return true }) })
	if o.values[0] == "true" {
		return exists
	}
	return &node{kind: none, kids: []*node{exists}}
}

// claimPath reads a path: a text with dots, or a list of names, in which a dot is a
// letter.
func (p *parser) claimPath(n *yaml.Node, where string) (claimPath, bool) {
	const most = 8
	var path claimPath
	if n.Kind == yaml.SequenceNode {
		var steps []string
		for _, item := range p.items(n, where, "names") {
			step, ok := p.text(item, where, "a name")
			if !ok {
				return path, false
			}
			steps = append(steps, step)
		}
		if len(steps) == 0 {
			return path, false
		}
		path = newClaimPath("", steps)
	} else {
		text, ok := p.text(n, where, "the name of a claim, names with dots between, or a list of names")
		if !ok {
			return path, false
		}
		path = newClaimPath(text, nil)
	}
	// "https://x/y.z" is the name of a claim and no path.
	if path.whole == "" && slices.Contains(path.steps, "") || strings.Contains(path.whole, "..") || strings.Trim(path.whole, ".") != path.whole {
		p.add(n, where, "has an empty name")
		return path, false
	}
	if len(path.steps) > most {
		p.add(n, where, "has more than %d names", most)
		return path, false
	}
	for _, name := range []string{path.steps[0], path.whole} {
		if own := OwnCondition(name); own != "" {
			p.add(n, where, "the claim %q has a condition of its own: %s", shown(name), own)
			return path, false
		}
		if slices.Contains(p.opts.Mapped, name) {
			p.add(n, where, "the claim %q is kept as roles, groups or scopes: use role, group or scope", shown(name))
			return path, false
		}
		if slices.Contains(access.ProtocolClaims(), name) {
			p.add(n, where, "the claim %q is not kept: no rule could ever see it", shown(name))
			return path, false
		}
	}
	return path, true
}

// OwnCondition names the condition to use for a claim that is judged in its own way; ""
// for others.
func OwnCondition(claim string) string {
	switch claim {
	case "oid":
		return "user"
	case "tid":
		return "tenant"
	case "roles":
		return "role"
	case "groups":
		return "group"
	case "scp", "scope":
		return "scope"
	case "email":
		return "email or email_domain, which ask whether it is verified"
	case "azp", "appid":
		return "client"
	case "acrs", "acr":
		return "acr"
	case "amr":
		return "amr"
	case "auth_time":
		return "auth_age"
	}
	return ""
}

// fieldOf gives how to read a claim that an identity has a field for, nil for others.
func fieldOf(steps []string) func(*access.Identity) string {
	if len(steps) > 1 {
		return nil
	}
	switch steps[0] {
	case "sub":
		return func(id *access.Identity) string { return id.Subject }
	case "iss":
		return func(id *access.Identity) string { return id.Issuer }
	case "name":
		return func(id *access.Identity) string { return id.Name }
	case "preferred_username":
		return func(id *access.Identity) string { return id.PreferredUsername }
	}
	return nil
}
