package policy

import (
	"errors"
	"strings"
	"testing"
)

const smallTable = `policies:
  p:
    deny: [{name: d, role: {is: bad}}]
    allow: [{name: r, all: [{role: {is: a}}, {acr: {is: c1}}, {auth_age: {max: 90m}}]}, {name: never, role: {is: b}}]
cases:
  - {name: good, policy: p, identity: {roles: [a], acr: [c1], auth_age: 1m}, expect: {outcome: allow, rule: r}}
  - {name: step, policy: p, identity: {roles: [a]}, expect: {outcome: step_up, missing: {acr: [c1], max_age: 90m}}}
  - {name: wrong, policy: p, identity: {roles: [bad]}, expect: {outcome: allow, reason: ok, rule: none, why: expr_error, missing: {acr: [c2]}}}
  - {policy: q, identity: {}, expect: {outcome: deny}}
`

func TestReport(t *testing.T) {
	table, err := ParseTable([]byte(smallTable), Options{})
	if err != nil {
		t.Fatal(err)
	}
	report := table.Run(nil)
	var b strings.Builder
	if err := report.Print(&b); err != nil {
		t.Fatal(err)
	}
	want := `ok    good: allow, ok, by r
ok    step: step_up, policy_step_up, by r, missing acr c1, max_age 1h30m
FAIL  wrong (line 8): outcome allow expected, reason ok expected, rule none expected, why expr_error expected, missing acr c2 expected; it is forbid, policy_denied, by d
ok    cases[3]: deny, policy_unknown
note  no case is decided by the rule p/never
4 cases, 1 failed
`
	if b.String() != want {
		t.Errorf("%s", b.String())
	}
	if report.Failed() != 1 {
		t.Errorf("%d failed", report.Failed())
	}
	if err := report.Print(full{}); err == nil || !strings.Contains(err.Error(), "write report") {
		t.Errorf("%v", err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }

// TestTableAsksOtherPolicies: a table without policies asks those that it is given, and
// one with policies its own.
func TestTableAsksOtherPolicies(t *testing.T) {
	text := "cases: [{name: x, policy: p, identity: {}, expect: {outcome: allow}}]"
	open, shut := mustParse(t, "policies: {p: {allow: [{signed_in: {is: true}}]}}"), mustParse(t, "policies: {p: {allow: [{role: {is: a}}]}}")
	for _, tt := range []struct {
		name, text string
		set        *Set
		failed     int
	}{
		{"open", text, open, 0},
		{"shut", text, shut, 1},
		{"none", text, nil, 1},
		{"its own", "policies: {p: {allow: [{signed_in: {is: true}}]}}\n" + text, shut, 0},
	} {
		table, err := ParseTable([]byte(tt.text), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := table.Run(tt.set).Failed(); got != tt.failed || table.Len() != 1 {
			t.Errorf("%s: %d failed", tt.name, got)
		}
	}
}

// TestParseTableSaysNothingFalse: each mistake is told once, and nothing that follows from it
// as if it were another.
func TestParseTableSaysNothingFalse(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string // what the faults say, in order
	}{
		{"a wrong outcome", "cases: [{policy: p, expect: {outcome: allowed}}]", []string{`"allowed" must be one of`}},
		{"an empty outcome", "cases: [{policy: p, expect: {outcome: ''}}]", []string{"is empty"}},
		{"a wrong reason and no outcome", "cases: [{policy: p, expect: {reason: fine}}]", []string{"must have an outcome", `"fine" must be one of`}},
		{"a list for a policy", "cases: [{policy: [p], expect: {outcome: allow}}]", []string{"must be a policy's name"}},
		{"a wrong outcome and no policy", "cases: [{expect: {outcome: allowed}}]", []string{`"allowed" must be one of`, "must have policy"}},
		{"an expectation as a text", "cases: [{policy: p, expect: allow}]", []string{"must be a map with outcome"}},
		{"a case as a text", "cases: [allow]", []string{"must be a case"}},
		{"a role", "cases: [{policy: p, identity: {role: [a]}, expect: {outcome: allow}}]", []string{`"role" is not known; use user,`}},
	} {
		_, err := ParseTable([]byte(tt.text), Options{})
		var faults Faults
		if !errors.As(err, &faults) || len(faults) != len(tt.want) {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		for i, f := range faults {
			if !strings.Contains(f.Problem, tt.want[i]) {
				t.Errorf("%s: %v, want %s", tt.name, f, tt.want[i])
			}
		}
	}
}

func TestParseTableRefuses(t *testing.T) {
	one := func(rest string) string { return "cases: [{policy: p, " + rest + "}]" }
	tests := []struct{ name, good, bad, want string }{
		{"nothing", one("expect: {outcome: allow}"), "", "holds nothing"},
		{"no cases", one("expect: {outcome: allow}"), "policies: {p: {allow: [{role: {is: a}}]}}", "has no cases"},
		{"an empty list", one("expect: {outcome: allow}"), "cases: []", "is an empty list"},
		{"another key", one("expect: {outcome: allow}"), "case: []", `"case" is not known`},
		{"a bad policy", one("expect: {outcome: allow}"), "policies: {p: {allow: []}}\n" + one("expect: {outcome: allow}"), "is an empty list"},
		{"no policy", one("expect: {outcome: allow}"), "cases: [{expect: {outcome: allow}}]", "must have policy"},
		{"no outcome", one("expect: {outcome: allow, reason: ok}"), one("expect: {reason: ok}"), "must have an outcome"},
		{"no expectation", one("expect: {outcome: allow}"), one("identity: {}"), "with an outcome"},
		{"an unknown outcome", one("expect: {outcome: allow}"), one("expect: {outcome: allowed}"), `"allowed" must be one of deny, allow,`},
		{"an unknown reason", one("expect: {outcome: allow, reason: ok}"), one("expect: {outcome: allow, reason: fine}"), `"fine" must be one of ok,`},
		{"an unknown why", one("expect: {outcome: allow, why: none}"), one("expect: {outcome: allow, why: because}"), `"because" must be one of none,`},
		{"an unknown part", one("expect: {outcome: allow, rule: r}"), one("expect: {outcome: allow, roles: r}"), `"roles" is not known`},
		{"unknown missing", one("expect: {outcome: step_up, missing: {acr: [a]}}"), one("expect: {outcome: step_up, missing: {roles: [a]}}"), `"roles" is not known`},
		{"a bad age", one("expect: {outcome: step_up, missing: {max_age: 1m}}"), one("expect: {outcome: step_up, missing: {max_age: 1}}"), "must be a duration"},
		{"an unknown key of a case", one("expect: {outcome: allow}"), one("expects: {outcome: allow}"), `"expects" is not known`},
		{"an unknown word of an identity", one("identity: {roles: [a]}, expect: {outcome: allow}"), one("identity: {role: [a]}, expect: {outcome: allow}"), `"role" is not known; use user, tenant, subject, issuer, name, preferred_username, email, roles, groups, scopes, acr, amr, auth_age, claims,`},
		{"roles as a text", one("identity: {roles: [a]}, expect: {outcome: allow}"), one("identity: {roles: a}, expect: {outcome: allow}"), "must be a list"},
		{"a flag as a text", one("identity: {groups_unknown: true}, expect: {outcome: allow}"), one("identity: {groups_unknown: x}, expect: {outcome: allow}"), "must be true or false"},
		{"an age in words", one("identity: {auth_age: 5m}, expect: {outcome: allow}"), one("identity: {auth_age: long}, expect: {outcome: allow}"), "must be a duration"},
		{"claims as a list", one("identity: {claims: {a: b}}, expect: {outcome: allow}"), one("identity: {claims: [a]}, expect: {outcome: allow}"), "must be a map of claims"},
		{"a claim with other keys", one("identity: {claims: {a: {b: c}}}, expect: {outcome: allow}"), one("identity: {claims: {a: {[b]: c}}}, expect: {outcome: allow}"), "cannot be written as JSON"},
		{"a claim with an alias", one("identity: {claims: {a: {b: c}}}, expect: {outcome: allow}"), one("identity: {claims: {a: {b: &x c, d: *x}}}, expect: {outcome: allow}"), "aliases"},
		{"a nobody in words", one("identity: {}, expect: {outcome: allow}"), one("identity: nobody, expect: {outcome: allow}"), "must be a map of what is known"},
		{"an unknown word of a request", one("request: {uri: /}, expect: {outcome: allow}"), one("request: {path: /}, expect: {outcome: allow}"), `"path" is not known`},
		{"no address", one("request: {source: '::1'}, expect: {outcome: allow}"), one("request: {source: home}, expect: {outcome: allow}"), "must be an address"},
		{"no time", one("request: {time: '2026-01-01T00:00:00Z'}, expect: {outcome: allow}"), one("request: {time: 2026-01-01}, expect: {outcome: allow}"), "must be a time"},
		{"a request as a text", one("request: {uri: /}, expect: {outcome: allow}"), one("request: /, expect: {outcome: allow}"), "must be a map with method"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := ParseTable([]byte(tt.good), Options{}); err != nil {
				t.Errorf("the good one: %v", err)
			}
			table, err := ParseTable([]byte(tt.bad), Options{})
			if table != nil || err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}
