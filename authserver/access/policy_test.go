package access_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

func TestPolicyOfAQuery(t *testing.T) {
	p := access.NewParser(access.ParserConfig{})
	for _, row := range []struct{ name, query, want, problem string }{
		{"a name", "policy=admin-area_2.x", "admin-area_2.x", ""},
		{"beside other rules", "role=A&policy=a&max_age=5m", "a", ""},
		{"the longest", "policy=" + strings.Repeat("a", 64), strings.Repeat("a", 64), ""},
		{"too long", "policy=" + strings.Repeat("a", 65), "", "must be the name"},
		{"empty", "policy=", "", "empty"},
		{"twice", "policy=a&policy=b", "", "there twice"},
		{"the same twice", "policy=a&policy=a", "", "there twice"},
		{"several", "policy=a|b", "", "must be the name"},
		{"with a comma", "policy=a,b", "", "must be the name"},
		{"a path", "policy=a/b", "", "must be the name"},
		{"a blank", "policy=a%20b", "", "must be the name"},
		{"a letter beyond ASCII", "policy=%C3%A4", "", "must be the name"},
		{"escaped", "policy=%61", "a", ""},
	} {
		req, err := p.Parse(row.query)
		var wrong *access.QueryError
		switch {
		case row.problem == "" && (err != nil || req.Policy != row.want):
			t.Errorf("%s: %+v, %v", row.name, req, err)
		case row.problem != "" && (!errors.As(err, &wrong) || wrong.Param != "policy" || !strings.Contains(wrong.Problem, row.problem)):
			t.Errorf("%s: %+v, %v", row.name, req, err)
		}
	}
}

func TestBoth(t *testing.T) {
	outcomes := []access.Outcome{access.Deny, access.SignIn, access.Unsure, access.Forbid, access.StepUp, access.Allow} // the strictest first
	for i, a := range outcomes {
		for j, b := range outcomes {
			one, other := access.Decision{Outcome: a, Reason: "one"}, access.Decision{Outcome: b, Reason: "other", Explanation: access.Explanation{Policy: "p", Rule: "r"}}
			want := one
			if j < i {
				want = other
			}
			if got := access.Both(one, other); got.Outcome != want.Outcome || got.Reason != want.Reason || got.Explanation != want.Explanation {
				t.Errorf("%v and %v: %+v", a, b, got)
			}
		}
	}
	unknown := access.Outcome(200)
	for _, d := range []access.Decision{
		access.Both(access.Decision{Outcome: unknown}, access.Decision{Outcome: unknown}), access.Both(access.Decision{}, access.Decision{Outcome: access.Allow}),
	} {
		if d.Outcome != access.Deny {
			t.Errorf("what nobody decided: %+v", d)
		}
	}
}

// An outcome that there is not never lets pass, whatever the other one says.
func TestBothNeverWidens(t *testing.T) {
	for a := range access.Outcome(10) {
		for b := range access.Outcome(10) {
			got := access.Both(access.Decision{Outcome: a}, access.Decision{Outcome: b})
			if (got.Outcome == access.Allow) != (a == access.Allow && b == access.Allow) {
				t.Errorf("%d and %d: %v", a, b, got.Outcome)
			}
		}
	}
}

func TestBothMissing(t *testing.T) {
	c := func(names ...string) access.Clause { return names }
	one := access.Decision{Outcome: access.StepUp, Missing: access.Missing{
		Scopes: []access.Clause{c("a"), c("b", "c")}, Graph: []string{"/me"}, Contexts: []access.Clause{c("c1")}, MaxAge: time.Hour,
	}}
	other := access.Decision{Outcome: access.StepUp, Missing: access.Missing{
		Scopes: []access.Clause{c("b", "c"), c("b")}, Graph: []string{"/me", "/x"}, Contexts: []access.Clause{c("c2")}, Methods: []access.Clause{c("mfa")}, MaxAge: time.Minute,
		Groups: []access.Clause{c("g")}, Roles: []access.Clause{c("r")},
	}}
	want := access.Missing{
		Scopes: []access.Clause{c("a"), c("b", "c"), c("b")}, Graph: []string{"/me", "/x"}, Contexts: []access.Clause{c("c1"), c("c2")},
		Methods: []access.Clause{c("mfa")}, MaxAge: time.Minute, Groups: []access.Clause{c("g")}, Roles: []access.Clause{c("r")},
	}
	if got := access.Both(one, other).Missing; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	if len(one.Missing.Scopes) != 2 || len(other.Missing.Scopes) != 2 || len(one.Missing.Graph) != 1 {
		t.Error("the two were changed")
	}
	if got := access.Both(other, access.Decision{Outcome: access.Allow}).Missing; !reflect.DeepEqual(got, other.Missing) {
		t.Errorf("with one that lets pass: %+v", got)
	}
	none := access.Missing{MaxAge: 0}
	if got := access.Both(access.Decision{Outcome: access.StepUp, Missing: none}, one).Missing.MaxAge; got != time.Hour {
		t.Errorf("%v", got)
	}
}
