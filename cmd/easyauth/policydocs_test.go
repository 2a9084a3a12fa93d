package main

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/policy"
	"github.com/easyauth-sidecar/easyauth/authserver/policy/celexpr"
)

const policyPage = "../../docs/policy.md"

// blocks gives the fenced blocks of a language on a page.
func blocks(t *testing.T, page, language string) []string {
	t.Helper()
	var out []string
	for _, found := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(text(t, page), -1) {
		out = append(out, found[1])
	}
	return out
}

func docOptions(t *testing.T, entra bool) policy.Options {
	t.Helper()
	expressions, err := celexpr.New(celexpr.Config{Entra: entra})
	if err != nil {
		t.Fatal(err)
	}
	return policy.Options{Expressions: expressions, Entra: entra, Beside: func(key string) bool { return strings.HasPrefix(key, "EASYAUTH_") }}
}

// Every block of YAML on the page is what it says: an auth-url, a configuration, a table
// of cases that turn out as expected, rules, or conditions.
func TestPolicyPage(t *testing.T) {
	var configuration, cases string
	var urls, conditions, tables int
	for i, block := range blocks(t, policyPage, "yaml") {
		wrapped := ""
		switch {
		case strings.HasPrefix(block, "nginx.ingress.kubernetes.io/auth-url: "):
			urls++
			ofAuthURL(t, block, configuration)
			continue
		case strings.Contains("\n"+block, "\ncases:"):
			tables++
			args := []string{"policy", "test", file(t, "cases.yaml", block)}
			if !strings.Contains("\n"+block, "\npolicies:") {
				cases = block
				args = []string{"policy", "test", "--policies", file(t, "easyauth.yaml", configuration), file(t, "cases.yaml", block)}
			}
			if code, stdout, stderr := execute(t, nil, args...); code != exitOK {
				t.Errorf("block %d: %d\n%s%s\n%s", i, code, stdout, stderr, block)
			}
			continue
		case strings.Contains("\n"+block, "\npolicies:"):
			if configuration == "" {
				configuration = block
			}
			wrapped = block
		case strings.HasPrefix(block, "allow:"):
			wrapped = "policies:\n  p:\n    " + strings.ReplaceAll(block, "\n", "\n    ")
		default:
			for line := range strings.Lines(block) {
				conditions++
				wrapped += "      - " + line
			}
			wrapped = "policies:\n  p:\n    allow:\n" + wrapped
		}
		if _, err := policy.Parse([]byte(wrapped), docOptions(t, true)); err != nil {
			t.Errorf("block %d: %v\n%s", i, err, wrapped)
		}
	}
	if urls != 1 || conditions < 5 || tables != 2 || cases == "" {
		t.Errorf("%d auth-urls, %d conditions, %d tables: this test does not see the page", urls, conditions, tables)
	}

	// What the page shows of the command is what it prints.
	command := blocks(t, policyPage, "sh")
	if len(command) != 1 || command[0] != "easyauth policy test --policies easyauth.yaml policy-cases.yaml\n" {
		t.Fatalf("commands %q", command)
	}
	code, stdout, stderr := execute(t, nil, "policy", "test", "--policies", file(t, "easyauth.yaml", configuration), file(t, "policy-cases.yaml", cases))
	if shown := blocks(t, policyPage, "text"); code != exitOK || len(shown) != 1 || shown[0] != stdout {
		t.Errorf("%d, %s\n%s\nshown is\n%s", code, stderr, stdout, shown)
	}
}

// ofAuthURL wants an auth-url to name a policy of the configuration.
func ofAuthURL(t *testing.T, block, configuration string) {
	t.Helper()
	u, err := url.Parse(match(t, block, `"(http://[^"]+)"`))
	if err != nil {
		t.Fatal(err)
	}
	req, err := access.NewParser(access.ParserConfig{Entra: true}).Parse(u.RawQuery)
	if err != nil {
		t.Fatal(err)
	}
	set, err := policy.Parse([]byte(configuration), docOptions(t, true))
	if err != nil {
		t.Fatal(err)
	}
	if req.Policy == "" || set.Find(req.Policy) == nil {
		t.Errorf("%s asks for %q, which is not in the first block", u, req.Policy)
	}
}

