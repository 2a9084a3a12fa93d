package main

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/credential"
)

// newCredential makes what proves to the identity provider that EasyAuth is this
// client. It reads the files that the configuration names. A nil log logs nothing.
func newCredential(cfg *config.Config, clientID string, log *slog.Logger) (*credential.Source, error) {
	return credential.New(credential.Config{
		ClientID: clientID, Secret: cfg.Credential.Secret, SecretFile: cfg.Credential.SecretFile,
		CertificateFile: cfg.Credential.CertificateFile, KeyFile: cfg.Credential.KeyFile,
		FederatedTokenFile: cfg.Credential.FederatedTokenFile, Log: log,
	})
}

// credentialFaults looks into the files that prove who EasyAuth is.
func credentialFaults(cfg *config.Config) config.Faults {
	var variable string
	switch c := cfg.Credential; {
	case !c.Secret.Empty():
		variable = "EASYAUTH_CLIENT_SECRET"
	case c.SecretFile != "":
		variable = "EASYAUTH_CLIENT_SECRET_FILE"
	case c.CertificateFile != "":
		variable = "EASYAUTH_CLIENT_CERTIFICATE_FILE"
	case c.FederatedTokenFile != "":
		variable = "AZURE_FEDERATED_TOKEN_FILE"
	default:
		return nil // config said so
	}
	_, err := newCredential(cfg, cmp.Or(cfg.ClientID, "unknown"), nil)
	if cfg.Credential.KeyFile == "" && errors.Is(err, credential.ErrNoKey) {
		err = fmt.Errorf("%w; set EASYAUTH_CLIENT_KEY_FILE, or add the key to the file", err)
	}
	return named(variable, err)
}
