package policy

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

const ruleForm = "a rule: all, any or none with a list of conditions, or one condition; and a name, if need be"

// rule reads a rule, nil after a fault. It holds when all, any and none hold, as many
// of them as it has.
func (p *parser) rule(n *yaml.Node, where, name string) *rule {
	fields := p.fields(n, where, ruleForm)
	r := &rule{name: name, node: &node{kind: all}}
	single := ""
	for _, f := range fields {
		inside := where + "." + shown(f.name)
		switch f.name {
		case "name":
			r.name = p.ruleName(f.value, inside, name)
			continue
		case "all", "any", "none":
		default:
			single = f.name
		}
		r.node.kids = append(r.node.kids, p.subject(f, inside, 1))
	}
	switch {
	case fields == nil:
		return nil
	case len(r.node.kids) == 0:
		p.add(n, where, "must be %s", ruleForm)
		return nil
	case single != "" && len(r.node.kids) > 1:
		p.add(n, where, "has the condition %q beside others; put them into one list of all, any or none", shown(single))
	}
	for _, kid := range r.node.kids {
		if kid == nil {
			return nil
		}
	}
	r.test, r.remediable = r.node.compile(), r.node.remediable()
	return r
}

func (p *parser) ruleName(n *yaml.Node, where, standard string) string {
	name, ok := p.text(n, where, "a name of at most 64 bytes")
	switch {
	case !ok:
		return standard
	case len(name) > 64:
		p.add(n, where, "must be a name of at most 64 bytes")
	case strings.HasPrefix(name, "deny[") || strings.HasPrefix(name, "allow["):
		p.add(n, where, "must not begin like the names of rules without one")
	case name == "none":
		p.add(n, where, "must not be none: that is no rule, where it is told which one decided")
	}
	return name
}

// compile turns the building into closures.
func (n *node) compile() test {
	if n.kind == condition {
		return n.test
	}
	var tests []test
	for _, kid := range n.kids {
		tests = append(tests, kid.compile())
	}
	switch n.kind {
	case some:
		return anyOf(tests)
	case none:
		return noneOf(tests)
	default:
		return allOf(tests)
	}
}

// conditions reads the list of all, any or none.
func (p *parser) conditions(n *yaml.Node, where string, depth int) []*node {
	if depth > MaxDepth {
		p.add(n, where, "all, any and none are more than %d deep in each other", MaxDepth)
		return nil
	}
	var out []*node
	items := p.items(n, where, "conditions")
	for i, item := range items {
		inside := fmt.Sprintf("%s[%d]", where, i)
		fields := p.fields(item, inside, "a condition, such as {role: {is: Admin}}")
		if len(fields) > 1 {
			p.add(item, inside, "has several keys; a condition has one, so begin each with a hyphen")
		}
		for _, f := range fields {
			if found := p.subject(f, inside+"."+shown(f.name), depth+1); found != nil {
				out = append(out, found)
			}
		}
	}
	if len(out) < len(items) {
		return nil // there is a fault
	}
	return out
}

// subject reads one condition, or conditions in each other.
func (p *parser) subject(f field, where string, depth int) *node {
	kinds := map[string]kind{"all": all, "any": some, "none": none}
	kind, isGroup := kinds[f.name]
	if !isGroup {
		return p.condition(f, where)
	}
	kids := p.conditions(f.value, where, depth)
	if kids == nil {
		return nil
	}
	return &node{kind: kind, kids: kids}
}

// condition reads a condition about one subject, nil after a fault.
func (p *parser) condition(f field, where string) *node {
	switch f.name {
	case "signed_in":
		return p.signedIn(f.value, where)
	case "user", "tenant", "client":
		return p.ids(f, where)
	case "email", "email_domain":
		return p.email(f, where)
	case "role":
		return p.role(f.value, where)
	case "group":
		return p.group(f.value, where)
	case "scope":
		return p.scope(f.value, where)
	case "app_only", "bearer":
		return p.flag(f, where)
	case "claim":
		return p.claim(f.value, where)
	case "device":
		return p.device(f.value, where)
	case "acr", "acrs":
		return p.context(f, where)
	case "amr":
		return p.authMethod(f.value, where)
	case "auth_age":
		return p.authAge(f.value, where)
	case "method":
		return p.requestMethod(f.value, where)
	case "path":
		return p.path(f.value, where)
	case "source":
		return p.source(f.value, where)
	case "time":
		return p.time(f.value, where)
	case "expr":
		return p.expr(f.value, where)
	}
	p.add(f.key, where, "%q is not known; conditions are all, any, none, signed_in, user, tenant, email, email_domain, role, group, scope, client, app_only, bearer, claim, device, acr, amr, auth_age, method, path, source, time and expr", shown(f.name))
	return nil
}
