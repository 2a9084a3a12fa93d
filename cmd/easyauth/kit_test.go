package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// patience bounds every wait. Nothing comes near it unless something is broken.
const patience = 30 * time.Second

const (
	clientID    = "11111111-0000-4000-8000-000000000001"
	host        = "app.example.com"
	testVersion = "v0.0.0-test"
)

// program is easyauth as it is released; TestMain builds it once.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "easyauth-")
	if err == nil {
		program = filepath.Join(dir, "easyauth")
		err = build(program)
	}
	code := 1
	if err == nil {
		code = m.Run()
	} else {
		fmt.Fprintln(os.Stderr, "build the program:", err)
	}
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// build does what the Makefile and the Dockerfile do.
func build(to string) error {
	cmd := exec.CommandContext(context.Background(), "go", "build", "-race=false", "-trimpath", "-ldflags", "-s -w -X main.version="+testVersion, "-o", to, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

func keyText(fill byte) string {
	return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{fill}, 32))
}

// minimal is the smallest configuration; nobody listens where its IdP should be.
func minimal(t *testing.T) map[string]string {
	return map[string]string{
		"EASYAUTH_INSTANCE":      "http://" + freeAddress(t),
		"EASYAUTH_TENANT_ID":     entra.DefaultTenantID,
		"EASYAUTH_CLIENT_ID":     clientID,
		"EASYAUTH_CLIENT_SECRET": "s3cret",
		"EASYAUTH_KEYS":          keyText(1),
		"EASYAUTH_HOSTS":         host,
		"EASYAUTH_LISTEN":        "127.0.0.1:0",
		"EASYAUTH_ADMIN_LISTEN":  "127.0.0.1:0",
	}
}

// with returns the minimal configuration with changes.
func with(t *testing.T, changes ...map[string]string) map[string]string {
	vars := minimal(t)
	for _, c := range changes {
		maps.Copy(vars, c)
	}
	return vars
}

func environ(vars map[string]string) []string {
	var list []string
	for name, value := range vars {
		list = append(list, name+"="+value)
	}
	return list
}

// freeAddress returns a loopback address where nobody listens. Its port is below
// those that systems give to whoever asks for any port, so that it stays free.
func freeAddress(t *testing.T) string {
	t.Helper()
	var lc net.ListenConfig
	for range 100 {
		l, err := lc.Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(10_000)))
		if err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no free port")
	return ""
}

func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func dial(t *testing.T, address string) (net.Conn, error) {
	t.Helper()
	var d net.Dialer
	return d.DialContext(t.Context(), "tcp", address)
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", patience, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// execute runs one command line that ends by itself.
func execute(t *testing.T, vars map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs lockedBuffer
	code = run(t.Context(), args, environment{environ: environ(vars), stdout: &out, stderr: &errs, version: testVersion})
	return code, out.String(), errs.String()
}

func navigation() http.Header {
	return http.Header{"Accept": {"text/html"}, "Sec-Fetch-Mode": {"navigate"}}
}

// asNginx are the headers with which nginx asks about a page.
func asNginx(page string) http.Header {
	h := navigation()
	h["X-Original-Url"] = []string{page}
	h["X-Original-Method"] = []string{http.MethodGet}
	return h
}

// lockedBuffer may be written and read at once.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