// Every condition in the tables and the text of the page can be written so, and every
// word of the verdicts is explained.
func TestPolicyPageWords(t *testing.T) {
	page := text(t, policyPage)
	names := map[string]bool{}
	for _, found := range regexp.MustCompile("`((?:[a-z_]+): \\{[^`]*\\})`").FindAllStringSubmatch(page, -1) {
		condition := regexp.MustCompile(`<[a-z ]+>`).ReplaceAllString(found[1], "33333333-3333-4333-8333-333333333333")
		if strings.Contains(condition, "…") || strings.HasPrefix(condition, "identity: ") {
			continue
		}
		name, _, _ := strings.Cut(condition, ":")
		names[name] = true
		if _, err := policy.Parse([]byte("policies: {p: {allow: [ {"+condition+"} ]}}"), docOptions(t, name != "amr")); err != nil {
			t.Errorf("%s: %v", condition, err)
		}
	}
	for _, name := range []string{
		"signed_in", "user", "tenant", "role", "group", "scope", "email", "email_domain", "client", "bearer", "app_only", "acr", "amr", "auth_age",
		"device", "method", "path", "source", "time",
	} {
		if !names[name] {
			t.Errorf("the page has no example of %s", name)
		}
	}
	words := []string{
		access.ReasonOK.String(), policy.ReasonDenied.String(), policy.ReasonUnmatched.String(), policy.ReasonStepUp.String(), policy.ReasonError.String(),
		policy.ReasonPath.String(), policy.ReasonUnknown.String(), access.ReasonGroupsUnknown.String(),
	}
	for why := policy.WhyNone + 1; why <= policy.WhyExprError; why++ {
		words = append(words, why.String())
	}
	for _, word := range words {
		if !strings.Contains(page, fmt.Sprintf("`%s`", word)) {
			t.Errorf("the page does not say what %s is", word)
		}
	}
}

// Everything that the page says an expression can read or call can be read or called.
func TestPolicyPageExpressions(t *testing.T) {
	page := text(t, policyPage)
	_, section, _ := strings.Cut(page, "\n## Expressions\n")
	section, _, _ = strings.Cut(section, "\n## ")
	compiler, err := celexpr.New(celexpr.Config{})
	if err != nil {
		t.Fatal(err)
	}
	variables := regexp.MustCompile("`((?:identity|request)\\.[a-z_]+|bearer|app_only|client)`").FindAllStringSubmatch(section, -1)
	if len(variables) < 18 {
		t.Errorf("%d variables: this test does not see the table", len(variables))
	}
	for _, v := range variables {
		expr := v[1] + " == " + v[1]
		if v[1] == "identity.claims" {
			expr = `"dept" in identity.claims`
		}
		if _, err := compiler.Compile(expr); err != nil {
			t.Errorf("%s: %v", expr, err)
		}
	}
	for word, expr := range map[string]string{
		"size": `size(client) > 0`, "contains": `client.contains("a")`, "startsWith": `client.startsWith("a")`, "endsWith": `client.endsWith("a")`, "matches": `client.matches("a")`,
		"int": `int(client) > 0`, "double": `double(client) > 0.0`, "bool": `bool(client)`, "string": `string(1) == client`,
		"timestamp": `timestamp(client) > request.time`, "duration": `duration(client) > duration("1s")`, "getHours()": `request.time.getHours() > 8`,
		"has": `has(identity.claims.a)`, "all": `identity.roles.all(r, bearer)`, "exists": `identity.roles.exists(r, bearer)`,
		"exists_one": `identity.roles.exists_one(r, bearer)`, "filter": `identity.roles.filter(r, bearer) == []`,
	} {
		if !strings.Contains(section, "`"+word+"`") {
			t.Errorf("the page does not name %s", word)
		}
		if _, err := compiler.Compile(expr); err != nil {
			t.Errorf("%s: %v", expr, err)
		}
	}
	if _, err := compiler.Compile("now() > request.time"); err == nil || !strings.Contains(section, "no `now()`") {
		t.Error("there is a now()")
	}
}
