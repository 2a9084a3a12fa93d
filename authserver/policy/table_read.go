package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// ParseTable reads a table as its type describes it. The error is of type Faults and
// lists everything that is wrong, also with the table's own policies.
func ParseTable(text []byte, opts Options) (*Table, error) {
	p := &parser{opts: opts}
	t := &Table{}
	root := p.readYAML(text, MaxTable)
	if root == nil {
		return nil, p.err()
	}
	for _, f := range p.fields(root, "", "a map with cases, and with policies if need be") {
		switch f.name {
		case "policies":
			t.Set = &Set{byName: map[string]*Policy{}}
			p.policies(f.value, t.Set)
		case "cases":
			items := p.items(f.value, "cases", "cases")
			if len(items) > MaxCases {
				p.add(f.value, "cases", "has more than %d cases", MaxCases)
				continue
			}
			for i, item := range items {
				t.cases = append(t.cases, p.tableCase(item, fmt.Sprintf("cases[%d]", i)))
			}
		default:
			p.add(f.key, "", "%q is not known; use policies and cases", shown(f.name))
		}
	}
	if len(t.cases) == 0 && len(p.list) == 0 {
		p.add(root, "", "has no cases")
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	return t, nil
}

func (p *parser) tableCase(n *yaml.Node, where string) tableCase {
	noon, _ := time.Parse(time.RFC3339, noon) // a constant
	c := tableCase{name: where, line: n.Line, input: Input{Now: noon}}
	var identity *yaml.Node
	given := map[string]bool{}
	fields := p.fields(n, where, "a case with policy, identity, request, expect")
	for _, f := range fields {
		inside := where + "." + shown(f.name)
		given[f.name] = true
		switch f.name {
		case "name":
			c.name, _ = p.text(f.value, inside, "a name")
		case "policy":
			c.policy, _ = p.text(f.value, inside, "a policy's name")
		case "identity":
			identity = f.value
		case "request":
			p.request(f.value, inside, &c.input)
		case "expect":
			c.expect = p.expectation(f.value, inside)
		default:
			p.add(f.key, where, "%q is not known; use name, policy, identity, request, expect", shown(f.name))
		}
	}
	if identity != nil { // when it is known what time it is
		c.input.Identity = p.identity(identity, where+".identity", c.input.Now)
	}
	if fields != nil && !(given["policy"] && given["expect"]) {
		p.add(n, where, "must have policy, and expect with an outcome")
	}
	return c
}

func (p *parser) request(n *yaml.Node, where string, in *Input) {
	for _, f := range p.fields(n, where, "a map with method, uri, source, time, client, bearer, app_only, app_unknown") {
		inside := where + "." + shown(f.name)
		var text string
		switch f.name {
		case "bearer":
			in.Bearer, _ = p.boolean(f.value, inside)
			continue
		case "app_only":
			in.AppOnly, _ = p.boolean(f.value, inside)
			continue
		case "app_unknown":
			in.AppUnknown, _ = p.boolean(f.value, inside)
			continue
		case "method", "uri", "source", "time", "client":
			var ok bool
			if text, ok = p.text(f.value, inside, "a text"); !ok {
				continue
			}
		default:
			p.add(f.key, where, "%q is not known; use method, uri, source, time, client, bearer, app_only, app_unknown", shown(f.name))
		}
		var err error
		switch f.name {
		case "method":
			in.Method = text
		case "uri":
			in.URI = text
		case "client":
			in.Client = text
		case "source":
			if in.Source, err = netip.ParseAddr(text); err != nil {
				p.add(f.value, inside, "must be an address")
			}
		case "time":
			if in.Now, err = time.Parse(time.RFC3339, text); err != nil {
				p.add(f.value, inside, "must be a time such as 2026-03-29T08:00:00Z")
			}
		}
	}
}

const identityWords = "user, tenant, subject, issuer, name, preferred_username, email, roles, groups, scopes, acr, amr, auth_age, claims, groups_unknown, groups_checked, groups_failed, dropped, other_application"

func (p *parser) identity(n *yaml.Node, where string, now time.Time) *access.Identity {
	id := &access.Identity{}
	if n.Kind == yaml.MappingNode && len(n.Content) == 0 {
		return id
	}
	texts := map[string]*string{
		"user": &id.Object, "tenant": &id.Tenant, "subject": &id.Subject, "issuer": &id.Issuer, "name": &id.Name,
		"preferred_username": &id.PreferredUsername, "email": &id.Email,
	}
	lists := map[string]*[]string{
		"roles": &id.Roles, "groups": &id.Groups, "scopes": &id.Scopes, "groups_checked": &id.GroupsChecked,
		"acr": &id.Contexts, "amr": &id.Methods, "dropped": &id.Dropped,
	}
	flags := map[string]*bool{"groups_unknown": &id.GroupsUnknown, "groups_failed": &id.GroupsFailed, "other_application": &id.Elsewhere}
	for _, f := range p.fields(n, where, "a map of what is known about somebody, or {}") {
		inside := where + "." + shown(f.name)
		switch {
		case texts[f.name] != nil:
			*texts[f.name], _ = p.text(f.value, inside, "a text")
		case lists[f.name] != nil:
			*lists[f.name], _ = p.texts(f.value, inside, "a text")
		case flags[f.name] != nil:
			*flags[f.name], _ = p.boolean(f.value, inside)
		case f.name == "auth_age":
			if age, ok := p.duration(f.value, inside, 0, 10*maxAge); ok {
				id.AuthTime = now.Add(-age)
			}
		case f.name == "claims":
			id.Claims = p.claims(f.value, inside)
		default:
			p.add(f.key, where, "%q is not known; use %s", shown(f.name), identityWords)
		}
	}
	return id
}

// claims writes claims as an identity has them.
func (p *parser) claims(n *yaml.Node, where string) []access.Claim {
	var out []access.Claim
	for _, f := range p.fields(n, where, "a map of claims") {
		inside := where + "." + shown(f.name)
		values := []*yaml.Node{f.value}
		if f.value.Kind == yaml.SequenceNode {
			values = p.items(f.value, inside, "values")
		}
		claim := access.Claim{Name: f.name}
		for _, v := range values {
			if v.Kind == yaml.ScalarNode {
				if text, ok := p.text(v, inside, "a value"); ok {
					claim.Values = append(claim.Values, text)
				}
			} else if text, ok := p.json(v, inside); ok {
				claim.Values = append(claim.Values, text)
			}
		}
		out = append(out, claim)
	}
	slices.SortFunc(out, func(a, b access.Claim) int { return strings.Compare(a.Name, b.Name) })
	return out
}
