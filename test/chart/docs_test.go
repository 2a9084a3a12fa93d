package chart

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// block is a fenced block of a document, without the indentation of the list that it stands in.
type block struct{ section, language, text string }

func blocks(t *testing.T, file string) []block {
	t.Helper()
	var found []block
	var open *block
	section, indent := "", 0
	for line := range strings.Lines(read(t, file)) {
		trimmed := strings.TrimLeft(line, " ")
		switch {
		case open == nil && strings.HasPrefix(trimmed, "```"):
			indent = len(line) - len(trimmed)
			open = &block{section: section, language: strings.Trim(trimmed, "`\n")}
		case open != nil && strings.HasPrefix(trimmed, "```"):
			found = append(found, *open)
			open = nil
		case open != nil:
			open.text += line[min(indent, len(line)-len(trimmed)):]
		case strings.HasPrefix(line, "#"):
			section = strings.TrimSpace(strings.TrimLeft(line, "#"))
		}
	}
	return found
}

// Values in a document are values of the chart, and make objects that hold together.
func TestDocumentedValues(t *testing.T) {
	top := readSchema(t)
	seen := map[string]int{}
	for _, document := range []string{"../../docs/chart.md", "../../docs/kubernetes.md", "../../charts/easyauth/README.md"} {
		for _, b := range blocks(t, document) {
			var values map[string]any
			if b.language != "yaml" || yaml.UnmarshalStrict([]byte(b.text), &values) != nil || !areValues(top, values) {
				continue
			}
			seen[document]++
			base := minimal + secret
			for _, name := range []string{"clientSecret", "clientCertificate", "workloadIdentity", "existingSecret"} {
				if _, own := values[name]; own {
					base = minimal
				}
			}
			text, complaint, ok := template(t, base, b.text)
			if !ok {
				t.Errorf("%s, %s: %s\n%s", document, b.section, complaint, b.text)
				continue
			}
			for _, o := range objects(t, text) {
				if _, complaint := strictly(o); complaint != "" {
					t.Errorf("%s, %s: %s", document, b.section, complaint)
				}
			}
		}
	}
	for document, least := range map[string]int{"../../docs/chart.md": 15, "../../docs/kubernetes.md": 2, "../../charts/easyauth/README.md": 1} {
		if seen[document] < least {
			t.Errorf("%s: %d blocks of values were tried", document, seen[document])
		}
	}
}

// areValues reports whether the names at the top are the chart's.
func areValues(top *schema, values map[string]any) bool {
	for name := range values {
		if top.Properties[name] == nil {
			return false
		}
	}
	return len(values) > 0
}

// What docs/chart.md tells people to type is typed here, in its order, with a cluster that is made up. Left out is what
// needs one that runs pods.
func TestDocumentedCommands(t *testing.T) {
	const document = "../../docs/chart.md"
	work := t.TempDir()
	charts, err := filepath.Abs(filepath.Dir(folder))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(charts, filepath.Join(work, "charts")); err != nil {
		t.Fatal(err)
	}
	for _, b := range blocks(t, document) {
		if b.section == "Install" && b.language == "yaml" {
			write(t, filepath.Join(work, "my-values.yaml"), b.text)
		}
	}
	t.Chdir(work)
	c := newCluster(t, namespace)
	var typed []string
	for _, b := range blocks(t, filepath.Join(filepath.Dir(charts), "docs", "chart.md")) {
		for line := range strings.Lines(b.text) {
			words := strings.Fields(line)
			if b.language != "sh" || words[0] != "helm" || words[1] == "test" {
				continue
			}
			c.must(t, slices.DeleteFunc(words[1:], func(word string) bool { return word == "--wait" })...)
			typed = append(typed, words[1])
		}
	}
	if want := []string{"install", "upgrade", "rollback", "uninstall"}; !slices.Equal(typed, want) {
		t.Errorf("typed %q, want %q", typed, want)
	}
	if keysIn(t, c) == "" {
		t.Error("after all that the keys are gone")
	}
}

