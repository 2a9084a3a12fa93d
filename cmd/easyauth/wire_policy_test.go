package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/policy"
)

// asked is the answer to nobody's question under a policy: 401 when there is such a
// policy, 403 when there is none.
func (c *changing) asked(name string) int {
	r := httptest.NewRequestWithContext(c.t.Context(), http.MethodGet, "/easyauth/auth?policy="+name, nil)
	r.Header = asNginx("https://" + host + "/page")
	w := httptest.NewRecorder()
	c.parts.public.ServeHTTP(w, r)
	return w.Code
}

const (
	onePolicy = "EASYAUTH_CLAIM_HEADERS: upn\npolicies:\n  one: {allow: [{role: {is: Admin}}]}\n"
	twoOthers = "EASYAUTH_CLAIM_HEADERS: upn\npolicies:\n  two: {allow: [{expr: 'bearer'}]}\n  three: {allow: [{signed_in: {is: true}}]}\n"
)

// Policies are changed with the configuration, and bad ones keep it as it was.
func TestPoliciesReload(t *testing.T) {
	c := startChanging(t, nil, onePolicy)
	waitFor(t, "the start", func() bool { return c.status() == http.StatusUnauthorized })
	want := func(when string, one, two, three int) {
		t.Helper()
		if a, b, d := c.asked("one"), c.asked("two"), c.asked("three"); a != one || b != two || d != three {
			t.Errorf("%s: %d, %d, %d, want %d, %d, %d", when, a, b, d, one, two, three)
		}
	}
	want("at first", 401, 403, 403)
	c.change(twoOthers, hasChanged)
	want("others", 403, 401, 401)
	if !strings.Contains(c.log.String(), "settings=[policies]") {
		t.Error("the log does not name what has changed")
	}
	const refused = `msg="the configuration cannot be used: the one before stays in use"`
	for _, bad := range []struct{ content, says string }{
		{strings.ReplaceAll(onePolicy, "role:", "rule:"), `policies.one.allow[0].rule (configuration file, line 3)`},
		{strings.ReplaceAll(twoOthers, "'bearer'", "'nobody'"), `policies.two.allow[0].expr (configuration file, line 3)`},
		{strings.ReplaceAll(twoOthers, "'bearer'", "'method'"), `policies.two.allow[0].expr (configuration file, line 3)`},
		{"EASYAUTH_CLAIM_HEADERS: upn\npolicies: {}\n", "policies (configuration file, line 2)"},
	} {
		c.change(bad.content, refused)
		waitFor(t, bad.says, func() bool { return strings.Contains(c.log.String(), bad.says) })
		want("with a bad one", 403, 401, 401)
	}
	c.change("EASYAUTH_CLAIM_HEADERS: upn\n", hasChanged)
	want("without any", 403, 403, 403)
}

