package config

import "testing"

// urlRefusals are what no provider's address may be; besides is what goes well with
// the good ones.
func urlRefusals(besides map[string]string) []refusal {
	const form = "must be an absolute https URL"
	return []refusal{
		{"no scheme", marker + ".example.org", "https://" + marker + ".example.org", form, besides},
		{"another scheme", "ftp://" + marker + ".example.org", "https://" + marker + ".example.org", form, besides},
		{"no host", "https:///" + marker, "https://h/" + marker, form, besides},
		{"opaque", "https:" + marker, "https://" + marker, form, besides},
		{"http elsewhere", "http://" + marker + ".example.org", "https://" + marker + ".example.org", form, besides},
		{"http on a name that begins like loopback", "http://127.0.0.1." + marker, "http://127.0.0.1", form, besides},
		{"http below localhost, which a resolver may know", "http://" + marker + ".localhost", "http://localhost", form, besides},
		{"http on every address", "http://0.0.0.0/" + marker, "http://127.0.0.2/" + marker, form, besides},
		{"http on IPv6", "http://[2001:db8::1]/" + marker, "http://[::1]:8400/" + marker, form, besides},
		{"user name", "https://" + marker + "@example.org", "https://example.org", form, besides},
		{"query", "https://example.org/?" + marker, "https://example.org/" + marker, form, besides},
		{"empty query", "https://example.org/" + marker + "?", "https://example.org/" + marker, form, besides},
		{"fragment", "https://example.org/#" + marker, "https://example.org/" + marker, form, besides},
		{"empty port", "https://" + marker + ":", "https://" + marker + ":8443", form, besides},
		{"port too large", "https://" + marker + ":70000", "https://" + marker + ":7000", form, besides},
		{"dot segment", "https://example.org/a/../" + marker, "https://example.org/a.b/" + marker, form, besides},
		{"empty segment", "https://example.org//" + marker, "https://example.org/" + marker + "/", form, besides},
		{"escape", "https://example.org/%2e/" + marker, "https://example.org/2e/" + marker, form, besides},
		{"blank", "https://example.org/a " + marker, "https://example.org/a-" + marker, form, besides},
		{"backslash", `https://example.org\` + marker, "https://example.org/" + marker, form, besides},
		{"no ASCII", "https://ex\u00e4mple.org/" + marker, "https://xn--exmple-cua.org/" + marker, form, besides},
		{"discovery document", "https://example.org/" + marker + "/.well-known/openid-configuration", "https://example.org/" + marker, "without /.well-known", besides},
	}
}

func TestInstance(t *testing.T) {
	checkRefusals(t, "EASYAUTH_INSTANCE", urlRefusals(nil))
	const form, path = "must be an absolute https URL", "must have no path; the tenant belongs in EASYAUTH_TENANT_ID"
	policy := map[string]string{"EASYAUTH_SIGNUP_SIGNIN_POLICY": "B2C_1_susi"}
	checkRefusals(t, "EASYAUTH_INSTANCE", []refusal{
		{"tenant in Microsoft's path", "https://login.microsoftonline.com/" + marker + "/v2.0", "https://login.microsoftonline.com", path, nil},
		{"the same, another spelling", "https://LOGIN.microsoftonline.com.:443/" + marker, "https://LOGIN.microsoftonline.com.:443/", path, nil},
		{"tenant in External ID's path", "https://contoso.ciamlogin.com/" + marker, "https://contoso.ciamlogin.com/", path, nil},
		{"another host's path is its own", "https:/idp.example.org/", "https://idp.example.org/" + marker, form, nil},
	})
	for bad, good := range map[string]string{
		"https://contoso.b2clogin.com/tfp/": "https://contoso.b2clogin.com/", "https://contoso.b2clogin.com/" + marker: "https://login.contoso.com/" + marker,
	} {
		// What is wrong with the host is not said of the policy, too.
		checkRefusals(t, "EASYAUTH_INSTANCE", []refusal{{"policy or tenant in B2C's path", bad, good, path, policy}})
	}
}

func TestIssuer(t *testing.T) {
	const other = "must be an OIDC provider other than Microsoft's"
	alone := without("EASYAUTH_TENANT_ID")
	checkRefusals(t, "EASYAUTH_ISSUER", urlRefusals(alone))
	checkRefusals(t, "EASYAUTH_ISSUER", []refusal{
		{"Entra ID", "https://login.microsoftonline.com/" + tenantGUID + "/v2.0", "https://microsoftonline.com.example.org/" + marker, other, alone},
		{"its version 1", "https://STS.windows.net./" + tenantGUID + "/", "https://sts.example.org/" + tenantGUID + "/", other, alone},
		{"in China", "https://login.partner.microsoftonline.cn/common/v2.0", "https://login.example.cn/common/v2.0", other, alone},
		{"External ID", "https://" + marker + ".ciamlogin.com/x/v2.0", "https://" + marker + "ciamlogin.com/x/v2.0", other, alone},
	})
	for _, want := range []string{"https://idp.example.org/", "https://idp.example.org", "https://idp.example.org/realms/a"} {
		if c := good(t, with(alone, map[string]string{"EASYAUTH_ISSUER": want})); c.Issuer != want || c.Instance != "" {
			t.Errorf("got %q and %q, want %q as it stands", c.Issuer, c.Instance, want)
		}
	}
}

// Another provider shares nothing with Microsoft's.
func TestIssuerStandsAlone(t *testing.T) {
	const together = "is set together with EASYAUTH_ISSUER"
	issuer := map[string]string{"EASYAUTH_TENANT_ID": "", "EASYAUTH_ISSUER": "https://idp.example.org"}
	for name, value := range map[string]string{
		"EASYAUTH_TENANT_ID": tenantGUID, "EASYAUTH_INSTANCE": "https://login.microsoftonline.com", "EASYAUTH_CLOUD": "public",
		"EASYAUTH_ALLOWED_TENANTS": tenantGUID, "EASYAUTH_SIGNUP_SIGNIN_POLICY": "B2C_1_susi",
	} {
		checkRefusals(t, name, []refusal{{"together", value, "", together, issuer}})
	}
	// It excludes them also when it is bad.
	_, _, faults := load(t, with(map[string]string{"EASYAUTH_ISSUER": marker}))
	if len(faults) != 2 || faults[0].Name != "EASYAUTH_ISSUER" || faults[1].Name != "EASYAUTH_TENANT_ID" {
		t.Errorf("got %v", faults)
	}
}
