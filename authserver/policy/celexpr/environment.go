package celexpr

import (
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
)

// Names of the variables. The dots are letters of them for CEL, which looks for the
// longest name that there is.
const (
	varObject            = "identity.object"
	varTenant            = "identity.tenant"
	varSubject           = "identity.subject"
	varIssuer            = "identity.issuer"
	varName              = "identity.name"
	varPreferredUsername = "identity.preferred_username"
	varEmail             = "identity.email"
	varRoles             = "identity.roles"
	varGroups            = "identity.groups"
	varScopes            = "identity.scopes"
	varClaims            = "identity.claims"
	varMethod            = "request.method"
	varPath              = "request.path"
	varSource            = "request.source"
	varTime              = "request.time"
	varBearer            = "bearer"
	varAppOnly           = "app_only"
	varClient            = "client"
)

// variable is a name and its type.
type variable struct {
	name string
	kind *cel.Type
}

// variables lists what an expression can read.
func variables() []variable {
	texts := cel.ListType(cel.StringType)
	return []variable{
		{varObject, cel.StringType},
		{varTenant, cel.StringType},
		{varSubject, cel.StringType},
		{varIssuer, cel.StringType},
		{varName, cel.StringType},
		{varPreferredUsername, cel.StringType},
		{varEmail, cel.StringType},
		{varRoles, texts},
		{varGroups, texts},
		{varScopes, texts},
		{varClaims, cel.MapType(cel.StringType, texts)},
		{varMethod, cel.StringType},
		{varPath, cel.StringType},
		{varSource, cel.StringType},
		{varTime, cel.TimestampType},
		{varBearer, cel.BoolType},
		{varAppOnly, cel.BoolType},
		{varClient, cel.StringType},
	}
}

func environment(cfg Config) (*cel.Env, error) {
	library := env.NewLibrarySubset().AddIncludedMacros(macros()...).AddIncludedFunctions(functions()...)
	opts := []cel.EnvOption{
		cel.StdLib(cel.StdLibSubset(library)),
		cel.ParserExpressionSizeLimit(maxCharacters),
		cel.ParserRecursionLimit(maxNesting),
		cel.ParserErrorRecoveryLimit(2),
		cel.ExpressionNodeLimit(maxNodes),
		cel.RegexProgramSizeLimit(maxPattern),
		cel.CostModel(costs()...),
		cel.ExtendedValidations(),
		cel.ASTValidators(
			cel.ValidateComprehensionNestingLimit(maxLoops),
			cel.ValidateRegexProgramSizeLimit(maxPattern),
			literalPatterns{},
			singleClaims{mapped: cfg.Mapped},
			noMessages{},
			noJoins{},
		),
	}
	for _, v := range variables() {
		opts = append(opts, cel.Variable(v.name, v.kind))
	}
	return cel.NewCustomEnv(opts...)
}

// macros lists those that only read: map builds, and is not needed for a yes or no.
func macros() []string {
	return []string{operators.Has, operators.All, operators.Exists, operators.ExistsOne, operators.Filter}
}

// functions lists what expressions may call. A function that a later version of CEL
// brings is not among them until it is written here.
func functions() []*env.Function {
	out := []*env.Function{
		only(overloads.TimeGetFullYear, overloads.TimestampToYear),
		only(overloads.TimeGetMonth, overloads.TimestampToMonth),
		only(overloads.TimeGetDayOfYear, overloads.TimestampToDayOfYear),
		only(overloads.TimeGetDate, overloads.TimestampToDayOfMonthOneBased),
		only(overloads.TimeGetDayOfMonth, overloads.TimestampToDayOfMonthZeroBased),
		only(overloads.TimeGetDayOfWeek, overloads.TimestampToDayOfWeek),
		only(overloads.TimeGetHours, overloads.TimestampToHours, overloads.DurationToHours),
		only(overloads.TimeGetMinutes, overloads.TimestampToMinutes, overloads.DurationToMinutes),
		only(overloads.TimeGetSeconds, overloads.TimestampToSeconds, overloads.DurationToSeconds),
	}
	for _, name := range []string{
		operators.Conditional, operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, operators.NotStrictlyFalse,
		operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals,
		operators.Add, operators.Subtract, operators.Multiply, operators.Divide, operators.Modulo, operators.Negate,
		operators.Index, operators.In,
		overloads.Size, overloads.Contains, overloads.StartsWith, overloads.EndsWith, overloads.Matches,
		overloads.TypeConvertInt, overloads.TypeConvertDouble, overloads.TypeConvertBool, overloads.TypeConvertString,
		overloads.TypeConvertTimestamp, overloads.TypeConvertDuration,
	} {
		out = append(out, only(name))
	}
	return out
}

// only takes some of a function's overloads; without ids, all.
func only(name string, ids ...string) *env.Function {
	f := env.NewFunction(name)
	for _, id := range ids {
		f.Overloads = append(f.Overloads, &env.Overload{ID: id})
	}
	return f
}
