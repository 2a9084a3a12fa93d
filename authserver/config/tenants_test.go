package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestTenant(t *testing.T) {
	const everybody, form, required = "would let everybody in", "a GUID, or a domain of the tenant", "is required"
	checkRefusals(t, "EASYAUTH_TENANT_ID", []refusal{
		{"consumers", "consumers", "consumers.example.com", everybody, nil},
		{"case does not help", "Consumers", "contoso.com", everybody, nil},
		{"the tenant of all consumers", "9188040D-6C67-4C5B-B112-36A304B66DAD", "9188040D-6C67-4C5B-B112-36A304B66DAE", everybody, nil},
		{"also with another host", "consumers", tenantGUID, everybody, map[string]string{"EASYAUTH_INSTANCE": "https://idp.example.org"}},
		{"one label", marker, marker + ".com", form, nil},
		{"a path", tenantGUID + "/../" + marker, tenantGUID, form, nil},
		{"braces", "{" + tenantGUID + "}", tenantGUID, form, nil},
		{"cut short", tenantGUID[:35], tenantGUID, form, nil},
		{"blank", marker + ". com", marker + ".com", form, nil},
		{"absent", "", tenantGUID, required, nil},
		{"absent, a hint at other providers", "", tenantGUID, "is named by EASYAUTH_ISSUER", nil},
		{"absent with another host", "", tenantGUID, "is named by EASYAUTH_ISSUER", map[string]string{"EASYAUTH_INSTANCE": "https://idp.example.org"}},
		{"absent with another cloud", "", tenantGUID, required, map[string]string{"EASYAUTH_CLOUD": "china"}},
		{"absent with B2C", "", "contoso.onmicrosoft.com", required, b2c()},
		{"absent with External ID", "", "contoso.onmicrosoft.com", required, external()},
		{"several with B2C", "organizations", "contoso.com", "must name one tenant", b2c()},
		{"several with External ID", "common", tenantGUID, "must name one tenant", external()},
	})
}

func b2c() map[string]string {
	return map[string]string{"EASYAUTH_SIGNUP_SIGNIN_POLICY": "B2C_1_susi", "EASYAUTH_INSTANCE": "https://contoso.b2clogin.com"}
}

func external() map[string]string {
	return map[string]string{"EASYAUTH_INSTANCE": "https://contoso.ciamlogin.com"}
}

func TestAllowedTenants(t *testing.T) {
	several := map[string]string{"EASYAUTH_TENANT_ID": "organizations"}
	var many []string
	for i := range maxAllowedTenants + 1 {
		many = append(many, fmt.Sprintf("00000000-0000-4000-8000-%012d", i))
	}
	const form, one = "must list GUIDs", "needs EASYAUTH_TENANT_ID to be organizations or common"
	checkRefusals(t, "EASYAUTH_ALLOWED_TENANTS", []refusal{
		{"absent with organizations", "", tenantGUID, "is required when EASYAUTH_TENANT_ID is organizations or common", several},
		{"absent with common", "", tenantGUID, "is required when", map[string]string{"EASYAUTH_TENANT_ID": "Common"}},
		{"only commas", ",,", tenantGUID, "at least one entry", several},
		{"a domain", "contoso.com", tenantGUID, form, several},
		{"the second", tenantGUID + " " + marker, tenantGUID + " " + otherGUID, "entry 2 is none", several},
		{"a star", "*", tenantGUID, form, several},
		{"organizations again", "organizations", tenantGUID, form, several},
		{"twice", tenantGUID + "," + otherGUID + "," + strings.ToUpper(tenantGUID), tenantGUID + "," + otherGUID, "entry 3 is there twice", several},
		{"the tenant of all consumers", otherGUID + "," + personalAccounts, otherGUID, "would let everybody in; it is entry 2", several},
		{"101", joined(many), joined(many[1:]), "at most 100 GUIDs; there are 101", several},
		{"with one tenant", tenantGUID, "", one, nil},
		{"with a domain", tenantGUID, "", one, map[string]string{"EASYAUTH_TENANT_ID": "contoso.com"}},
		{"with B2C", tenantGUID, "", one, b2c()},
		{"with External ID", tenantGUID, "", one, external()},
	})
	c := good(t, with(several, map[string]string{"EASYAUTH_ALLOWED_TENANTS": strings.ToUpper(otherGUID) + ",\n" + tenantGUID}))
	if !slices.Equal(c.AllowedTenants, []string{otherGUID, tenantGUID}) || c.Kind != KindMulti {
		t.Errorf("got %v, kind %s", c.AllowedTenants, c.Kind)
	}
}

func TestPolicy(t *testing.T) {
	const form, host = "must be the name of a B2C user flow", "needs EASYAUTH_INSTANCE to be the sign-in host of an Azure AD B2C tenant"
	checkRefusals(t, "EASYAUTH_SIGNUP_SIGNIN_POLICY", []refusal{
		{"a slash", "B2C_1/" + marker, "B2C_1_" + marker, form, b2c()},
		{"a query", "B2C_1?p=" + marker, "B2C_1A.p-" + marker, form, b2c()},
		{"dots alone", "..", "a..b", form, b2c()},
		{"no ASCII", "B2C_1_\u00e4" + marker, "B2C_1_a", form, b2c()},
		{"129 letters", strings.Repeat("p", 129), strings.Repeat("p", 128), form, b2c()},
		{"without a host", marker, "", host, nil},
		{"with a host that all share", marker, "", host, map[string]string{"EASYAUTH_INSTANCE": "https://login.microsoftonline.com"}},
		{"with External ID", marker, "", host, external()},
	})
	checkRefusals(t, "EASYAUTH_SIGNUP_SIGNIN_POLICY", []refusal{
		{"absent with a host of B2C", "", "B2C_1_susi", "is required: EASYAUTH_INSTANCE is the sign-in host of an Azure AD B2C tenant", map[string]string{"EASYAUTH_INSTANCE": "https://Contoso.B2Clogin.com"}},
	})
	good(t, with(map[string]string{"EASYAUTH_INSTANCE": "https://contoso-b2clogin.com"}))     // nobody's
	good(t, with(b2c(), map[string]string{"EASYAUTH_INSTANCE": "https://login.contoso.com"})) // a domain of one's own
	_, _, faults := load(t, with(b2c(), map[string]string{"EASYAUTH_INSTANCE": marker}))
	if len(faults) != 1 || faults[0].Name != "EASYAUTH_INSTANCE" {
		t.Errorf("a bad host: got %v, want the one fault", faults)
	}
}

func TestBadInstanceAsksForNoTenant(t *testing.T) {
	_, _, faults := load(t, with(map[string]string{"EASYAUTH_INSTANCE": marker, "EASYAUTH_TENANT_ID": ""}))
	if len(faults) != 1 || faults[0].Name != "EASYAUTH_INSTANCE" {
		t.Errorf("got %v, want the one fault", faults)
	}
}
