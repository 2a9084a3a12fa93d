package policy

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The operators. starts_with, ends_with and contains take a text or a list of texts,
// one of which is enough.
const (
	opIs         = "is"
	opIn         = "in"
	opStartsWith = "starts_with"
	opEndsWith   = "ends_with"
	opContains   = "contains"
	opExists     = "exists"
	foldKey      = "fold"
)

// operand is an operator with its values.
type operand struct {
	operator string
	values   []string
	node     *yaml.Node // of the value, for faults
	fold     bool
}

// operator reads {is: x} or another of the allowed operators. form is what values are.
func (p *parser) operator(n *yaml.Node, where, form string, allowed ...string) (operand, bool) {
	return p.operatorOf(n, p.fields(n, where, "a map with one operator: "+strings.Join(allowed, ", ")), where, form, allowed...)
}

// operatorOf reads the operator among the fields of n; if foldKey is allowed, that may
// stand beside it.
func (p *parser) operatorOf(n *yaml.Node, fields []field, where, form string, allowed ...string) (operand, bool) {
	if fields == nil {
		return operand{}, false // there is a fault already
	}
	var o operand
	ok, operators := true, 0
	for _, f := range fields {
		inside := where + "." + shown(f.name)
		switch {
		case !slices.Contains(allowed, f.name):
			p.add(f.key, where, "%q is not known here; use one of %s", shown(f.name), strings.Join(allowed, ", "))
			ok = false
		case f.name == foldKey:
			fold, good := p.boolean(f.value, inside)
			o.fold, ok = fold, ok && good
		default:
			operators++
			values, good := p.operands(f, inside, form)
			o.operator, o.values, o.node, ok = f.name, values, f.value, ok && good
		}
	}
	if operators != 1 && ok {
		p.add(n, where, "must have exactly one operator of %s", strings.Join(slices.DeleteFunc(slices.Clone(allowed), func(s string) bool { return s == foldKey }), ", "))
		return operand{}, false
	}
	return o, ok
}

func (p *parser) operands(f field, where, form string) ([]string, bool) {
	list := f.name == opIn || f.value.Kind == yaml.SequenceNode && (f.name == opStartsWith || f.name == opEndsWith || f.name == opContains)
	if list {
		values, ok := p.texts(f.value, where, form)
		if len(values) > MaxValues {
			p.add(f.value, where, "has more than %d values", MaxValues)
			ok = false
		}
		return values, ok
	}
	if f.name == opExists {
		exists, ok := p.boolean(f.value, where)
		if exists {
			return []string{"true"}, ok
		}
		return []string{"false"}, ok
	}
	value, ok := p.text(f.value, where, form)
	return []string{value}, ok
}

// every checks each value, and tells what each must be.
func (p *parser) every(o operand, where string, ok func(string) bool, must string) bool {
	good := true
	for _, v := range o.values {
		if !ok(v) {
			p.add(o.node, where, "%q must be %s", shown(v), must)
			good = false
		}
	}
	return good
}

func leaf(t test) *node { return &node{kind: condition, test: t} }
