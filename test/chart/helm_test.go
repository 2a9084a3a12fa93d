package chart

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

const (
	folder = "../../charts/easyauth"
	// A version that has everything: Helm, built from its module, thinks of a very old one.
	kubernetes = "1.33.0"
	release    = "easyauth"
	namespace  = "easyauth"

	tenantID = "2f1c6f0e-0d5b-4c1e-9a57-3b7d0c9a1e11"
	clientID = "7a0b8a8e-4c55-4d0a-8f0e-5b8a3c1d2e4f"
)

// program returns where install-dependencies put Helm.
func program(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(cache, "easyauth", "helm-v3.22.0")
	if _, err := os.Stat(file); err != nil {
		t.Fatalf("%v: run test/tools/install-dependencies test", err)
	}
	return file
}

// helm runs Helm with nothing of the user's: no plugins, no repositories, no cluster but the one of the arguments.
func helm(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	home := t.TempDir()
	cmd := exec.CommandContext(t.Context(), program(t), args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "HELM_NO_PLUGINS=1", "KUBECONFIG=" + filepath.Join(home, "none")}
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err = cmd.Run()
	return out.String(), complaints.String(), err
}

// valueFlags writes values, YAML texts of which the later count before the earlier, into files, and returns the
// flags that name them.
func valueFlags(t *testing.T, values ...string) []string {
	t.Helper()
	dir := t.TempDir()
	if strings.Contains(dir, ",") {
		t.Fatal("Helm parts the flag at the comma of this test's name")
	}
	var flags []string
	for i, text := range values {
		file := filepath.Join(dir, strconv.Itoa(i)+".yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		flags = append(flags, "--values="+file)
	}
	return flags
}

// template renders the chart without a cluster.
func template(t *testing.T, values ...string) (text, complaint string, ok bool) {
	t.Helper()
	out, stderr, err := helm(t, append([]string{"template", release, folder, "--namespace", namespace, "--kube-version", kubernetes}, valueFlags(t, values...)...)...)
	return out, stderr, err == nil
}

// render is template for values that must be good.
func render(t *testing.T, values ...string) string {
	t.Helper()
	text, complaint, ok := template(t, values...)
	if !ok {
		t.Fatalf("helm template: %s", complaint)
	}
	return text
}

// object is one Kubernetes object: as text, and what every one has.
type object struct {
	text       string
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name        string            `json:"name"`
		Namespace   string            `json:"namespace"`
		Labels      map[string]string `json:"labels"`
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
}

// objects splits a stream of YAML documents.
func objects(t *testing.T, text string) []object {
	t.Helper()
	var all []object
	for document := range strings.SplitSeq("\n"+text, "\n---") {
		if strings.TrimSpace(document) == "" {
			continue
		}
		o := object{text: document}
		if err := yaml.Unmarshal([]byte(document), &o); err != nil {
			t.Fatalf("%v:\n%s", err, document)
		}
		if o.Kind == "" && isComment(document) {
			continue
		}
		all = append(all, o)
	}
	return all
}

func isComment(document string) bool {
	for line := range strings.Lines(document) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			return false
		}
	}
	return true
}

// find returns the only object of a kind and a name.
func find(t *testing.T, all []object, kind, name string) object {
	t.Helper()
	for _, o := range all {
		if o.Kind == kind && o.Metadata.Name == name {
			return o
		}
	}
	t.Fatalf("there is no %s %s", kind, name)
	return object{}
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
