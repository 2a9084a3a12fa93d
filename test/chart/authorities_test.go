package chart

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// caBundle adds authorities to those of the image, and replaces none: shown with the program itself, for the folder as
// the kubelet lays it out, with links. A file stands for the image's public ones.
func TestAuthoritiesAreAdded(t *testing.T) {
	program := filepath.Join(t.TempDir(), "easyauth")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../cmd/easyauth").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	public, own, stranger := newPair(t), newPair(t), newPair(t)
	file := filepath.Join(t.TempDir(), "ca-certificates.crt")
	write(t, file, public.certificate)
	folder := t.TempDir()
	write(t, filepath.Join(folder, "..2026_11_22", "ca.crt"), own.certificate)
	for link, to := range map[string]string{"..data": "..2026_11_22", "ca.crt": "..data/ca.crt"} {
		if err := os.Symlink(to, filepath.Join(folder, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name    string
		of      pair
		environ []string
		want    string
	}{
		{"our own", own, []string{"SSL_CERT_FILE=" + file, "SSL_CERT_DIR=" + folder}, "ok\n"},
		{"a public one beside it", public, []string{"SSL_CERT_FILE=" + file, "SSL_CERT_DIR=" + folder}, "ok\n"},
		{"our own without the bundle", own, []string{"SSL_CERT_FILE=" + file, "SSL_CERT_DIR=" + t.TempDir()}, "unknown authority"},
		{"nobody's", stranger, []string{"SSL_CERT_FILE=" + file, "SSL_CERT_DIR=" + folder}, "unknown authority"},
	} {
		cmd := exec.CommandContext(t.Context(), program, "healthcheck", "--url="+serve(t, tt.of))
		cmd.Env = tt.environ
		if out, _ := cmd.CombinedOutput(); !strings.Contains(string(out), tt.want) {
			t.Errorf("%s: %s, want %q", tt.name, out, tt.want)
		}
	}
}

// serve starts a server with a certificate and returns its address.
func serve(t *testing.T, of pair) string {
	t.Helper()
	certificate, err := tls.X509KeyPair([]byte(of.certificate), []byte(of.key))
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "here") }))
	var lc net.ListenConfig
	listener, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = s.Listener.Close()
	s.Listener = listener
	s.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	s.Config.ErrorLog = nil
	s.StartTLS()
	t.Cleanup(s.Close)
	return "https://" + strings.Replace(listener.Addr().String(), "127.0.0.1", "localhost", 1) + "/"
}
