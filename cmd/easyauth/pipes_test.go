//go:build unix

package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
)

func pipe(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// No setting that names a file makes a command wait for what never comes.
func TestNoFileIsWaitedFor(t *testing.T) {
	cert, key := listenerFiles(t)
	beside := map[string]map[string]string{ // what each setting goes with
		"EASYAUTH_CLIENT_SECRET_FILE":      {"EASYAUTH_CLIENT_SECRET": ""},
		"EASYAUTH_CLIENT_CERTIFICATE_FILE": {"EASYAUTH_CLIENT_SECRET": ""},
		"EASYAUTH_CLIENT_KEY_FILE":         {"EASYAUTH_CLIENT_SECRET": "", "EASYAUTH_CLIENT_CERTIFICATE_FILE": cert},
		"AZURE_FEDERATED_TOKEN_FILE":       {"EASYAUTH_CLIENT_SECRET": ""},
		"EASYAUTH_KEYS_FILE":               {"EASYAUTH_KEYS": ""},
		"EASYAUTH_REDIS_URL_FILE":          {"EASYAUTH_STORE": "redis"},
		"EASYAUTH_REDIS_CA_FILE":           {"EASYAUTH_STORE": "redis", "EASYAUTH_REDIS_URL": "rediss://" + freeAddress(t)},
		"EASYAUTH_POSTGRES_URL_FILE":       {"EASYAUTH_STORE": "postgres"},
		"EASYAUTH_TLS_CERT_FILE":           {"EASYAUTH_TLS_KEY_FILE": key},
		"EASYAUTH_TLS_KEY_FILE":            {"EASYAUTH_TLS_CERT_FILE": cert},
		"OTEL_EXPORTER_OTLP_CERTIFICATE":   {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://" + freeAddress(t)},
	}
	names := []string{"OTEL_EXPORTER_OTLP_CERTIFICATE"}
	for _, s := range config.Settings() {
		if strings.HasSuffix(s.Name, "_FILE") && s.Name != "EASYAUTH_AUDIT_FILE" { // that is not read
			names = append(names, s.Name)
		}
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			for _, command := range []string{"check-config", "serve"} {
				vars := with(t, beside[name], map[string]string{name: pipe(t)})
				cmd := exec.CommandContext(ctx, program, command)
				cmd.Env = environ(vars)
				out, err := cmd.CombinedOutput()
				if cmd.ProcessState.ExitCode() != exitUsage || !strings.Contains(string(out), "\n"+name+": ") || !strings.Contains(string(out), "is not a regular file") {
					t.Errorf("%s: %v\n%s", command, err, out)
				}
			}
		})
	}
}

// A file that becomes a pipe while the server runs is refused like any other fault, and
// the server can still stop.
func TestFilesThatBecomePipes(t *testing.T) {
	cert, key := listenerFiles(t)
	keys := filepath.Join(t.TempDir(), "keys")
	overwrite(t, keys, keyText(1))
	c := startChanging(t, map[string]string{
		"EASYAUTH_KEYS": "", "EASYAUTH_KEYS_FILE": keys, "EASYAUTH_TLS_CERT_FILE": cert, "EASYAUTH_TLS_KEY_FILE": key,
	}, "EASYAUTH_CLAIM_HEADERS: upn\n")
	first := c.parts.live.now.Load()
	for path, logged := range map[string]string{keys: "the key file cannot be used", cert: "the certificate of the listener cannot be used", c.path: "the configuration cannot be used"} {
		if err := os.Rename(pipe(t), path); err != nil {
			t.Fatal(err)
		}
		c.parts.reload(t.Context())
		waitFor(t, logged, func() bool { return strings.Contains(c.log.String(), logged) })
	}
	if c.parts.live.now.Load() != first {
		t.Error("it is in use")
	}
}