// A scope's name in a policy means what the app registration says that it means, from
// when on that is known.
func TestPoliciesFollowTheNamesOfScopes(t *testing.T) {
	const own = "11111111-0000-4000-8000-000000000001"
	names := access.NewScopeNames(own, nil, "https://graph.microsoft.com")
	var log strings.Builder
	p, err := newPolicies(&config.Config{Kind: config.KindEntra, Policies: "policies:\n  orders: {allow: [{scope: {is: Orders.Read}}]}\n"}, names, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	decide := func(scope string) access.Outcome {
		in := policy.Input{Identity: &access.Identity{Tenant: "t", Object: "o", Scopes: []string{scope}}, Now: time.Now()}
		return p.Find("orders").Decide(&in).Decision.Outcome
	}
	if graphs, ours := decide("Orders.Read"), decide(own+"/Orders.Read"); graphs != access.Allow || ours != access.Allow {
		t.Errorf("before: %v, %v", graphs, ours)
	}
	names.Learn(nil, []string{"Orders.Read"})
	if graphs, ours := decide("Orders.Read"), decide(own+"/Orders.Read"); graphs != access.StepUp || ours != access.Allow {
		t.Errorf("afterwards: %v, %v", graphs, ours)
	}
	if p.Find("Orders") != nil {
		t.Error("a policy that there is not")
	}
	// When they cannot be read again they stay as they are: it is told once, and not tried at each request.
	tried := 0
	p.text, p.opts.Scopes = "policies:\n  orders: {allow: [{scope: {is: Orders.Read}}, {rule: {is: a}}]}\n", func(name string) []string { tried++; return names.Rule(name) }
	names.Learn(nil, []string{"Orders.Read", "Orders.Write"})
	for range 3 {
		if graphs, ours := decide("Orders.Read"), decide(own+"/Orders.Read"); graphs != access.StepUp || ours != access.Allow {
			t.Errorf("unreadable: %v, %v", graphs, ours)
		}
	}
	if tried != 1 || strings.Count(log.String(), "they stay as they were") != 1 || !strings.Contains(log.String(), "rule") {
		t.Errorf("read %d times; the log is %s", tried, log.String())
	}
	p.text = "policies:\n  others: {allow: [{scope: {is: Orders.Read}}]}\n"
	names.Learn(nil, []string{"Orders.Read", "Orders.Delete"})
	if p.Find("orders") != nil || p.Find("others") == nil {
		t.Error("other names do not make it be read again")
	}
}

// What is wrong with policies is told line by line, beside everything else.
func TestPolicyFaults(t *testing.T) {
	cfg := &config.Config{Kind: config.KindEntra, Roles: config.Roles{Auth: true}, Policies: "EASYAUTH_HOSTS: a\npolicies:\n  a: {}\n  b:\n    allow: [{role: {equals: seven}}]\n"}
	faults := policiesFaults(cfg)
	if len(faults) != 2 || faults[0].Name != "policies.a" || faults[0].Place != "configuration file, line 3" || faults[1].Place != "configuration file, line 5" {
		t.Errorf("%v", faults)
	}
	cfg.Policies = strings.ReplaceAll(strings.ReplaceAll(cfg.Policies, "equals:", "is:"), "a: {}", "a: {allow: [{signed_in: {is: true}}]}")
	if faults := policiesFaults(cfg); faults != nil {
		t.Errorf("%v", faults)
	}
	cfg.Policies = "AZURE_X: a\n" + cfg.Policies
	if faults := policiesFaults(cfg); len(faults) != 1 || !strings.Contains(faults[0].Expected, "AZURE_X") {
		t.Errorf("%v", faults)
	}
}

// A rule about a claim of which another provider's roles, groups or scopes are made would
// never match: it is a fault, in a condition and in an expression.
func TestPoliciesOfMappedClaims(t *testing.T) {
	cfg := func(rule string) *config.Config {
		return &config.Config{
			Kind: config.KindOIDC, Roles: config.Roles{Auth: true}, RolesClaim: "realm_access.roles", GroupsClaim: "teams", ScopesClaim: "scope",
			Policies: "policies:\n  a:\n    deny: [" + rule + "]\n    allow: [{signed_in: {is: true}}]\n",
		}
	}
	for _, rule := range []string{
		"{claim: {path: realm_access.roles, is: blocked}}", "{claim: {path: [realm_access, roles], is: blocked}}", "{claim: {path: realm_access, exists: true}}", "{claim: {path: teams, is: blocked}}",
		"{none: [{claim: {path: teams.x, is: good}}]}", `{expr: 'has(identity.claims.realm_access)'}`, `{expr: '"blocked" in identity.claims["teams"]'}`,
	} {
		if faults := policiesFaults(cfg(rule)); len(faults) != 1 {
			t.Errorf("%s: %v", rule, faults)
		}
		atEntra := cfg(rule)
		atEntra.Kind = config.KindEntra // where these claims are like any other
		if faults := policiesFaults(atEntra); faults != nil {
			t.Errorf("%s at Entra ID: %v", rule, faults)
		}
	}
	for _, rule := range []string{"{claim: {path: realm_accessed.roles, is: blocked}}", "{claim: {path: team, is: blocked}}", `{expr: '"blocked" in identity.roles'}`, "{role: {is: blocked}}"} {
		if faults := policiesFaults(cfg(rule)); faults != nil {
			t.Errorf("%s: %v", rule, faults)
		}
	}
}
