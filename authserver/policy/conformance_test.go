package policy

import (
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// TestConformance runs the tables that say what each condition means. Each policy of
// them has a case that passes and one that does not, and each rule decides one.
func TestConformance(t *testing.T) {
	rows := 0
	for _, file := range []struct {
		path  string
		entra bool
	}{{"testdata/conformance.yaml", false}, {"testdata/conformance-entra.yaml", true}} {
		table := table(t, file.path, file.entra)
		rows += table.Len()
		for _, c := range table.cases {
			if c.expect.reason == "" {
				t.Errorf("%s: line %d: no reason is expected", file.path, c.line)
			}
		}
		report := table.Run(nil)
		for _, result := range report.Results {
			t.Run(result.Case, func(t *testing.T) {
				if len(result.Problems) > 0 {
					t.Errorf("%s, line %d: %s; it is %s", file.path, result.Line, strings.Join(result.Problems, ", "), describe(result.Verdict))
				}
			})
		}
		oneSided(t, file.path, table, report)
	}
	if rows < 80 {
		t.Errorf("%d rows", rows)
	}
}

// oneSided complains of policies that always pass or never do.
func oneSided(t *testing.T, path string, table *Table, report Report) {
	t.Helper()
	passed, refused := map[string]bool{}, map[string]bool{}
	for i, result := range report.Results {
		if result.Verdict.Decision.Outcome == access.Allow {
			passed[table.cases[i].policy] = true
		} else {
			refused[table.cases[i].policy] = true
		}
	}
	// What can only fail, only hold, or hold for everybody who is signed in has one side.
	one := map[string]bool{"expr": true, "expr-no": true, "deny-expr-error": true, "path-root": true}
	for _, name := range table.Set.Names() {
		if (!passed[name] || !refused[name]) && !one[name] {
			t.Errorf("%s: the policy %s passes %v, refuses %v", path, name, passed[name], refused[name])
		}
	}
	for _, rule := range report.Unreached {
		if name, _, _ := strings.Cut(rule, "/"); !one[name] {
			t.Errorf("%s: no case is decided by %s", path, rule)
		}
	}
}
