package config

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// FuzzConfigFile reads any bytes as a configuration file. What is read are settings that
// there are, each once; written anew they are read as the same. A good file is loaded as a
// whole, and what it sets counts.
func FuzzConfigFile(f *testing.F) {
	const full = "# all kinds\nEASYAUTH_HOSTS:\n- a.example.com\n- '*.b.example.com'\nEASYAUTH_SUCCESS_STATUS: 204\nEASYAUTH_COMPRESS: false\nEASYAUTH_LOG_ALLOWS: 0.5\nEASYAUTH_BRAND_NAME: \"A: b\"\nEASYAUTH_SCOPES: |\n  User.Read\n  Mail.Read\n"
	f.Add([]byte(full))
	f.Add([]byte("{}"))
	f.Add([]byte("EASYAUTH_SESSION_LIFETIME: 12h\nEASYAUTH_SESSION_IDLE: 30m\nEASYAUTH_GRAPH_QUERIES: [me=/me, 'boss=/me/manager']\n"))
	for _, tt := range refusedFiles() {
		if len(tt.bad) < 1<<10 {
			f.Add([]byte(tt.bad))
		}
	}
	if entries := parseConfigFile([]byte(full)); len(entries) != 6 || slices.ContainsFunc(entries, func(e entry) bool { return e.fault != "" }) {
		f.Fatalf("%+v", entries) // the seed must get as far as it can
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, content []byte) {
		entries := parseConfigFile(content)
		values := make(map[string]string)
		for _, e := range entries {
			switch {
			case e.line < 1 && e.name != "" || e.line < 0:
				t.Fatalf("line %d", e.line)
			case e.fault != "":
				if strings.ContainsAny(e.fault, "\r\n\x00") || e.name == "" && len(entries) > 1 && e.fault != "the name of a setting must be a plain word" {
					t.Fatalf("%+v", e)
				}
				return
			case e.name == policiesKey: // is no variable
				return
			case !slices.Contains(variables(), e.name) || !strings.HasPrefix(e.name, prefix):
				t.Fatalf("%+v", e)
			}
			if _, twice := values[e.name]; twice {
				t.Fatalf("%s comes twice", e.name)
			}
			values[e.name] = e.value
		}
		again, err := yaml.Marshal(values)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range parseConfigFile(again) {
			if e.fault != "" || e.value != values[e.name] {
				t.Fatalf("%+v, at first %q", e, values[e.name])
			}
		}
		loaded(t, dir, content, values)
	})
}

// loaded loads a file that was read without a fault, beside the smallest configuration.
func loaded(t *testing.T, dir string, content []byte, values map[string]string) {
	vars := minimal()
	for name := range values {
		if isFile(name) { // what is read there is not what is looked at here
			return
		}
		delete(vars, name)
	}
	path := filepath.Join(dir, "easyauth.yaml")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	vars[configFile] = path
	c, _, err := Load(environ(vars), Roles{})
	if err != nil {
		return // a setting's own check refused its value
	}
	delete(vars, configFile)
	maps.Copy(vars, values)
	same, _, err := Load(environ(vars), Roles{})
	if err != nil {
		t.Fatalf("in the environment it is refused: %v", err)
	}
	if changed, _ := same.Changes(c); len(changed) != 1 || changed[0] != configFile {
		t.Fatalf("in the environment it means something else: %q", changed)
	}
}
