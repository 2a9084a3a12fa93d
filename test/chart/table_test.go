package chart

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// ofOthers are the values that only EasyAuthForK8s' chart had.
func ofOthers() []string {
	return []string{"azureAd", "easyAuthForK8s", "appHostName", "tlsSecretName", "replicaCount", "imagePullSecrets", "namespace", "secret", "logging", "claimName", "volumeName"}
}

// The tables of docs/chart.md are made of values.schema.json and values.yaml.
func TestTablesOfValues(t *testing.T) {
	const document = "../../docs/chart.md"
	text := read(t, document)
	for name, table := range tables(t) {
		begin, end := "<!-- "+name+": go test ./test/chart -update -->\n", "<!-- end of "+name+" -->"
		before, rest, opened := strings.Cut(text, begin)
		now, after, closed := strings.Cut(rest, end)
		if !opened || !closed {
			t.Fatalf("no place for the table of %s", name)
		}
		if now != table && !*update {
			t.Errorf("the table of %s is not that of values.schema.json and values.yaml: go test ./test/chart -update", name)
		}
		text = before + begin + table + end + after
	}
	if *update {
		if err := os.WriteFile(document, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// tables returns the tables of the document by their names.
func tables(t *testing.T) map[string]string {
	t.Helper()
	var defaults map[string]any
	if err := yaml.UnmarshalStrict([]byte(read(t, folder+"/values.yaml")), &defaults); err != nil {
		t.Fatal(err)
	}
	top := readSchema(t)
	var values, settings, old strings.Builder
	values.WriteString("| Value | Default | Meaning |\n|---|---|---|\n")
	for _, name := range top.names {
		if property := top.Properties[name]; name != "global" && !slices.Contains(ofOthers(), name) {
			rows(t, &values, name, property, defaults[name])
		}
	}
	settings.WriteString("| Value | Variable | |\n|---|---|---|\n")
	for _, name := range top.Properties["settings"].names {
		variable, meaning, _ := strings.Cut(top.Properties["settings"].Properties[name].Description, ": ")
		fmt.Fprintf(&settings, "| `%s` | `%s` | %s |\n", name, variable, cell(meaning))
	}
	old.WriteString("| There | Here |\n|---|---|\n")
	for _, name := range ofOthers() {
		property := top.Properties[name]
		if len(property.Properties) == 0 {
			fmt.Fprintf(&old, "| `%s` | %s |\n", name, cell(strings.TrimPrefix(property.Description, "EasyAuthForK8s. ")))
		}
		for _, inner := range property.names {
			fmt.Fprintf(&old, "| `%s.%s` | %s |\n", name, inner, cell(property.Properties[inner].Description))
		}
	}
	return map[string]string{"values": values.String(), "settings": settings.String(), "old values": old.String()}
}

// rows writes the rows of one value: one for what is simple, or for a description of several names together, else one
// for each value inside, below one of its own if it takes others too.
func rows(t *testing.T, b *strings.Builder, path string, s *schema, value any) {
	t.Helper()
	inner, _ := value.(map[string]any)
	names := s.names
	switch together := isReference(s); {
	case len(names) == 0 || path == "settings" || strings.HasPrefix(path, "roles.") && path != "roles.separate":
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", path, shown(t, value), cell(s.Description))
	case together:
		var paths, defaults []string
		for _, name := range names {
			paths = append(paths, "`"+path+"."+name+"`")
			defaults = append(defaults, shown(t, inner[name]))
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", strings.Join(paths, ", "), strings.Join(defaults, ", "), cell(s.Description))
	default:
		open := takesMore(s)
		if open {
			fmt.Fprintf(b, "| `%s` | %s | %s |\n", path, shown(t, value), cell(s.Description))
		}
		for i, name := range names {
			property := *s.Properties[name]
			if i == 0 && s.Description != "" && !open {
				property.Description = strings.TrimSpace(s.Description + " " + property.Description)
			}
			rows(t, b, path+"."+name, &property, inner[name])
		}
	}
}

// takesMore reports whether an object may have names that the schema does not list.
func takesMore(s *schema) bool { return len(s.Additional) > 0 && string(s.Additional) != "false" }

// isReference reports whether an object names something of the reader's, so that its description says it all.
func isReference(s *schema) bool {
	for name, property := range s.Properties {
		if property.Type != "string" || !slices.Contains([]string{"name", "key", "secretName", "certificateKey", "privateKeyKey", "configMap", "secret"}, name) {
			return false
		}
	}
	return s.Description != ""
}

func shown(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	switch {
	case err != nil:
		t.Fatal(err)
	case slices.Contains([]string{`""`, "null", "{}", "[]"}, string(text)):
		return "–"
	case len(text) > 60:
		return "see [values.yaml](../charts/easyauth/values.yaml)"
	}
	return "`" + strings.Trim(string(text), `"`) + "`"
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// values.yaml shows every value that there is, and the schema knows every one of them (lint holds that).
func TestValuesAreComplete(t *testing.T) {
	var defaults map[string]any
	if err := yaml.UnmarshalStrict([]byte(read(t, folder+"/values.yaml")), &defaults); err != nil {
		t.Fatal(err)
	}
	var walk func(path string, s *schema, value any, there bool)
	walk = func(path string, s *schema, value any, there bool) {
		if path == "global" || slices.Contains(ofOthers(), path) || strings.HasPrefix(path, "settings.") || strings.HasPrefix(path, "configFile.") || strings.HasPrefix(path, "roles.") && strings.Count(path, ".") > 1 {
			return
		}
		if !there {
			t.Errorf("values.yaml does not show %s", path)
		}
		if s.Description == "" && len(s.Properties) == 0 {
			t.Errorf("values.schema.json does not describe %s", path)
		}
		inner, _ := value.(map[string]any)
		for name, property := range s.Properties {
			v, found := inner[name]
			walk(strings.TrimPrefix(path+"."+name, "."), property, v, found)
		}
	}
	walk("", readSchema(t), defaults, true)
}
