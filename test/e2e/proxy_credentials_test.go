package e2e

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// noSecret takes the stand's own secret away, and the one background task that
// asks the token endpoint by itself.
func noSecret(env map[string]string) map[string]string {
	env["EASYAUTH_CLIENT_SECRET"], env["EASYAUTH_READ_REGISTRATION"] = "", "false"
	return env
}

// write replaces a file as a mounted Secret is replaced: at once.
func write(t *testing.T, path string, content []byte) {
	t.Helper()
	fresh := path + ".new"
	if err := os.WriteFile(fresh, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(fresh, path); err != nil {
		t.Fatal(err)
	}
}

// makeCertificate makes a key and a certificate of it that signs for nobody else.
func makeCertificate(t *testing.T) (cert *x509.Certificate, certPEM, keyPEM []byte) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "EasyAuth"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	if cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
}

// admits signs a person in who was not.
func admits(t *testing.T, s *stand.Stand, what string) {
	t.Helper()
	if r := newVisitor(t, s, entra.Adele).open("/echo"); r.status != http.StatusOK || r.echo(t).Headers.Get("X-Injected-Oid") != entra.AdeleOID {
		t.Errorf("%s: %d\n%.400s", what, r.status, r.body)
	}
}

// setUpWrong wants the page for an administrator, and the number in the log.
func setUpWrong(t *testing.T, s *stand.Stand, what string, numbers ...string) {
	t.Helper()
	v := newVisitor(t, s, entra.Adele)
	r := v.open("/echo")
	if r.status != http.StatusInternalServerError || v.cookie(ticketCookie) != "" {
		t.Errorf("%s: %d", what, r.status)
	}
	for _, want := range []string{"Sign-in is not set up correctly", "An administrator must look at them", "Correlation id"} {
		if !strings.Contains(r.body, want) {
			t.Errorf("%s: %q is not on the page\n%.800s", what, want, r.body)
		}
	}
	for _, number := range numbers {
		waitUntil(t, "AADSTS"+number+" in the log", func() bool { return strings.Contains(s.Log(), "AADSTS"+number) })
		if strings.Contains(r.body, number) {
			t.Errorf("%s: %s is on the page", what, number)
		}
	}
}

func TestClientCertificate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, certPEM, keyPEM := makeCertificate(t)
	next, nextPEM, nextKeyPEM := makeCertificate(t)
	_, otherPEM, otherKeyPEM := makeCertificate(t)
	certFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	write(t, certFile, certPEM)
	write(t, keyFile, keyPEM)
	cfg := oneHost()
	cfg.Env = noSecret(map[string]string{"EASYAUTH_CLIENT_CERTIFICATE_FILE": certFile, "EASYAUTH_CLIENT_KEY_FILE": keyFile})
	cfg.Registration = func(c *entra.Client) { c.Secret, c.Certificates = "", []*x509.Certificate{cert, next} }
	s := start(t, cfg)
	admits(t, s, "its certificate")
	last := s.Entra.LastToken()
	if last.ClientAuth != entra.AuthAssertion || last.AssertionHeader["alg"] != "PS256" || last.AssertionHeader["x5t#S256"] == nil || last.AssertionClaims["iss"] != stand.ClientID {
		t.Errorf("%+v", last)
	}
	// Both files are replaced while it runs, as cert-manager does.
	write(t, certFile, nextPEM)
	write(t, keyFile, nextKeyPEM)
	admits(t, s, "the next certificate")
	if again := s.Entra.LastToken(); again.AssertionHeader["x5t#S256"] == last.AssertionHeader["x5t#S256"] || again.AssertionClaims["jti"] == last.AssertionClaims["jti"] {
		t.Errorf("the certificate is the one of before: %+v", again)
	}
	// Half of a pair is not used: the last good one counts.
	write(t, certFile, otherPEM)
	admits(t, s, "a certificate without its key")
	write(t, keyFile, otherKeyPEM)
	setUpWrong(t, s, "a certificate that the registration does not know", "700027")
	write(t, certFile, certPEM)
	write(t, keyFile, keyPEM)
	admits(t, s, "the first one again")
	if strings.Contains(s.Log(), "PRIVATE KEY") {
		t.Error("a key is in the log")
	}
}

// The key may be in the file of the certificate.
func TestClientCertificateInOneFile(t *testing.T) {
	t.Parallel()
	cert, certPEM, keyPEM := makeCertificate(t)
	file := filepath.Join(t.TempDir(), "client.pem")
	write(t, file, append(keyPEM, certPEM...))
	cfg := oneHost()
	cfg.Env = noSecret(map[string]string{"EASYAUTH_CLIENT_CERTIFICATE_FILE": file})
	cfg.Registration = func(c *entra.Client) { c.Secret, c.Certificates = "", []*x509.Certificate{cert} }
	admits(t, start(t, cfg), "one file")
}

