package config

import (
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

// rows returns the cells of the page's table rows whose first cell is a name.
func rows(t *testing.T) (page string, byName map[string][]string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "docs", "configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	byName = make(map[string][]string)
	for line := range strings.Lines(string(content)) {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		name := strings.Trim(cells[0], "`")
		if _, twice := byName[name]; twice {
			t.Errorf("%s has two rows", name)
		}
		byName[name] = cells
	}
	return string(content), byName
}

func TestEveryVariableIsDocumented(t *testing.T) {
	page, byName := rows(t)
	defaults := map[string]string{
		"EASYAUTH_AUTH_PATH":       good(t, minimal()).AuthPath,
		"EASYAUTH_SIGNIN_PATH":     good(t, minimal()).SigninPath,
		"EASYAUTH_CALLBACK_PATH":   good(t, minimal()).CallbackPath,
		"EASYAUTH_SIGNED_OUT_PATH": good(t, minimal()).SignedOutPath,
		"EASYAUTH_GRAPH_URL":       good(t, minimal()).GraphURL,
	}
	spec := reflect.TypeFor[spec]()
	for i := range spec.NumField() {
		name, value := spec.Field(i).Tag.Get("envconfig"), spec.Field(i).Tag.Get("default")
		cells := byName[name]
		if len(cells) != 4 {
			t.Errorf("%s: want a row of 4 cells, got %d", name, len(cells))
			continue
		}
		if value == "" {
			value = defaults[name]
		}
		if value != "" && cells[1] != "`"+value+"`" || value == "" && cells[1] != "–" && !strings.HasPrefix(cells[1], "required") {
			t.Errorf("%s: the default is %q, the page says %s", name, value, cells[1])
		}
		if cells[2] == "" || !strings.HasPrefix(cells[3], "`") {
			t.Errorf("%s: want a meaning and an example", name)
		}
	}
	for _, word := range variableWord.FindAllString(page, -1) {
		if !slices.Contains(variables(), word) && !injected(word) {
			t.Errorf("the page names %s, which is no variable", word)
		}
	}
	for _, a := range aliases() {
		if cells := byName[a.name]; len(cells) != 2 || cells[1] != "`"+a.own+"`" {
			t.Errorf("%s: the page says %v, want %s", a.name, cells, a.own)
		}
		delete(byName, a.name)
	}
	for _, a := range azures() {
		if cells := byName[a.name]; len(cells) != 4 || cells[1] != "–" || !strings.Contains(cells[2], a.own) || !strings.HasPrefix(cells[3], "`") {
			t.Errorf("%s: the page says %v", a.name, cells)
		}
		delete(byName, a.name)
	}
	for _, name := range append(variables(), dataProtection, clientCertificates) {
		if _, ok := byName[name]; !ok {
			t.Errorf("%s has no row", name)
		}
		delete(byName, name)
	}
	for name := range byName {
		t.Errorf("%s has a row and is no variable", name)
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
	case "EASYAUTH_STALE_OK", "EASYAUTH_PASS_ACCESS_TOKEN", "EASYAUTH_PASS_ID_TOKEN":
		return redis("")
	}
	return map[string]string{"EASYAUTH_COOKIE_DOMAIN": "example.com"}
}

func TestExamplesOfThePageAreGood(t *testing.T) {
	_, byName := rows(t)
	for _, name := range variables() {
		if strings.HasSuffix(name, "_FILE") || name == "EASYAUTH_KEYS" || len(byName[name]) != 4 {
			continue // no file here, and no key in public
		}
		example := good(t, with(companions(name), map[string]string{name: strings.Trim(byName[name][3], "`")}))
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
