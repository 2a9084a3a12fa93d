package access_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

const graphPrefix = "https://graph.microsoft.com/"

func parser() *access.Parser {
	names := access.NewScopeNames("client", nil, graphPrefix)
	names.Learn(nil, nil) // a registration without scopes: bare names are Graph's
	return access.NewParser(access.ParserConfig{Queries: map[string]string{"profile": "/me?$select=displayName|x", "boss": "/me/manager", "broken": "me"}, Scopes: names})
}

type clauses = []access.Clause

func TestParse(t *testing.T) {
	twenty := strings.TrimSuffix(strings.Repeat("/me|", 20), "|")
	tests := []struct {
		name, query string
		want        access.Requirement
	}{
		{"nothing", "", access.Requirement{}},
		{"one role", "role=A", access.Requirement{Roles: clauses{{"A"}}}},
		{"one of two", "role=A|B", access.Requirement{Roles: clauses{{"A", "B"}}}},
		{"both", "role=A&role=B", access.Requirement{Roles: clauses{{"A"}, {"B"}}}},
		{"a comma is a letter", "role=A,B", access.Requirement{Roles: clauses{{"A,B"}}}},
		{"role-any", "role-any=A,B", access.Requirement{Roles: clauses{{"A", "B"}}}},
		{"a bar is a letter in role-any", "role-any=A|B,C", access.Requirement{Roles: clauses{{"A|B", "C"}}}},
		{"role and role-any are both needed", "role=A&role-any=B,C", access.Requirement{Roles: clauses{{"A"}, {"B", "C"}}}},
		{"scopes", "scope=A|B&scope-any=C,D", access.Requirement{Scopes: clauses{{"A", "B"}, {"C", "D"}}}},
		{"Graph's scope by its full name", "scope=https://graph.microsoft.com/User.Read", access.Requirement{Scopes: clauses{{"User.Read"}}}},
		{"Graph's prefix alone is left", "scope=https://graph.microsoft.com/", access.Requirement{Scopes: clauses{{graphPrefix}}}},
		{"another API's scope", "scope=api://x/Read", access.Requirement{Scopes: clauses{{"api://x/Read"}}}},
		{"escapes", "role=A%20b%2Bc%26d%3De%7CF", access.Requirement{Roles: clauses{{"A b+c&d=e", "F"}}}},
		{"plus is a blank", "role=A+b", access.Requirement{Roles: clauses{{"A b"}}}},
		{"unescaped once only", "role=%2541", access.Requirement{Roles: clauses{{"%41"}}}},
		{"an equals sign in a value", "role=a=b", access.Requirement{Roles: clauses{{"a=b"}}}},
		{"beyond ASCII", "role=Gr%C3%B6%C3%9Fe", access.Requirement{Roles: clauses{{"Größe"}}}},
		{"graph", "graph=/me", access.Requirement{Graph: []string{"/me"}}},
		{"several", "graph=/me|/me/manager&graph=/me/photo", access.Requirement{Graph: []string{"/me", "/me/manager", "/me/photo"}}},
		{"commas and dollars are OData's", "graph=/me?$select=displayName,jobTitle", access.Requirement{Graph: []string{"/me?$select=displayName,jobTitle"}}},
		{"the same, escaped", "graph=%2Fme%3F%24select%3DdisplayName%2CjobTitle", access.Requirement{Graph: []string{"/me?$select=displayName,jobTitle"}}},
		{"64 rules", strings.TrimSuffix(strings.Repeat("role=a&", 64), "&"), access.Requirement{Roles: slices.Repeat([]access.Clause{{"a"}}, 64)}},
		{"256 alternatives", "role=a" + strings.Repeat("|a", 255), access.Requirement{Roles: []access.Clause{slices.Repeat(access.Clause{"a"}, 256)}}},
		{"a blank in the options", "graph=/me/memberOf?$orderby=displayName%20desc", access.Requirement{Graph: []string{"/me/memberOf?$orderby=displayName%20desc"}}},
		{"names", "graph=boss|/me", access.Requirement{Graph: []string{"/me/manager", "/me"}}},
		{"a bar in a configured query is its own", "graph=profile", access.Requirement{Graph: []string{"/me?$select=displayName|x"}}},
		{"20 queries", "graph=" + twenty, access.Requirement{Graph: strings.Split(twenty, "|")}},
		{"a long query", "role=" + strings.Repeat("A", access.MaxQuery-5), access.Requirement{Roles: clauses{{strings.Repeat("A", access.MaxQuery-5)}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parser().Parse(tt.query)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(*got, tt.want) {
				t.Errorf("got  %q\nwant %q", *got, tt.want)
			}
		})
	}
}

// What differs in one thing stands in TestParse.
func TestParseRefuses(t *testing.T) {
	tests := []struct {
		name, query string
		param       string
		problem     string
	}{
		{"an unknown parameter", "roles=Admin", "roles", "not known"},
		{"a capital", "Role=A", "Role", "not known"},
		{"an escaped name", "r%6Fle=A", "r%6Fle", "not known"},
		{"a later rule's parameter", "tenant=A", "tenant", "not known"},
		{"a client's parameter behind ours", "role=A&utm_source=x", "utm_source", "not known"},
		{"an empty parameter", "role=A&", "", "not known"},
		{"nothing but separators", "&&", "", "not known"},
		{"no value", "role=", "role", "empty"},
		{"no equals sign", "role", "role", "empty"},
		{"a bar alone", "role=|", "role", "empty"},
		{"an empty alternative", "role=A||B", "role", "empty"},
		{"an empty alternative at the end", "scope=A|", "scope", "empty"},
		{"an empty alternative at the start", "graph=|/me", "graph", "empty"},
		{"an empty alternative between commas", "role-any=A,,B", "role-any", "empty"},
		{"an escaped empty alternative", "role=A%7C%7CB", "role", "empty"},
		{"one empty of two", "role=A&role=", "role", "empty"},
		{"a blank", "role=%20", "role", "empty"},
		{"a blank after a comma", "role-any=A, B", "role-any", "blank before or after"},
		{"a blank at the end", "role=A+", "role", "blank before or after"},
		{"two scopes in one", "scope=User.Read+Mail.Read", "scope", "blank inside"},
		{"a malformed escape", "role=%zz", "role", "escape"},
		{"half an escape", "role=A%4", "role", "escape"},
		{"a percent sign", "role=100%", "role", "escape"},
		{"a line break", "role=A%0d%0aB", "role", "control"},
		{"NUL", "role=A%00", "role", "control"},
		{"C1", "role=A%C2%85B", "role", "control"},
		{"no UTF-8", "role=%ff", "role", "UTF-8"},
		{"8 KB and one byte", "role=" + strings.Repeat("A", access.MaxQuery-4), "", "longer"},
		{"65 rules", strings.TrimSuffix(strings.Repeat("role=a&scope=b&", 32), "&") + "&role=c", "role", "too many"},
		{"257 alternatives", "role=a" + strings.Repeat("|a", 256), "role", "more than 256"},
		{"a scope beyond ASCII", "scope=Pr%C3%BCfen", "scope", "no scope can have"},
		{"a scope with a quote", "scope=a%22b", "scope", "no scope can have"},
		{"an unknown graph name", "graph=me", "graph", "not configured"},
		{"an absolute graph URL", "graph=https://evil.example/me", "graph", "not configured"},
		{"a name with a bad query", "graph=broken", "graph", "starts with /"},
		{"21 queries", "graph=" + strings.TrimSuffix(strings.Repeat("/me|", 21), "|"), "graph", "more than 20"},
		{"21 queries in two parameters", "graph=/me&graph=" + strings.TrimSuffix(strings.Repeat("/me|", 20), "|"), "graph", "more than 20"},
		{"dot segments", "graph=/../beta/me", "graph", "segments"},
		{"a name that is no text", "\x00\x1b[31m\xff=A", "??[31m?", "not known"},
		{"a long name", strings.Repeat("x", 100) + "=A", strings.Repeat("x", 40), "not known"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, err := parser().Parse(tt.query)
			var refusal *access.QueryError
			if !errors.As(err, &refusal) || req != nil {
				t.Fatalf("got %+v, %v, want a QueryError", req, err)
			}
			if refusal.Param != tt.param || !strings.Contains(refusal.Problem, tt.problem) {
				t.Errorf("got %q: %q, want %q: … %q …", refusal.Param, refusal.Problem, tt.param, tt.problem)
			}
			if d := access.Decide(&access.Identity{Roles: []string{"A", "B", "Admin"}}, req, time.Time{}); d.Outcome != access.Deny {
				t.Errorf("decided %s, want %s", d.Outcome, access.Deny)
			}
		})
	}
}

