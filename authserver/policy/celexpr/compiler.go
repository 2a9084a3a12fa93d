package celexpr

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"cel.dev/cel-go/cel"

	"github.com/easyauth-sidecar/easyauth/authserver/policy"
)

const (
	maxCharacters = 2000   // of an expression
	maxNodes      = 300    // of it, with its macros expanded
	maxNesting    = 40     // of parentheses and calls in each other
	maxLoops      = 2      // in each other
	maxPattern    = 100    // instructions of a compiled regular expression
	maxCost       = 50_000 // of one evaluation, in CEL's units: about one for reading a variable or comparing two words
)

// Config is what expressions are compiled with. The zero value is another provider
// than Entra ID.
type Config struct {
	// Entra: the claim xms_edov can say that an address is verified, as in policy.Options.
	Entra bool
	// Mapped are claims that are kept elsewhere, as in policy.Options.
	Mapped []string
}

// Compiler compiles expressions. It never changes and is safe for concurrent use.
type Compiler struct {
	env *cel.Env
	cfg Config
}

// New returns a Compiler. An error says that this build's CEL cannot be set up.
func New(cfg Config) (c *Compiler, err error) {
	defer recovered(&err)
	env, err := environment(cfg)
	if err != nil {
		return nil, fmt.Errorf("set up expressions: %w", err)
	}
	return &Compiler{env: env, cfg: cfg}, nil
}

// Compile parses and type-checks an expression, and refuses one that is too long, has
// a result that is no bool, or could cost too much. The error says what is wrong in at
// most 240 bytes, and cuts names and values at 40.
func (c *Compiler) Compile(expr string) (program policy.Program, err error) {
	defer recovered(&err)
	if !utf8.ValidString(expr) {
		return nil, errors.New("it is no UTF-8")
	}
	if utf8.RuneCountInString(expr) > maxCharacters {
		return nil, fmt.Errorf("it is longer than %d characters", maxCharacters)
	}
	checked, issues := c.env.Compile(expr)
	if issues.Err() != nil {
		return nil, faultOf(expr, issues)
	}
	if !checked.OutputType().IsExactType(cel.BoolType) {
		return nil, fmt.Errorf("its result must be true or false; it is %s", cut(cel.FormatCELType(checked.OutputType())))
	}
	if err := c.bounded(checked); err != nil {
		return nil, err
	}
	planned, err := c.env.Program(checked, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(maxCost))
	if err != nil {
		return nil, errors.New(tidy(err.Error()))
	}
	return &compiled{program: planned, cfg: c.cfg}, nil
}

// bounded estimates what an expression could cost. What an expression is refused for
// here would be ended by maxCost, but only at the request that has so much to go through.
func (c *Compiler) bounded(checked *cel.Ast) error {
	estimate, err := c.env.EstimateCost(checked, sizes{})
	if err != nil {
		return errors.New(tidy(err.Error()))
	}
	if estimate.Max > maxCost {
		return errors.New("it could take too long: it goes through lists in each other, or through long texts again and again")
	}
	return nil
}

// recovered makes an error of a panic in CEL, so that no text and no request can end
// the process.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("CEL panicked: %s", tidy(fmt.Sprint(r)))
	}
}
