package main

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// marker stands in bad values: it must never come back.
const marker = "Zq9Marker"

// wrong is one variable with a bad value, and the fault that tells it.
type wrong struct{ variable, bad, good, fault string }

func wrongs() []wrong {
	return []wrong{
		// what config sees
		{"EASYAUTH_LOG_LEVEL", marker, "warn", "must be debug, info, warn or error"},
		{"EASYAUTH_TENANT_ID", marker + "!", "contoso.example", "must be the directory (tenant) ID"},
		{"EASYAUTH_KEYS", marker, keyText(2), "entry 1: must be base64"},
		{"EASYAUTH_CLIENT_ID", "", clientID, "is required"},
		{"EASYAUTH_CLIENT_SECRET", "", "s3cret", "is required, or EASYAUTH_CLIENT_SECRET_FILE"},
		{"EASYAUTH_HOST", marker, "", "did you mean EASYAUTH_HOSTS?"},
		{"EasyAuthForK8s__AllowBearerToken", marker, "true", "must be true or false"},
		// what only hosts sees
		{"EASYAUTH_HOSTS", host + " " + marker + ".example.com:99999", host, "host 2: port is not a number from 1 to 65535"},
		{"EASYAUTH_CALLBACK_HOST", marker + "!.example.com", "login.example.com", "must be one host"},
		{"EASYAUTH_DEFAULT_REDIRECT", "/welcome?a=<" + marker, "/welcome?a=%20b", "must be a path"},
		// what only pages sees
		{"EASYAUTH_BRAND_SUPPORT_URL", "mailto:" + marker + "@@example.com", "mailto:it@example.com", "the support URL is neither https nor mailto"},
		// what only headers sees
		{"EASYAUTH_CLAIM_HEADERS", "upn " + marker + " " + strings.ToLower(marker), "upn", "entry 3: its header has the name of another entry's"},
	}
}

// good sets every variable of wrongs to its good value.
func good(t *testing.T) map[string]string {
	vars := with(t, map[string]string{"EASYAUTH_COOKIE_DOMAIN": "example.com"})
	for _, w := range wrongs() {
		if w.good != "" {
			vars[w.variable] = w.good
		}
	}
	return vars
}

// faults returns the lines that check-config and serve print; both must agree.
func faults(t *testing.T, vars map[string]string) []string {
	t.Helper()
	code, stdout, stderr := execute(t, vars, "check-config")
	if code == exitOK {
		if stdout != "The configuration is good.\n" {
			t.Errorf("exit code 0 and %q", stdout)
		}
		return nil
	}
	_, list, found := strings.Cut(stderr, "The configuration is wrong:\n")
	if code != exitUsage || stdout != "" || !found || strings.Contains(stderr, marker) {
		t.Errorf("exit code %d\nstdout: %s\nstderr: %s", code, stdout, stderr)
	}
	if served, stdout, again := execute(t, vars, "serve"); served != exitUsage || stdout != "" || again != stderr {
		t.Errorf("serve: exit code %d\nstdout: %s\nstderr: %s", served, stdout, again)
	}
	return strings.Split(strings.TrimSuffix(list, "\n"), "\n")
}

