package config

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestUpstreamsOfTheVariable(t *testing.T) {
	const form, known = "must have one application a line", "is not known; there are host, path"
	ca := filepath.Join(t.TempDir(), "ca.pem")
	writeFile(t, ca, "authorities")
	checkRefusals(t, upstreamsVariable, []refusal{
		{"no address", "app.example.com" + marker, "app.example.com=http://a", form, nil},
		{"an empty address", "app.example.com=", "app.example.com=http://a", "a host and the address", nil},
		{"no host", "=http://" + marker, "a=http://a", "a host and the address", nil},
		{"a path alone", "/=http://" + marker, "a/=http://a", "a host and the address", nil},
		{"a word behind it", "a=http://a " + marker, "a=http://a public=true", "line 1: what follows", nil},
		{"an unknown word", "a=http://a\na=http://a roles=x", "a=http://a\na=http://a auth=roles=x", "line 2: roles " + known, nil},
		{"a key twice", "a=http://a auth=x auth=y", "a=http://a auth=x", "each key once", nil},
		{"the host twice", "a=http://a host=b", "a=http://a", "each key once", nil},
		{"public, or not", "a=http://a public=yes", "a=http://a public=true", "public must be true or false", nil},
		{"a time without a unit", "a=http://a timeout=30", "a=http://a timeout=30s", "timeout must be", nil},
		{"no time", "a=http://a timeout=0s", "a=http://a timeout=1ms", "timeout must be", nil},
		{"a long time", "a=http://a timeout=61m", "a=http://a timeout=60m", "timeout must be", nil},
		{"a size of nothing", "a=http://a max_body=0", "a=http://a max_body=1", "max_body must be", nil},
		{"a negative size", "a=http://a max_body=-1", "a=http://a max_body=1k", "max_body must be", nil},
		{"a size with another unit", "a=http://a max_body=1t", "a=http://a max_body=1024G", "max_body must be", nil},
		{"a large size", "a=http://a max_body=1025g", "a=http://a max_body=1g", "max_body must be", nil},
		{"a unit alone", "a=http://a max_body=m", "a=http://a max_body=1M", "max_body must be", nil},
		{"authorities that are not there", "a=https://a ca_file=" + ca + "x", "a=https://a ca_file=" + ca, "entry 1: ca_file must name a file that can be read", nil},
		{"too many", strings.Repeat("a=http://a\n", 501), "", "1 to 500 applications", nil},
	})
	c := good(t, with(map[string]string{upstreamsVariable: "\n a.example.com/b/c=http://x:1  auth=role=A|B&policy=p timeout=1m\n\n*.example.com=https://y ca_file=" + ca + " insecure_skip_verify=false preserve_host=false\n"}))
	want := []Upstream{
		{Host: "a.example.com", Path: "/b/c", To: "http://x:1", Auth: "role=A|B&policy=p", PreserveHost: true, Timeout: time.Minute},
		{Host: "*.example.com", To: "https://y", CAFile: ca, CA: []byte("authorities")},
	}
	if !sameUpstreams(c.Upstreams, want) {
		t.Errorf("%+v", c.Upstreams)
	}
	if c := good(t, with(nil)); c.Upstreams != nil {
		t.Errorf("by default: %v", c.Upstreams)
	}
}

