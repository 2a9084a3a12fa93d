package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pairOfFiles are a certificate and its key.
type pairOfFiles struct{ cert, key string }

// listenerFiles returns a pair that nobody has vouched for.
func listenerFiles(t *testing.T) pairOfFiles {
	t.Helper()
	return listenerFilesUntil(t, time.Now().Add(time.Hour))
}

func listenerFilesUntil(t *testing.T, until time.Time) pairOfFiles {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: until}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	files := pairOfFiles{filepath.Join(t.TempDir(), "tls.crt"), filepath.Join(t.TempDir(), "tls.key")}
	writeFile(t, files.cert, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})))
	writeFile(t, files.key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
	return files
}

func TestListenerCertificate(t *testing.T) {
	const certName, keyName = "EASYAUTH_TLS_CERT_FILE", "EASYAUTH_TLS_KEY_FILE"
	pair, other := listenerFiles(t), listenerFiles(t)
	empty := filepath.Join(t.TempDir(), "empty")
	writeFile(t, empty, "")
	withKey, withCert := map[string]string{keyName: pair.key}, map[string]string{certName: pair.cert}
	checkRefusals(t, certName, []refusal{
		{"without its key", pair.cert, "", "needs EASYAUTH_TLS_KEY_FILE", nil},
		{"absent", "/nowhere/" + "tls.crt", pair.cert, "must name a file that can be read; /nowhere/tls.crt: no such file", withKey},
		{"empty", empty, pair.cert, "the file is empty", withKey},
		{"another's", other.cert, pair.cert, "private key does not match public key", withKey},
		{"a key", other.key, pair.cert, "to which the key in EASYAUTH_TLS_KEY_FILE belongs", withKey},
	})
	checkRefusals(t, keyName, []refusal{
		{"without its certificate", pair.key, "", "needs EASYAUTH_TLS_CERT_FILE", nil},
		{"absent", "/nowhere/tls.key", pair.key, "must name a file that can be read", withCert},
	})
}

// One that has expired is shown all the same: the proxy may not look.
func TestExpiredCertificateIsAWarning(t *testing.T) {
	for _, tt := range []struct {
		name   string
		until  time.Time
		warned bool
	}{{"expired", time.Now().Add(-time.Hour), true}, {"good", time.Now().Add(time.Hour), false}} {
		pair := listenerFilesUntil(t, tt.until)
		_, warnings, faults := load(t, with(map[string]string{"EASYAUTH_TLS_CERT_FILE": pair.cert, "EASYAUTH_TLS_KEY_FILE": pair.key}))
		warned := len(warnings) == 1 && strings.HasPrefix(string(warnings[0]), "EASYAUTH_TLS_CERT_FILE holds a certificate that has expired")
		if len(faults) > 0 || warned != tt.warned || len(warnings) > 1 {
			t.Errorf("%s: %q, %q", tt.name, faults, warnings)
		}
	}
}
