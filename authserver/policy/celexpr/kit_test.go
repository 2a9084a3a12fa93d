package celexpr

import (
	"net/netip"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/policy"
)

func compiler(t testing.TB) *Compiler {
	t.Helper()
	c, err := New(Config{Entra: true})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func compile(t testing.TB, expr string) policy.Program {
	t.Helper()
	p, err := compiler(t).Compile(expr)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	return p
}

// ann asks for a page, and everything about her and it is known.
func ann() *policy.Input {
	return &policy.Input{
		Identity: &access.Identity{
			Tenant: "33333333-3333-4333-8333-333333333333", Object: "11111111-1111-4111-8111-111111111111",
			Issuer: "https://issuer.example", Subject: "s-1", Name: "Ann", PreferredUsername: "ann", Email: "ann@example.com",
			Roles: []string{"Editor", "Reader"}, Groups: []string{"g1", "g2"}, Scopes: []string{"files.read"},
			Claims: []access.Claim{
				{Name: "dept", Values: []string{"sales"}},
				{Name: "email_verified", Values: []string{"true"}},
				{Name: "tags", Values: []string{"a", "b"}},
			},
		},
		Client: "cli-1", Method: "GET", URI: "/reports/2026?x=1",
		Source: netip.MustParseAddr("10.1.2.3"), Now: time.Date(2026, 1, 5, 13, 30, 0, 0, time.FixedZone("", 3600)),
	}
}

// annWith is ann with one thing changed.
func annWith(change func(in *policy.Input)) *policy.Input {
	in := ann()
	change(in)
	return in
}
