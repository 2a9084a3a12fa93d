package chart

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// resource is what a CRD of the Gateway API says of an object, as far as it is checked here.
type resource struct {
	Type       string               `json:"type"`
	Properties map[string]*resource `json:"properties"`
	Any        *resource            `json:"additionalProperties"`
	Items      *resource            `json:"items"`
	Required   []string             `json:"required"`
	Enum       []any                `json:"enum"`
	Pattern    string               `json:"pattern"`
	MaxItems   int                  `json:"maxItems"`
}

// definition reads a CRD that the tests of ingress/translate keep.
func definition(t *testing.T, kind string) *resource {
	t.Helper()
	var crd struct {
		Kind string    `json:"kind"`
		Spec *resource `json:"spec"`
	}
	file := "../../ingress/translate/testdata/schema/gateway.networking.k8s.io_" + strings.ToLower(kind) + "s.yaml"
	if err := yaml.Unmarshal([]byte(read(t, file)), &crd); err != nil || crd.Kind != kind || crd.Spec == nil {
		t.Fatalf("%s: %v", file, err)
	}
	return crd.Spec
}

// fitsCRD wants an object to be one that the Gateway API's own definition takes.
func fitsCRD(t *testing.T, o object) {
	t.Helper()
	var decoded struct {
		Spec any `json:"spec"`
	}
	if err := yaml.Unmarshal([]byte(o.text), &decoded); err != nil {
		t.Fatal(err)
	}
	for _, complaint := range definition(t, o.Kind).wrong("spec", decoded.Spec) {
		t.Errorf("%s %s: %s", o.Kind, o.Metadata.Name, complaint)
	}
}

func (r *resource) wrong(at string, value any) (complaints []string) {
	add := func(format string, args ...any) {
		complaints = append(complaints, at+": "+fmt.Sprintf(format, args...))
	}
	if len(r.Enum) > 0 && !slices.Contains(r.Enum, value) {
		add("%v is none of %v", value, r.Enum)
	}
	kind := ""
	switch v := value.(type) {
	case map[string]any:
		kind = "object"
		for _, name := range r.Required {
			if _, there := v[name]; !there {
				add("lacks %s", name)
			}
		}
		for name, inner := range v {
			of := r.Properties[name]
			if of == nil {
				of = r.Any
			}
			if of == nil {
				add("has no %s", name)
				continue
			}
			complaints = append(complaints, of.wrong(at+"."+name, inner)...)
		}
	case []any:
		kind = "array"
		if r.MaxItems > 0 && len(v) > r.MaxItems {
			add("%d of at most %d", len(v), r.MaxItems)
		}
		for i, inner := range v {
			if r.Items != nil {
				complaints = append(complaints, r.Items.wrong(fmt.Sprintf("%s[%d]", at, i), inner)...)
			}
		}
	case string:
		kind = "string"
		if r.Pattern != "" && !regexp.MustCompile(r.Pattern).MatchString(v) {
			add("%q is not of the form %s", v, r.Pattern)
		}
	case float64:
		kind = "integer"
	case bool:
		kind = "boolean"
	}
	if kind != r.Type {
		add("is no %s", r.Type)
	}
	return complaints
}

// The comparison itself sees what a Gateway's API server would refuse.
func TestCRDRefuses(t *testing.T) {
	const good = "parentRefs: [{name: web}]\nhostnames: [app.example.com]\nrules: [{matches: [{path: {type: Exact, value: /a}}], backendRefs: [{name: a, port: 80}]}]\n"
	of := definition(t, "HTTPRoute")
	tests := []struct{ name, text, want string }{
		{"as it should be", good, ""},
		{"a field that there is not", strings.Replace(good, "hostnames", "hosts", 1), "spec: has no hosts"},
		{"a Gateway without a name", strings.Replace(good, "name: web", "namespace: web", 1), "spec.parentRefs[0]: lacks name"},
		{"a type of path that there is not", strings.Replace(good, "Exact", "Prefix", 1), "spec.rules[0].matches[0].path.type: Prefix is none of"},
		{"a host with a port", strings.Replace(good, "example.com", "example.com:8443", 1), "spec.hostnames[0]: "},
		{"a port as text", strings.Replace(good, "80", "'80'", 1), "spec.rules[0].backendRefs[0].port: is no integer"},
	}
	for _, tt := range tests {
		got := strings.Join(of.wrong("spec", parsed(t, tt.text)), "\n")
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
