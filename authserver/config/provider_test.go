package config

import "testing"

func TestInstance(t *testing.T) {
	const form = "must be an absolute https URL"
	plain := map[string]string{"EASYAUTH_TENANT_ID": ""}
	checkRefusals(t, "EASYAUTH_INSTANCE", []refusal{
		{"no scheme", marker + ".example.org", "https://" + marker + ".example.org", form, plain},
		{"another scheme", "ftp://" + marker + ".example.org", "https://" + marker + ".example.org", form, plain},
		{"no host", "https:///" + marker, "https://h/" + marker, form, plain},
		{"opaque", "https:" + marker, "https://" + marker, form, plain},
		{"http elsewhere", "http://" + marker + ".example.org", "https://" + marker + ".example.org", form, plain},
		{"http on a name that begins like loopback", "http://127.0.0.1." + marker, "http://127.0.0.1", form, plain},
		{"http below localhost, which a resolver may know", "http://" + marker + ".localhost", "http://localhost", form, plain},
		{"http on every address", "http://0.0.0.0/" + marker, "http://127.0.0.2/" + marker, form, plain},
		{"http on IPv6", "http://[2001:db8::1]/" + marker, "http://[::1]:8400/" + marker, form, plain},
		{"user name", "https://" + marker + "@example.org", "https://example.org", form, plain},
		{"query", "https://example.org/?" + marker, "https://example.org/" + marker, form, plain},
		{"empty query", "https://example.org/" + marker + "?", "https://example.org/" + marker, form, plain},
		{"fragment", "https://example.org/#" + marker, "https://example.org/" + marker, form, plain},
		{"empty port", "https://" + marker + ":", "https://" + marker + ":8443", form, plain},
		{"port too large", "https://" + marker + ":70000", "https://" + marker + ":7000", form, plain},
		{"dot segment", "https://example.org/a/../" + marker, "https://example.org/a.b/" + marker, form, plain},
		{"empty segment", "https://example.org//" + marker, "https://example.org/" + marker + "/", form, plain},
		{"escape", "https://example.org/%2e/" + marker, "https://example.org/2e/" + marker, form, plain},
		{"blank", "https://example.org/a " + marker, "https://example.org/a-" + marker, form, plain},
		{"backslash", `https://example.org\` + marker, "https://example.org/" + marker, form, plain},
		{"no ASCII", "https://ex\u00e4mple.org/" + marker, "https://xn--exmple-cua.org/" + marker, form, plain},
		{"discovery document", "https://example.org/" + marker + "/.well-known/openid-configuration", "https://example.org/" + marker, "without /.well-known", plain},
		{"tenant in Microsoft's path", "https://login.microsoftonline.com/" + marker + "/v2.0", "https://login.microsoftonline.com", "EASYAUTH_TENANT_ID", nil},
		{"the same, another spelling", "https://LOGIN.microsoftonline.com.:443/" + marker, "https://LOGIN.microsoftonline.com.:443/", "EASYAUTH_TENANT_ID", nil},
	})
}

func TestTenant(t *testing.T) {
	const several, form = "would let every tenant in", "a GUID, or a domain of the tenant"
	checkRefusals(t, "EASYAUTH_TENANT_ID", []refusal{
		{"common", "common", tenantGUID, several, nil},
		{"case does not help", "Organizations", "contoso.com", several, nil},
		{"consumers", "consumers", "consumers.example.com", several, nil},
		{"the tenant of all consumers", "9188040D-6C67-4C5B-B112-36A304B66DAD", "9188040D-6C67-4C5B-B112-36A304B66DAE", several, nil},
		{"neither also with another provider", "common", tenantGUID, several, map[string]string{"EASYAUTH_INSTANCE": "https://idp.example.org"}},
		{"one label", marker, marker + ".com", form, nil},
		{"a path", tenantGUID + "/../" + marker, tenantGUID, form, nil},
		{"braces", "{" + tenantGUID + "}", tenantGUID, form, nil},
		{"cut short", tenantGUID[:35], tenantGUID, form, nil},
		{"blank", marker + ". com", marker + ".com", form, nil},
		{"absent with Microsoft", "", tenantGUID, "is required", nil},
		{"absent with its other names", "", tenantGUID, "is required", map[string]string{"EASYAUTH_INSTANCE": "https://login.windows.net"}},
		{"absent with the US government", "", tenantGUID, "is required", map[string]string{"EASYAUTH_INSTANCE": "https://login.microsoftonline.us/"}},
		{"absent with China", "", tenantGUID, "is required", map[string]string{"EASYAUTH_INSTANCE": "https://login.partner.microsoftonline.cn"}},
		{"absent with China's former", "", tenantGUID, "is required", map[string]string{"EASYAUTH_INSTANCE": "https://login.chinacloudapi.cn"}},
		{"absent with a trailing dot", "", tenantGUID, "is required", map[string]string{"EASYAUTH_INSTANCE": "https://login.microsoftonline.com."}},
	})
}

func TestIssuerAndGraph(t *testing.T) {
	for _, tt := range []struct{ name, instance, tenant, issuer, graph string }{
		{"public", "", tenantGUID, "https://login.microsoftonline.com/" + tenantGUID + "/v2.0", "https://graph.microsoft.com"},
		{"no slash", "https://login.microsoftonline.com", tenantGUID, "https://login.microsoftonline.com/" + tenantGUID + "/v2.0", "https://graph.microsoft.com"},
		{"a GUID in upper case", "", "2F1C6F0E-0D5B-4C1E-9A57-3B7D0C9A1E11", "https://login.microsoftonline.com/" + tenantGUID + "/v2.0", "https://graph.microsoft.com"},
		{"US government", "https://login.microsoftonline.us/", "contoso.us", "https://login.microsoftonline.us/contoso.us/v2.0", "https://graph.microsoft.us"},
		{"China", "https://login.partner.microsoftonline.cn/", "contoso.cn", "https://login.partner.microsoftonline.cn/contoso.cn/v2.0", "https://microsoftgraph.chinacloudapi.cn"},
		{"China's former", "https://login.chinacloudapi.cn/", "contoso.cn", "https://login.chinacloudapi.cn/contoso.cn/v2.0", "https://microsoftgraph.chinacloudapi.cn"},
		{"plain, as it stands", "https://idp.example.org/", "", "https://idp.example.org/", "https://graph.microsoft.com"},
		{"plain without a slash", "https://idp.example.org/realms/a", "", "https://idp.example.org/realms/a", "https://graph.microsoft.com"},
		{"a name that only ends like Microsoft's", "https://notmicrosoftonline.us", "", "https://notmicrosoftonline.us", "https://graph.microsoft.com"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := good(t, with(map[string]string{"EASYAUTH_INSTANCE": tt.instance, "EASYAUTH_TENANT_ID": tt.tenant}))
			if c.Issuer != tt.issuer || c.GraphURL != tt.graph {
				t.Errorf("got issuer %q and Graph %q, want %q and %q", c.Issuer, c.GraphURL, tt.issuer, tt.graph)
			}
		})
	}
}

func TestBadInstanceAsksForNoTenant(t *testing.T) {
	_, _, faults := load(t, with(map[string]string{"EASYAUTH_INSTANCE": marker, "EASYAUTH_TENANT_ID": ""}))
	if len(faults) != 1 || faults[0].Name != "EASYAUTH_INSTANCE" {
		t.Errorf("got %v, want the one fault", faults)
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
