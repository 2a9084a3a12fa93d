package proxies

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	networking "k8s.io/api/networking/v1"
	strict "sigs.k8s.io/yaml"

	"github.com/easyauth-sidecar/easyauth/test/matrix"
)

// TestObjects: a cluster accepts the objects of the page, and drops nothing of them.
func TestObjects(t *testing.T) {
	t.Parallel()
	schemas := definitions(t)
	for _, block := range []int{blockEdge, blockHost, blockRoutes} {
		for _, o := range objects(t, matrix.Block(t, page, "yaml", block)) {
			schema, known := schemas[o.text("kind")]
			if !known || o.text("apiVersion") != "traefik.io/v1alpha1" {
				t.Errorf("no definition of %s %s", o.text("apiVersion"), o.text("kind"))
				continue
			}
			for _, complaint := range unknown(schema, map[string]any(o), o.text("kind")) {
				t.Error(complaint)
			}
		}
	}
	for _, document := range strings.Split(matrix.Block(t, page, "yaml", blockIngresses), "---\n") {
		if err := strict.UnmarshalStrict([]byte(document), &networking.Ingress{}); err != nil {
			t.Errorf("%v in\n%s", err, document)
		}
	}
	if wrong := unknown(schemas["Middleware"], map[string]any{"spec": map[string]any{"forwardAuth": map[string]any{"addresses": "x"}}}, "Middleware"); len(wrong) != 1 {
		t.Errorf("another field is not seen: %q", wrong)
	}
}

// schema is a part of a CustomResourceDefinition's.
type schema struct {
	Type                 string            `yaml:"type"`
	Properties           map[string]schema `yaml:"properties"`
	Items                *schema           `yaml:"items"`
	AdditionalProperties *schema           `yaml:"additionalProperties"`
	IntOrString          bool              `yaml:"x-kubernetes-int-or-string"`
}

// definitions are the schemas of Traefik's kinds, out of the module that Traefik is built of.
func definitions(t *testing.T) map[string]schema {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "go", "mod", "download", "-json", "github.com/traefik/traefik/v3")
	cmd.Dir = module(Traefik)
	out, err := cmd.Output()
	var answer struct{ Dir string }
	if err != nil || json.Unmarshal(out, &answer) != nil || answer.Dir == "" {
		t.Fatalf("Traefik's module: %v %s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(answer.Dir, "docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]schema{}
	for in := yaml.NewDecoder(strings.NewReader(string(text))); ; {
		var d struct {
			Spec struct {
				Names    struct{ Kind string }
				Versions []struct {
					Schema struct {
						OpenAPIV3Schema schema `yaml:"openAPIV3Schema"`
					}
				}
			}
		}
		if err := in.Decode(&d); err != nil {
			break // the end, or something that no object needs
		}
		if len(d.Spec.Versions) == 1 {
			found[d.Spec.Names.Kind] = d.Spec.Versions[0].Schema.OpenAPIV3Schema
		}
	}
	return found
}

// unknown are the fields of a value that its schema does not have, and values of another type.
func unknown(s schema, value any, at string) []string {
	var complaints []string
	switch v := value.(type) {
	case map[string]any:
		if s.Type != "object" {
			return []string{fmt.Sprintf("%s is an object, and should be %q", at, s.Type)}
		}
		for name, inner := range v {
			field, known := s.Properties[name]
			switch {
			case known:
				complaints = append(complaints, unknown(field, inner, at+"."+name)...)
			case s.AdditionalProperties != nil:
				complaints = append(complaints, unknown(*s.AdditionalProperties, inner, at+"."+name)...)
			case len(s.Properties) > 0: // metadata has none here: Kubernetes knows them
				complaints = append(complaints, at+"."+name+" is unknown")
			}
		}
	case []any:
		if s.Type != "array" {
			return []string{fmt.Sprintf("%s is a list, and should be %q", at, s.Type)}
		}
		for i, inner := range v {
			complaints = append(complaints, unknown(*s.Items, inner, fmt.Sprintf("%s[%d]", at, i))...)
		}
	default:
		want := map[string]string{"string": "string", "bool": "boolean", "int": "integer"}[fmt.Sprintf("%T", v)]
		if want != s.Type && !s.IntOrString {
			return []string{fmt.Sprintf("%s is %v, and should be %q", at, v, s.Type)}
		}
	}
	return complaints
}

// TestNames: the page takes out every header that docs/headers.md has, and both its ways take out the same.
func TestNames(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/headers.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for line := range strings.Lines(string(text)) {
		first, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " | ")
		if strings.HasPrefix(line, "| `x-injected-") {
			documented = append(documented, regexp.MustCompile("x-injected-[a-z-]+[a-z]").FindAllString(first, -1)...)
		}
	}
	if len(documented) < 15 {
		t.Fatalf("docs/headers.md has %q", documented)
	}
	names := func(block int) []string {
		var found []string
		for _, match := range regexp.MustCompile(`(?m)^ +([A-Z][A-Za-z-]+): ""`).FindAllStringSubmatch(matrix.Block(t, page, "yaml", block), -1) {
			found = append(found, strings.ToLower(match[1]))
		}
		slices.Sort(found)
		return slices.Compact(found)
	}
	inFiles, inObjects := names(blockDynamic), names(blockEdge)
	if !slices.Equal(inFiles, inObjects) {
		t.Errorf("the files take out %q, the objects %q", inFiles, inObjects)
	}
	for _, name := range append(documented, "x-easyauth-proxy-secret", "x-original-url", "x-original-uri", "x-original-method", "x-rewrite-url", "forwarded") {
		if !slices.Contains(inFiles, name) {
			t.Errorf("%s is not taken out", name)
		}
	}
}
