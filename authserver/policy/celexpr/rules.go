package celexpr

import (
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/parser"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// literalPatterns refuses a regular expression that is made while a request is judged:
// it would be compiled each time, and could be somebody else's text.
type literalPatterns struct{}

// Name returns the validator's name.
func (literalPatterns) Name() string { return "easyauth.literal_patterns" }

// Validate reports patterns that are no literals.
func (literalPatterns) Validate(_ *cel.Env, _ cel.ValidatorConfig, a *ast.AST, issues *cel.Issues) {
	for _, call := range ast.MatchDescendants(ast.NavigateAST(a), ast.FunctionMatcher(overloads.Matches)) {
		args := call.AsCall().Args()
		if len(args) == 0 || args[len(args)-1].Kind() != ast.LiteralKind {
			issues.ReportErrorAtID(call.ID(), "the pattern of matches must be a literal, such as '^/a/[0-9]+$'")
		}
	}
}

// singleClaims refuses everything with identity.claims but asking for one claim. That
// others were left out is then of no account.
type singleClaims struct{ mapped []string }

// Name returns the validator's name.
func (singleClaims) Name() string { return "easyauth.single_claims" }

// Validate reports other uses of the claims.
func (s singleClaims) Validate(_ *cel.Env, _ cel.ValidatorConfig, a *ast.AST, issues *cel.Issues) {
	for _, e := range ast.MatchDescendants(ast.NavigateAST(a), ast.KindMatcher(ast.IdentKind)) {
		if e.AsIdent() != varClaims {
			continue
		}
		switch name, ok := askedClaim(e); {
		case !ok:
			issues.ReportErrorAtID(e.ID(), `identity.claims is asked for one claim: identity.claims["dept"], has(identity.claims.dept), "dept" in identity.claims`)
		case !isOther(name, s.mapped):
			issues.ReportErrorAtID(e.ID(), "%s is never among identity.claims: take the variable of identity that has it, or the condition for it", cut(name))
		}
	}
}

// askedClaim reports whether the parent of the claims selects one, or looks for one, and
// gives its name, "" if that is not a literal.
func askedClaim(claims ast.NavigableExpr) (name string, ok bool) {
	parent, ok := claims.Parent()
	if !ok {
		return "", false
	}
	if parent.Kind() == ast.SelectKind {
		return parent.AsSelect().FieldName(), true
	}
	if parent.Kind() != ast.CallKind {
		return "", false
	}
	call := parent.AsCall()
	args := call.Args()
	switch {
	case call.FunctionName() == operators.Index && args[0].ID() == claims.ID():
		return literalText(args[1]), true
	case call.FunctionName() == operators.In && args[1].ID() == claims.ID():
		return literalText(args[0]), true
	}
	return "", false
}

func literalText(e ast.Expr) string {
	if e.Kind() != ast.LiteralKind {
		return ""
	}
	text, _ := e.AsLiteral().Value().(string)
	return text
}

// isOther reports whether a claim may be among the others: has() of one that an identity
// has elsewhere, or not at all, would be no for everybody.
func isOther(name string, mapped []string) bool {
	switch name {
	case "iss", "sub", "oid", "tid", "name", "preferred_username", "email", "roles", "groups", "scp":
		return false
	}
	return !slices.Contains(access.ProtocolClaims(), name) && !slices.Contains(mapped, name)
}

// noMessages refuses protocol buffer messages, which CEL always knows some of.
type noMessages struct{}

// Name returns the validator's name.
func (noMessages) Name() string { return "easyauth.no_messages" }

// Validate reports messages.
func (noMessages) Validate(_ *cel.Env, _ cel.ValidatorConfig, a *ast.AST, issues *cel.Issues) {
	for _, e := range ast.MatchDescendants(ast.NavigateAST(a), ast.KindMatcher(ast.StructKind)) {
		issues.ReportErrorAtID(e.ID(), "messages cannot be made here")
	}
}

// noJoins refuses a + b of lists. It costs nothing in CEL's units, but each entry of
// the result is found by going through all the joins.
type noJoins struct{}

// Name returns the validator's name.
func (noJoins) Name() string { return "easyauth.no_joins" }

// Validate reports joins, apart from those by which filter collects.
func (noJoins) Validate(_ *cel.Env, _ cel.ValidatorConfig, a *ast.AST, issues *cel.Issues) {
	for _, call := range ast.MatchDescendants(ast.NavigateAST(a), ast.FunctionMatcher(operators.Add)) {
		to := call.AsCall().Args()[0]
		if call.Type().Kind() == types.ListKind && (to.Kind() != ast.IdentKind || to.AsIdent() != parser.HiddenAccumulatorName) {
			issues.ReportErrorAtID(call.ID(), "lists cannot be joined; ask both")
		}
	}
}
