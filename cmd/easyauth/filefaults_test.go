package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// listenerFiles writes a certificate and its key.
func listenerFiles(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	overwrite(t, cert, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	overwrite(t, key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})))
	return cert, key
}

func overwrite(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// ofAdmin is what the admin listener answers.
func (c *changing) ofAdmin(path string) string {
	c.t.Helper()
	w := httptest.NewRecorder()
	c.parts.admin.ServeHTTP(w, httptest.NewRequestWithContext(c.t.Context(), http.MethodGet, path, nil))
	if w.Code != http.StatusOK {
		c.t.Errorf("%s: %d", path, w.Code)
	}
	return w.Body.String()
}

// A file that cannot be used is told of, once, to everybody who hears of a configuration
// that cannot be; and its end too.
func TestFileFaultsAreTold(t *testing.T) {
	cert, key := listenerFiles(t)
	keys := keysIn(t, time.Hour, keyText(1))
	auditFile := filepath.Join(t.TempDir(), "audit")
	c := startChanging(t, map[string]string{
		"EASYAUTH_KEYS": "", "EASYAUTH_KEYS_FILE": keys, "EASYAUTH_TLS_CERT_FILE": cert, "EASYAUTH_TLS_KEY_FILE": key,
		"EASYAUTH_AUDIT": "file", "EASYAUTH_AUDIT_FILE": auditFile,
	}, "EASYAUTH_CLAIM_HEADERS: upn\n")
	c.parts.begin()
	c.parts.admin.Ready()
	check := func(when string, ok, loaded, refused int, named ...string) {
		t.Helper()
		text := c.ofAdmin("/metrics")
		for _, want := range []string{
			fmt.Sprintf("easyauth_configuration_last_load_ok %d\n", ok),
			fmt.Sprintf("easyauth_configuration_loads_total{result=\"ok\"} %d\n", loaded), fmt.Sprintf("easyauth_configuration_loads_total{result=\"refused\"} %d\n", refused),
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the metrics do not say %s", when, want)
			}
		}
		events, err := os.ReadFile(auditFile)
		if err != nil {
			t.Fatal(err)
		}
		if l, r := strings.Count(string(events), `"configuration_loaded"`), strings.Count(string(events), `"configuration_refused"`); l != loaded || r != refused {
			t.Errorf("%s: %d events of loads and %d of refusals:\n%s", when, l, r, events)
		}
		body := c.ofAdmin("/readyz")
		for _, setting := range []string{keysFile, certificateFile} {
			if strings.Contains(body, `"`+setting+": ") != strings.Contains(strings.Join(named, " "), setting) {
				t.Errorf("%s: /readyz %s", when, body)
			}
		}
	}
	ofKeys := func() { c.parts.live.now.Load().keys.Reload(context.Background()) }
	ofCertificate := func() { c.parts.tls.files.Reload(context.Background()) }
	goodCertificate := text(t, cert)

	check("at first", 1, 1, 0)
	overwrite(t, keys, "no key")
	ofKeys()
	ofKeys()
	check("no key", 0, 1, 1, keysFile)
	overwrite(t, cert, "no certificate")
	ofCertificate()
	ofCertificate()
	check("no certificate either", 0, 1, 2, keysFile, certificateFile)
	overwrite(t, keys, keyText(1))
	ofKeys()
	check("keys again", 0, 2, 2, certificateFile)
	c.change("EASYAUTH_CLAIM_HEADERS: other\n", `msg="the configuration cannot be used`) // it could not begin with this certificate
	waitFor(t, "the event", func() bool { return strings.Count(text(t, auditFile), `"configuration_refused"`) == 3 })
	check("another configuration", 0, 2, 3, certificateFile)
	overwrite(t, cert, goodCertificate)
	ofCertificate()
	c.parts.live.files.Reload(context.Background())
	check("a certificate again", 1, 4, 3)
	overwrite(t, keys, "no key")
	ofKeys()
	check("no key again", 0, 4, 4, keysFile)
}

// The files of a generation that is not in use say nothing of the one that is.
func TestFileFaultsOfTheGenerationInUse(t *testing.T) {
	keys := keysIn(t, time.Hour, keyText(1))
	c := startChanging(t, map[string]string{"EASYAUTH_KEYS": "", "EASYAUTH_KEYS_FILE": keys}, "EASYAUTH_CLAIM_HEADERS: upn\n")
	c.parts.admin.Ready()
	first := c.parts.live.now.Load()
	overwrite(t, keys, "no key")
	first.keys.Reload(t.Context())
	for _, tt := range []struct {
		name  string
		inUse *generation
		named bool
	}{{"itself", first, true}, {"another that found nothing wrong", &generation{}, false}, {"itself again", first, true}} {
		c.parts.live.follow(tt.inUse)
		if strings.Contains(c.ofAdmin("/readyz"), keysFile) != tt.named {
			t.Errorf("%s: /readyz %s", tt.name, c.ofAdmin("/readyz"))
		}
	}
	other := &generation{}
	c.parts.live.keysTold(other, errors.New("of another"))
	if body := c.ofAdmin("/metrics"); !strings.Contains(body, `loads_total{result="refused"} 2`) {
		t.Errorf("what is not in use is counted")
	}
}