func TestGoodConfiguration(t *testing.T) {
	for name, vars := range map[string]map[string]string{"minimal": minimal(t), "with all that could be wrong": good(t)} {
		if lines := faults(t, vars); len(lines) > 0 {
			t.Errorf("%s: %q", name, lines)
		}
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	vars := good(t)
	for _, w := range wrongs() {
		vars[w.variable] = w.bad
	}
	lines := faults(t, vars)
	if len(lines) != len(wrongs()) || !slices.IsSorted(lines) {
		t.Errorf("got %d lines, want %d, sorted:\n%s", len(lines), len(wrongs()), strings.Join(lines, "\n"))
	}
	for _, w := range wrongs() {
		if !slices.ContainsFunc(lines, w.tells) {
			t.Errorf("no line %s: …%s in\n%s", w.variable, w.fault, strings.Join(lines, "\n"))
		}
	}
}

func (w wrong) tells(line string) bool {
	return strings.HasPrefix(line, w.variable+": ") && strings.Contains(line, w.fault)
}

// Each alone is the only line: no fault brings another with it.
func TestEachFaultAlone(t *testing.T) {
	for _, w := range wrongs() {
		vars := good(t)
		vars[w.variable] = w.bad
		if lines := faults(t, vars); len(lines) != 1 || !w.tells(lines[0]) {
			t.Errorf("%s: got %q", w.variable, lines)
		}
	}
}

func TestEmptyEnvironment(t *testing.T) {
	lines := faults(t, nil)
	for i, name := range []string{"EASYAUTH_CLIENT_ID", "EASYAUTH_CLIENT_SECRET", "EASYAUTH_HOSTS", "EASYAUTH_KEYS", "EASYAUTH_TENANT_ID"} {
		if len(lines) != 5 || !strings.HasPrefix(lines[i], name+": is required") {
			t.Fatalf("got %q", lines)
		}
	}
}

// A fault does not hide what only other packages see.
func TestFaultsBehindFaults(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(file, []byte(keyText(3)), 0o600); err != nil {
		t.Fatal(err)
	}
	badHost := map[string]string{"EASYAUTH_HOSTS": host + " " + marker + "_/"}
	for _, tt := range []struct {
		name string
		vars map[string]string
		want []string // beginnings of the lines
	}{
		{"key and key file", map[string]string{"EASYAUTH_KEYS_FILE": file}, []string{"EASYAUTH_HOSTS: host 2", "EASYAUTH_KEYS: is set together"}},
		{"key and no such key file", map[string]string{"EASYAUTH_KEYS_FILE": file + ".not"}, []string{"EASYAUTH_HOSTS: host 2", "EASYAUTH_KEYS: is set together"}},
		{"no such key file", map[string]string{"EASYAUTH_KEYS": "", "EASYAUTH_KEYS_FILE": file + ".not"}, []string{"EASYAUTH_HOSTS: host 2", "EASYAUTH_KEYS_FILE: must name a file"}},
		{"an alias of what hosts sees, too", map[string]string{"EasyAuthForK8s__DefaultRedirectAfterSignin": "/easyauth/me"}, []string{"EASYAUTH_HOSTS: host 2", "EasyAuthForK8s__DefaultRedirectAfterSignin: must not lead"}},
		{"an alias", map[string]string{"EASYAUTH_TENANT_ID": "", "AzureAd__TenantId": marker + "!"}, []string{"AzureAd__TenantId: must be", "EASYAUTH_HOSTS: host 2"}},
		{"a domain that covers no host", map[string]string{"EASYAUTH_COOKIE_DOMAIN": "other.example"}, []string{"EASYAUTH_COOKIE_DOMAIN: must be above", "EASYAUTH_COOKIE_DOMAIN: must be above", "EASYAUTH_HOSTS: host 2"}},
		{"a domain without which the callback host makes no sense", map[string]string{"EASYAUTH_COOKIE_DOMAIN": "co.uk", "EASYAUTH_CALLBACK_HOST": "login.example.com"}, []string{"EASYAUTH_COOKIE_DOMAIN: must not be a public suffix", "EASYAUTH_HOSTS: host 2"}},
		{"a name that cannot be shown", map[string]string{"EASYAUTH_\x01": "x"}, []string{"EASYAUTH_?: is not known", "EASYAUTH_HOSTS: host 2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lines := faults(t, with(t, badHost, tt.vars))
			ok := len(lines) == len(tt.want)
			for i := range lines {
				ok = ok && strings.HasPrefix(lines[i], tt.want[i])
			}
			if !ok {
				t.Errorf("got %q, want lines that begin with %q", lines, tt.want)
			}
		})
	}
}

// Whether http hosts are fine hangs on a variable that cannot be read.
func TestHostsAreNotJudgedWithoutInsecureHTTP(t *testing.T) {
	vars := with(t, map[string]string{"EASYAUTH_HOSTS": "http://" + host, "EASYAUTH_INSECURE_HTTP": marker})
	if lines := faults(t, vars); len(lines) != 1 || !strings.HasPrefix(lines[0], "EASYAUTH_INSECURE_HTTP: ") {
		t.Errorf("unreadable: %q", lines)
	}
	vars["EASYAUTH_INSECURE_HTTP"] = "false"
	if lines := faults(t, vars); len(lines) != 1 || !strings.HasPrefix(lines[0], "EASYAUTH_HOSTS: host 1: http is only for loopback names") {
		t.Errorf("off: %q", lines)
	}
	vars["EASYAUTH_INSECURE_HTTP"] = "true"
	if lines := faults(t, vars); len(lines) > 0 {
		t.Errorf("on: %q", lines)
	}
}

func TestClaimHeaderFaults(t *testing.T) {
	var many []string
	for i := range 50 {
		many = append(many, strings.Repeat("c", 60)+string(rune('a'+i%26))+string(rune('a'+i/26)))
	}
	for _, tt := range []struct{ name, bad, good, want string }{
		{"a fixed header", "https://x.example/ROLES", "https://x.example/role", "entry 1: its header has the name of one that is always sent"},
		{"another's", "dept a_b a-b", "dept a_b a-c", "entry 3: its header has the name of another entry's"},
		{"too many bytes", strings.Join(many, " "), strings.Join(many[:5], " "), "leave too little room for values"},
	} {
		lines := faults(t, with(t, map[string]string{"EASYAUTH_CLAIM_HEADERS": tt.bad}))
		if len(lines) != 1 || !strings.HasPrefix(lines[0], "EASYAUTH_CLAIM_HEADERS: ") || !strings.Contains(lines[0], tt.want) {
			t.Errorf("%s: %q", tt.name, lines)
		}
		if lines := faults(t, with(t, map[string]string{"EASYAUTH_CLAIM_HEADERS": tt.good})); len(lines) > 0 {
			t.Errorf("%s, mended: %q", tt.name, lines)
		}
	}
	lines := faults(t, with(t, map[string]string{"EASYAUTH_HEADER_PREFIX": "proxy-authe"}))
	if len(lines) != 1 || !strings.HasPrefix(lines[0], "EASYAUTH_HEADER_PREFIX: must not be the beginning") {
		t.Errorf("a prefix that headers alone refuses: %q", lines)
	}
}

func TestLogoFaults(t *testing.T) {
	file := filepath.Join(t.TempDir(), "logo")
	vars := with(t, map[string]string{"EASYAUTH_BRAND_LOGO_FILE": file})
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	for content, want := range map[string]string{
		`<svg xmlns="http://www.w3.org/2000/svg">` + marker + `</svg>`: "EASYAUTH_BRAND_LOGO_FILE: a logo is a PNG, JPEG, GIF or WebP picture", picture.String(): "",
	} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(faults(t, vars), "\n"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestWarningsComeWithGoodAndBad(t *testing.T) {
	warned := map[string]string{"EASYAUTH_INSECURE_HTTP": "true", "EasyAuthForK8s__DataProtectionFileLocation": "/" + marker}
	for name, more := range map[string]map[string]string{"good": {}, "bad": {"EASYAUTH_LOG_LEVEL": "loud"}} {
		vars := with(t, warned)
		maps.Copy(vars, more)
		_, _, stderr := execute(t, vars, "check-config")
		for _, want := range []string{"warning: EASYAUTH_INSECURE_HTTP is on", "warning: EasyAuthForK8s__DataProtectionFileLocation is ignored"} {
			if strings.Count(stderr, want) != 1 || strings.Contains(stderr, marker) {
				t.Errorf("%s: want one line %q in\n%s", name, want, stderr)
			}
		}
	}
}

// Faults of policies stand in the order of their lines, as somebody mends them.
func TestPolicyFaultsStandInOrder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "easyauth.yaml")
	overwrite(t, file, "policies:\n  zoo: {allow: [{rule: a}]}\n  ant:\n    allow:\n"+strings.Repeat("      - {role: {equals: a}}\n", 11)+"EASYAUTH_LOGLEVEL: debug\n")
	lines := faults(t, with(t, map[string]string{"EASYAUTH_CONFIG_FILE": file, "EASYAUTH_LISTEN": "nowhere"}))
	if len(lines) != 14 || !strings.HasPrefix(lines[0], "EASYAUTH_LISTEN: ") || !strings.HasPrefix(lines[1], "EASYAUTH_LOGLEVEL (configuration file, line 16): ") {
		t.Fatalf("%q", lines)
	}
	for i, line := range lines[2:] {
		if want := fmt.Sprintf("(configuration file, line %d): ", i+2+2*min(i, 1)); !strings.HasPrefix(line, "policies.") || !strings.Contains(line, want) {
			t.Errorf("%d: %q, want %q", i, line, want)
		}
	}
}
