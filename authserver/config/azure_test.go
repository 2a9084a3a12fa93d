package config

import (
	"path/filepath"
	"strings"
	"testing"
)

const clientOfAKS = "7a0b8a8e-4c55-4d0a-8f0e-5b8a3c1d2e4f"

// workload is what AKS gives to a pod, and a configuration that leaves all of it to AKS.
func workload(t *testing.T) map[string]string {
	t.Helper()
	token := filepath.Join(t.TempDir(), "token")
	writeFile(t, token, "a token")
	return map[string]string{
		"AZURE_FEDERATED_TOKEN_FILE": token, "AZURE_CLIENT_ID": clientOfAKS, "AZURE_TENANT_ID": otherGUID,
		"AZURE_AUTHORITY_HOST":   "https://login.microsoftonline.us/",
		"EASYAUTH_CLIENT_SECRET": "", "EASYAUTH_CLIENT_ID": "", "EASYAUTH_TENANT_ID": "",
	}
}

func TestWorkloadIdentity(t *testing.T) {
	aks := workload(t)
	c, warnings, faults := load(t, with(aks))
	if len(faults) > 0 || len(warnings) > 0 {
		t.Fatalf("got faults %v, warnings %v", faults, warnings)
	}
	want := defaults()
	want.Cloud, want.Instance, want.TenantID, want.ClientID = "usgov", "https://login.microsoftonline.us/", otherGUID, clientOfAKS
	want.Issuer, want.GraphURL = "https://login.microsoftonline.us/"+otherGUID+"/v2.0", "https://graph.microsoft.us"
	want.Credential = Credential{FederatedTokenFile: aks["AZURE_FEDERATED_TOKEN_FILE"]}
	differ(t, c, want)
}

// Ours count; who set both is told when they differ.
func TestWorkloadIdentityAndOurs(t *testing.T) {
	for _, tt := range []struct{ name, value, want string }{
		{"EASYAUTH_CLIENT_ID", tenantGUID, "AZURE_CLIENT_ID is not used: it differs from what EASYAUTH_CLIENT_ID says"},
		{"EASYAUTH_CLIENT_ID", strings.ToUpper(clientOfAKS), ""},
		{"AzureAd__ClientId", tenantGUID, "AZURE_CLIENT_ID is not used: it differs from what AzureAd__ClientId says"},
		{"EASYAUTH_TENANT_ID", tenantGUID, "AZURE_TENANT_ID is not used: it differs"},
		{"EASYAUTH_TENANT_ID", strings.ToUpper(otherGUID), ""},
		{"EASYAUTH_INSTANCE", "https://login.microsoftonline.com", "AZURE_AUTHORITY_HOST is not used: it differs from what EASYAUTH_INSTANCE says"},
		{"EASYAUTH_INSTANCE", "https://login.microsoftonline.us", ""},
		{"EASYAUTH_CLOUD", "public", "AZURE_AUTHORITY_HOST is not used: it differs from what EASYAUTH_CLOUD says"},
		{"EASYAUTH_CLOUD", "USGovDoD", ""},
		{"EASYAUTH_CLIENT_SECRET", "ours", "AZURE_FEDERATED_TOKEN_FILE is not used: EASYAUTH_CLIENT_SECRET counts"},
	} {
		t.Run(tt.name+" "+tt.value, func(t *testing.T) {
			vars := with(workload(t))
			if tt.name == "EASYAUTH_CLIENT_SECRET" { // then AKS's others do not count either
				vars = with(workload(t), minimal())
			}
			vars[tt.name] = tt.value
			c, warnings, faults := load(t, vars)
			switch {
			case len(faults) > 0:
				t.Errorf("got %v", faults)
			case tt.want == "" && len(warnings) > 0, tt.want != "" && (len(warnings) != 1 || !strings.HasPrefix(string(warnings[0]), tt.want)):
				t.Errorf("got warnings %q, want %q", warnings, tt.want)
			case tt.want != "" && (c.ClientID == clientOfAKS) != (tt.name != "EASYAUTH_CLIENT_ID" && tt.name != "AzureAd__ClientId" && tt.name != "EASYAUTH_CLIENT_SECRET"):
				t.Errorf("client %s", c.ClientID)
			}
		})
	}
}

// A fault of a value that AKS gave names AKS's variable.
func TestWorkloadIdentityFaults(t *testing.T) {
	aks := workload(t)
	for name, want := range map[string]string{
		"AZURE_CLIENT_ID": "must be the application (client) ID", "AZURE_TENANT_ID": "must be the directory (tenant) ID", "AZURE_AUTHORITY_HOST": "must be an absolute https URL",
	} {
		_, _, faults := load(t, with(aks, map[string]string{name: "a " + marker}))
		if len(faults) != 1 || faults[0].Name != name || !strings.HasPrefix(faults[0].Expected, want) || strings.Contains(faults.Error(), marker) {
			t.Errorf("%s: got %v", name, faults)
		}
		// With another credential they are no concern of ours.
		if _, warnings, faults := load(t, with(map[string]string{name: "a " + marker})); len(faults) > 0 || len(warnings) > 0 {
			t.Errorf("%s, not used: got %v, %v", name, faults, warnings)
		}
	}
	for name, own := range map[string]string{"AZURE_CLIENT_ID": "EASYAUTH_CLIENT_ID", "AZURE_TENANT_ID": "EASYAUTH_TENANT_ID"} {
		_, _, faults := load(t, with(aks, map[string]string{name: ""}))
		if len(faults) != 1 || faults[0].Name != own || !strings.HasPrefix(faults[0].Expected, "is required") {
			t.Errorf("without %s: got %v", name, faults)
		}
	}
	for _, name := range []string{"AZURE_CLIENT_ID", "AZURE_AUTHORITY_HOST"} {
		_, _, faults := load(t, with(aks, map[string]string{name: "\x00"}))
		if len(faults) == 0 || faults[0] != (Fault{Name: name, Expected: "must not hold a NUL byte"}) {
			t.Errorf("%s: got %v", name, faults)
		}
	}
	good(t, with(map[string]string{"AZURE_CLIENT_SECRET": "x", "AZURE_ANYTHING": "x"}))
}
