package config

import "testing"

func TestCloud(t *testing.T) {
	const form, another = "must be public, usgov, usgovdod or china", "is a sign-in host of another cloud"
	checkRefusals(t, "EASYAUTH_CLOUD", []refusal{
		{"unknown", marker, "USGov", form, nil},
		{"Germany's is gone", "germany", "china", form, nil},
	})
	checkRefusals(t, "EASYAUTH_INSTANCE", []refusal{
		{"public's for the US government", "https://login.microsoftonline.com", "https://login.microsoftonline.us", another, map[string]string{"EASYAUTH_CLOUD": "usgov"}},
		{"public's other name for China", "https://login.windows.net", "https://login.chinacloudapi.cn", another, map[string]string{"EASYAUTH_CLOUD": "china"}},
		{"China's for the Department of Defense", "https://login.partner.microsoftonline.cn", "https://login.microsoftonline.us", another, map[string]string{"EASYAUTH_CLOUD": "usgovdod"}},
		{"the US government's for public", "https://login.microsoftonline.us", "https://login.microsoft.com", another, map[string]string{"EASYAUTH_CLOUD": "public"}},
		{"a host of no cloud", "https://login.microsoftonline.us", "https://notmicrosoftonline.us", another, map[string]string{"EASYAUTH_CLOUD": "china"}},
	})
	// Neither of two that have a fault is judged by the other.
	for name, vars := range map[string]map[string]string{
		"EASYAUTH_CLOUD":    {"EASYAUTH_CLOUD": marker, "EASYAUTH_INSTANCE": "https://login.microsoftonline.us"},
		"EASYAUTH_INSTANCE": {"EASYAUTH_CLOUD": "china", "EASYAUTH_INSTANCE": marker},
	} {
		if _, _, faults := load(t, with(vars)); len(faults) != 1 || faults[0].Name != name {
			t.Errorf("got %v, want one fault of %s", faults, name)
		}
	}
	for _, c := range clouds() {
		var i instance
		if err := i.Decode(c.instance); err != nil || cloudNamed(i.cloud()).instance != c.instance || cloudNamed(c.name) != c {
			t.Errorf("%s: its sign-in host does not lead back to it: %v", c.name, err)
		}
	}
}

// What follows from the cloud, the sign-in host and the tenant.
func TestIssuerAndGraph(t *testing.T) {
	const public, sts, china = "https://graph.microsoft.com", "https://sts.windows.net/", "https://sts.chinacloudapi.cn/"
	for _, tt := range []struct{ name, cloud, instance, tenant, issuer, graph, v1, inCloud string }{
		{"public", "", "", tenantGUID, "https://login.microsoftonline.com/" + tenantGUID + "/v2.0", public, sts, "public"},
		{"no slash", "", "https://login.microsoftonline.com", tenantGUID, "https://login.microsoftonline.com/" + tenantGUID + "/v2.0", public, sts, "public"},
		{"a GUID in upper case", "", "", "2F1C6F0E-0D5B-4C1E-9A57-3B7D0C9A1E11", "https://login.microsoftonline.com/" + tenantGUID + "/v2.0", public, sts, "public"},
		{"US government by its host", "", "https://login.microsoftonline.us/", "contoso.us", "https://login.microsoftonline.us/contoso.us/v2.0", "https://graph.microsoft.us", sts, "usgov"},
		{"US government by its name", "usgov", "", "contoso.us", "https://login.microsoftonline.us/contoso.us/v2.0", "https://graph.microsoft.us", sts, "usgov"},
		{"Department of Defense", "usgovdod", "", "contoso.us", "https://login.microsoftonline.us/contoso.us/v2.0", "https://dod-graph.microsoft.us", sts, "usgovdod"},
		{"Department of Defense and its host", "usgovdod", "https://login.microsoftonline.us", "contoso.us", "https://login.microsoftonline.us/contoso.us/v2.0", "https://dod-graph.microsoft.us", sts, "usgovdod"},
		{"China by its host", "", "https://login.partner.microsoftonline.cn/", "contoso.cn", "https://login.partner.microsoftonline.cn/contoso.cn/v2.0", "https://microsoftgraph.chinacloudapi.cn", china, "china"},
		{"China by its name", "china", "", "contoso.cn", "https://login.partner.microsoftonline.cn/contoso.cn/v2.0", "https://microsoftgraph.chinacloudapi.cn", china, "china"},
		{"China's former host", "china", "https://login.chinacloudapi.cn/", "contoso.cn", "https://login.chinacloudapi.cn/contoso.cn/v2.0", "https://microsoftgraph.chinacloudapi.cn", china, "china"},
		{"External ID", "", "https://contoso.ciamlogin.com/", tenantGUID, "https://contoso.ciamlogin.com/" + tenantGUID + "/v2.0", public, "", "public"},
		{"a host of no cloud", "", "https://notmicrosoftonline.us", tenantGUID, "https://notmicrosoftonline.us/" + tenantGUID + "/v2.0", public, sts, "public"},
		{"a host of no cloud in one", "usgov", "https://idp.example.org", tenantGUID, "https://idp.example.org/" + tenantGUID + "/v2.0", "https://graph.microsoft.us", sts, "usgov"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := good(t, with(map[string]string{"EASYAUTH_CLOUD": tt.cloud, "EASYAUTH_INSTANCE": tt.instance, "EASYAUTH_TENANT_ID": tt.tenant}))
			if c.Issuer != tt.issuer || c.GraphURL != tt.graph || c.V1Issuer != tt.v1 || c.Cloud != tt.inCloud {
				t.Errorf("got issuer %q, Graph %q, version 1 %q, cloud %q", c.Issuer, c.GraphURL, c.V1Issuer, c.Cloud)
			}
		})
	}
}
