package policy

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	maxExpr        = 4 << 10 // bytes
	maxExprProblem = 300     // bytes of what a compiler says
)

// expr reads an expression.
func (p *parser) expr(n *yaml.Node, where string) *node {
	switch {
	case n.Kind == yaml.AliasNode:
		return nil
	case n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" || strings.TrimSpace(n.Value) == "":
		p.add(n, where, "must be an expression, in quotes")
		return nil
	case len(n.Value) > maxExpr:
		p.add(n, where, "is longer than %d KB", maxExpr>>10)
		return nil
	case p.opts.Expressions == nil:
		p.add(n, where, "expressions cannot be read here")
		return nil
	}
	program, err := p.opts.Expressions.Compile(n.Value)
	if err != nil {
		problem := strings.Join(strings.Fields(err.Error()), " ")
		p.add(n, where, "is no expression: %s", strings.ToValidUTF8(problem[:min(len(problem), maxExprProblem)], ""))
		return nil
	}
	return leaf(func(in *Input) answer {
		ok, err := program.Eval(in)
		if err != nil {
			return cannotTell(WhyExprError)
		}
		return holds(ok)
	})
}
