package chart

import (
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"sigs.k8s.io/yaml"
)

// Every document names the same oldest Helm, and the oldest Kubernetes that the chart lets itself be installed in.
func TestOldestVersions(t *testing.T) {
	var chart struct {
		KubeVersion string `json:"kubeVersion"`
	}
	if err := yaml.Unmarshal([]byte(read(t, folder+"/Chart.yaml")), &chart); err != nil {
		t.Fatal(err)
	}
	documents, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string][]string{}
	for _, document := range append(documents, folder+"/README.md") {
		for _, match := range regexp.MustCompile(`(?i)\b(helm|kubernetes)\b[\]*]*(?:\([^)\n]*\))? (\d+\.\d+) or (?:later|newer)`).FindAllStringSubmatch(read(t, document), -1) {
			named[match[1]+" "+match[2]] = append(named[match[1]+" "+match[2]], filepath.Base(document))
		}
	}
	for _, want := range []string{"Helm 3.14", "Kubernetes 1.25"} {
		if !slices.Contains(named[want], "chart.md") || !slices.Contains(named[want], "README.md") {
			t.Errorf("%s is named by %q", want, named[want])
		}
		delete(named, want)
	}
	if !slices.Contains(named["helm 3.14"], "quickstart-aks.md") {
		t.Error("the quickstart names no Helm, or is not understood")
	}
	delete(named, "helm 3.14")
	if len(named) > 0 {
		t.Errorf("others: %v", named)
	}
	if chart.KubeVersion != ">= 1.25.0-0" {
		t.Errorf("the chart wants %s", chart.KubeVersion)
	}
}
