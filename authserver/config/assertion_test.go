package config

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// signing is a file of keys. What is in it is judged elsewhere.
func signing(t *testing.T) map[string]string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "assertion-keys.pem")
	writeFile(t, path, "a key\n")
	return map[string]string{"EASYAUTH_ASSERTION_KEYS_FILE": path}
}

func TestAssertionKeysFile(t *testing.T) {
	dir := t.TempDir()
	path := func(name, content string) string {
		writeFile(t, filepath.Join(dir, name), content)
		return filepath.Join(dir, name)
	}
	largest := path("largest", strings.Repeat(marker, maxAssertionKeys/len(marker)+1)[:maxAssertionKeys])
	const form = "must name a file of private keys, at most 64 KB; "
	checkRefusals(t, "EASYAUTH_ASSERTION_KEYS_FILE", []refusal{
		{"absent", filepath.Join(dir, "absent"), largest, form + filepath.Join(dir, "absent") + ": no such file", nil},
		{"a directory", dir, largest, form + dir + ": is a directory", nil},
		{"empty", path("empty", ""), path("one", "a key"), form + filepath.Join(dir, "empty") + ": is empty", nil},
		{"blank", path("blank", " \n\n"), largest, form + filepath.Join(dir, "blank") + ": is empty", nil},
		{"one byte more", path("larger", strings.Repeat("x", maxAssertionKeys+1)), largest, form + filepath.Join(dir, "larger") + ": is larger than", nil},
		{"the key itself", "-----BEGIN PRIVATE KEY----- " + marker, largest, "(not shown", nil},
	})
	if c := good(t, with(map[string]string{"EASYAUTH_ASSERTION_KEYS_FILE": largest})); len(c.AssertionKeys.Reveal()) != maxAssertionKeys || strings.Contains(fmt.Sprintf("%+v", *c), marker) {
		t.Error("the keys are not read whole, or are shown")
	}
}

func TestAssertionNames(t *testing.T) {
	const form = "must be a URL or a name, at most 200 bytes of printable ASCII without blanks"
	for _, variable := range []string{"EASYAUTH_ASSERTION_AUDIENCE", "EASYAUTH_ASSERTION_ISSUER"} {
		checkRefusals(t, variable, []refusal{
			{"a blank", "a " + marker, "a-" + marker, form, signing(t)},
			{"a line break", "a\n" + marker, "https://a.example.com/?b=" + marker + "#c", form, signing(t)},
			{"a control character", "a\x7f" + marker, "urn:a:" + marker, form, signing(t)},
			{"no ASCII", "\u00e4" + marker, "a" + marker, form, signing(t)},
			{"201 bytes", strings.Repeat("x", maxAssertionName+1), strings.Repeat("x", maxAssertionName), form, signing(t)},
			{"two", "a, " + marker, "a," + marker, form, signing(t)},
		})
	}
}

func TestAssertionHeader(t *testing.T) {
	const form = "must be letters, digits and hyphens"
	checkRefusals(t, "EASYAUTH_ASSERTION_HEADER", []refusal{
		{"underscore", "x_" + marker, "x-" + marker, form, signing(t)},
		{"blank", "x " + marker, "x-" + marker, form, signing(t)},
		{"colon", marker + ":", marker, form, signing(t)},
		{"line break", "x\r\n" + marker, "X-" + marker, form, signing(t)},
		{"dot", "x." + marker, "x" + marker, form, signing(t)},
		{"no ASCII", "\u00e4" + marker, "a" + marker, form, signing(t)},
		{"a letter of which a small one is ASCII", "x-\u212a" + marker, "x-K" + marker, form, signing(t)},
		{"65 bytes", strings.Repeat("y", maxHeaderPrefix+1), strings.Repeat("y", maxHeaderPrefix), form, signing(t)},
	})
	for given, want := range map[string]string{"": "x-injected-assertion", "X-Pomerium-Jwt-Assertion": "x-pomerium-jwt-assertion"} {
		if c := good(t, with(signing(t), map[string]string{"EASYAUTH_ASSERTION_HEADER": given})); c.AssertionHeader != want {
			t.Errorf("%q: got %q", given, c.AssertionHeader)
		}
	}
}

// Who signed, where the configuration does not say it.
func TestAssertionIssuer(t *testing.T) {
	for name, tt := range map[string]struct {
		vars map[string]string
		want string
	}{
		"the first host":         {map[string]string{"EASYAUTH_HOSTS": "Orders.example.com app.example.com"}, "https://orders.example.com/easyauth"},
		"with its port":          {map[string]string{"EASYAUTH_HOSTS": "orders.example.com:8443"}, "https://orders.example.com:8443/easyauth"},
		"the first without star": {map[string]string{"EASYAUTH_HOSTS": "*.apps.example.com app.example.com"}, "https://app.example.com/easyauth"},
		"stars alone":            {map[string]string{"EASYAUTH_HOSTS": "*.apps.example.com *.example.org"}, "https://apps.example.com/easyauth"},
		"http after https":       {map[string]string{"EASYAUTH_HOSTS": "http://app.localhost:8080 app.example.com", "EASYAUTH_INSECURE_HTTP": "true"}, "https://app.example.com/easyauth"},
		"http alone":             {map[string]string{"EASYAUTH_HOSTS": "http://app.localhost:8080", "EASYAUTH_INSECURE_HTTP": "true"}, "https://app.localhost:8080/easyauth"},
		"where everybody signs in": {
			map[string]string{"EASYAUTH_HOSTS": "app.example.com", "EASYAUTH_COOKIE_DOMAIN": "example.com", "EASYAUTH_CALLBACK_HOST": "Login.example.com"},
			"https://login.example.com/easyauth",
		},
		"another base path": {map[string]string{"EASYAUTH_BASE_PATH": "/sso"}, "https://app.example.com/sso"},
		"said":              {map[string]string{"EASYAUTH_ASSERTION_ISSUER": "https://issuer.example.com"}, "https://issuer.example.com"},
	} {
		if c := good(t, with(signing(t), tt.vars)); c.AssertionIssuer != tt.want {
			t.Errorf("%s: got %q, want %q", name, c.AssertionIssuer, tt.want)
		}
	}
}

// Without keys nobody signs, whatever else is said; that is worth a warning.
func TestNoAssertion(t *testing.T) {
	names := map[string]string{"EASYAUTH_ASSERTION_AUDIENCE": "a", "EASYAUTH_ASSERTION_ISSUER": "b", "EASYAUTH_ASSERTION_HEADER": "c"}
	for name, value := range names {
		c, warnings, faults := load(t, with(map[string]string{name: value}))
		if len(faults) > 0 || c.AssertionAudience+c.AssertionIssuer+c.AssertionHeader != "" || !c.AssertionKeys.Empty() {
			t.Errorf("%s: %v, or something is set", name, faults)
		}
		if len(warnings) != 1 || !strings.HasPrefix(string(warnings[0]), name+" has no effect") {
			t.Errorf("%s: warnings %q", name, warnings)
		}
	}
	if _, warnings, faults := load(t, with(signing(t), names)); len(warnings) > 0 || len(faults) > 0 {
		t.Errorf("with keys: %q, %v", warnings, faults)
	}
}
