package celexpr

import (
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
)

// Sizes that are usual, for what an expression could cost: 200 groups are what Entra ID puts
// into a token. More is not refused when it comes; maxCost then counts.
const (
	usualList  = 200
	usualText  = 64 // characters of a name, an id, a claim's value
	usualPath  = 1000
	usualClaim = 20 // values of a claim
)

// sizes estimates what variables hold.
type sizes struct{}

// EstimateCallCost leaves functions to CEL.
func (sizes) EstimateCallCost(_, _ string, _ *cost.AstNode, _ []cost.AstNode) *cost.CallEstimate {
	return nil
}

// EstimateSize gives characters of a text, values of a list, and nil for what an
// expression makes itself.
func (sizes) EstimateSize(element cost.AstNode) *cost.SizeEstimate {
	path := element.Path()
	if len(path) == 0 {
		return nil
	}
	upTo := func(n uint64) *cost.SizeEstimate { s := cost.RangedSizeEstimate(0, n); return &s }
	switch {
	case element.Type().Kind() == types.StringKind && path[0] == varPath:
		return upTo(usualPath)
	case element.Type().Kind() == types.StringKind:
		return upTo(usualText)
	case path[0] == varClaims && element.Type().Kind() == types.ListKind:
		return upTo(usualClaim)
	case element.Type().Kind() == types.ListKind, element.Type().Kind() == types.MapKind:
		return upTo(usualList)
	}
	return nil
}

// costs are where CEL's own say too little: a{100} is a short pattern and takes a hundred
// times as long for each character, and what text is no number is looked at as a whole.
func costs() []cost.OverloadModel {
	const perCharacter = cost.StringTraversalCostFactor * cost.RegexStringLengthCostFactor * maxPattern
	models := []cost.OverloadModel{
		cost.Overload(overloads.Matches, cost.EvalCost(cost.Scale(cost.Sum(cost.Arg(0), cost.Const(1)), perCharacter))),
		cost.MemberOverload(overloads.MatchesString, cost.EvalCost(cost.Scale(cost.Sum(cost.Target(), cost.Const(1)), perCharacter))),
		cost.Overload(overloads.SizeString, wholeText(cost.Arg(0))),
		cost.MemberOverload(overloads.SizeStringInst, wholeText(cost.Target())),
	}
	for _, id := range []string{overloads.StringToInt, overloads.StringToDouble, overloads.StringToBool, overloads.StringToTimestamp, overloads.StringToDuration} {
		models = append(models, cost.Overload(id, wholeText(cost.Arg(0))))
	}
	return models
}

// wholeText counts one, and one for ten characters.
func wholeText(text cost.QuantityExpr) cost.OverloadModelOption {
	return cost.EvalCost(cost.Sum(cost.Const(1), cost.Scale(text, cost.StringTraversalCostFactor)))
}