// A pod of AKS with workload identity: nothing but what the webhook sets.
func TestWorkloadIdentity(t *testing.T) {
	t.Parallel()
	const subject = "system:serviceaccount:apps:easyauth"
	cluster := entra.NewFederatedIssuer("https://oidc.aks.example/cluster/")
	file := filepath.Join(t.TempDir(), "azure-identity-token")
	project := func(lifetime time.Duration, subject string) {
		t.Helper()
		write(t, file, []byte(cluster.Token(subject, entra.FederatedAudience, lifetime)+"\n"))
	}
	project(time.Hour, subject)
	cfg := oneHost()
	cfg.Env = noSecret(map[string]string{
		"EASYAUTH_CLIENT_ID": "", "EASYAUTH_TENANT_ID": "", "EASYAUTH_INSTANCE": "",
		"AZURE_CLIENT_ID": stand.ClientID, "AZURE_TENANT_ID": entra.DefaultTenantID, "AZURE_AUTHORITY_HOST": "{entra}/", "AZURE_FEDERATED_TOKEN_FILE": file,
	})
	cfg.Registration = func(c *entra.Client) {
		c.Secret, c.Federated = "", []entra.FederatedCredential{cluster.Credential(subject)}
	}
	s := start(t, cfg)
	admits(t, s, "the pod's token")
	last := s.Entra.LastToken()
	if last.ClientAuth != entra.AuthFederated || last.AssertionClaims["sub"] != subject {
		t.Errorf("%+v", last)
	}
	project(time.Hour, subject) // the kubelet does so long before the old one ends
	admits(t, s, "the next token")
	if again := s.Entra.LastToken(); again.AssertionClaims["jti"] == last.AssertionClaims["jti"] {
		t.Error("the token of before was sent")
	}
	project(-time.Hour, subject)
	setUpWrong(t, s, "a token that has ended", "700024")
	project(time.Hour, "system:serviceaccount:apps:another")
	setUpWrong(t, s, "another service account's", "700213")
	cluster.Rotate()
	project(time.Hour, subject)
	admits(t, s, "a token of the cluster's next key")
	if token, err := os.ReadFile(file); err != nil || strings.Contains(s.Log(), string(token[:40])) {
		t.Errorf("the token is in the log: %v", err)
	}
}

// Our own variables go before those of the webhook, and say so.
func TestOwnVariablesGoBeforeWorkloadIdentity(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "azure-identity-token")
	write(t, file, []byte("e30.e30.e30"))
	cfg := oneHost()
	cfg.Env = map[string]string{
		"AZURE_CLIENT_ID": callerID, "AZURE_TENANT_ID": entra.OtherTenantID, "AZURE_AUTHORITY_HOST": "https://login.example.test/", "AZURE_FEDERATED_TOKEN_FILE": file,
	}
	s := start(t, cfg)
	admits(t, s, "our own variables")
	if got := s.Entra.LastAuthorize().Get("client_id"); got != stand.ClientID {
		t.Errorf("client %q", got)
	}
	if !strings.Contains(s.Log(), "AZURE_FEDERATED_TOKEN_FILE") || !strings.Contains(s.Log(), "EASYAUTH_CLIENT_SECRET counts") {
		t.Errorf("no warning in\n%s", s.Log())
	}
}

func TestClientSecretFile(t *testing.T) {
	t.Parallel()
	const right, old = "the-right-secret-of-today", "an-older-secret-of-before"
	file := filepath.Join(t.TempDir(), "secret")
	write(t, file, []byte(old+"\n"))
	cfg := oneHost()
	cfg.Env = noSecret(map[string]string{"EASYAUTH_CLIENT_SECRET_FILE": file})
	cfg.Registration = func(c *entra.Client) { c.Secret = right }
	s := start(t, cfg)
	setUpWrong(t, s, "an old secret", "7000215")
	write(t, file, []byte(right+"\n"))
	admits(t, s, "the file was replaced")
	for name, wrong := range map[string]func(){
		"gone":  func() { _ = os.Remove(file) }, // it is there
		"empty": func() { write(t, file, nil) },
	} {
		wrong()
		admits(t, s, "the file is "+name)
	}
	write(t, file, []byte(old))
	setUpWrong(t, s, "replaced by a wrong one", "7000215")
	for _, secret := range []string{right, old} {
		if strings.Contains(s.Log(), secret) {
			t.Error("a secret is in the log")
		}
	}
}

// A secret that is wrong, or over, is no fault of the person's, and no reason to
// end the sessions that there are.
func TestWrongClientSecret(t *testing.T) {
	t.Parallel()
	cfg := oneHost()
	cfg.Env = map[string]string{"EASYAUTH_READ_REGISTRATION": "false"}
	s := start(t, cfg)
	v := signedIn(t, s, entra.Bob)
	s.Entra.SetFaults(tokenError(`{"error":"invalid_client","error_codes":[7000222],"error_description":"AADSTS7000222: The provided client secret keys for app are expired."}`))
	setUpWrong(t, s, "an expired secret", "7000222")
	if r := v.get("/api/x"); r.status != http.StatusOK {
		t.Errorf("a session of before: %d", r.status)
	}
	s.Entra.ClearFaults()
	admits(t, s, "a new secret")
}
