package chart

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// passed is a value that goes through the chart into objects.
type passed struct {
	value string
	// given are two values, YAML; they are empty where the row before, of the same value, sets them.
	given [2]string
	// places are where each must be: "Kind path" or "Kind/name path". An element of a list is [its name] or a number.
	places []string
	// want is what must be there, YAML, of an object or a list at least that; empty: what was given. null: nothing.
	want [2]string
}

// passedTogether are values that can be set at once, over a base.
type passedTogether struct {
	name, base string
	rows       []passed
}

// Each value arrives where it belongs, whatever it is: two different ones, so that none stands fixed in a template.
func TestValuesArrive(t *testing.T) {
	for _, group := range passedValues() {
		for i := range 2 {
			t.Run(group.name+strconv.Itoa(i), func(t *testing.T) {
				t.Parallel()
				values := map[string]any{}
				for _, row := range group.rows {
					if row.given[i] != "" {
						put(t, values, row.value, row.given[i])
					}
				}
				text, err := yaml.Marshal(values)
				if err != nil {
					t.Fatal(err)
				}
				all := objects(t, render(t, group.base, string(text)))
				last := map[string]string{}
				for _, row := range group.rows {
					want := row.want[i]
					if row.given[i] != "" {
						last[row.value] = row.given[i]
					}
					if want == "" {
						want = last[row.value]
					}
					for _, place := range row.places {
						if got := placed(t, all, place); !within(parsed(t, want), got) {
							t.Errorf("%s: %s is %s, want %s", row.value, place, asJSON(t, got), want)
						}
					}
				}
			})
		}
	}
}

// put sets a value by its path.
func put(t *testing.T, values map[string]any, path, text string) {
	t.Helper()
	names := strings.Split(path, ".")
	for _, name := range names[:len(names)-1] {
		inner, ok := values[name].(map[string]any)
		if !ok {
			inner = map[string]any{}
			values[name] = inner
		}
		values = inner
	}
	values[names[len(names)-1]] = parsed(t, text)
}

func parsed(t *testing.T, text string) any {
	t.Helper()
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return value
}

func asJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// placed returns what is at a place, nil when there is nothing. It goes by the decoded objects: what Kubernetes would
// not know is not there.
func placed(t *testing.T, all []object, place string) any {
	t.Helper()
	who, path, _ := strings.Cut(place, " ")
	kind, name, _ := strings.Cut(who, "/")
	i := slices.IndexFunc(all, func(o object) bool { return o.Kind == kind && (name == "" || o.Metadata.Name == name) })
	if i < 0 {
		return nil
	}
	decoded, complaint := strictly(all[i])
	if complaint != "" {
		t.Fatal(complaint)
	}
	value := parsed(t, asJSON(t, decoded))
	for step := range strings.SplitSeq(path, ".") {
		value = inside(value, step)
	}
	return value
}

// inside takes one step of a path.
func inside(value any, step string) any {
	switch v := value.(type) {
	case map[string]any:
		return v[step]
	case []any:
		for i, element := range v {
			named, _ := element.(map[string]any)
			if step == strconv.Itoa(i) || named != nil && step == fmt.Sprintf("[%v]", named["name"]) {
				return element
			}
		}
	}
	return nil
}

// within reports whether all of want is in got.
func within(want, got any) bool {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		for name, value := range w {
			if !ok || !within(value, g[name]) {
				return false
			}
		}
		return ok
	case []any:
		g, ok := got.([]any)
		for _, value := range w {
			if !slices.ContainsFunc(g, func(element any) bool { return within(value, element) }) {
				return false
			}
		}
		return ok
	}
	return reflect.DeepEqual(want, got)
}

// The comparison itself sees what is missing and what differs.
func TestWithin(t *testing.T) {
	tests := []struct {
		name, want, got string
		is              bool
	}{
		{"a text", "a", "a", true},
		{"another text", "a", "b", false},
		{"a number for a text", "'1'", "1", false},
		{"nothing", "null", "null", true},
		{"something for nothing", "null", "a", false},
		{"nothing for something", "a", "null", false},
		{"part of an object", "{a: 1}", "{a: 1, b: 2}", true},
		{"an object that differs", "{a: 1}", "{a: 2, b: 2}", false},
		{"an object without it", "{a: 1}", "{b: 1}", false},
		{"no object", "{a: 1}", "null", false},
		{"part of a list", "[{a: 1}]", "[{b: 1}, {a: 1, c: 1}]", true},
		{"a list without it", "[{a: 1}]", "[{b: 1}]", false},
		{"no list", "[1]", "null", false},
	}
	for _, tt := range tests {
		if is := within(parsed(t, tt.want), parsed(t, tt.got)); is != tt.is {
			t.Errorf("%s: %s in %s: %v", tt.name, tt.want, tt.got, is)
		}
	}
}

// heldElsewhere are the values that other tests follow to where they go.
func heldElsewhere() map[string]string {
	return map[string]string{"settings": "TestSettingsBecomeVariables", "service.type": "TestValuesRefused"}
}

// No value is forgotten here: each leaf of values.yaml is in the table, or another test is named.
func TestEveryValueArrives(t *testing.T) {
	var rows []string
	for _, group := range passedValues() {
		for _, row := range group.rows {
			if row.given == [2]string{} && !slices.Contains(rows, row.value) || row.given[0] != "" && row.given[0] == row.given[1] {
				t.Errorf("%s, %s: two different values are wanted", group.name, row.value)
			}
			rows = append(rows, row.value)
		}
	}
	tests, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range heldElsewhere() {
		rows = append(rows, name)
		if !slices.ContainsFunc(tests, func(file string) bool { return strings.Contains(read(t, file), "\nfunc "+test+"(") }) {
			t.Errorf("there is no %s, which holds %s", test, name)
		}
	}
	var walk func(path string, value any)
	walk = func(path string, value any) {
		inner, _ := value.(map[string]any)
		for name, v := range inner {
			walk(strings.TrimPrefix(path+"."+name, "."), v)
		}
		if len(inner) == 0 && !slices.ContainsFunc(rows, func(row string) bool {
			return row == path || strings.HasPrefix(path, row+".") || strings.HasPrefix(row, path+".")
		}) {
			t.Errorf("nothing says where %s goes", path)
		}
	}
	walk("", parsed(t, read(t, folder+"/values.yaml")))
}