// The manifests of docs/kubernetes.md are what the chart makes, as far as they go: they decode, their pods are
// restricted, EasyAuth takes their configuration, their Ingress opens the sign-in paths alone.
func TestDocumentedManifests(t *testing.T) {
	var all []object
	for _, b := range blocks(t, "../../docs/kubernetes.md") {
		if b.section == "2. EasyAuth" && b.language == "yaml" {
			all = objects(t, b.text)
		}
	}
	s := shape{name: "documented", outside: map[string]string{"Secret/easyauth/keys": aKey, "Secret/easyauth/client-secret": "s3cret"}}
	for _, o := range all {
		if _, complaint := strictly(o); complaint != "" {
			t.Errorf("%s %s: %s", o.Kind, o.Metadata.Name, complaint)
		}
	}
	for name, spec := range podSpecs(t, all) {
		for _, wrong := range restricted(spec) {
			t.Errorf("%s: %s", name, wrong)
		}
	}
	rendered := objects(t, render(t, minimal+secret))
	own, made := as[*apps.Deployment](t, all, "Deployment", "easyauth"), as[*apps.Deployment](t, rendered, "Deployment", "easyauth")
	if o, m := own.Spec.Template.Spec.Containers[0], made.Spec.Template.Spec.Containers[0]; !equal(t, o.Resources, m.Resources) || !equal(t, o.Ports, m.Ports) || !equal(t, o.SecurityContext, m.SecurityContext) {
		t.Errorf("the document's container has other resources, ports or rights than the chart's")
	}
	cfg := load(t, s, withProjected(t, all, own))["easyauth"]
	agree(t, own, cfg)
	opens(t, as[*networking.Ingress](t, all, "Ingress", "easyauth"), cfg, cfg)
	if service := as[*core.Service](t, all, "Service", "easyauth"); len(service.Spec.Ports) != 1 || !matches(service.Spec.Selector, own.Spec.Template.Labels) {
		t.Error("the Service does not lead to the pods, or to more than their public port")
	}
}

// withProjected returns the objects with the Deployment's volumes of Secrets written as the chart writes them.
func withProjected(t *testing.T, all []object, d *apps.Deployment) []object {
	t.Helper()
	for i, v := range d.Spec.Template.Spec.Volumes {
		projection := &core.SecretProjection{LocalObjectReference: core.LocalObjectReference{Name: v.Secret.SecretName}}
		for _, entry := range []string{"keys", "client-secret"} {
			projection.Items = append(projection.Items, core.KeyToPath{Key: entry, Path: entry})
		}
		d.Spec.Template.Spec.Volumes[i].VolumeSource = core.VolumeSource{Projected: &core.ProjectedVolumeSource{Sources: []core.VolumeProjection{{Secret: projection}}}}
	}
	text, err := yaml.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return append(slices.DeleteFunc(slices.Clone(all), func(o object) bool { return o.Kind == "Deployment" }), objects(t, string(text))...)
}

func equal(t *testing.T, a, b any) bool {
	t.Helper()
	first, err := yaml.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	second, err := yaml.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(first) == string(second)
}

// The rest of docs/kubernetes.md: the annotations are those that NOTES print, and the variables are variables.
func TestDocumentedParts(t *testing.T) {
	text := notes(t, minimal, secret)
	annotated, variables := 0, 0
	for _, b := range blocks(t, "../../docs/kubernetes.md") {
		var part struct {
			Metadata struct {
				Annotations map[string]string `json:"annotations"`
			} `json:"metadata"`
		}
		var env []core.EnvVar
		switch {
		case b.language != "yaml":
		case strings.HasPrefix(b.text, "metadata:"):
			annotated++
			if err := yaml.UnmarshalStrict([]byte(b.text), &part); err != nil || len(part.Metadata.Annotations) != 3 {
				t.Fatalf("%v: %d annotations", err, len(part.Metadata.Annotations))
			}
			for name, value := range part.Metadata.Annotations {
				if want := annotation(t, text, strings.TrimPrefix(name, "nginx.ingress.kubernetes.io/")); value != want {
					t.Errorf("%s: %q, and NOTES say %q", name, value, want)
				}
			}
		case strings.HasPrefix(strings.TrimSpace(b.text), "- name: EASYAUTH_"):
			variables++
			asJSON, err := yaml.YAMLToJSONStrict([]byte(b.text))
			if err != nil {
				t.Fatal(err)
			}
			if wrong, err := json.UnmarshalStrict(asJSON, &env); err != nil || len(wrong) > 0 {
				t.Errorf("%s: %v %v", b.section, err, wrong)
			}
			for _, e := range env {
				if firstClass()[e.Name] == "" && readSchema(t).Properties["settings"].Properties[camel(e.Name)] == nil {
					t.Errorf("%s: %s is no variable", b.section, e.Name)
				}
			}
		}
	}
	if annotated != 1 || variables < 3 {
		t.Errorf("%d blocks of annotations and %d of variables were looked at", annotated, variables)
	}
}
