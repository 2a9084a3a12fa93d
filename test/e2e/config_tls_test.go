package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// listenerPair makes a certificate and its key.
func listenerPair(t *testing.T, serial int64) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "EasyAuth's listener"}, DNSNames: []string{"easyauth.internal"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Duration(serial) * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}

// shown is the serial number of the certificate that a listener shows, and the protocol
// that it chooses of those that a client offers.
func shown(t *testing.T, address string) (serial int64, protocol string) {
	t.Helper()
	d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}}} // it is looked at, not believed
	conn, err := d.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }() // only looked at
	state := conn.(*tls.Conn).ConnectionState()
	return state.PeerCertificates[0].SerialNumber.Int64(), state.NegotiatedProtocol
}

// The listener speaks TLS and HTTP/1.1 alone, and shows a new certificate while a
// connection that began before goes on.
func TestListenerTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	put := func(cert, key []byte) {
		write(t, certFile, cert)
		write(t, keyFile, key)
	}
	put(listenerPair(t, 1))
	cfg := noRegistration()
	cfg.Env["EASYAUTH_TLS_CERT_FILE"], cfg.Env["EASYAUTH_TLS_KEY_FILE"] = certFile, keyFile
	s := start(t, cfg)
	v := newVisitor(t, s, entra.Adele)
	v.client.Transport.(*http.Transport).ForceAttemptHTTP2 = true
	address := strings.TrimPrefix(s.EasyAuth, "http://")
	login := "https://" + address + "/easyauth/login?rd=/x"
	ask := func(what string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, login, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host, r.Header = strings.TrimPrefix(s.URL(appHost, ""), "https://"), page()
		resp, err := v.client.Transport.RoundTrip(r)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		defer func() { _ = resp.Body.Close() }() // it is short
		if resp.ProtoMajor != 1 || resp.StatusCode != http.StatusFound && resp.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s: %s %d", what, resp.Proto, resp.StatusCode)
		}
	}
	ask("over TLS")
	if serial, protocol := shown(t, address); serial != 1 || protocol != "http/1.1" {
		t.Errorf("certificate %d, %q", serial, protocol)
	}
	if r, err := v.ask(http.MethodGet, "http://"+address+"/easyauth/login", nil, ""); err == nil && r.status != http.StatusBadRequest {
		t.Errorf("in clear text: %d", r.status)
	}
	old := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}}
	if conn, err := old.DialContext(t.Context(), "tcp", address); err == nil {
		t.Errorf("TLS 1.1 is spoken: %v", conn.Close())
	}
	ends := func() time.Time {
		return time.Unix(int64(v.metric(0, `easyauth_certificate_expiry_timestamp_seconds{use="listener"}`)), 0)
	}
	if left := time.Until(ends()); left < 50*time.Minute || left > time.Hour {
		t.Errorf("the metric says %v", left)
	}

	put(listenerPair(t, 2))
	waitUntil(t, "the next certificate", func() bool { serial, _ := shown(t, address); return serial == 2 }) // nobody asks for it
	ask("a connection of before")
	if left := time.Until(ends()); left < 110*time.Minute {
		t.Errorf("the metric says %v", left)
	}

	// One that does not fit its key is not shown, and the log says so once.
	cert, _ := listenerPair(t, 3)
	write(t, certFile, cert)
	for range 2 {
		if err := s.EasyAuthProcess().Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		waitUntil(t, "the log", func() bool { return strings.Contains(s.Log(), "the certificate of the listener cannot be used") })
		if serial, _ := shown(t, address); serial != 2 {
			t.Errorf("certificate %d is shown", serial)
		}
	}
	if err := os.Remove(keyFile); err != nil {
		t.Fatal(err)
	}
	ask("without a file")
	put(listenerPair(t, 4))
	if err := s.EasyAuthProcess().Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "a good pair", func() bool { serial, _ := shown(t, address); return serial == 4 })
	if n := strings.Count(s.Log(), `"EASYAUTH_TLS_CERT_FILE and EASYAUTH_TLS_KEY_FILE: tls: private key does not match public key"`); n != 1 {
		t.Errorf("the log says %d times that they do not fit", n)
	}
	if strings.Contains(s.Log(), "PRIVATE KEY") {
		t.Error("a key is in the log")
	}
}

// nginx asks EasyAuth over TLS and checks its certificate.
func TestNginxAsksOverTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	cert, key := listenerPair(t, 5)
	write(t, certFile, cert)
	write(t, keyFile, key)
	cfg := noRegistration()
	cfg.Env["EASYAUTH_TLS_CERT_FILE"], cfg.Env["EASYAUTH_TLS_KEY_FILE"] = certFile, keyFile
	s := start(t, cfg)
	f := startFront(t, s, "", fmt.Sprintf(`
        location = /_check {
            internal;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_set_header X-Original-Method $request_method;
            proxy_set_header X-Original-URL %s;
            proxy_ssl_verify on;
            proxy_ssl_trusted_certificate %s;
            proxy_ssl_name easyauth.internal;
            proxy_pass https://auth/easyauth/auth;
        }
        location / { auth_request /_check; proxy_pass http://app; }`, s.URL(appHost, "/page"), certFile))
	address := fmt.Sprintf("http://127.0.0.1:%d/", f.port)
	v := newVisitor(t, s, "")
	if r := v.do(http.MethodGet, address, nil); r.status != http.StatusUnauthorized {
		t.Errorf("nobody: %d", r.status)
	}
	// Another certificate, which nginx does not know: it does not ask.
	cert, key = listenerPair(t, 6)
	write(t, keyFile, key)
	write(t, certFile, cert) // nginx has read the first one at its start
	if err := s.EasyAuthProcess().Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "nginx to refuse it", func() bool { return v.do(http.MethodGet, address, nil).status == http.StatusInternalServerError })
}
