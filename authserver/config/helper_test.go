package config

import (
	"encoding/base64"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
)

// marker stands in bad values: it must never come back in a fault.
const marker = "Zq9Marker"

const tenantGUID = "2f1c6f0e-0d5b-4c1e-9a57-3b7d0c9a1e11"

func key(fill byte) []byte { return slices.Repeat([]byte{fill}, keySize) }

func keyText(fill byte) string { return base64.StdEncoding.EncodeToString(key(fill)) }

// minimal is the smallest good configuration.
func minimal() map[string]string {
	return map[string]string{
		"EASYAUTH_TENANT_ID":     tenantGUID,
		"EASYAUTH_CLIENT_ID":     "11111111-2222-3333-4444-555555555555",
		"EASYAUTH_CLIENT_SECRET": "the-secret",
		"EASYAUTH_KEYS":          keyText(1),
		"EASYAUTH_HOSTS":         "app.example.com",
	}
}

// with returns the minimal configuration with changes; an empty value removes.
func with(changes ...map[string]string) map[string]string {
	vars := minimal()
	for _, c := range changes {
		maps.Copy(vars, c)
	}
	return vars
}

func environ(vars map[string]string) []string {
	var list []string
	for name, value := range vars {
		list = append(list, name+"="+value)
	}
	return list
}

// load returns what Load does, and fails when the error is no Faults, or there
// is no Config.
func load(t *testing.T, vars map[string]string) (*Config, []Warning, Faults) {
	t.Helper()
	c, warnings, err := Load(environ(vars), Roles{})
	var faults Faults
	if err != nil && !errors.As(err, &faults) || c == nil {
		t.Fatalf("Load: got %v and %v", c, err)
	}
	c.source = source{} // it is not what is compared
	return c, warnings, faults
}

// without returns changes that take variables away.
func without(names ...string) map[string]string {
	changes := make(map[string]string, len(names))
	for _, name := range names {
		changes[name] = ""
	}
	return changes
}

func good(t *testing.T, vars map[string]string) *Config {
	t.Helper()
	c, _, faults := load(t, vars)
	if len(faults) > 0 {
		t.Fatalf("faults in a good configuration:\n%v", faults)
	}
	return c
}

// refusal is one variable with a bad value, the text of its only fault, and a
// good value that is refused by nobody.
type refusal struct {
	name      string
	bad, good string
	want      string
	with      map[string]string // what else differs from minimal, for both
}

func checkRefusals(t *testing.T, variable string, rows []refusal) {
	t.Helper()
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			_, _, faults := load(t, with(tt.with, map[string]string{variable: tt.bad}))
			if len(faults) != 1 || faults[0].Name != variable || !strings.Contains(faults[0].Expected, tt.want) {
				t.Errorf("got %q, want one fault of %s: %q", faults, variable, tt.want)
			}
			if strings.Contains(faults.Error(), marker) {
				t.Errorf("the value is shown: %s", faults.Error())
			}
			good(t, with(tt.with, map[string]string{variable: tt.good}))
		})
	}
}
