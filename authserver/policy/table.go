package policy

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// Table holds cases that say what policies are expected to decide.
//
//	policies: {…}               # may be left out: those of Run are asked then
//	cases:
//	  - name: an admin passes
//	    policy: admin-area
//	    identity:               # left out: nobody is signed in; {} is somebody without any claim
//	      user: 1f1e…           # oid; also tenant, subject, issuer, name, preferred_username, email
//	      roles: [Admin]        # also groups, scopes (kept names), acr, amr, dropped
//	      groups_unknown: true  # with groups_checked: […] and groups_failed: true
//	      other_application: true # a token for another one said who it is
//	      auth_age: 5m          # left out: it is not known when the person signed in
//	      claims: {dept: sales, tags: [a, b], realm: {level: 3}}
//	    request:
//	      method: GET
//	      uri: /admin?x=1
//	      source: 10.1.2.3
//	      time: 2026-03-29T08:00:00Z # left out: Monday, 2024-01-01T12:00:00Z
//	      client: 7a0c…         # also bearer, app_only, app_unknown: true
//	    expect:
//	      outcome: allow        # allow, sign_in, forbid, step_up, unsure, deny; the only one that must be there
//	      reason: ok
//	      rule: admins          # none: no rule decided
//	      why: none
//	      missing: {acr: ["c1|c2"], max_age: 15m} # also amr, scopes, groups; all that is missing
type Table struct {
	Set   *Set // nil: the table has no policies
	cases []tableCase
}

// Bounds of a table.
const (
	MaxTable = 1 << 20 // bytes
	MaxCases = 5000
)

type tableCase struct {
	name   string
	line   int
	policy string
	input  Input
	expect expectation
}

// expectation is what a case wants; what is nil or empty may be anything.
type expectation struct {
	outcome string
	reason  string
	rule    string
	why     string
	missing *access.Missing
}

// noon is the time of a case that names none.
const noon = "2024-01-01T12:00:00Z"

// Len is how many cases there are.
func (t *Table) Len() int { return len(t.cases) }

// Report is what became of a table.
type Report struct {
	Results []Result
	// Unreached are the rules of the policies asked about that decided no case, as
	// policy/rule, sorted. An allow or deny rule that is here was not tested.
	Unreached []string
}

// Result is what became of one case.
type Result struct {
	Case     string
	Line     int
	Verdict  Verdict
	Problems []string // what is not as expected; none: the case passed
}

// Run decides every case by the table's own policies, or by set if it has none.
func (t *Table) Run(set *Set) Report {
	if t.Set != nil {
		set = t.Set
	}
	var report Report
	reached := map[string]bool{}
	asked := map[string]*Policy{}
	for _, c := range t.cases {
		in := c.input
		policy := set.Find(c.policy)
		verdict := policy.Decide(&in)
		report.Results = append(report.Results, Result{c.name, c.line, verdict, c.expect.problems(verdict)})
		reached[c.policy+"/"+verdict.Rule] = true
		if policy != nil {
			asked[c.policy] = policy
		}
	}
	for name, policy := range asked {
		for _, rule := range policy.Rules() {
			if !reached[name+"/"+rule] {
				report.Unreached = append(report.Unreached, name+"/"+rule)
			}
		}
	}
	slices.Sort(report.Unreached)
	return report
}

// Failed is how many cases are not as expected.
func (r Report) Failed() int {
	n := 0
	for _, result := range r.Results {
		if len(result.Problems) > 0 {
			n++
		}
	}
	return n
}

// Print writes a line for each case and each rule that no case reached, and a last
// one with the numbers.
func (r Report) Print(w io.Writer) error {
	var b strings.Builder
	for _, result := range r.Results {
		v := result.Verdict
		if len(result.Problems) == 0 {
			fmt.Fprintf(&b, "ok    %s: %s\n", result.Case, describe(v))
			continue
		}
		fmt.Fprintf(&b, "FAIL  %s (line %d): %s; it is %s\n", result.Case, result.Line, strings.Join(result.Problems, ", "), describe(v))
	}
	for _, rule := range r.Unreached {
		fmt.Fprintf(&b, "note  no case is decided by the rule %s\n", rule)
	}
	fmt.Fprintf(&b, "%d cases, %d failed\n", len(r.Results), r.Failed())
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// describe is a verdict in one line.
func describe(v Verdict) string {
	text := v.Decision.Outcome.String() + ", " + v.Decision.Reason.String()
	if v.Rule != "" {
		text += ", by " + v.Rule
	}
	if v.Why != WhyNone {
		text += ", because " + v.Why.String()
	}
	if m := describeMissing(v.Decision.Missing); m != "" {
		text += ", missing " + m
	}
	return text
}

func describeMissing(m access.Missing) string {
	var parts []string
	list := func(name string, clauses []access.Clause) {
		if len(clauses) == 0 {
			return
		}
		texts := make([]string, len(clauses))
		for i, c := range clauses {
			texts[i] = strings.Join(c, "|")
		}
		parts = append(parts, name+" "+strings.Join(texts, " and "))
	}
	list("groups", m.Groups)
	list("scopes", m.Scopes)
	list("acr", m.Contexts)
	list("amr", m.Methods)
	if m.MaxAge > 0 {
		parts = append(parts, "max_age "+short(m.MaxAge))
	}
	return strings.Join(parts, ", ")
}

// short writes 15m for 15m0s.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func (e expectation) problems(v Verdict) []string {
	var out []string
	compare := func(what, want, got string) {
		if want != "" && want != got {
			out = append(out, fmt.Sprintf("%s %s expected", what, want))
		}
	}
	rule := v.Rule
	if rule == "" {
		rule = "none"
	}
	compare("outcome", e.outcome, v.Decision.Outcome.String())
	compare("reason", e.reason, v.Decision.Reason.String())
	compare("rule", e.rule, rule)
	compare("why", e.why, v.Why.String())
	if e.missing != nil {
		if want := describeMissing(*e.missing); want != describeMissing(v.Decision.Missing) {
			out = append(out, "missing "+want+" expected")
		}
	}
	return out
}
