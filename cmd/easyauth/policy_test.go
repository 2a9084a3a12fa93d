package main

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const someCases = `
cases:
  - name: an editor in sales
    policy: shop
    identity: {roles: [Editor], claims: {dept: sales}}
    request: {method: POST, uri: /shop/1}
    expect: {outcome: allow, reason: ok, rule: sales}
  - name: nobody
    policy: shop
    expect: {outcome: sign_in}
  - name: of no department
    policy: shop
    identity: {roles: [Editor]}
    request: {method: POST, uri: /shop/1}
    expect: {outcome: forbid, reason: policy_error, why: expr_error}
  - name: the wrong strength
    policy: shop
    identity: {roles: [Auditor]}
    request: {method: GET, uri: /shop/1}
    expect: {outcome: step_up, rule: auditors, missing: {acr: [c1]}}
`

const somePolicies = `
policies:
  shop:
    allow:
      - name: sales
        expr: '"Editor" in identity.roles && "sales" in identity.claims["dept"] && request.path.startsWith("/shop/")'
      - name: auditors
        all: [{role: {is: Auditor}}, {acr: {is: c1}}]
      - name: owners
        expr: '"Owner" in identity.roles'
`

// file writes a text where a command can read it.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPolicyTest(t *testing.T) {
	const good = `ok    an editor in sales: allow, ok, by sales
ok    nobody: sign_in, no_ticket
ok    of no department: forbid, policy_error, by sales, because expr_error
ok    the wrong strength: step_up, policy_step_up, by auditors, missing acr c1
note  no case is decided by the rule shop/owners
4 cases, 0 failed
`
	cases := file(t, "cases.yaml", someCases)
	whole := file(t, "whole.yaml", somePolicies+someCases)
	policies := file(t, "policies.yaml", somePolicies)
	configuration := file(t, "easyauth.yaml", "EASYAUTH_HOSTS: app.example.com\n"+somePolicies)
	without := file(t, "without.yaml", "EASYAUTH_HOSTS: app.example.com\n")
	broken := file(t, "broken.yaml", "policies:\n  shop:\n    allow: [expr: 'identity.rolls == []']\n    deny: [roel: {is: Admin}]\n")
	brokenCases := file(t, "broken-cases.yaml", "cases:\n  - {policy: shop, expect: {outcome: alow}}\n")
	failing := file(t, "failing.yaml", strings.Replace(someCases, "outcome: sign_in", "outcome: forbid, reason: policy_unmatched", 1))
	amr := file(t, "amr.yaml", "policies: {p: {allow: [amr: {is: mfa}]}}\ncases: [{policy: p, identity: {amr: [mfa]}, expect: {outcome: allow}}]\n")
	noYAML := file(t, "no.yaml", "EASYAUTH_ISSUER: [https://idp.example\n")
	brokenWhole := file(t, "broken-whole.yaml", somePolicies+strings.Replace(someCases, "outcome: sign_in", "outcome: signin", 1))
	nothing := filepath.Join(t.TempDir(), "nothing.yaml")

	for _, c := range []struct {
		name   string
		vars   map[string]string
		args   []string
		code   int
		stdout string
		stderr []string // each in it; behind "not: ", none of it; none at all: it is empty
	}{
		{"policies of the table", nil, []string{whole}, exitOK, good, nil},
		{"policies of a file", nil, []string{"--policies", policies, cases}, exitOK, good, nil},
		{"policies of a file that is a configuration", nil, []string{"--policies", configuration, cases}, exitOK, good, nil},
		{"policies of the configuration", map[string]string{"EASYAUTH_CONFIG_FILE": configuration}, []string{cases}, exitOK, good, nil},
		{"a file before the configuration", map[string]string{"EASYAUTH_CONFIG_FILE": broken}, []string{"--policies", policies, cases}, exitOK, good, nil},
		{"the table before the configuration", map[string]string{"EASYAUTH_CONFIG_FILE": broken}, []string{whole}, exitOK, good, nil},
		{"a whole configuration", with(t, map[string]string{"EASYAUTH_CONFIG_FILE": configuration}), []string{cases}, exitOK, good, nil},
		{
			"a case that is not as expected", nil,
			[]string{"--policies", policies, failing},
			exitFailed,
			strings.NewReplacer("ok    nobody: sign_in, no_ticket", "FAIL  nobody (line 8): outcome forbid expected, reason policy_unmatched expected; it is sign_in, no_ticket", "0 failed", "1 failed").Replace(good),
			nil,
		},
		{"no policies", nil, []string{cases}, exitUsage, "", []string{"there are no policies", "--policies", "EASYAUTH_CONFIG_FILE"}},
		{"a configuration without policies", map[string]string{"EASYAUTH_CONFIG_FILE": without}, []string{cases}, exitUsage, "", []string{"EASYAUTH_CONFIG_FILE: has no policies that can be read"}},
		{"no configuration file where one is named", map[string]string{"EASYAUTH_CONFIG_FILE": nothing}, []string{cases}, exitUsage, "", []string{"EASYAUTH_CONFIG_FILE: must name a file that can be read", "no such file"}},
		{"no configuration file, whatever the policies", map[string]string{"EASYAUTH_CONFIG_FILE": nothing}, []string{"--policies", policies, cases}, exitUsage, "", []string{"EASYAUTH_CONFIG_FILE: must name a file that can be read", "no such file"}},
		{"no configuration file, with policies of the table", map[string]string{"EASYAUTH_CONFIG_FILE": nothing}, []string{whole}, exitUsage, "", []string{"EASYAUTH_CONFIG_FILE: must name a file that can be read", "no such file"}},
		{"a configuration file that is none, whatever the policies", map[string]string{"EASYAUTH_CONFIG_FILE": noYAML}, []string{"--policies", policies, cases}, exitUsage, "", []string{"EASYAUTH_CONFIG_FILE: cannot be read as YAML"}},
		{"no file of policies", nil, []string{"--policies", nothing, cases}, exitUsage, "", []string{"nothing.yaml: no such file"}},
		{"no file of cases", nil, []string{"--policies", policies, nothing}, exitUsage, "", []string{"nothing.yaml: no such file"}},
		{"wrong cases beside policies of their own", nil, []string{brokenWhole}, exitUsage, "", []string{`broken-whole.yaml: line 20: cases[1].expect.outcome: "signin" must be one of`, "not: there are no policies", "not: must have policy"}},
		{"the same with a configuration that has none", map[string]string{"EASYAUTH_CONFIG_FILE": without}, []string{brokenWhole}, exitUsage, "", []string{"broken-whole.yaml: line 20: ", "not: EASYAUTH_CONFIG_FILE"}},
		{"no file of cases and no policies", nil, []string{nothing}, exitUsage, "", []string{"nothing.yaml: no such file", "not: there are no policies"}},
		{"wrong cases and wrong policies of the configuration", map[string]string{"EASYAUTH_CONFIG_FILE": broken}, []string{brokenCases}, exitUsage, "", []string{"broken-cases.yaml: line 2: ", "EASYAUTH_CONFIG_FILE: line 3: "}},
		{"both policies", nil, []string{"--policies", policies, whole}, exitUsage, "", []string{"whole.yaml has policies of its own"}},
		{
			"wrong policies and wrong cases", nil,
			[]string{"--policies", broken, brokenCases},
			exitUsage, "",
			[]string{
				"broken-cases.yaml: line 2: ", "broken.yaml: line 4: ",
				"broken.yaml: line 3: policies.shop.allow[0]", "undeclared reference to 'identity.rolls' (did you mean 'identity.roles'?)",
			},
		},
		{"wrong policies of the configuration", map[string]string{"EASYAUTH_CONFIG_FILE": broken}, []string{cases}, exitUsage, "", []string{"EASYAUTH_CONFIG_FILE: line 3: ", "EASYAUTH_CONFIG_FILE: line 4: "}},
		{"amr at Entra ID", nil, []string{amr}, exitUsage, "", []string{"amr.yaml: line 1: "}},
		{"amr at another provider", map[string]string{"EASYAUTH_ISSUER": "https://idp.example"}, []string{amr}, exitOK, "ok    cases[0]: allow, ok, by allow[0]\n1 cases, 0 failed\n", nil},
		{"no argument", nil, nil, exitUsage, "", []string{"the file with the cases is missing", "easyauth policy test --help"}},
		{"two arguments", nil, []string{cases, cases}, exitUsage, "", []string{"no more arguments"}},
		{"another flag", nil, []string{"--polices", policies, cases}, exitUsage, "", []string{"there is no flag --polices; did you mean --policies?"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, stdout, stderr := execute(t, maps.Clone(c.vars), append([]string{"policy", "test"}, c.args...)...)
			if code != c.code || stdout != c.stdout {
				t.Errorf("%d, want %d\n%s\nwant\n%s\n%s", code, c.code, stdout, c.stdout, stderr)
			}
			for _, part := range c.stderr {
				if unwanted, ok := strings.CutPrefix(part, "not: "); ok {
					if strings.Contains(stderr, unwanted) {
						t.Errorf("%q is in\n%s", unwanted, stderr)
					}
				} else if !strings.Contains(stderr, part) {
					t.Errorf("%q is not in\n%s", part, stderr)
				}
			}
			if len(c.stderr) == 0 && stderr != "" {
				t.Errorf("it says %s", stderr)
			}
		})
	}
}

func TestPolicyHelp(t *testing.T) {
	for _, args := range [][]string{{"policy", "test", "--help"}, {"policy", "--help"}} {
		code, stdout, _ := execute(t, nil, args...)
		if code != exitOK || !strings.Contains(stdout, "policy test") || !strings.Contains(stdout, "decide a table of cases") {
			t.Errorf("%q: %d, %s", args, code, stdout)
		}
	}
	code, _, stderr := execute(t, nil, "policy", "tset")
	if code != exitUsage || !strings.Contains(stderr, "did you mean test?") {
		t.Errorf("%d, %s", code, stderr)
	}
}
