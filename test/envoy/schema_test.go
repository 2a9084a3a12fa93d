package envoy

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// schemas are the trimmed CustomResourceDefinitions that ingress/translate is held to as well. Each file says where it
// is from.
const schemas = "../../ingress/translate/testdata/schema"

// schema is what an OpenAPI schema of a CRD says, as far as those files do. A word that is not here fails the test.
type schema struct {
	Type       string
	Properties map[string]*schema
	Additional *schema `yaml:"additionalProperties"`
	Items      *schema
	Required   []string
	Enum       []any
	Pattern    string
	MinLength  int      `yaml:"minLength"`
	MaxLength  *int     `yaml:"maxLength"`
	MinItems   int      `yaml:"minItems"`
	MaxItems   *int     `yaml:"maxItems"`
	MaxProps   *int     `yaml:"maxProperties"`
	Minimum    *int     `yaml:"minimum"`
	Maximum    *int     `yaml:"maximum"`
	ListType   string   `yaml:"x-kubernetes-list-type"`
	MapKeys    []string `yaml:"x-kubernetes-list-map-keys"`
}

// known reads the definitions of Envoy Gateway and the Gateway API, by apiVersion and kind.
func known(t *testing.T) map[string]schema {
	t.Helper()
	files, err := filepath.Glob(schemas + "/gateway.*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files, %v", schemas, len(files), err)
	}
	all := map[string]schema{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var crd struct {
			Group, Version, Kind string
			Spec                 schema
		}
		d := yaml.NewDecoder(bytes.NewReader(text))
		d.KnownFields(true)
		if err := d.Decode(&crd); err != nil || len(crd.Spec.Properties) == 0 {
			t.Fatalf("%s: %v", file, err)
		}
		all[crd.Group+"/"+crd.Version+" "+crd.Kind] = crd.Spec
	}
	return all
}

// fitsCRD says what an API server would not take of an object, or would silently drop.
func fitsCRD(all map[string]schema, o any) error {
	object, _ := o.(map[string]any)
	kind := fmt.Sprint(object["apiVersion"], " ", object["kind"])
	spec, ok := all[kind]
	if !ok {
		return fmt.Errorf("there is no %s", kind)
	}
	label := schema{Type: "string", MinLength: 1, MaxLength: new(63), Pattern: `^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`}
	whole := schema{Type: "object", Required: []string{"metadata", "spec"}, Properties: map[string]*schema{
		"apiVersion": {Type: "string"}, "kind": {Type: "string"}, "spec": &spec,
		"metadata": {Type: "object", Required: []string{"name", "namespace"}, Properties: map[string]*schema{"name": &label, "namespace": &label}},
	}}
	return whole.fits(kind, object)
}

func (s *schema) fits(at string, value any) error {
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, value) {
		return fmt.Errorf("%s: %v is none of %v", at, value, s.Enum)
	}
	var err error
	kind := ""
	switch v := value.(type) {
	case map[string]any:
		kind, err = "object", s.fitsMap(at, v)
	case []any:
		kind, err = "array", s.fitsList(at, v)
	case string:
		kind = "string"
		if n := utf8.RuneCountInString(v); n < s.MinLength || s.MaxLength != nil && n > *s.MaxLength || !regexp.MustCompile(s.Pattern).MatchString(v) {
			err = fmt.Errorf("%s: %q is not allowed", at, v)
		}
	case int:
		kind = "integer"
		if s.Minimum != nil && v < *s.Minimum || s.Maximum != nil && v > *s.Maximum {
			err = fmt.Errorf("%s: %d is not allowed", at, v)
		}
	case bool:
		kind = "boolean"
	}
	if kind == "" || kind != s.Type {
		return fmt.Errorf("%s: %v is no %s", at, value, s.Type)
	}
	return err
}

func (s *schema) fitsMap(at string, m map[string]any) error {
	var errs []error
	if s.MaxProps != nil && len(m) > *s.MaxProps {
		errs = append(errs, fmt.Errorf("%s: %d entries are not allowed", at, len(m)))
	}
	for _, name := range s.Required {
		if _, ok := m[name]; !ok {
			errs = append(errs, fmt.Errorf("%s: lacks %s", at, name))
		}
	}
	for name, value := range m {
		of := s.Properties[name]
		if of == nil {
			of = s.Additional
		}
		if of == nil {
			errs = append(errs, fmt.Errorf("%s: has no %s", at, name))
			continue
		}
		errs = append(errs, of.fits(at+"."+name, value))
	}
	return errors.Join(errs...)
}

