package credential

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

const (
	endpoint = "https://login.example/tenant/oauth2/v2.0/token?p=1&q=ü"
	client   = "11111111-2222-3333-4444-555555555555"
	marker   = "MARKER-hunter2" // is in what must never be shown
)

// journal collects log lines.
type journal struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.out.Write(p)
}

func (j *journal) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// take returns the lines since the last time.
func (j *journal) take() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	lines := strings.Split(strings.TrimSuffix(j.out.String(), "\n"), "\n")
	j.out.Reset()
	if lines[0] == "" {
		return nil
	}
	return lines
}

// wantLines checks that there are as many lines as wanted words, each with its word.
func (j *journal) wantLines(t *testing.T, wanted ...string) {
	t.Helper()
	lines := j.take()
	if len(lines) != len(wanted) {
		t.Fatalf("got %d log lines, want %d: %q", len(lines), len(wanted), lines)
	}
	for i, line := range lines {
		if !strings.Contains(line, wanted[i]) || strings.Contains(line, marker) {
			t.Errorf("got the line %s, want %q and no content", line, wanted[i])
		}
	}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	put(t, path, text)
	return path
}

func source(t *testing.T, cfg Config) *Source {
	t.Helper()
	if cfg.ClientID == "" {
		cfg.ClientID = client
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// refused wants New to refuse, with every wanted text and no content.
func refused(t *testing.T, cfg Config, wanted ...string) {
	t.Helper()
	s, err := New(cfg)
	if err == nil || s != nil {
		t.Fatalf("got %v and no error, want %q", s, wanted)
	}
	checkError(t, err, wanted...)
}

func checkError(t *testing.T, err error, wanted ...string) {
	t.Helper()
	text := err.Error()
	for _, want := range wanted {
		if !strings.Contains(text, want) {
			t.Errorf("got %q, want %q in it", text, want)
		}
	}
	if strings.Contains(text, marker) {
		t.Errorf("the error shows content: %q", text)
	}
}

// add returns the form of a request to which s has added its proof.
func add(t *testing.T, s *Source) url.Values {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}}
	if err := s.Add(form, endpoint); err != nil {
		t.Error(err) // not Fatal: callers may be other goroutines
	}
	if form.Get("client_id") != client || form.Get("grant_type") != "client_credentials" {
		t.Errorf("got the form %v", form)
	}
	return form
}

// used returns the secret that s sends.
func used(t *testing.T, s *Source) string {
	t.Helper()
	form := add(t, s)
	if len(form) != 3 || len(form["client_secret"]) != 1 {
		t.Errorf("got the form %v, want three values", form)
	}
	return form.Get("client_secret")
}

func newKey(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// newLeaf returns a certificate in PEM and in DER.
func newLeaf(t *testing.T, key crypto.Signer, until time.Time) (text string, der []byte) {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(until.Unix()), Subject: pkix.Name{CommonName: marker},
		NotBefore: until.AddDate(-1, 0, 0), NotAfter: until,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return armour("CERTIFICATE", der), der
}

func armour(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func pkcs1(key *rsa.PrivateKey) string {
	return armour("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))
}

func pkcs8(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return armour("PRIVATE KEY", der)
}

func hidden(text string) secret.String { return secret.New(text) }
