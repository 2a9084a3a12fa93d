package config

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestOneCredential(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	writeFile(t, file, "content\n")
	noSecret := without("EASYAUTH_CLIENT_SECRET")
	const together, required = "is set together with EASYAUTH_", "is required, or EASYAUTH_CLIENT_SECRET_FILE or EASYAUTH_CLIENT_CERTIFICATE_FILE"
	checkRefusals(t, "EASYAUTH_CLIENT_SECRET", []refusal{
		{"none", "", "s", required, nil},
		{"and a file", "s", "", together + "CLIENT_SECRET_FILE", map[string]string{"EASYAUTH_CLIENT_SECRET_FILE": file}},
		{"and a certificate", "s", "", together + "CLIENT_CERTIFICATE_FILE", map[string]string{"EASYAUTH_CLIENT_CERTIFICATE_FILE": file}},
		{"none, a hint at AKS", "", "s", "or AKS workload identity, which sets AZURE_FEDERATED_TOKEN_FILE", nil},
		{"none with another provider", "", "s", "or its certificate; workload identity is Entra ID's", otherIssuer()},
		{"AKS's with another provider", "", "s", "workload identity (AZURE_FEDERATED_TOKEN_FILE) is Entra ID's, and no credential with EASYAUTH_ISSUER", map[string]string{
			"AZURE_FEDERATED_TOKEN_FILE": file, "EASYAUTH_TENANT_ID": "", "EASYAUTH_ISSUER": "https://idp.example.org",
		}},
	})
	checkRefusals(t, "EASYAUTH_CLIENT_SECRET_FILE", []refusal{
		{"and a certificate", file, "", together + "CLIENT_CERTIFICATE_FILE", map[string]string{
			"EASYAUTH_CLIENT_SECRET": "", "EASYAUTH_CLIENT_CERTIFICATE_FILE": file,
		}},
	})
	checkRefusals(t, "EASYAUTH_CLIENT_KEY_FILE", []refusal{
		{"with a secret", file, "", "needs EASYAUTH_CLIENT_CERTIFICATE_FILE", nil},
		{"absent", file + ".not", file, "no such file", map[string]string{"EASYAUTH_CLIENT_SECRET": "", "EASYAUTH_CLIENT_CERTIFICATE_FILE": file}},
		{"the key itself", "-----BEGIN " + marker, file, "(not shown", map[string]string{"EASYAUTH_CLIENT_SECRET": "", "EASYAUTH_CLIENT_CERTIFICATE_FILE": file}},
	})
	checkRefusals(t, "EASYAUTH_CLIENT_CERTIFICATE_FILE", []refusal{
		{"absent", filepath.Join(dir, "absent"), file, "no such file", noSecret},
		{"a directory", dir, file, "is a directory", noSecret},
	})
	checkRefusals(t, "AZURE_FEDERATED_TOKEN_FILE", []refusal{
		{"absent", filepath.Join(dir, "absent"), file, "no such file", noSecret},
		{"a NUL byte", file + "\x00", file, "must not hold a NUL byte", nil},
	})
	if c := good(t, with(noSecret, map[string]string{"EASYAUTH_CLIENT_CERTIFICATE_FILE": file})); c.Credential.CertificateFile != file || c.Credential.KeyFile != "" {
		t.Errorf("a certificate with its key: got %+v", c.Credential)
	}
}

func TestSecretThatLooksLikeItsID(t *testing.T) {
	_, warnings, _ := load(t, with(map[string]string{"EASYAUTH_CLIENT_SECRET": strings.ToUpper(tenantGUID)}))
	if len(warnings) != 1 || !strings.HasPrefix(string(warnings[0]), "EASYAUTH_CLIENT_SECRET holds a GUID") {
		t.Errorf("got %q", warnings)
	}
	for name, vars := range map[string]map[string]string{
		"another host":     {"EASYAUTH_INSTANCE": "https://idp.example.org"},
		"another provider": {"EASYAUTH_TENANT_ID": "", "EASYAUTH_ISSUER": "https://idp.example.org"},
	} {
		if _, warnings, _ = load(t, with(vars, map[string]string{"EASYAUTH_CLIENT_SECRET": tenantGUID})); len(warnings) != 0 {
			t.Errorf("%s: got %q", name, warnings)
		}
	}
}
