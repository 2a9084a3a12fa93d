package alerts

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

type rule struct {
	Alert, Expr, For    string
	Labels, Annotations map[string]string
}

const rulesFile = "charts/easyauth/files/alerts.yaml"

func readRules(t *testing.T) []rule {
	t.Helper()
	var file struct {
		Groups []struct {
			Name  string
			Rules []rule
		}
	}
	decoder := yaml.NewDecoder(strings.NewReader(repository(t, rulesFile)))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		t.Fatal(err)
	}
	var all []rule
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	if len(all) == 0 {
		t.Fatal("there are no rules")
	}
	return all
}

func TestRulesAskForWhatIsThere(t *testing.T) {
	document := documented(t)
	for _, r := range readRules(t) {
		for _, why := range document.Complaints(r.Expr) {
			t.Errorf("%s: %s", r.Alert, why)
		}
		if regexp.MustCompile(`\b(job|namespace|instance)\s*[=!]`).MatchString(r.Expr) {
			t.Errorf("%s presumes a job, a namespace or an instance", r.Alert)
		}
	}
}

// Whoever is woken by an alert must find out what it means and what to do.
func TestRulesLeadToTheDocument(t *testing.T) {
	const page = "https://github.com/easyauth-sidecar/easyauth/blob/main/docs/metrics.md#"
	text := repository(t, "docs/metrics.md")
	_, text, _ = strings.Cut(text, "\n## Alerts\n")
	var described []string
	for _, match := range regexp.MustCompile(`(?m)^### (\w+)$`).FindAllStringSubmatch(text, -1) {
		described = append(described, match[1])
	}
	var names []string
	for _, r := range readRules(t) {
		names = append(names, r.Alert)
		if want := page + strings.ToLower(r.Alert); r.Annotations["runbook_url"] != want {
			t.Errorf("%s leads to %q, want %q", r.Alert, r.Annotations["runbook_url"], want)
		}
		if !slices.Contains([]string{"critical", "warning", "info"}, r.Labels["severity"]) {
			t.Errorf("%s has the severity %q", r.Alert, r.Labels["severity"])
		}
		for _, annotation := range []string{"summary", "description"} {
			if len(r.Annotations[annotation]) < 10 {
				t.Errorf("%s has no %s", r.Alert, annotation)
			}
		}
		used := regexp.MustCompile(`\$labels\.(\w+)`).FindAllStringSubmatch(r.Annotations["summary"]+r.Annotations["description"], -1)
		for _, match := range used {
			if !strings.Contains(r.Expr, match[1]) {
				t.Errorf("%s: its text names the label %s, which the expression does not keep", r.Alert, match[1])
			}
		}
	}
	slices.Sort(names)
	slices.Sort(described)
	if !slices.Equal(names, described) {
		t.Errorf("rules %q, described %q", names, described)
	}
	if len(slices.Compact(names)) != len(readRules(t)) {
		t.Error("two rules have one name")
	}
}
