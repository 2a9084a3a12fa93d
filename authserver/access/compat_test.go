package access_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// EasyAuthForK8s' semantics of role and scope, row by row. Its user is always
// signed in and has a name only. Its answers were 202 and 401; the 401's state
// was Forbidden for a role and Unauthorized for a scope, which are Forbid and
// StepUp here.
//
// We differ on purpose where a row says so: what it ignored or could not answer is
// refused, because a rule that cannot be read must not mean "no rule".
func TestCompat(t *testing.T) {
	const refused = access.Deny
	tests := []struct {
		query  string
		roles  string // of the user, blanks between
		scopes string
		want   access.Outcome
		why    string
	}{
		{"", "", "", access.Allow, ""},
		{"role=foo", "foo", "", access.Allow, ""},
		{"role=foo|bar", "foo", "", access.Allow, ""},
		{"role=foo|bar", "bar", "", access.Allow, ""},
		{"role=foo|bar", "foo bar", "", access.Allow, ""},
		{"role=foo&role=bar", "foo bar", "", access.Allow, ""},
		{"role=foo", "", "", access.Forbid, ""},
		{"role=foo", "bar", "", access.Forbid, ""},
		{"role=foo|bar", "", "", access.Forbid, ""},
		{"role=foo&role=bar", "foo", "", access.Forbid, ""},
		{"scope=foo", "", "foo", access.Allow, ""},
		{"scope=foo|bar", "", "foo", access.Allow, ""},
		{"scope=foo|bar", "", "foo bar", access.Allow, ""},
		{"scope=foo&scope=bar", "", "foo bar", access.Allow, ""},
		{"scope=foo", "", "", access.StepUp, ""},
		{"scope=foo", "", "bar", access.StepUp, ""},
		{"scope=foo|foo2", "", "", access.StepUp, ""},
		{"scope=foo&scope=foo2", "", "", access.StepUp, ""},
		{"scope=foo&scope=foo2", "", "foo", access.StepUp, ""},
		{"scope=foo&role=bar", "", "foo", access.Forbid, "a role wins over a scope"},
		{"role=foo&scope=foo2", "", "", access.Forbid, "a role wins over a scope"},
		{"role=foo&scope=foo2", "foo", "", access.StepUp, ""},
		{"role=Foo", "foo", "", access.Forbid, "case counts"},
		{"scope=Foo", "", "foo", access.StepUp, "case counts"},
		{"role=foo", "", "foo", access.Forbid, "a scope is no role"},
		{"scope=foo", "foo", "", access.StepUp, "a role is no scope"},
		{"role=foo%7Cbar", "bar", "", access.Allow, "an escaped bar is a bar"},

		{"role=", "", "", refused, "differs: it ignored an empty parameter"},
		{"role=", "foo", "", refused, "differs: it ignored an empty parameter"},
		{"scope=", "", "", refused, "differs: it ignored an empty parameter"},
		{"scope=", "", "foo", refused, "differs: it ignored an empty parameter"},
		{"graph=", "", "", refused, "differs: it ignored an empty parameter"},
		{"role=+", "", "", refused, "differs: it ignored a blank parameter"},
		{"role=&role=foo", "foo", "", refused, "differs: it ignored the first"},
		{"role=foo||bar", "foo", "", refused, "differs: it ignored the middle"},
		{"role=|", "foo", "", refused, "differs: it answered 500"},
		{"scope=|", "", "foo", refused, "differs: it asked for a new sign-in without end"},
		{"roles=foo", "", "", refused, "differs: it ignored an unknown parameter"},
		{"Role=foo", "foo", "", refused, "differs: it ignored the case of a parameter's name"},
		{"graph=/me", "", "", access.StepUp, "differs: it never asked for a missing graph result"},
	}
	parser := access.NewParser(access.ParserConfig{})
	for _, tt := range tests {
		t.Run(tt.query+" with "+tt.roles+"/"+tt.scopes, func(t *testing.T) {
			req, err := parser.Parse(tt.query)
			var refusal *access.QueryError
			if (err != nil) != (tt.want == refused) || err != nil && !errors.As(err, &refusal) {
				t.Fatalf("parse: %v; %s", err, tt.why)
			}
			jon := &access.Identity{Name: "Jon", Roles: strings.Fields(tt.roles), Scopes: strings.Fields(tt.scopes)}
			if got := access.Decide(jon, req, time.Time{}).Outcome; got != tt.want {
				t.Errorf("%s, want %s; %s", got, tt.want, tt.why)
			}
			// Nobody is asked to sign in, whatever else is missing.
			if got := access.Decide(nil, req, time.Time{}).Outcome; req != nil && got != access.SignIn {
				t.Errorf("nobody: %s, want %s", got, access.SignIn)
			}
		})
	}
}
