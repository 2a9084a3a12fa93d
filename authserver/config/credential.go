package config

import (
	"strings"
	"unicode"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// Credential is how EasyAuth proves to the identity provider that it is this
// client: exactly one of Secret, SecretFile, CertificateFile and
// FederatedTokenFile is set. The files could be read when the configuration was;
// what a certificate, key or token file holds is not checked here.
type Credential struct {
	Secret             secret.String
	SecretFile         string
	CertificateFile    string // PEM
	KeyFile            string // PEM; "": the key is in CertificateFile
	FederatedTokenFile string // that of AKS workload identity
}

// ownCredentials are our variables of which one names the credential.
func ownCredentials() []string {
	return []string{"EASYAUTH_CLIENT_SECRET", "EASYAUTH_CLIENT_SECRET_FILE", "EASYAUTH_CLIENT_CERTIFICATE_FILE"}
}

// credential checks and sets how EasyAuth proves who it is.
func (s *spec) credential(r *report, c *Config) {
	const keyFile, tokenFile = "EASYAUTH_CLIENT_KEY_FILE", "AZURE_FEDERATED_TOKEN_FILE"
	var given []string
	for _, name := range ownCredentials() {
		if r.gave(name) {
			given = append(given, name)
		}
	}
	if s.ClientKeyFile != "" && s.ClientCertificateFile == "" {
		r.fault(keyFile, "needs EASYAUTH_CLIENT_CERTIFICATE_FILE: it holds the private key of that certificate")
	}
	if len(given) > 0 && s.FederatedTokenFile != "" {
		r.warn(tokenFile, "is not used: %s counts", r.spelling(given[0]))
	}
	switch {
	case len(given) > 1:
		r.fault(given[0], "is set together with %s: set one of them", r.spelling(given[1]))
	case !s.ClientSecret.Empty():
		c.Credential.Secret = s.ClientSecret.String
		s.checkSecret(r, c, given[0], c.Credential.Secret)
	case s.ClientSecretFile != "":
		c.Credential.SecretFile = s.ClientSecretFile
		s.checkSecret(r, c, given[0], readSecret(r, given[0], s.ClientSecretFile))
	case s.ClientCertificateFile != "":
		c.Credential.CertificateFile, c.Credential.KeyFile = s.ClientCertificateFile, s.ClientKeyFile
		readSecret(r, given[0], s.ClientCertificateFile)
		if s.ClientKeyFile != "" {
			readSecret(r, keyFile, s.ClientKeyFile)
		}
	case s.FederatedTokenFile != "" && c.Kind != KindOIDC:
		c.Credential.FederatedTokenFile = s.FederatedTokenFile
		readSecret(r, tokenFile, s.FederatedTokenFile)
	default:
		r.need("EASYAUTH_CLIENT_SECRET", "is required, or EASYAUTH_CLIENT_SECRET_FILE or EASYAUTH_CLIENT_CERTIFICATE_FILE: the value (not the ID) of a client secret of the app registration, or its certificate; %s", s.aboutWorkloadIdentity(c))
	}
	if r.has(append(ownCredentials(), keyFile, tokenFile)...) {
		c.Credential = Credential{}
	}
}

// aboutWorkloadIdentity is what to know of it when there is no other credential.
func (s *spec) aboutWorkloadIdentity(c *Config) string {
	switch {
	case c.Kind != KindOIDC:
		return "or AKS workload identity, which sets AZURE_FEDERATED_TOKEN_FILE"
	case s.FederatedTokenFile != "":
		return "workload identity (AZURE_FEDERATED_TOKEN_FILE) is Entra ID's, and no credential with EASYAUTH_ISSUER"
	}
	return "workload identity is Entra ID's"
}

// checkSecret checks what was given as a client secret by the variable name.
func (s *spec) checkSecret(r *report, c *Config, name string, value secret.String) {
	text := value.Reveal()
	microsoft := c.Kind != KindOIDC && s.Instance.shared()
	switch {
	case strings.ContainsFunc(text, unicode.IsControl) || strings.TrimSpace(text) != text:
		r.fault(name, "must hold one client secret without line breaks, and without blanks around it")
	case microsoft && access.IsGUID(strings.ToLower(text)):
		r.warn(name, "holds a GUID: that looks like the ID of a client secret, not like its value")
	}
}
