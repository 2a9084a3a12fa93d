package translate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	networking "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"

	"github.com/easyauth-sidecar/easyauth/ingress/annotations"
)

// goldens are the inputs, each with one output and one report a target. A changed output is edited by
// hand, after reading it.
func goldens() []string { return []string{"shop", "two", "refused"} }

// outputs are what the files of the targets are called in testdata.
func outputs() map[string]string {
	return map[string]string{
		"traefik": "traefik.yaml", "envoy-gateway": "envoy-gateway.yaml", "haproxy": "haproxy.cfg", "caddy": "Caddyfile", "inline": "inline.yaml",
	}
}

func translated(t testing.TB, name, to string) Result {
	t.Helper()
	file := filepath.Join("testdata", name+".yaml")
	text := golden(t, file)
	m, err := annotations.ReadManifest(name+".yaml", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	r, err := Translate(m, Config{To: to})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func lines(notes []Note) string {
	var b strings.Builder
	for _, n := range notes {
		b.WriteString(n.String() + "\n")
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	known := definitions(t)
	for _, name := range goldens() {
		for to, ending := range outputs() {
			t.Run(name+"/"+to, func(t *testing.T) {
				r := translated(t, name, to)
				same(t, filepath.Join("testdata", name+"."+ending), r.Text)
				same(t, filepath.Join("testdata", name+"."+to+".report"), lines(r.Notes))
				if strings.HasSuffix(ending, ".yaml") && to != "inline" && r.Text != "" {
					if _, err := objectsOf(r.Text, known); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
}

// same compares with a file of testdata. No flag writes it: a changed output is edited by hand, after reading it.
func same(t *testing.T, file, got string) {
	t.Helper()
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) == got {
		return
	}
	a, b := strings.Split(string(want), "\n"), strings.Split(got, "\n")
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			t.Fatalf("%s: line %d differs\nwant %q\ngot  %q", file, i+1, at(a, i), at(b, i))
		}
	}
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return "(end)"
}

// The inputs are what a cluster would take.
func TestInputsAreIngresses(t *testing.T) {
	for _, name := range goldens() {
		for i, document := range strings.Split(golden(t, filepath.Join("testdata", name+".yaml")), "\n---\n") {
			if strings.Contains(document, "kind: ConfigMap") {
				continue
			}
			var object networking.Ingress
			if err := yaml.UnmarshalStrict([]byte(document), &object); err != nil {
				t.Errorf("%s.yaml, object %d: %v", name, i+1, err)
			}
		}
	}
}
