package celexpr

import (
	"runtime"
	"sync"
	"testing"
	"weak"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/policy"
)

// One program judges many inputs at once, and does not mix them.
func TestConcurrent(t *testing.T) {
	p := compile(t, `identity.roles.exists(r, r == identity.name) && identity.claims["dept"].all(d, d == identity.subject) && request.path == "/" + identity.name`)
	var group sync.WaitGroup
	for _, who := range []string{"ann", "bob", "eve", "joe"} {
		for _, good := range []bool{true, false} {
			group.Go(func() {
				for range 500 {
					in := &policy.Input{URI: "/" + who, Identity: &access.Identity{
						Name: who, Subject: who, Roles: []string{"x", who}, Claims: []access.Claim{{Name: "dept", Values: []string{who}}},
					}}
					if !good {
						in.URI = "/nobody"
					}
					if ok, err := p.Eval(in); err != nil || ok != good {
						t.Errorf("%s: %v, %v, want %v", who, ok, err, good)
						return
					}
				}
			})
		}
	}
	group.Wait()
}

// Nothing of an input is kept, also after an error.
func TestKeepsNothing(t *testing.T) {
	for _, expr := range []string{`"Editor" in identity.roles && "a" in identity.claims["tags"]`, `identity.claims["none"] == []`, `identity.roles.all(r, identity.claims["tags"].all(v, v != r))`} {
		p := compile(t, expr)
		input, identity := evalOnce(p)
		for range 5 { // sync.Pool lets go of what it holds in the second
			runtime.GC()
		}
		if input.Value() != nil || identity.Value() != nil {
			t.Errorf("%s keeps the input", expr)
		}
		runtime.KeepAlive(p)
	}
}

func evalOnce(p policy.Program) (weak.Pointer[policy.Input], weak.Pointer[access.Identity]) {
	in := ann()
	_, _ = p.Eval(in)
	return weak.Make(in), weak.Make(in.Identity)
}

// Addresses are verified here exactly when the condition email says so.
func TestVerifiedAsPolicy(t *testing.T) {
	claims := [][]string{nil, {}, {"true"}, {"false"}, {"1"}, {"0"}, {"True"}, {"true", "true"}, {"true", "false"}, {""}}
	for _, entra := range []bool{true, false} {
		c, err := New(Config{Entra: entra})
		if err != nil {
			t.Fatal(err)
		}
		program, err := c.Compile(`identity.email == "ann@example.com"`)
		if err != nil {
			t.Fatal(err)
		}
		set, err := policy.Parse([]byte(`policies: {p: {allow: [email: {is: ann@example.com}]}}`), policy.Options{Entra: entra})
		if err != nil {
			t.Fatal(err)
		}
		for _, general := range claims {
			for _, edov := range claims {
				in := annWith(func(in *policy.Input) {
					in.Identity.Claims = nil
					if general != nil {
						in.Identity.Claims = append(in.Identity.Claims, access.Claim{Name: "email_verified", Values: general})
					}
					if edov != nil {
						in.Identity.Claims = append(in.Identity.Claims, access.Claim{Name: "xms_edov", Values: edov})
					}
				})
				want := set.Find("p").Decide(in).Decision.Outcome == access.Allow
				if ok, err := program.Eval(in); ok != want || (err == nil) != want {
					t.Errorf("Entra %v, email_verified %q, xms_edov %q: %v, %v, want %v", entra, general, edov, ok, err, want)
				}
			}
		}
	}
}

// Methods are known here exactly when the condition method knows them.
func TestMethodAsPolicy(t *testing.T) {
	program := compile(t, `request.method != "POST"`)
	set, err := policy.Parse([]byte(`policies: {p: {allow: [none: [method: {is: POST}]]}}`), policy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{"", "GET", "get", "Get", "M-SEARCH", "BASELINE_X", "G T", "GET\n", "É", "POST", "post", "1"} {
		in := annWith(func(in *policy.Input) { in.Method = method })
		want := set.Find("p").Decide(in).Decision.Outcome == access.Allow
		if ok, _ := program.Eval(in); ok != want {
			t.Errorf("%q: %v, want %v", method, ok, want)
		}
	}
}

// A policy refuses by a deny rule, and lets nobody pass by an allow rule, whose
// expression fails.
func TestInAPolicy(t *testing.T) {
	set, err := policy.Parse([]byte(`
policies:
  p:
    deny:
      - {name: guests, expr: '"guest" in identity.claims["kind"]'}
    allow:
      - {name: editors, expr: '"Editor" in identity.roles'}
`), policy.Options{Expressions: compiler(t), Entra: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		kind   []string
		roles  []string
		reason access.Reason
		rule   string
	}{
		{"an editor", []string{"staff"}, []string{"Editor"}, access.ReasonOK, "editors"},
		{"a guest", []string{"guest"}, []string{"Editor"}, policy.ReasonDenied, "guests"},
		{"of no kind", nil, []string{"Editor"}, policy.ReasonError, "guests"},
		{"a reader", []string{"staff"}, []string{"Reader"}, policy.ReasonUnmatched, ""},
	} {
		in := annWith(func(in *policy.Input) {
			in.Identity.Roles, in.Identity.Claims = c.roles, nil
			if c.kind != nil {
				in.Identity.Claims = []access.Claim{{Name: "kind", Values: c.kind}}
			}
		})
		v := set.Find("p").Decide(in)
		if v.Decision.Reason != c.reason || v.Rule != c.rule {
			t.Errorf("%s: %v by %q, want %v by %q", c.name, v.Decision.Reason, v.Rule, c.reason, c.rule)
		}
	}
}
