package entra

import (
	"slices"
	"strings"
	"testing"
)

func TestIssuers(t *testing.T) {
	byDomain := func(a *attempt) {
		a.cfg.TenantID, a.cfg.Authority = "contoso.example", "https://login.example/contoso.example/v2.0"
	}
	byTFP := func(a *attempt) {
		b2cAttempt(a)
		a.idp.metadata["issuer"] = "https://login.example/tfp/" + testTenant + "/b2c_1_signin/v2.0/"
	}
	for _, tt := range []struct {
		name  string
		edit  func(*attempt)
		found bool // discovery has succeeded
		want  []string
	}{
		{"one tenant, without v1's name", func(*attempt) {}, false, []string{testIssuer}},
		{"by domain, not found yet", byDomain, false, nil},
		{"by domain", byDomain, true, []string{testIssuer}},
		{"several", manyTenants, false, []string{testIssuer, strings.Replace(testIssuer, testTenant, otherTenant, 1)}},
		{"B2C", b2cAttempt, true, []string{testIssuer + "/"}},
		{"B2C with the policy in its issuer", byTFP, true, []string{"https://login.example/tfp/" + testTenant + "/b2c_1_signin/v2.0/"}},
		{"External ID", externalAttempt, true, []string{"https://" + testTenant + ".ciamlogin.com/" + testTenant + "/v2.0"}},
		{"another provider", func(a *attempt) { asPlain(&call{attempt: a}) }, false, []string{plainIssuer}},
	} {
		a := newAttempt()
		tt.edit(a)
		rp := must(New(a.cfg))
		if tt.found {
			rp.adopt(must(rp.discover(t.Context())))
		}
		if got := rp.Issuers(); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
