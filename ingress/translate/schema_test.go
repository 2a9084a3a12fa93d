package translate

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// definition is a trimmed CustomResourceDefinition of testdata/schema.
type definition struct {
	Group, Version, Kind string
	Spec                 schema
}

// schema is what an OpenAPI schema of a CRD says, as far as those of testdata do. A word that is not here fails the test.
type schema struct {
	Type       string
	Properties map[string]*schema
	Additional *schema `yaml:"additionalProperties"`
	Items      *schema
	Required   []string
	Enum       []any
	Pattern    string
	MinLength  *int     `yaml:"minLength"`
	MaxLength  *int     `yaml:"maxLength"`
	MinItems   *int     `yaml:"minItems"`
	MaxItems   *int     `yaml:"maxItems"`
	MinProps   *int     `yaml:"minProperties"`
	MaxProps   *int     `yaml:"maxProperties"`
	Minimum    *float64 `yaml:"minimum"`
	Maximum    *float64 `yaml:"maximum"`
	OneOf      []schema `yaml:"oneOf"`
	AnyOf      []schema `yaml:"anyOf"`
	IntOrText  bool     `yaml:"x-kubernetes-int-or-string"`
	Anything   bool     `yaml:"x-kubernetes-preserve-unknown-fields"`
	ListType   string   `yaml:"x-kubernetes-list-type"`
	MapKeys    []string `yaml:"x-kubernetes-list-map-keys"`
}

func definitions(t testing.TB) map[string]definition {
	t.Helper()
	files, err := filepath.Glob("testdata/schema/*.yaml")
	if err != nil || len(files) != 8 {
		t.Fatalf("%d schemas, %v", len(files), err)
	}
	all := map[string]definition{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var d definition
		decoder := yaml.NewDecoder(strings.NewReader(string(text)))
		decoder.KnownFields(true)
		if err := decoder.Decode(&d); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[d.Group+"/"+d.Version+" "+d.Kind] = d
	}
	return all
}

// objectsOf decodes manifests strictly: against the schemas of the CRDs, with no field that they do not have.
func objectsOf(text string, known map[string]definition) ([]map[string]any, error) {
	var list []map[string]any
	d := yaml.NewDecoder(strings.NewReader(text))
	for {
		var o struct {
			APIVersion string `yaml:"apiVersion"`
			Kind       string
			Metadata   struct{ Name, Namespace string }
			Spec       map[string]any
		}
		d.KnownFields(true)
		if err := d.Decode(&o); errors.Is(err, io.EOF) {
			return list, nil
		} else if err != nil {
			return nil, err
		}
		crd, ok := known[o.APIVersion+" "+o.Kind]
		switch {
		case !ok:
			return nil, fmt.Errorf("no schema for %s %s", o.APIVersion, o.Kind)
		case !isName(o.Metadata.Name) || len(o.Metadata.Name) > 63 || !isLabel(o.Metadata.Namespace):
			return nil, fmt.Errorf("%s %q in %q: bad name", o.Kind, o.Metadata.Name, o.Metadata.Namespace)
		}
		if err := crd.Spec.fits("spec", o.Spec); err != nil {
			return nil, fmt.Errorf("%s %s: %w", o.Kind, o.Metadata.Name, err)
		}
		o.Spec["kind"], o.Spec["name"], o.Spec["namespace"] = o.Kind, o.Metadata.Name, o.Metadata.Namespace
		list = append(list, o.Spec)
	}
}

func (s *schema) fits(at string, v any) error {
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, v) {
		return fmt.Errorf("%s: %v is none of %v", at, v, s.Enum)
	}
	for _, list := range [][]schema{s.OneOf, s.AnyOf} {
		if len(list) > 0 && !slices.ContainsFunc(list, func(one schema) bool { return one.fits(at, v) == nil }) {
			return fmt.Errorf("%s: fits none of several", at)
		}
	}
	switch v := v.(type) {
	case map[string]any:
		return s.fitsMap(at, v)
	case []any:
		return s.fitsList(at, v)
	case string:
		return s.fitsText(at, v)
	case int:
		if s.Type != "integer" && !s.IntOrText || s.Minimum != nil && float64(v) < *s.Minimum || s.Maximum != nil && float64(v) > *s.Maximum {
			return fmt.Errorf("%s: number %d is not allowed", at, v)
		}
	case bool:
		if s.Type != "boolean" {
			return fmt.Errorf("%s: no boolean", at)
		}
	default:
		return fmt.Errorf("%s: %T", at, v)
	}
	return nil
}