func (s *schema) fitsList(at string, list []any) error {
	if len(list) < s.MinItems || s.MaxItems != nil && len(list) > *s.MaxItems || s.Items == nil {
		return fmt.Errorf("%s: %d entries are not allowed", at, len(list))
	}
	var errs []error
	seen := map[string]bool{}
	for i, value := range list {
		errs = append(errs, s.Items.fits(fmt.Sprintf("%s[%d]", at, i), value))
		key := fmt.Sprint(value)
		if m, ok := value.(map[string]any); ok && s.ListType == "map" {
			key = ""
			for _, name := range s.MapKeys {
				key += fmt.Sprint(m[name], " ")
			}
		}
		if (s.ListType == "map" || s.ListType == "set") && seen[key] {
			errs = append(errs, fmt.Errorf("%s: %s is there twice", at, key))
		}
		seen[key] = true
	}
	return errors.Join(errs...)
}

// The objects of the page, each with one thing changed: an API server would refuse it, or drop the field.
func TestSchemasAreStrict(t *testing.T) {
	all := known(t)
	text := envoyGateway(t)
	for name, change := range map[string][2]string{
		"nothing":                            {"", ""},
		"another name":                       {"name: public", "name: other"},
		"a misspelt field of a policy":       {"failOpen:", "failopen:"},
		"a misspelt rule":                    {"contextExtensions:", "contextExtension:"},
		"a rule twice":                       {"- {name: query,", "- {name: query, type: Value, value: role=A}\n      - {name: query,"},
		"a type of a rule that is none":      {"type: Value,", "type: Text,"},
		"a text for a boolean":               {"failOpen: false", "failOpen: \"false\""},
		"a time without a unit":              {"timeout: 5s", "timeout: \"5\""},
		"a status that is none":              {"statusOnError: 503", "statusOnError: 999"},
		"a port that is none":                {"port: 80", "port: 80000"},
		"a misspelt field of a filter":       {"statusCode: 404", "status: 404"},
		"a text for a status":                {"statusCode: 404", "statusCode: \"404\""},
		"a misspelt field of a route":        {"backendRefs:\n        - name: easyauth\n          port", "backendRef:\n        - name: easyauth\n          port"},
		"a type of a path that is none":      {"{type: PathPrefix,", "{type: Prefix,"},
		"a host with a port":                 {"hostnames: [app.example.com]", "hostnames: [\"app.example.com:8443\"]"},
		"a grant to nobody":                  {"from:\n    - {group: gateway.envoyproxy.io, kind: SecurityPolicy, namespace: orders}", "from: []"},
		"a grant without a namespace":        {", namespace: orders}", "}"},
		"a misspelt field about clients":     {"removeOnMatch:", "removeOnMatches:"},
		"a misspelt action":                  {"withUnderscoresAction: RejectRequest", "withUnderscoresAction: Reject"},
		"a misspelt field beside the spec":   {"spec:\n  directResponse", "specs:\n  directResponse"},
		"a field that stands a level higher": {"  path:\n    escapedSlashesAction", "  escapedSlashesAction"},
		"a version that is none":             {"gateway.networking.k8s.io/v1beta1", "gateway.networking.k8s.io/v1beta2"},
		"a name that is none":                {"name: nothing-here\n", "name: Nothing_here\n"},
	} {
		changed := strings.Replace(text, change[0], change[1], 1)
		if changed == text && change[0] != "" {
			t.Fatalf("%s: %q is not on the page", name, change[0])
		}
		var errs []error
		for _, o := range decodeYAML(t, changed) {
			errs = append(errs, fitsCRD(all, o))
		}
		good := name == "nothing" || name == "another name"
		if err := errors.Join(errs...); (err == nil) != good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// envoyGateway is the YAML of the page's section.
func envoyGateway(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "\n## Envoy Gateway\n")
	_, section, begins := strings.Cut(section, "```yaml\n")
	section, _, ends := strings.Cut(section, "```")
	if !ok || !begins || !ends {
		t.Fatalf("%s: there is no YAML of Envoy Gateway", document)
	}
	return section
}
