package alerts

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"go.yaml.in/yaml/v3"
)

// cases are the files with series and with what they make fire.
func cases(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no cases", err)
	}
	return files
}

// promtoolProgram returns where Prometheus' own tool is.
func promtoolProgram(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("promtool")
	if cache, cacheErr := os.UserCacheDir(); err != nil && cacheErr == nil {
		program, err = exec.LookPath(filepath.Join(cache, "easyauth", "promtool")) // where install-dependencies puts it
	}
	if err != nil {
		t.Fatal("promtool is not installed: test/tools/install-dependencies test fetches it out of Debian's package prometheus")
	}
	return program
}

// promtool runs it on what must be good.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), promtoolProgram(t), args...).CombinedOutput()
	if err != nil {
		t.Errorf("promtool %q: %v\n%s", args, err, out)
	}
}

func TestRulesAreValid(t *testing.T) {
	promtool(t, "check", "rules", filepath.Join("..", "..", filepath.FromSlash(rulesFile)))
}

// TestRulesFire tries the rules without their annotations, which promtool would want to
// be repeated word by word.
func TestRulesFire(t *testing.T) {
	var rules yaml.Node
	if err := yaml.Unmarshal([]byte(repository(t, rulesFile)), &rules); err != nil {
		t.Fatal(err)
	}
	withoutAnnotations(&rules)
	bare, err := yaml.Marshal(&rules)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	put := func(name string, text []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	put("rules.yaml", bare)
	for _, file := range cases(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		promtool(t, "test", "rules", put("of "+filepath.Base(file), text))
	}
}

func withoutAnnotations(node *yaml.Node) {
	if node.Kind == yaml.MappingNode {
		for i := 0; i < len(node.Content); i += 2 {
			if node.Content[i].Value == "annotations" {
				node.Content = slices.Delete(node.Content, i, i+2)
				break
			}
		}
	}
	for _, child := range node.Content {
		withoutAnnotations(child)
	}
}

// Every rule is tried with series that make it fire and with series that do not.
func TestEveryRuleIsTried(t *testing.T) {
	type tries struct {
		Tests []struct {
			Rules []struct {
				Name   string `yaml:"alertname"`
				Alerts []any  `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		}
	}
	var fires, silent, known []string
	for _, file := range cases(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var all tries
		if err := yaml.Unmarshal(text, &all); err != nil {
			t.Fatal(err)
		}
		for _, test := range all.Tests {
			for _, r := range test.Rules {
				if len(r.Alerts) > 0 {
					fires = append(fires, r.Name)
				} else {
					silent = append(silent, r.Name)
				}
			}
		}
	}
	for _, r := range readRules(t) {
		known = append(known, r.Alert)
		if !slices.Contains(fires, r.Alert) || !slices.Contains(silent, r.Alert) {
			t.Errorf("%s: tried so that it fires: %v, so that it does not: %v", r.Alert, slices.Contains(fires, r.Alert), slices.Contains(silent, r.Alert))
		}
	}
	for _, name := range slices.Concat(fires, silent) {
		if !slices.Contains(known, name) {
			t.Errorf("%s is tried and there is no such rule", name)
		}
	}
}
