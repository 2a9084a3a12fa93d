package policy

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// tenRules is a policy whose last rule lets the input of benchInput pass.
const tenRules = `
policies:
  ten:
    deny:
      - {name: outside, none: [{source: {in: [10.0.0.0/8, 192.168.0.0/16, "fd00::/8"]}}]}
      - {name: left, claim: {path: status, is: left}}
      - {name: scripts, all: [{app_only: {is: true}}, {path: {starts_with: /admin}}]}
      - {name: writes, all: [{method: {in: [PUT, DELETE]}}, {none: [{role: {is: Editor}}]}]}
    allow:
      - {name: owners, all: [{role: {is: Owner}}, {path: {starts_with: /admin}}]}
      - {name: auditors, all: [{role: {is: Auditor}}, {method: {in: [GET, HEAD]}}]}
      - {name: group, group: {in: [6d1f0c52-7c3a-4a7e-9a44-0b9d6f4c2e10, 93ab1f6e-2a55-4a0e-8d27-5e1c9b7f3a60]}}
      - {name: partner, all: [{tenant: {is: 33333333-3333-4333-8333-333333333333}}, {email_domain: {is: partner.example}}]}
      - {name: reports, all: [{path: {in: [/reports, /reports/all]}}, {scope: {is: reports.read}}]}
      - {name: sales, all: [{claim: {path: dept, in: [sales, marketing]}}, {path: {starts_with: /shop}}, {auth_age: {max: 8h}}]}
`

func benchInput() *Input {
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	return &Input{
		Identity: &access.Identity{
			Tenant: "55555555-5555-4555-8555-555555555555", Object: "11111111-1111-4111-8111-111111111111", Email: "ann@example.com",
			Roles: []string{"User", "Editor"}, Groups: []string{"a0000000-0000-4000-8000-000000000001", "a0000000-0000-4000-8000-000000000002", "a0000000-0000-4000-8000-000000000003"},
			Claims:   []access.Claim{{Name: "azp", Values: []string{"x"}}, {Name: "country", Values: []string{"DE"}}, {Name: "dept", Values: []string{"sales"}}, {Name: "sid", Values: []string{"y"}}},
			AuthTime: now.Add(-time.Hour),
		},
		Method: "GET", URI: "/shop/orders/2026?page=2", Source: netip.MustParseAddr("10.1.2.3"), Now: now,
	}
}

// BenchmarkTenRules is the declarative policy; BenchmarkTenRulesByHand the same rules
// as somebody would write them in Go for this one application.
func BenchmarkTenRules(b *testing.B) {
	p, in := mustParse(b, tenRules).Find("ten"), benchInput()
	b.ReportAllocs()
	for b.Loop() {
		in.read = false // each request has its own path
		if p.Decide(in).Decision.Outcome != access.Allow {
			b.Fatal("it does not pass")
		}
	}
}

func BenchmarkTenRulesByHand(b *testing.B) {
	in := benchInput()
	networks := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("fd00::/8")}
	b.ReportAllocs()
	for b.Loop() {
		in.read = false
		if !byHand(in, networks) {
			b.Fatal("it does not pass")
		}
	}
}

// BenchmarkTenRulesRefused is a request that no rule lets pass.
func BenchmarkTenRulesRefused(b *testing.B) {
	p, in := mustParse(b, tenRules).Find("ten"), benchInput()
	in.URI = "/other"
	b.ReportAllocs()
	for b.Loop() {
		in.read = false
		if p.Decide(in).Decision.Reason != ReasonUnmatched {
			b.Fatal("it passes")
		}
	}
}

func byHand(in *Input, networks []netip.Prefix) bool {
	id := in.Identity
	path, ok := in.Path()
	under := func(prefix string) bool {
		return strings.HasPrefix(path, prefix) && (len(path) == len(prefix) || path[len(prefix)] == '/')
	}
	from := in.Source.Unmap()
	claim := func(name string) []string {
		for i := range id.Claims {
			if id.Claims[i].Name == name {
				return id.Claims[i].Values
			}
		}
		return nil
	}
	switch {
	case !ok,
		!networks[0].Contains(from) && !networks[1].Contains(from) && !networks[2].Contains(from),
		slices.Contains(claim("status"), "left"),
		in.AppOnly && under("/admin"),
		(in.Method == "PUT" || in.Method == "DELETE") && !slices.Contains(id.Roles, "Editor"):
		return false
	case slices.Contains(id.Roles, "Owner") && under("/admin"),
		slices.Contains(id.Roles, "Auditor") && (in.Method == "GET" || in.Method == "HEAD"),
		slices.Contains(id.Groups, "6d1f0c52-7c3a-4a7e-9a44-0b9d6f4c2e10"), slices.Contains(id.Groups, "93ab1f6e-2a55-4a0e-8d27-5e1c9b7f3a60"),
		id.Tenant == "33333333-3333-4333-8333-333333333333" && strings.HasSuffix(id.Email, "@partner.example") && slices.Contains(claim("email_verified"), "true"),
		(path == "/reports" || path == "/reports/all") && slices.Contains(id.Scopes, "reports.read"):
		return true
	}
	dept := claim("dept")
	return (slices.Contains(dept, "sales") || slices.Contains(dept, "marketing")) && under("/shop") && in.Now.Sub(id.AuthTime) <= 8*time.Hour
}

// TestDecideAllocatesNothing also when it refuses.
func TestDecideAllocatesNothing(t *testing.T) {
	p := mustParse(t, tenRules).Find("ten")
	passes, refused, denied := benchInput(), benchInput(), benchInput()
	refused.URI, denied.Source = "/other", netip.MustParseAddr("192.0.2.1")
	for _, in := range []*Input{passes, refused, denied, {}} {
		if n := testing.AllocsPerRun(100, func() { in.read = false; p.Decide(in) }); n > 0 {
			t.Errorf("%s: %v allocations", describe(p.Decide(in)), n)
		}
	}
	if !byHand(passes, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("fd00::/8")}) ||
		p.Decide(passes).Rule != "sales" || p.Decide(refused).Decision.Reason != ReasonUnmatched || p.Decide(denied).Rule != "outside" {
		t.Error("the benchmark measures something else")
	}
}
