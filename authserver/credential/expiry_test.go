package credential

import (
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

func TestExpiresWithoutACertificate(t *testing.T) {
	for name, cfg := range map[string]Config{
		"a secret":          {Secret: secret.New("s3cret")},
		"a file of one":     {SecretFile: file(t, "s3cret")},
		"a federated token": {FederatedTokenFile: file(t, "eyJ.eyJ.c2ln")},
	} {
		t.Run(name, func(t *testing.T) {
			if at := source(t, cfg).Expires(); !at.IsZero() {
				t.Errorf("it ends at %v", at)
			}
		})
	}
}

func TestExpiresWithACertificate(t *testing.T) {
	key, until := newKey(t, 2048), someTime().AddDate(1, 0, 0)
	leaf, _ := newLeaf(t, key, until)
	if at := source(t, Config{CertificateFile: file(t, leaf), KeyFile: file(t, pkcs1(key))}).Expires(); !at.Equal(until) {
		t.Errorf("it ends at %v, want %v", at, until)
	}
}
