package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pemPair returns a certificate and its key, in PEM.
func pemPair(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
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
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return block("CERTIFICATE", der), block("PRIVATE KEY", pkcs8)
}

// What is in the files that prove who EasyAuth is, is looked at before it starts.
func TestCredentialFaults(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	certificate, key := pemPair(t)
	_, foreign := pemPair(t)
	good, alone, all := file("good.key", key), file("alone.crt", certificate), file("all.pem", certificate+key)
	garbage := file("garbage", marker)
	for _, tt := range []struct {
		name      string
		bad, good map[string]string
		fault     string // the beginning of the only line
	}{
		{
			"no certificate",
			map[string]string{"EASYAUTH_CLIENT_CERTIFICATE_FILE": garbage},
			map[string]string{"EASYAUTH_CLIENT_CERTIFICATE_FILE": all},
			"EASYAUTH_CLIENT_CERTIFICATE_FILE: ",
		},
		{
			"no key",
			map[string]string{"EASYAUTH_CLIENT_CERTIFICATE_FILE": alone},
			map[string]string{"EASYAUTH_CLIENT_CERTIFICATE_FILE": alone, "EASYAUTH_CLIENT_KEY_FILE": good},
			`EASYAUTH_CLIENT_CERTIFICATE_FILE: read client certificate "` + alone + `": there is no private key in it; set EASYAUTH_CLIENT_KEY_FILE, `,
		},
		{
			"no key in either file",
			map[string]string{"EASYAUTH_CLIENT_CERTIFICATE_FILE": alone, "EASYAUTH_CLIENT_KEY_FILE": garbage},
			map[string]string{"EASYAUTH_CLIENT_CERTIFICATE_FILE": alone, "EASYAUTH_CLIENT_KEY_FILE": good},
			`EASYAUTH_CLIENT_CERTIFICATE_FILE: read client certificate "` + alone + `" and "` + garbage + `": there is no private key in `,
		},
		{
			"another certificate's key",
			map[string]string{"EASYAUTH_CLIENT_CERTIFICATE_FILE": alone, "EASYAUTH_CLIENT_KEY_FILE": file("foreign.key", foreign)},
			map[string]string{"EASYAUTH_CLIENT_CERTIFICATE_FILE": alone, "EASYAUTH_CLIENT_KEY_FILE": good},
			"EASYAUTH_CLIENT_CERTIFICATE_FILE: ",
		},
		{
			"no key file",
			map[string]string{"EASYAUTH_CLIENT_CERTIFICATE_FILE": alone, "EASYAUTH_CLIENT_KEY_FILE": good + ".not"},
			map[string]string{"EASYAUTH_CLIENT_CERTIFICATE_FILE": alone, "EASYAUTH_CLIENT_KEY_FILE": good},
			"EASYAUTH_CLIENT_KEY_FILE: must name a file",
		},
		{
			"two lines for a secret",
			map[string]string{"EASYAUTH_CLIENT_SECRET_FILE": file("lines", marker+"\ntwo")},
			map[string]string{"EASYAUTH_CLIENT_SECRET_FILE": garbage},
			"EASYAUTH_CLIENT_SECRET_FILE: must hold one client secret",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			none := map[string]string{"EASYAUTH_CLIENT_SECRET": ""}
			if lines := faults(t, with(t, none, tt.bad)); len(lines) != 1 || !strings.HasPrefix(lines[0], tt.fault) {
				t.Errorf("got %q, want one line that begins with %q", lines, tt.fault)
			}
			if lines := faults(t, with(t, none, tt.good)); len(lines) > 0 {
				t.Errorf("mended: %q", lines)
			}
		})
	}
}
