package docs

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// chart is what the Helm chart takes: its default values, and the schema of all of them.
type chart struct{ values, schema map[string]any }

func readChart(t *testing.T) chart {
	t.Helper()
	var c chart
	for name, into := range map[string]*map[string]any{"values.yaml": &c.values, "values.schema.json": &c.schema} {
		text, err := os.ReadFile(root + "/charts/easyauth/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal(text, into); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if c.values["hosts"] == nil || c.schema["properties"] == nil {
		t.Fatal("the chart was not understood")
	}
	return c
}

// takes reports whether there is a value of this name, with dots.
func (c chart) takes(name string) bool {
	path := regexp.MustCompile(`\[[0-9]*\]`).ReplaceAllString(name, "")
	parts := strings.Split(path, ".")
	return inValues(c.values, parts) || c.inSchema(c.schema, parts)
}

func inValues(values map[string]any, path []string) bool {
	value, is := values[path[0]]
	if !is || len(path) == 1 {
		return is
	}
	below, is := value.(map[string]any)
	return is && inValues(below, path[1:])
}

// inSchema follows properties, what they refer to, and maps and lists of anything.
func (c chart) inSchema(schema map[string]any, path []string) bool {
	if ref, is := schema["$ref"].(string); is {
		var at any = c.schema
		for _, name := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
			members, is := at.(map[string]any)
			if !is {
				return false
			}
			at = members[name]
		}
		referred, is := at.(map[string]any)
		return is && c.inSchema(referred, path)
	}
	if len(path) == 0 {
		return true
	}
	if properties, is := schema["properties"].(map[string]any); is {
		if below, is := properties[path[0]].(map[string]any); is {
			return c.inSchema(below, path[1:])
		}
	}
	switch more := schema["additionalProperties"].(type) {
	case bool:
		return more
	case map[string]any:
		return c.inSchema(more, path[1:])
	}
	free := schema["properties"] == nil && (schema["type"] == "object" || schema["type"] == "array" || schema["type"] == nil)
	return free
}

// namedValues are the values of our chart that a document names: in inline code with dots, in flags of helm,
// in the files of values that it shows, and in the first cells of the tables of the chart's own pages.
func namedValues(d document, c chart) []span {
	var named []span
	dotted := regexp.MustCompile(`^[a-z][A-Za-z0-9]*(\.[a-z][A-Za-z0-9]*)+$`)
	other := regexp.MustCompile(`\.(com|conf|crt|env|json|jsonl|key|md|pem|png|sh|txt|yaml)$`)
	for _, s := range d.spans {
		first, _, _ := strings.Cut(s.text, ".")
		if dotted.MatchString(s.text) && !other.MatchString(s.text) && c.takes(first) {
			named = append(named, s)
		}
	}
	set := regexp.MustCompile(`--set(?:-string|-json|-file)?[ =]"?([A-Za-z][A-Za-z0-9.\[\]]*)=`)
	for _, b := range d.fence {
		switch b.language {
		case "sh":
			for _, command := range strings.Split(strings.ReplaceAll(b.text, "\\\n", " "), "\n") {
				if !strings.Contains(command, "charts/easyauth") {
					continue // another's chart
				}
				for _, match := range set.FindAllStringSubmatch(command, -1) {
					named = append(named, span{match[1], b.line})
				}
			}
		case "yaml":
			var values map[string]any
			if yaml.Unmarshal([]byte(b.text), &values) == nil && isValues(values, c) {
				for _, name := range flat("", values) {
					named = append(named, span{name, b.line})
				}
			}
		}
	}
	return named
}

// isValues tells a file of values from an object of Kubernetes, annotations, settings and a proxy's own configuration.
func isValues(values map[string]any, c chart) bool {
	for _, other := range []string{"apiVersion", "kind", "metadata", "spec", "data", "controller", "http", "upstreams"} {
		if _, is := values[other]; is {
			return false
		}
	}
	return slices.ContainsFunc(slices.Collect(maps.Keys(values)), c.takes)
}

// flat are the names of all values, with dots. Names that have dots themselves are others' (annotations,
// labels), and end what is looked at.
func flat(before string, values map[string]any) []string {
	var names []string
	for name, value := range values {
		if strings.ContainsAny(name, "./") || strings.HasPrefix(name, "EASYAUTH_") {
			continue
		}
		below, is := value.(map[string]any)
		names = append(names, before+name)
		if is {
			names = append(names, flat(before+name+".", below)...)
		}
	}
	return names
}

func unknownValues(found []document, c chart) []string {
	var complaints []string
	for _, d := range found {
		for _, s := range namedValues(d, c) {
			if !c.takes(s.text) {
				complaints = append(complaints, fmt.Sprintf("%s:%d: the chart has no value %s", d.name, s.line, s.text))
			}
		}
	}
	return complaints
}

func TestValuesExist(t *testing.T) {
	c, found := readChart(t), read(t)
	report(t, unknownValues(found, c))
	named := 0
	for _, d := range found {
		named += len(namedValues(d, c))
	}
	if named < 20 {
		t.Errorf("documents name %d values: too few to believe", named)
	}
	tests := []struct{ name, text, want string }{
		{"one that there is", "`ingress.className`", ""},
		{"one that there is not", "`ingress.class`", "docs/a.md:1: the chart has no value ingress.class"},
		{"a setting", "`settings.sessionLifetime`", ""},
		{"no setting", "`settings.sessionLife`", "the chart has no value settings.sessionLife"},
		{"a file or a host", "`tls.crt`, `redis.conf`, `dashboard.example.com`", ""},
		{"something else", "`response.status`", ""},
		{"by a flag", "```sh\nhelm install e charts/easyauth --set image.tag=1\n```", ""},
		{"by a flag, wrong", "```sh\nhelm install e charts/easyauth \\\n  --set-string image.version=1\n```", "the chart has no value image.version"},
		{"of another chart", "```sh\nhelm install n nginx --set image.version=1\n```", ""},
		{"in a file", "```yaml\nhosts: [a]\ningress:\n  className: nginx\n```", ""},
		{"in a file, wrong", "```yaml\nhosts: [a]\ningress:\n  class: nginx\n```", "docs/a.md:2: the chart has no value ingress.class"},
		{"in a file, wrong at the top", "```yaml\nhosts: [a]\nhostname: a\n```", "the chart has no value hostname"},
		{"an annotation", "```yaml\ningress:\n  annotations:\n    nginx.ingress.kubernetes.io/x: y\n```", ""},
		{"a proxy's own", "```yaml\nhttp:\n  routers: {}\ntls:\n  certificates: []\n```", ""},
		{"an object", "```yaml\nkind: Service\ningress: x\nhostname: a\n```", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantSome(t, unknownValues([]document{parse("docs/a.md", tt.text)}, c), tt.want)
		})
	}
}

// Old names that the chart understands are values as well: the schema has them.
func TestOldValuesAreInTheSchema(t *testing.T) {
	c := readChart(t)
	for _, name := range []string{"azureAd.tenantId", "easyAuthForK8s.allowBearerToken", "appHostName", "tlsSecretName"} {
		if !c.takes(name) {
			t.Errorf("the chart does not take %s", name)
		}
	}
	if c.takes("azureAd.tenant") {
		text, _ := json.Marshal(c.schema["properties"]) // for the reader of the failure
		t.Errorf("the chart takes azureAd.tenant: %.300s", text)
	}
}
