package policy

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// json writes an object or list of YAML as the compact JSON that an identity has.
func (p *parser) json(n *yaml.Node, where string) (string, bool) {
	if n.Kind == yaml.AliasNode || !plainTree(n) {
		p.add(n, where, "must not have anchors, aliases or tags")
		return "", false
	}
	var value any
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if n.Decode(&value) != nil || encoder.Encode(value) != nil {
		p.add(n, where, "cannot be written as JSON: keys must be texts, each once")
		return "", false
	}
	return strings.TrimSpace(b.String()), true
}

// plainTree reports whether nothing in n stands for something else.
func plainTree(n *yaml.Node) bool {
	return n.Kind != yaml.AliasNode && n.Anchor == "" && n.ShortTag() != "!!merge" &&
		!slices.ContainsFunc(n.Content, func(kid *yaml.Node) bool { return !plainTree(kid) })
}

func (p *parser) expectation(n *yaml.Node, where string) expectation {
	var e expectation
	fields := p.fields(n, where, "a map with outcome, reason, rule, why, missing")
	if fields != nil && !slices.ContainsFunc(fields, func(f field) bool { return f.name == "outcome" }) {
		p.add(n, where, "must have an outcome")
	}
	for _, f := range fields {
		inside := where + "." + shown(f.name)
		switch f.name {
		case "outcome":
			e.outcome = p.oneOf(f.value, inside, outcomes())
		case "reason":
			e.reason = p.oneOf(f.value, inside, reasons())
		case "rule":
			e.rule, _ = p.text(f.value, inside, "a rule's name, or none")
		case "why":
			e.why = p.oneOf(f.value, inside, whys())
		case "missing":
			m := p.missing(f.value, inside)
			e.missing = &m
		default:
			p.add(f.key, where, "%q is not known; use outcome, reason, rule, why, missing", shown(f.name))
		}
	}
	return e
}

func (p *parser) oneOf(n *yaml.Node, where string, allowed []string) string {
	form := "one of " + strings.Join(allowed, ", ")
	text, ok := p.text(n, where, form)
	if ok && !slices.Contains(allowed, text) {
		p.add(n, where, "%q must be %s", shown(text), form)
		return ""
	}
	return text
}

// missing reads what is missing; {} is nothing.
func (p *parser) missing(n *yaml.Node, where string) access.Missing {
	var m access.Missing
	if n.Kind == yaml.MappingNode && len(n.Content) == 0 {
		return m
	}
	lists := map[string]*[]access.Clause{"groups": &m.Groups, "scopes": &m.Scopes, "acr": &m.Contexts, "amr": &m.Methods}
	for _, f := range p.fields(n, where, "a map with groups, scopes, acr, amr, max_age, or {}") {
		inside := where + "." + shown(f.name)
		switch {
		case f.name == "max_age":
			m.MaxAge, _ = p.duration(f.value, inside, minAge, maxAge)
		case lists[f.name] != nil:
			texts, _ := p.texts(f.value, inside, `names with "|" between those of which one is enough`)
			for _, text := range texts {
				*lists[f.name] = append(*lists[f.name], strings.Split(text, "|"))
			}
		default:
			p.add(f.key, where, "%q is not known; use groups, scopes, acr, amr, max_age", shown(f.name))
		}
	}
	return m
}

func outcomes() []string {
	var out []string
	for o := access.Deny; o <= access.Unsure; o++ {
		out = append(out, o.String())
	}
	return out
}

func reasons() []string {
	var out []string
	for _, r := range []access.Reason{
		access.ReasonOK, access.ReasonNoTicket, access.ReasonGroupsUnknown,
		ReasonDenied, ReasonUnmatched, ReasonStepUp, ReasonError, ReasonPath, ReasonUnknown,
	} {
		out = append(out, r.String())
	}
	return out
}

func whys() []string {
	var out []string
	for w := WhyNone; w <= WhyExprError; w++ {
		out = append(out, w.String())
	}
	return out
}
