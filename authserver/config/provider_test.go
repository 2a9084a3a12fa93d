package config

import (
	"strings"
	"testing"
)

func TestKinds(t *testing.T) {
	for want, vars := range map[string]map[string]string{
		KindEntra:    {},
		KindMulti:    {"EASYAUTH_TENANT_ID": "common", "EASYAUTH_ALLOWED_TENANTS": tenantGUID},
		KindB2C:      b2c(),
		KindExternal: external(),
		KindOIDC:     {"EASYAUTH_TENANT_ID": "", "EASYAUTH_ISSUER": "https://idp.example.org"},
	} {
		if c := good(t, with(vars)); c.Kind != want {
			t.Errorf("got %s, want %s", c.Kind, want)
		}
	}
}

func TestClaimNames(t *testing.T) {
	const form, fixed = "must be the name of a claim", "needs EASYAUTH_ISSUER"
	issuer := map[string]string{"EASYAUTH_TENANT_ID": "", "EASYAUTH_ISSUER": "https://idp.example.org"}
	for _, name := range []string{"EASYAUTH_ROLES_CLAIM", "EASYAUTH_GROUPS_CLAIM", "EASYAUTH_SCOPES_CLAIM"} {
		checkRefusals(t, name, []refusal{
			{"a blank", "a " + marker, "a." + marker, form, issuer},
			{"no ASCII", "\u00e4" + marker, "https://example.org/" + marker, form, issuer},
			{"a dot in front", "." + marker, marker, form, issuer},
			{"a dot at the end", marker + ".", marker, form, issuer},
			{"an empty step", "a.." + marker, "a.b." + marker, form, issuer},
			{"129 bytes", strings.Repeat("c", maxClaimPath+1), strings.Repeat("c", maxClaimPath), form, issuer},
			{"with Entra ID", marker, "", fixed, nil},
			{"with B2C", marker, "", fixed, b2c()},
		})
	}
	c := good(t, with(issuer))
	if c.RolesClaim != "roles" || c.GroupsClaim != "groups" || c.ScopesClaim != "scope" {
		t.Errorf("defaults: got %s, %s, %s", c.RolesClaim, c.GroupsClaim, c.ScopesClaim)
	}
}

func TestClientIDOfEntraIsAGUID(t *testing.T) {
	for name, tt := range map[string]struct {
		id   string
		vars map[string]string
		want bool
	}{
		"a name":                  {marker, nil, true},
		"a name with several":     {marker, map[string]string{"EASYAUTH_TENANT_ID": "common", "EASYAUTH_ALLOWED_TENANTS": tenantGUID}, true},
		"a name with External ID": {marker, external(), true},
		"a name with B2C":         {marker, b2c(), true},
		"a URI":                   {"api://" + tenantGUID, nil, true},
		"a GUID":                  {tenantGUID, nil, false},
		"a GUID in upper case":    {strings.ToUpper(tenantGUID), nil, false},
		"another provider's":      {marker, otherIssuer(), false},
	} {
		_, warnings, faults := load(t, with(tt.vars, map[string]string{"EASYAUTH_CLIENT_ID": tt.id}))
		warned := len(warnings) == 1 && strings.HasPrefix(string(warnings[0]), "EASYAUTH_CLIENT_ID is no GUID") && !strings.Contains(string(warnings[0]), marker)
		if len(faults) > 0 || warned != tt.want || !warned && len(warnings) > 0 {
			t.Errorf("%s: got warnings %q, faults %v", name, warnings, faults)
		}
	}
}

func TestClientAndScopes(t *testing.T) {
	checkRefusals(t, "EASYAUTH_CLIENT_ID", []refusal{
		{"blank", "a " + marker, "a" + marker, "no blanks", nil},
		{"control", "a\x01" + marker, "a" + marker, "no blanks", nil},
	})
	checkRefusals(t, "EASYAUTH_DOMAIN_HINT", []refusal{
		{"URL", "https://" + marker, marker + ".com", "must be a domain", nil},
		{"parameter", marker + "&prompt=none", "organizations", "must be a domain", nil},
	})
	checkRefusals(t, "EASYAUTH_SCOPES", []refusal{
		{"quotes", `openid "` + marker + `"`, "openid " + marker, "without quotes", nil},
		{"no ASCII", "openid \u00e4" + marker, "openid, a" + marker, "without quotes", nil},
		{"nothing", ", ,", "openid", "at least one entry", nil},
	})
	for _, tt := range []struct{ given, want string }{
		{"", "openid profile email"},
		{"openid", "openid profile email"},
		{"User.Read email,User.Read\nMail.Read", "openid profile email User.Read Mail.Read"},
	} {
		c := good(t, with(map[string]string{"EASYAUTH_SCOPES": tt.given}))
		if got := joined(c.Scopes); got != tt.want {
			t.Errorf("scopes %q: got %q, want %q", tt.given, got, tt.want)
		}
	}
}
