package config

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTrustedProxies(t *testing.T) {
	const networks = "must list networks such as"
	checkRefusals(t, "EASYAUTH_TRUSTED_PROXIES", []refusal{
		{"a name", marker, "10.0.0.1", networks, nil},
		{"a length beyond all", "10.0.0.0/33", "10.0.0.0/32", networks, nil},
		{"an IPv4 address in IPv6", "::ffff:10.0.0.0/120", "::fffe:10.0.0.0/120", networks, nil},
		{"a zone", "fe80::1%eth0", "fe80::1", networks, nil},
		{"bits behind the length", "10.0.0.1/8", "10.0.0.0/8", "10.0.0.0/8 would be one", nil},
		{"everybody", "0.0.0.0/0", "0.0.0.0/1", "must not hold everybody", nil},
		{"everybody of IPv6", "::/0", "2000::/3", "must not hold everybody", nil},
		{"twice", "10.0.0.0/8, 10.0.0.0/8", "10.0.0.0/8, 11.0.0.0/8", "entry 2 is there twice", nil},
		{"too many", strings.Repeat("10.0.0.1 ", 101), "", "at most 100 networks", nil},
	})
	c := good(t, with(map[string]string{"EASYAUTH_TRUSTED_PROXIES": "10.244.0.0/16 192.0.2.7\nfd00::/8"}))
	want := []netip.Prefix{netip.MustParsePrefix("10.244.0.0/16"), netip.MustParsePrefix("192.0.2.7/32"), netip.MustParsePrefix("fd00::/8")}
	if !slices.Equal(c.TrustedProxies, want) {
		t.Errorf("%v", c.TrustedProxies)
	}
	if c := good(t, with(nil)); c.TrustedProxies != nil || c.Explain || c.Policies != "" {
		t.Errorf("by default: %v, %v, %q", c.TrustedProxies, c.Explain, c.Policies)
	}
}

// The key policies of the file is handed on as it stands, whatever it holds, and a change
// of the file that has it is a change.
func TestPoliciesOfTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "easyauth.yaml")
	load := func(content string) *Config {
		t.Helper()
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		c, _, err := Load(environ(with(map[string]string{"EASYAUTH_CONFIG_FILE": path})), Roles{})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	const first, other = "EASYAUTH_EXPLAIN: true\npolicies:\n  a: {allow: [{signed_in: {is: true}}]}\n", "EASYAUTH_EXPLAIN: true\npolicies: [nonsense]\n"
	one := load(first)
	if one.Policies != first || !one.Explain {
		t.Errorf("%q, explain %v", one.Policies, one.Explain)
	}
	for _, row := range []struct {
		name, content string
		want          bool
	}{{"the same", first, false}, {"another", other, true}, {"none", "EASYAUTH_EXPLAIN: true\n", true}} {
		changed, restart := one.Changes(load(row.content))
		if slices.Contains(changed, "policies") != row.want || len(restart) > 0 {
			t.Errorf("%s: %q, %q", row.name, changed, restart)
		}
	}
	for content, want := range map[string]string{
		"Policies:\n  a: {}\n": "Policies (configuration file, line 1): is not known; did you mean policies?",
		"polices:\n  a: {}\n":  "polices (configuration file, line 1): is not known; did you mean policies?",
		"rules:\n  a: {}\n":    "rules (configuration file, line 1): is not known; `easyauth settings`",
		"\npolicies: {}\n":     "policies (configuration file, line 2): is empty",
		"\npolicies:\n":        "policies (configuration file, line 2): is empty",
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, err := Load(environ(with(map[string]string{"EASYAUTH_CONFIG_FILE": path})), Roles{})
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", content, err)
		}
	}
}

// What policies and the token API alone ask for has no effect without them, which is said.
func TestDecidingWithoutEffect(t *testing.T) {
	path := filepath.Join(t.TempDir(), "easyauth.yaml")
	const trusted, explain = "EASYAUTH_TRUSTED_PROXIES", "EASYAUTH_EXPLAIN"
	both := map[string]string{trusted: "10.0.0.0/8", explain: "true"}
	file := map[string]string{"EASYAUTH_CONFIG_FILE": path}
	for _, row := range []struct {
		name, content string
		vars          []map[string]string
		warned        []string
	}{
		{"neither", "{}", []map[string]string{both}, []string{explain, trusted}},
		{"neither, with a file", "{}", []map[string]string{both, file}, []string{explain, trusted}},
		{"in the file", trusted + ": 10.0.0.0/8\n" + explain + ": true\n", []map[string]string{file}, []string{explain + " (configuration file, line 2)", trusted + " (configuration file, line 1)"}},
		{"the token API", "{}", []map[string]string{both, programs()}, []string{explain}},
		{"policies", "policies: {a: {allow: [{signed_in: {is: true}}]}}", []map[string]string{both, file}, nil},
		{"not explained", "{}", []map[string]string{{explain: "false"}}, nil},
		{"nothing", "{}", nil, nil},
		{"policies that are wrong", "policies: {}", []map[string]string{both, file}, nil},
		{"a file that is wrong", "policies: [", []map[string]string{both, file}, nil},
		{"networks that are wrong", "{}", []map[string]string{{trusted: marker}}, nil},
	} {
		if err := os.WriteFile(path, []byte(row.content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, warnings, _ := load(t, with(row.vars...))
		if len(warnings) != len(row.warned) {
			t.Errorf("%s: %q", row.name, warnings)
			continue
		}
		for i, name := range row.warned {
			if !strings.HasPrefix(string(warnings[i]), name+" has no effect: ") {
				t.Errorf("%s: %q", row.name, warnings[i])
			}
		}
	}
}