func TestUpstreamsOfTheFile(t *testing.T) {
	file := inFile(t, `EASYAUTH_LOG_LEVEL: warn
upstreams:
  - host: app.example.com
    path: /admin
    to: http://app:8080
    auth: role=Admin
    max_body: 10m
  - {host: "*.apps.example.com", to: "https://other", public: true, insecure_skip_verify: true, timeout: 5s}
`)
	c, warnings, faults := load(t, with(file))
	want := []Upstream{
		{Host: "app.example.com", Path: "/admin", To: "http://app:8080", Auth: "role=Admin", MaxBody: 10 << 20, PreserveHost: true},
		{Host: "*.apps.example.com", To: "https://other", Public: true, InsecureSkipVerify: true, Timeout: 5 * time.Second, PreserveHost: true},
	}
	if len(faults) > 0 || !sameUpstreams(c.Upstreams, want) || c.Upstreams[1].Place != "configuration file, line 8" {
		t.Fatalf("%v, %+v", faults, c.Upstreams)
	}
	if len(warnings) != 1 || !strings.HasPrefix(string(warnings[0]), "upstreams (configuration file, line 8) entry 2: insecure_skip_verify") {
		t.Errorf("%q", warnings)
	}
	for content, problem := range map[string]string{
		"upstreams:\n": "line 1): must be a list of 1 to 500", "upstreams: []\n": "line 1): must be a list", "upstreams: {host: a, to: b}\n": "line 1): must be a list", "upstreams: a\n": "line 1): must be a list",
		"upstreams:\n- a\n": "line 2): entry 1: must be a map", "upstreams:\n- {}\n": "line 2): entry 1: it needs a host", "upstreams:\n- {host: a, to: b}\n- {host: a}\n": "line 3): entry 2: it needs a host",
		"upstreams:\n- {host: a, to: b, rule: c}\n": "line 2): entry 1: rule is not known", "upstreams:\n- {host: [a], to: b}\n": "entry 1: host must be a text", "upstreams:\n- {host: a, to: ~}\n": "entry 1: to has no value",
		"upstreams:\n- {host: a, to: b, host: c}\n": "entry 1: host is set twice", "upstreams:\n- {host: a, to: b, public: 1}\n": "entry 1: public must be true or false", "upstreams:\n- {host: a, to: &x b}\n": "entry 1: to must not have an anchor",
		"upstreams:\n- {host: a, to: b}\nupstreams:\n- {host: a, to: b}\n": "line 3): is set twice", "upstream: []\n": "is not known; did you mean upstreams?",
	} {
		_, _, faults := load(t, with(inFile(t, content)))
		if text := faults.Error(); len(faults) != 1 || !strings.Contains(text, problem) || !strings.HasPrefix(text, "upstream") {
			t.Errorf("%q: %s", content, text)
		}
	}
	_, _, faults = load(t, with(file, map[string]string{upstreamsVariable: "a=http://a"}))
	if text := faults.Error(); !strings.HasPrefix(text, upstreamsVariable+": is set, and so is upstreams") {
		t.Errorf("both: %s", text)
	}
}

// whole loads a configuration with all that it was made of.
func whole(t *testing.T, changes map[string]string) *Config {
	t.Helper()
	c, _, err := Load(environ(with(changes)), Roles{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A change of what the upstreams are, or of a file of theirs, is one that counts without a restart.
func TestUpstreamsChange(t *testing.T) {
	ca, path := filepath.Join(t.TempDir(), "ca.pem"), filepath.Join(t.TempDir(), "easyauth.yaml")
	read := func(content, authorities string) *Config {
		writeFile(t, ca, authorities)
		writeFile(t, path, strings.ReplaceAll(content, "CA", ca))
		return whole(t, map[string]string{configFile: path})
	}
	const first = "upstreams:\n- {host: a, to: https://b, ca_file: CA}\n"
	one := read(first, "one")
	if !slices.Contains(one.Files(), ca) {
		t.Errorf("%q is not followed", ca)
	}
	for _, row := range []struct {
		name, content, authorities string
		want                       bool
	}{
		{"the same", first, "one", false},
		{"elsewhere in the file", "\n\n" + first, "one", false},
		{"another rule", strings.ReplaceAll(first, "CA", "CA, auth: role=x"), "one", true},
		{"other authorities", first, "two", true},
		{"none", "{}", "one", true},
		{"more", first + "- {host: b, to: http://b}\n", "one", true},
	} {
		changed, restart := one.Changes(read(row.content, row.authorities))
		if slices.Contains(changed, upstreamsKey) != row.want || len(changed) > 1 || len(restart) > 0 {
			t.Errorf("%s: %q, %q", row.name, changed, restart)
		}
	}
	before := whole(t, map[string]string{upstreamsVariable: "a=http://a"})
	if changed, restart := before.Changes(whole(t, map[string]string{upstreamsVariable: "a=http://b"})); !slices.Equal(changed, []string{upstreamsVariable}) || len(restart) > 0 {
		t.Errorf("the variable: %q, %q", changed, restart)
	}
}