// A value may be somebody's secret: an error names the parameter alone.
func TestQueryErrorHoldsNoValue(t *testing.T) {
	for _, query := range []string{"role=SECRET%", "graph=SECRET", "role=SECRET||", "scope=SECRET+SECRET", "roles=SECRET", "graph=/SECRET/.."} {
		if _, err := parser().Parse(query); err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: %v", query, err)
		}
	}
}

func TestCheckGraphURL(t *testing.T) {
	tests := []struct {
		name, url string
		ok        bool
	}{
		{"me", "/me", true},
		{"select", "/me?$select=displayName,jobTitle", true},
		{"a path in the query", "/me?x=../../y//z", true},
		{"an escape in the path", "/users/a%40contoso.example", true},
		{"a function", "/me/memberOf/microsoft.graph.group?$count=true", true},
		{"$value", "/me/photo/$value", true},
		{"dots in a segment", "/me/a..b/...", true},
		{"1,024 bytes", "/" + strings.Repeat("a", 1023), true},
		{"1,025 bytes", "/" + strings.Repeat("a", 1024), false},
		{"empty", "", false},
		{"a slash", "/", false},
		{"a slash and a query", "/?x=y", false},
		{"no slash", "me", false},
		{"a query alone", "?$select=id", false},
		{"another host", "//evil.example/me", false},
		{"absolute", "https://graph.microsoft.com/v1.0/me", false},
		{"an empty segment", "/me//messages", false},
		{"a slash at the end", "/me/", false},
		{"dot", "/./me", false},
		{"dot dot", "/me/../users", false},
		{"dot dot at the end", "/me/..", false},
		{"dot dot, escaped", "/me/%2e%2E/users", false},
		{"dot dot, half escaped", "/me/.%2e/users", false},
		{"an escaped slash", "/me%2fmessages", false},
		{"an escaped backslash", "/me%5c..", false},
		{"escaped twice", "/me/%252e%252e/users", false},
		{"a backslash", `/me\..\users`, false},
		{"a backslash in the query", `/me?x=\`, false},
		{"a fragment", "/me#x", false},
		{"a blank", "/me?$filter=a eq b", false},
		{"a line break", "/me\r\nHost: x", false},
		{"an escaped line break", "/me%0d%0a", false},
		{"a malformed escape", "/me%zz", false},
		{"a percent sign", "/100%", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := access.CheckGraphURL(tt.url); (err == nil) != tt.ok {
				t.Errorf("%q: %v, want ok: %t", tt.url, err, tt.ok)
			}
		})
	}
}

func TestDecide(t *testing.T) {
	full := &access.Identity{
		Tenant: "t", Object: "o", Roles: []string{"A", "B"}, Scopes: []string{"S"},
		Graph: []access.GraphResult{{Query: "/me", JSON: "{}"}, {Query: "/large", Dropped: true}},
		// Neither speaks for a role or a scope.
		Groups: []string{"G"}, Claims: []access.Claim{{Name: "roles", Values: []string{"C"}}, {Name: "scp", Values: []string{"T"}}},
	}
	tests := []struct {
		name  string
		id    *access.Identity
		query string
		want  access.Decision
	}{
		{"signed in is enough", full, "", access.Decision{Outcome: access.Allow, Reason: access.ReasonOK}},
		{"nobody", nil, "", access.Decision{Outcome: access.SignIn, Reason: access.ReasonNoTicket}},
		{"nobody, and a role", nil, "role=X", access.Decision{Outcome: access.SignIn, Reason: access.ReasonNoTicket}},
		{
			"nobody, and what the sign-in can bring at once", nil, "role=X&scope=X&graph=/x", access.Decision{
				Outcome: access.SignIn, Reason: access.ReasonNoTicket, Missing: access.Missing{Scopes: clauses{{"X"}}, Graph: []string{"/x"}},
			},
		},
		{"all there", full, "role=A&role=X|B&scope=S&graph=/me", access.Decision{Outcome: access.Allow, Reason: access.ReasonOK}},
		{
			"all that is missing of roles", full, "role=A&role=X|Y&role=Z", access.Decision{
				Outcome: access.Forbid, Reason: access.ReasonRoleMissing, Missing: access.Missing{Roles: clauses{{"X", "Y"}, {"Z"}}},
			},
		},
		{
			"a role before the rest", full, "role=X&scope=X&graph=/x", access.Decision{
				Outcome: access.Forbid, Reason: access.ReasonRoleMissing, Missing: access.Missing{Roles: clauses{{"X"}}},
			},
		},
		{
			"a scope and a graph result in one trip", full, "scope=S&scope=X|Y&graph=/x", access.Decision{
				Outcome: access.StepUp, Reason: access.ReasonScopeMissing,
				Missing: access.Missing{Scopes: clauses{{"X", "Y"}}, Graph: []string{"/x"}},
			},
		},
		{
			"another's graph result", full, "graph=/me|/me/manager|/me/manager", access.Decision{
				Outcome: access.StepUp, Reason: access.ReasonGraphMissing, Missing: access.Missing{Graph: []string{"/me/manager"}},
			},
		},
		{
			"a graph query that differs by its options", full, "graph=/me?$select=id", access.Decision{
				Outcome: access.StepUp, Reason: access.ReasonGraphMissing, Missing: access.Missing{Graph: []string{"/me?$select=id"}},
			},
		},
		{"a result that was too large is an answer", full, "graph=/large", access.Decision{Outcome: access.Allow, Reason: access.ReasonOK}},
		{
			"a role that differs by case", full, "role=a", access.Decision{
				Outcome: access.Forbid, Reason: access.ReasonRoleMissing, Missing: access.Missing{Roles: clauses{{"a"}}},
			},
		},
		{
			"two roles in one name", full, "role=A,B", access.Decision{
				Outcome: access.Forbid, Reason: access.ReasonRoleMissing, Missing: access.Missing{Roles: clauses{{"A,B"}}},
			},
		},
		{
			"a group is no role", full, "role=G", access.Decision{
				Outcome: access.Forbid, Reason: access.ReasonRoleMissing, Missing: access.Missing{Roles: clauses{{"G"}}},
			},
		},
		{
			"a claim called roles is none", full, "role=C", access.Decision{
				Outcome: access.Forbid, Reason: access.ReasonRoleMissing, Missing: access.Missing{Roles: clauses{{"C"}}},
			},
		},
		{
			"a claim called scp is none", full, "scope=T", access.Decision{
				Outcome: access.StepUp, Reason: access.ReasonScopeMissing, Missing: access.Missing{Scopes: clauses{{"T"}}},
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, err := parser().Parse(tt.query)
			if err != nil {
				t.Fatal(err)
			}
			got := access.Decide(tt.id, req, time.Time{})
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
			if passed := got.Outcome == access.Allow; got.Outcome != access.SignIn && got.Missing.Empty() != passed {
				t.Errorf("%s with %+v missing", got.Outcome, got.Missing)
			}
		})
	}
}

// What nobody decided is denied.
func TestZeroValuesDeny(t *testing.T) {
	id := &access.Identity{Roles: []string{""}, Scopes: []string{""}}
	tests := []struct {
		name string
		got  access.Outcome
		want access.Outcome
	}{
		{"the zero decision", access.Decision{}.Outcome, access.Deny},
		{"no requirement", access.Decide(id, nil, time.Time{}).Outcome, access.Deny},
		{"no requirement, nobody", access.Decide(nil, nil, time.Time{}).Outcome, access.Deny},
		{"a clause that nothing meets", access.Decide(id, &access.Requirement{Roles: clauses{{}}}, time.Time{}).Outcome, access.Forbid},
		{"a scope clause that nothing meets", access.Decide(id, &access.Requirement{Scopes: clauses{nil}}, time.Time{}).Outcome, access.StepUp},
		{"the zero requirement, parsed or not", access.Decide(id, &access.Requirement{}, time.Time{}).Outcome, access.Allow},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, tt.got, tt.want)
		}
	}
	if got := fmt.Sprint(access.Deny, access.Allow, access.SignIn, access.Forbid, access.StepUp, access.Unsure, access.Outcome(99)); got != "deny allow sign_in forbid step_up unsure deny" {
		t.Error(got)
	}
}

func TestKey(t *testing.T) {
	tests := []struct {
		name string
		id   access.Identity
		want access.Key
	}{
		{"tenant and object", access.Identity{Tenant: "t", Object: "o", Issuer: "i", Subject: "s"}, access.Key{Authority: "t", ID: "o"}},
		{"no object", access.Identity{Tenant: "t", Issuer: "i", Subject: "s"}, access.Key{Authority: "i", ID: "s"}},
		{"no tenant", access.Identity{Object: "o", Issuer: "i", Subject: "s"}, access.Key{Authority: "i", ID: "s"}},
		{"no subject", access.Identity{Tenant: "t", Issuer: "i"}, access.Key{}},
		{"email is none", access.Identity{Email: "e", PreferredUsername: "p", Name: "n"}, access.Key{}},
	}
	for _, tt := range tests {
		if got := tt.id.Key(); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
