package config

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// changesOf are the settings that differ between two configurations.
func changesOf(t *testing.T, before, after map[string]string) (changed, needRestart []string) {
	t.Helper()
	c, _, err := Load(environ(before), Roles{})
	if err != nil {
		t.Fatal(err)
	}
	next, _, err := Load(environ(after), Roles{})
	if err != nil {
		t.Fatal(err)
	}
	return c.Changes(next)
}

// Every example of the table is a change, and needs a restart exactly where the table
// says so.
func TestChanges(t *testing.T) {
	for _, s := range Settings() {
		if s.File || s.Name == "EASYAUTH_KEYS" || s.Name == "EASYAUTH_TENANT_ID" || s.Name == "EASYAUTH_COOKIE_DOMAIN" || !slices.Contains(variables(), s.Name) {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			before := with(companions(s.Name))
			after := maps.Clone(before)
			after[s.Name] = s.Example
			switch _, _, faults := load(t, before); {
			case s.Name == "EASYAUTH_STORE", s.Name == "EASYAUTH_REVOCATION":
				before = minimal()
			case len(faults) > 0: // it is one of several that are needed
				before = maps.Clone(after)
				before[s.Name] = another(s.Name)
			}
			changed, needRestart := changesOf(t, before, after)
			if !slices.Contains(changed, s.Name) || slices.Contains(needRestart, s.Name) == s.Reloads || s.Reloads && len(changed) > 1 {
				t.Errorf("changed %q, of which need a restart %q; the table says %v", changed, needRestart, s.Reloads)
			}
			if same, _ := changesOf(t, after, after); len(same) > 0 {
				t.Errorf("the same differs: %q", same)
			}
		})
	}
}

// another is a good value of what must be set, and not its example.
func another(name string) string {
	return map[string]string{
		"EASYAUTH_ALLOWED_TENANTS": otherGUID, "EASYAUTH_SIGNUP_SIGNIN_POLICY": "B2C_1_other", "EASYAUTH_ISSUER": "https://idp.example.org/",
		"EASYAUTH_REDIS_URL": "redis://127.0.0.1", "EASYAUTH_POSTGRES_URL": "host=127.0.0.1",
	}[name]
}

// What is spelled otherwise is the same.
func TestSpellingsAreNoChange(t *testing.T) {
	for name, values := range map[string][2]string{
		"EASYAUTH_SESSION_LIFETIME": {"", "480m"}, "EASYAUTH_LISTEN": {"", ":8080"}, "EASYAUTH_STORE": {"", "Cookie"},
		"EASYAUTH_HOSTS": {"a.example.com,b.example.com", "a.example.com b.example.com"}, "EASYAUTH_COMPRESS": {"1", "true"}, "EASYAUTH_DOMAIN_HINT": {"", " "},
	} {
		if changed, _ := changesOf(t, with(map[string]string{name: values[0]}), with(map[string]string{name: values[1]})); len(changed) > 0 {
			t.Errorf("%s: %q", name, changed)
		}
	}
}

// What is in a file is a change too, unless somebody follows that file.
func TestChangesOfFiles(t *testing.T) {
	dir := t.TempDir()
	redisAt := map[string]string{"EASYAUTH_STORE": "redis"}
	for _, tt := range []struct {
		name, one, other string
		with             map[string]string
		changed, restart bool
	}{
		{"EASYAUTH_BRAND_LOGO_FILE", "a picture", "another picture", nil, true, false},
		{"EASYAUTH_ASSERTION_KEYS_FILE", "one key", "two keys", nil, true, false},
		{"EASYAUTH_PROXY_SECRET_FILE", "0123456789abcdef", "fedcba9876543210", nil, true, false},
		{"EASYAUTH_REDIS_URL_FILE", "redis://a.example.com", "redis://b.example.com", redisAt, true, true},
		{"EASYAUTH_CLIENT_SECRET_FILE", "one", "other", without("EASYAUTH_CLIENT_SECRET"), false, false},
		{"EASYAUTH_KEYS_FILE", keyText(2), keyText(3), without("EASYAUTH_KEYS"), false, false},
		{"EASYAUTH_CONFIG_FILE", "EASYAUTH_CLOUD: public", "{}", nil, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(dir, tt.name)
			vars := with(tt.with, map[string]string{tt.name: path})
			writeFile(t, path, tt.one)
			c, _, err := Load(environ(vars), Roles{})
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, path, tt.other)
			next, _, err := Load(environ(vars), Roles{})
			if err != nil {
				t.Fatal(err)
			}
			changed, restart := c.Changes(next)
			if (len(changed) == 1) != tt.changed || (len(restart) == 1) != tt.restart {
				t.Errorf("changed %q, restart %q", changed, restart)
			}
			followed := !tt.changed && tt.name != configFile
			if slices.Contains(c.Files(), path) == followed {
				t.Errorf("files: %q", c.Files())
			}
		})
	}
}

// The listener's certificate may move to another file; whether there is one may not change.
func TestChangesOfTLS(t *testing.T) {
	pair, other := listenerFiles(t), listenerFiles(t)
	of := func(p pairOfFiles) map[string]string {
		return with(map[string]string{"EASYAUTH_TLS_CERT_FILE": p.cert, "EASYAUTH_TLS_KEY_FILE": p.key})
	}
	if changed, restart := changesOf(t, of(pair), of(other)); len(changed) != 2 || len(restart) != 0 {
		t.Errorf("other files: %q, %q", changed, restart)
	}
	for name, vars := range map[string][2]map[string]string{"on": {minimal(), of(pair)}, "off": {of(pair), minimal()}} {
		if _, restart := changesOf(t, vars[0], vars[1]); !slices.Equal(restart, []string{"EASYAUTH_TLS_CERT_FILE"}) {
			t.Errorf("%s: %q", name, restart)
		}
	}
}

// A file that cannot be read is followed all the same: it may come.
func TestFilesOfAHalfReadConfiguration(t *testing.T) {
	vars := with(map[string]string{"EASYAUTH_BRAND_LOGO_FILE": "/nowhere/logo.png", configFile: "/nowhere/easyauth.yaml"})
	c, _, err := Load(environ(vars), Roles{})
	if err == nil || !slices.Equal(c.Files(), []string{"/nowhere/easyauth.yaml", "/nowhere/logo.png"}) {
		t.Errorf("%q, %v", c.Files(), err)
	}
	faults := Faults{{Name: "EASYAUTH_HOSTS", Expected: "x"}, {Name: "EASYAUTH_KEYS", Expected: "x"}}
	c, _, _ = Load(environ(with(without("EASYAUTH_HOSTS"), inFile(t, "EASYAUTH_HOSTS: a.example.com"))), Roles{})
	if c.Locate(faults); !strings.Contains(faults[0].Place, "line 1") || faults[1].Place != "" {
		t.Errorf("%+v", faults)
	}
}