func outside(n int, least, most *int) bool {
	return least != nil && n < *least || most != nil && n > *most
}

func (s *schema) fitsMap(at string, m map[string]any) error {
	if s.Type != "object" && s.Type != "" || outside(len(m), s.MinProps, s.MaxProps) {
		return fmt.Errorf("%s: no map, or too many keys", at)
	}
	for _, name := range s.Required {
		if _, ok := m[name]; !ok {
			return fmt.Errorf("%s: %s is missing", at, name)
		}
	}
	for name, v := range m {
		kid := s.Properties[name]
		if kid == nil {
			kid = s.Additional
		}
		if kid == nil {
			return fmt.Errorf("%s: %s is not known", at, name)
		}
		if err := kid.fits(at+"."+name, v); err != nil {
			return err
		}
	}
	return nil
}

func (s *schema) fitsList(at string, list []any) error {
	if s.Type != "array" || outside(len(list), s.MinItems, s.MaxItems) {
		return fmt.Errorf("%s: %d entries are not allowed", at, len(list))
	}
	seen := map[string]bool{}
	for i, v := range list {
		if err := s.Items.fits(fmt.Sprintf("%s[%d]", at, i), v); err != nil {
			return err
		}
		key := fmt.Sprint(v)
		if m, ok := v.(map[string]any); ok && s.ListType == "map" {
			key = ""
			for _, name := range s.MapKeys {
				key += fmt.Sprint(m[name], " ")
			}
		}
		if (s.ListType == "map" || s.ListType == "set") && seen[key] {
			return fmt.Errorf("%s: %s is there twice", at, key)
		}
		seen[key] = true
	}
	return nil
}

func (s *schema) fitsText(at, text string) error {
	switch {
	case s.Type != "string" && !s.IntOrText, outside(utf8.RuneCountInString(text), s.MinLength, s.MaxLength):
		return fmt.Errorf("%s: text %q is not allowed", at, text)
	case s.Pattern != "":
		if !regexp.MustCompile(s.Pattern).MatchString(text) {
			return fmt.Errorf("%s: %q is not of %s", at, text, s.Pattern)
		}
	}
	return nil
}

func TestSchemasRefuse(t *testing.T) {
	known := definitions(t)
	policy := golden(t, "testdata/shop.envoy-gateway.yaml")
	routes := golden(t, "testdata/shop.traefik.yaml")
	for _, text := range []string{policy, routes} {
		if _, err := objectsOf(text, known); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct{ text, old, new string }{
		"a misspelt field of a SecurityPolicy": {policy, "failOpen: false", "failopen: false"},
		"a misspelt field of a route":          {policy, "backendRefs:", "backendRef:"},
		"a field that is missing":              {policy, "gatewayClassName: eg", ""},
		"a value out of an enum":               {policy, "type: PathPrefix", "type: Prefix"},
		"a path that is none":                  {policy, "sectionName: http\n", "sectionName: HTTP!\n"},
		"a number for a text":                  {policy, "failOpen: false", "failOpen: 0"},
		"a port that is none":                  {policy, "port: 443", "port: 70000"},
		"a listener twice":                     {policy, "- name: http\n", "- name: https-app-example-com-de09b81884\n"},
		"a misspelt field of a Middleware":     {routes, "trustForwardHeader:", "trustForwardHeaders:"},
		"a misspelt Middleware":                {routes, "forwardAuth:", "forwardauth:"},
		"a rule of another kind":               {routes, "kind: Rule", "kind: Route"},
		"an unknown field beside spec":         {routes, "spec:", "status: {}\nspec:"},
		"another API version":                  {routes, "traefik.io/v1alpha1", "traefik.io/v1"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := strings.Replace(c.text, c.old, c.new, 1)
			if changed == c.text {
				t.Fatalf("%q is not in the text", c.old)
			}
			if _, err := objectsOf(changed, known); err == nil {
				t.Fatal("was taken")
			}
		})
	}
}

func golden(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
