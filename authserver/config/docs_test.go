package config

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var variableWord = regexp.MustCompile(`EASYAUTH_[A-Z0-9_]+`)

// page is docs/configuration.md, whose table of names is that of EasyAuthForK8s.
func page(t *testing.T) (text string, aliases map[string]string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "docs", "configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	aliases = make(map[string]string)
	for line := range strings.Lines(string(content)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		name := strings.Trim(cells[0], "` ")
		if len(cells) != 2 || !isDotnet(name) {
			continue
		}
		if _, twice := aliases[name]; twice {
			t.Errorf("%s has two rows", name)
		}
		aliases[name] = strings.TrimSpace(cells[1])
	}
	return string(content), aliases
}

func TestPageNamesOnlyVariables(t *testing.T) {
	text, byName := page(t)
	for _, word := range variableWord.FindAllString(text, -1) {
		beginning := strings.HasSuffix(word, "_") && slices.ContainsFunc(variables(), func(name string) bool { return strings.HasPrefix(name, word) })
		if !slices.Contains(variables(), word) && !injected(word) && !beginning {
			t.Errorf("the page names %s, which is no variable", word)
		}
	}
	for _, a := range aliases() {
		if byName[a.name] != "`"+a.own+"`" {
			t.Errorf("%s: the page says %q, want %s", a.name, byName[a.name], a.own)
		}
		delete(byName, a.name)
	}
	for _, name := range []string{dataProtection, clientCertificates} {
		if _, ok := byName[name]; !ok {
			t.Errorf("%s has no row", name)
		}
		delete(byName, name)
	}
	for name := range byName {
		t.Errorf("%s has a row and is no variable", name)
	}
}

func TestEveryVariableIsASetting(t *testing.T) {
	byName := make(map[string]Setting)
	var sections []string
	for _, s := range Settings() {
		if _, twice := byName[s.Name]; twice {
			t.Errorf("%s is there twice", s.Name)
		}
		byName[s.Name] = s
		if last := len(sections) - 1; last < 0 || sections[last] != s.Section {
			sections = append(sections, s.Section)
		}
		if s.Meaning == "" || s.Example == "" || s.Section == "" || strings.ContainsAny(s.Meaning+s.Example+s.Required, "|\n") {
			t.Errorf("%s: want a section, a meaning and an example, on one line each: %+v", s.Name, s)
		}
		for _, word := range variableWord.FindAllString(s.Meaning+s.Required, -1) {
			if !slices.Contains(variables(), word) {
				t.Errorf("%s: it names %s, which is no variable", s.Name, word)
			}
		}
	}
	if distinct := slices.Compact(slices.Sorted(slices.Values(sections))); len(distinct) != len(sections) {
		t.Errorf("sections stand together: %q", sections)
	}
	c := good(t, minimal())
	defaults := map[string]string{
		"EASYAUTH_AUTH_PATH": c.AuthPath, "EASYAUTH_SIGNIN_PATH": c.SigninPath, "EASYAUTH_CALLBACK_PATH": c.CallbackPath,
		"EASYAUTH_SIGNED_OUT_PATH": c.SignedOutPath, "EASYAUTH_GRAPH_URL": c.GraphURL,
	}
	for field := range reflect.TypeFor[spec]().Fields() {
		name := field.Tag.Get("envconfig")
		s, ok := byName[name]
		if want := cmp.Or(field.Tag.Get("default"), defaults[name]); !ok || s.Default != want || want != "" && s.Required != "" {
			t.Errorf("%s: the default is %q, the table says %+v", name, want, s)
		}
		if secret := field.Type == reflect.TypeFor[secretText](); s.Secret != secret || s.File != strings.HasSuffix(name, "_FILE") {
			t.Errorf("%s: %+v", name, s)
		}
		delete(byName, name)
	}
	for _, a := range azures() {
		if s := byName[a.name]; !strings.Contains(s.Meaning, a.own) || s.Default != "" {
			t.Errorf("%s: %+v", a.name, s)
		}
		delete(byName, a.name)
	}
	for name := range byName {
		t.Errorf("%s is a setting and no variable", name)
	}
}

// companions is what else an example needs.
func companions(name string) map[string]string {
	switch name {
	case "EASYAUTH_ALLOWED_TENANTS":
		return map[string]string{"EASYAUTH_TENANT_ID": "organizations"}
	case "EASYAUTH_SIGNUP_SIGNIN_POLICY":
		return map[string]string{"EASYAUTH_INSTANCE": "https://contoso.b2clogin.com"}
	case "EASYAUTH_ISSUER":
		return without("EASYAUTH_TENANT_ID")
	case "EASYAUTH_ROLES_CLAIM", "EASYAUTH_GROUPS_CLAIM", "EASYAUTH_SCOPES_CLAIM":
		return otherIssuer()
	case "EASYAUTH_BEARER_FOREIGN_AUDIENCE", "EASYAUTH_BEARER_CACHE_MB", "EASYAUTH_GROUPS_APP_ONLY":
		return bearer()
	case "EASYAUTH_STORE", "EASYAUTH_REDIS_URL":
		return redis(name)
	case "EASYAUTH_REVOCATION":
		return redis("EASYAUTH_STORE")
	case "EASYAUTH_POSTGRES_URL":
		return map[string]string{"EASYAUTH_STORE": "postgres"}
	case "EASYAUTH_ASSERTION_AUDIENCE", "EASYAUTH_ASSERTION_ISSUER", "EASYAUTH_ASSERTION_HEADER":
		return map[string]string{"EASYAUTH_ASSERTION_KEYS_FILE": "docs_test.go"} // what is in it is judged by others
	case "EASYAUTH_TOKEN_LIFETIME", "EASYAUTH_EXCHANGE_AUDIENCES", "EASYAUTH_EXCHANGE_CLIENTS", "EASYAUTH_PROGRAMMATIC_REDIRECTS":
		return programs()
	case "EASYAUTH_EXCHANGE_ROLES":
		return map[string]string{"EASYAUTH_TOKEN_API": "true", "EASYAUTH_EXCHANGE_AUDIENCES": "api://orders"}
	case "EASYAUTH_STALE_OK", "EASYAUTH_PASS_ACCESS_TOKEN", "EASYAUTH_PASS_ID_TOKEN":
		return redis("")
	}
	return map[string]string{"EASYAUTH_COOKIE_DOMAIN": "example.com"}
}

func TestExamplesAreGood(t *testing.T) {
	for _, s := range Settings() {
		name := s.Name
		if s.File || name == "EASYAUTH_KEYS" || !slices.Contains(variables(), name) {
			continue // no file here, and no key in public
		}
		example := good(t, with(companions(name), map[string]string{name: s.Example}))
		before, _, faults := load(t, with(companions(name)))
		if reflect.DeepEqual(example, before) && len(faults) == 0 && name != "EASYAUTH_TENANT_ID" && name != "EASYAUTH_COOKIE_DOMAIN" {
			t.Errorf("%s: the example is the default", name)
		}
	}
}

// A fault must name a variable that there is: the checks name them as text.
func TestSourceNamesOnlyVariables(t *testing.T) {
	here := os.DirFS(".")
	files, err := fs.Glob(here, "*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no source: %v", err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || file == "names.go" {
			continue // the tests and the comments there name wrong ones on purpose
		}
		content, err := fs.ReadFile(here, file)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range variableWord.FindAllString(string(content), -1) {
			if !slices.Contains(variables(), word) {
				t.Errorf("%s names %s, which is no variable", file, word)
			}
		}
	}
}
