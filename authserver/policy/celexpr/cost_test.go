package celexpr

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"cel.dev/cel-go/interpreter"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/policy"
)

// huge is an input whose lists and texts are much larger than usual.
func huge() *policy.Input {
	return annWith(func(in *policy.Input) {
		id := in.Identity
		id.Groups, id.Roles = nil, nil
		for i := range 20_000 {
			id.Groups = append(id.Groups, fmt.Sprintf("00000000-0000-4000-8000-%012d", i))
		}
		id.Roles = id.Groups[:2000]
		id.Name = strings.Repeat("a", maxText-1) + "b"
		id.PreferredUsername = strings.Repeat("a", maxText-1) + "c"
		id.Claims = append(id.Claims, access.Claim{Name: "many", Values: id.Groups})
		in.URI = "/" + strings.Repeat("a", maxPath-1)
	})
}

// What the estimate lets pass for usual sizes ends by its cost when the sizes are not
// usual; the same expression passes for ann.
func TestTooExpensive(t *testing.T) {
	for _, expr := range []string{
		`identity.groups.all(g, g != "x" && g != "y")`,
		`identity.roles.all(r, !("many" in identity.claims) || identity.claims["many"].all(v, v != ""))`,
		`identity.roles.all(r, !(r + "!" in identity.groups))`,
		`identity.groups.filter(g, g.contains("-")).size() < 1000`,
		`!identity.roles.exists(v, (identity.name + identity.name).contains(identity.preferred_username))`,
		`!identity.roles.exists(v, identity.name.matches("^(a|b){20}z$"))`,
	} {
		p := compile(t, expr)
		if ok, err := p.Eval(ann()); err != nil || !ok {
			t.Errorf("%s of ann: %v, %v", expr, ok, err)
		}
		if ok, err := p.Eval(huge()); err == nil || ok || err.Error() != "evaluate expression: it was too expensive" {
			t.Errorf("%s: %v, %v", expr, ok, err)
		}
	}
}

// counted evaluates and returns what CEL counted; what ended for its cost is maxCost.
func counted(t testing.TB, p policy.Program, in *policy.Input) uint64 {
	t.Helper()
	c, ok := p.(*compiled)
	if !ok {
		t.Fatal("no program of this package")
	}
	_, details, err := c.program.Eval(&values{in: in, cfg: Config{Entra: true}})
	var cancelled interpreter.EvalCancelledError
	if errors.As(err, &cancelled) {
		return maxCost
	}
	if details == nil || details.ActualCost() == nil {
		t.Fatalf("no cost was counted: %v", err)
	}
	return *details.ActualCost()
}

// No text panics, and what can be compiled ends by its cost.
func FuzzExpression(f *testing.F) {
	for _, expr := range []string{
		`"Editor" in identity.roles && request.method == "GET"`, `identity.groups.exists(g, g.startsWith("x"))`, `has(identity.claims.dept) ? true : bearer`,
		`identity.claims["dept"].all(v, v.matches("^a+$"))`, `request.time - duration("8h") < timestamp("2026-01-01T00:00:00Z")`, `1 / 0 == 1 || client == "x"`,
		`{"a": [1, 2]}["a"].filter(x, x > 1) == [2]`, `((((`, `"\ud800" == client`, "`a`.b", `-9223372036854775808 / -1 > 0`, `identity.roles.filter(r, r + r in identity.groups) + ["a"] == []`,
		`request.time.getFullYear() % 4 == 0`, `google.protobuf.Value{}`, `[[[]]] == [[[]]]`, `int("1e9") > 0`, `"a" + string(1.0 / 0.0) == "a+Inf"`,
	} {
		f.Add(expr)
	}
	c := compiler(f)
	small, large := ann(), huge()
	f.Fuzz(func(t *testing.T, expr string) {
		p, err := c.Compile(expr)
		if err != nil {
			if p != nil {
				t.Fatalf("%q: a program beside %v", expr, err)
			}
			isShort(t, err)
			if strings.Contains(err.Error(), "panicked") {
				t.Fatalf("%q: %v", expr, err)
			}
			return
		}
		for _, in := range []*policy.Input{small, large, {}} {
			ok, err := p.Eval(in)
			if err != nil && (ok || strings.Contains(err.Error(), "panicked")) {
				t.Fatalf("%q: %v, %v", expr, ok, err)
			}
			if again, err2 := p.Eval(in); again != ok || (err2 == nil) != (err == nil) {
				t.Fatalf("%q: %v, %v, and then %v, %v", expr, ok, err, again, err2)
			}
			// One step more may have been begun when the limit was met.
			if n := counted(t, p, in); n > 2*maxCost {
				t.Fatalf("%q costs %d", expr, n)
			}
		}
	})
}
