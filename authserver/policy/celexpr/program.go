package celexpr

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"

	"github.com/easyauth-sidecar/easyauth/authserver/policy"
)

// compiled is a program. It is safe for concurrent use.
type compiled struct {
	program cel.Program
	cfg     Config
}

// Eval evaluates the expression for one input, of which it keeps nothing. Whatever
// goes wrong is an error, beside which the bool is false.
func (c *compiled) Eval(in *policy.Input) (ok bool, err error) {
	if in == nil {
		return false, errors.New("evaluate expression: there is no input")
	}
	values := &values{in: in, cfg: c.cfg}
	defer func() {
		values.in = nil
		if err != nil {
			ok = false
		}
	}()
	defer recovered(&err)
	result, _, err := c.program.Eval(values)
	if err != nil {
		return false, fmt.Errorf("evaluate expression: %s", problemOf(err))
	}
	is, isBool := result.(types.Bool)
	if !isBool {
		return false, fmt.Errorf("evaluate expression: its result is %s", typeName(result))
	}
	return bool(is), nil
}

// problemOf says what kind of thing went wrong. CEL's own text may hold what the
// person or the request brought, and is not used.
func problemOf(err error) string {
	var cancelled interpreter.EvalCancelledError
	if errors.As(err, &cancelled) {
		return "it was too expensive"
	}
	text := err.Error()
	if _, name, ok := strings.Cut(text, "no such attribute(s): "); ok {
		if i := slices.IndexFunc(variables(), func(v variable) bool { return v.name == name }); i >= 0 {
			return name + " is not known"
		}
	}
	for _, kind := range []string{
		"no such key", "no such claim", "claim was left out", "claim is elsewhere", "claim is too long", "index out of bounds", "out of range", "division by zero", "modulus by zero", "overflow", "no such overload",
	} {
		if strings.Contains(text, kind) {
			return kind
		}
	}
	return "a value in it cannot be used so"
}

func typeName(v ref.Val) string {
	if v == nil {
		return "nothing"
	}
	return cut(v.Type().TypeName())
}
