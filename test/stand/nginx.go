package stand

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	_ "embed"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"
	"time"
)

//go:embed nginx.conf.tmpl
var nginxTemplate string

// Rule is one protected path, as an Ingress annotation would make it.
type Rule struct {
	Path, Query string // Query is the auth-url's, as it stands
	API         bool   // no auth-signin: a bare 401 reaches the client
}

// Rules are the protected paths besides /public, which is anonymous.
func rules() []Rule {
	list := []Rule{
		{Path: "/"},
		{Path: "/admin", Query: "role=Admin"},
		{Path: "/auditor", Query: "role-any=Auditor,Owner"},
		{Path: "/mail", Query: "scope=Mail.Read"},
		{Path: "/graph", Query: "scope=User.Read.All&graph=/me%3F%24select=displayName,jobTitle,mail&graph=boss"},
		{Path: "/bad", Query: "roles=Admin"},
		{Path: "/api", API: true},
		{Path: "/api/admin", Query: "role=Admin", API: true},
	}
	for i, scope := range TabScopes() {
		list = append(list, Rule{Path: fmt.Sprintf("/tab/%d/", i), Query: "scope=" + scope})
	}
	return list
}

// TabScopes are the scopes of the pages /tab/0/, /tab/1/, …
func TabScopes() []string {
	return []string{
		"Mail.Send", "Calendars.Read", "Contacts.Read", "Files.Read", "People.Read", "Tasks.Read", "Sites.Read.All", "Presence.Read",
		"Mail.ReadWrite", "Files.ReadWrite",
	}
}

// IdentityHeaders are the names, without prefix, that the configuration passes on.
func identityHeaders() []string {
	return []string{"userinfo", "name", "oid", "preferred-username", "sub", "tid", "email", "groups", "scp", "roles", "graph", "overflow", "department"}
}

type nginxHeader struct{ Name, Variable string }

type nginxRule struct {
	Rule

	ID int
}

type nginxView struct {
	Modules      string
	Root         bool
	Port         int
	IPv6         bool // listen on [::1] too
	Hosts        []string
	TLS          bool
	Scheme       string
	Workers      int
	AskAgain     bool
	Auth         []string // host:port of those that answer nginx's questions
	SignIn       []string // and of those that sign in, if these are others
	Sample       string
	SmallBuffers bool
	Tokens       bool
	Rules        []nginxRule
	Headers      []nginxHeader
}

func (s *Stand) startNginx(ctx context.Context, sample string) error {
	program, modules, err := findNginx()
	if err != nil {
		return err
	}
	dir := filepath.Join(s.cfg.Dir, "nginx")
	for _, sub := range []string{"logs", "tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return err
		}
	}
	v := nginxView{
		Modules: modules, Root: os.Geteuid() == 0, Port: s.Port, Hosts: s.cfg.Hosts, TLS: len(s.cfg.Hosts) > 0, Scheme: "http",
		Sample: sample, SmallBuffers: s.cfg.SmallBuffers, Tokens: s.cfg.Tokens, Workers: s.cfg.NginxWorkers, AskAgain: s.cfg.AskAgain,
	}
	if v.Workers == 0 {
		v.Workers = 2
	}
	for _, r := range s.replicas {
		v.Auth = append(v.Auth, strings.TrimPrefix(r.url, "http://"))
	}
	if s.cfg.Apart {
		v.Auth, v.SignIn = v.Auth[RoleAuth:RoleAuth+1], v.Auth[RoleSignIn:RoleSignIn+1]
	}
	for i, r := range append(rules(), s.cfg.Rules...) {
		v.Rules = append(v.Rules, nginxRule{r, i})
	}
	headers := identityHeaders()
	if v.Tokens {
		headers = append(headers, "access-token", "id-token")
	}
	for i, name := range headers {
		headers[i] = "x-injected-" + name
	}
	if s.cfg.Assertion != "" {
		headers = append(headers, s.cfg.Assertion)
	}
	headers = append(headers, s.cfg.Headers...)
	for _, name := range headers {
		v.Headers = append(v.Headers, nginxHeader{name, strings.ToLower(strings.ReplaceAll(name, "-", "_"))})
	}
	if v.TLS {
		v.Scheme = "https"
		if err := writeCertificate(dir, v.Hosts); err != nil {
			return err
		}
	} else {
		// A browser may take localhost for [::1] first.
		v.Hosts, v.IPv6 = []string{"localhost"}, Free(ctx, fmt.Sprintf("[::1]:%d", s.Port))
	}
	t, err := template.New("nginx").Parse(nginxTemplate)
	if err != nil {
		return err
	}
	var conf bytes.Buffer
	if err := t.Execute(&conf, v); err != nil {
		return err
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, conf.Bytes(), 0o600); err != nil {
		return err
	}
	if err := s.start(ctx, "nginx", nil, program, "-p", dir, "-e", filepath.Join(dir, "logs", "error.log"), "-c", file); err != nil {
		return err
	}
	return waitTCP(ctx, s.processes[len(s.processes)-1], fmt.Sprintf("127.0.0.1:%d", s.Port))
}

// findNginx finds the program and the folder of its modules.
func findNginx() (program, modules string, err error) {
	const install = "on Debian: apt-get install --no-install-recommends nginx-light libnginx-mod-http-set-misc"
	program, err = exec.LookPath("nginx")
	if err != nil {
		program = "/usr/sbin/nginx" // not in every user's PATH
		if _, err := os.Stat(program); err != nil {
			return "", "", errors.New("nginx is not installed; " + install)
		}
	}
	modules = "/usr/lib/nginx/modules"
	if _, err := os.Stat(filepath.Join(modules, "ngx_http_set_misc_module.so")); err != nil {
		return "", "", errors.New("nginx's module set_misc is not installed; " + install)
	}
	return program, modules, nil
}

// Free reports whether we can listen on an address.
func Free(ctx context.Context, addr string) bool {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	return err == nil && l.Close() == nil
}

// writeCertificate makes a certificate for the hosts that nobody but a test trusts.
func writeCertificate(dir string, hosts []string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "EasyAuth test"}, DNSNames: hosts,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, &key.PublicKey, key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			return err
		}
	}
	return nil
}
