package alerts

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// tried is one case for promtool, as far as it is told apart here.
type tried struct {
	Rules []struct {
		Name string `yaml:"alertname"`
	} `yaml:"alert_rule_test"`
}

// casesOf returns the cases of a file that are about one alert, as a file for promtool.
func casesOf(t *testing.T, file, alert string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Tests []yaml.Node
	}
	if err := yaml.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	var kept []yaml.Node
	for _, node := range all.Tests {
		var of tried
		if err := node.Decode(&of); err != nil {
			t.Fatal(err)
		}
		if len(of.Rules) > 0 && of.Rules[0].Name == alert {
			kept = append(kept, node)
		}
	}
	text, err = yaml.Marshal(map[string]any{"rule_files": []string{"rules.yaml"}, "evaluation_interval": "1m", "tests": kept})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// holds reports whether promtool finds that a rule does what the cases want.
func holds(t *testing.T, r rule, expr string, cases []byte) bool {
	t.Helper()
	changed := map[string]any{"alert": r.Alert, "expr": expr, "labels": r.Labels}
	if r.For != "" {
		changed["for"] = r.For
	}
	rules, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "one", "rules": []any{changed}}}})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string][]byte{"rules.yaml": rules, "cases.yaml": cases} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// The same program as elsewhere; that it complains is what is wanted here.
	out, err := exec.CommandContext(t.Context(), promtoolProgram(t), "test", "rules", filepath.Join(dir, "cases.yaml")).CombinedOutput()
	if err != nil && !strings.Contains(string(out), "alertname: "+r.Alert) {
		t.Fatalf("promtool did not judge %s: %v\n%s", expr, err, out)
	}
	return err == nil
}

// Every number that a rule compares with, and every quantile, is held from both sides: twice as much fails a case of
// testdata/thresholds.yaml, and so does half of it.
func TestEveryNumberIsHeld(t *testing.T) {
	numbers := regexp.MustCompile(`(?:[<>] |quantile\(|\* )([0-9][0-9.]*)`)
	held := 0
	for _, r := range readRules(t) {
		cases := casesOf(t, "testdata/thresholds.yaml", r.Alert)
		for _, at := range numbers.FindAllStringSubmatchIndex(r.Expr, -1) {
			number, err := strconv.ParseFloat(r.Expr[at[2]:at[3]], 64)
			if err != nil {
				t.Fatal(err)
			}
			if number == 0 { // anything at all: alerts.yaml has the cases
				continue
			}
			held++
			for _, factor := range []float64{2, 0.5} {
				changed := strconv.FormatFloat(number*factor, 'f', -1, 64)
				if expr := r.Expr[:at[2]] + changed + r.Expr[at[3]:]; holds(t, r, expr, cases) {
					t.Errorf("%s: %s instead of %s at %d, and no case fails", r.Alert, changed, r.Expr[at[2]:at[3]], at[2])
				}
			}
		}
	}
	if held < 20 {
		t.Errorf("found only %d numbers", held)
	}
}
