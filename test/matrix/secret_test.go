package matrix

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

const sharedSecret = "a-secret-between-the-two"

// With a secret EasyAuth answers a proxy that has the line of its page for it, and no other, whatever a client sends.
func TestSecretLines(t *testing.T) {
	t.Parallel()
	program := build(t)
	file := filepath.Join(t.TempDir(), "proxy-secret")
	if err := os.WriteFile(file, []byte(sharedSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, p := range []struct {
		Proxy

		start func(t *testing.T, at Place, secret bool)
	}{
		{nginx(), func(t *testing.T, at Place, secret bool) {
			t.Helper()
			line := Block(t, "docs/proxies/nginx.md", "nginx", 1, "THE-SECRET", sharedSecret)
			if !secret {
				line = ""
			}
			startNginx(t, at, line)
		}},
		{haproxy(), func(t *testing.T, at Place, secret bool) {
			t.Helper()
			line := Block(t, haproxyPage, "haproxy", 2, "THE-SECRET", sharedSecret)
			if !secret {
				line = ""
			}
			startHAProxyWith(t, at, []string{"global\n", "global\n    " + line})
		}},
		{caddy(), func(t *testing.T, at Place, secret bool) {
			t.Helper()
			line := Block(t, caddyPage, "caddyfile", 2, "{$EASYAUTH_PROXY_SECRET}", sharedSecret)
			if !secret {
				line = ""
			}
			startCaddyWith(t, at, "forward_auth "+at.Auth+" {\n", "forward_auth "+at.Auth+" {\n"+line)
		}},
	} {
		for what, secret := range map[string]bool{"with its line": true, "without": false} {
			t.Run(p.Name+" "+what, func(t *testing.T) {
				t.Parallel()
				one := p.Proxy
				one.Env = map[string]string{"EASYAUTH_PROXY_SECRET_FILE": file}
				for name, value := range p.Env {
					one.Env[name] = value
				}
				one.Start = func(t *testing.T, at Place) { p.start(t, at, secret) }
				s := begin(t, program, one, false)
				v := s.visit(t, entra.Adele)
				if secret {
					if r := v.open("/home"); !r.fromApplication() {
						t.Error(describe(r))
					}
				}
				for _, told := range []string{"", sharedSecret, "another-secret-of-a-client"} {
					h := page()
					if told != "" {
						h["X-EasyAuth-Proxy-Secret"] = []string{told}
					}
					if secret {
						if r := v.do(http.MethodGet, "/home", h); !r.fromApplication() {
							t.Errorf("the client says %q: %s", told, describe(r))
						}
						continue
					}
					r := s.unseen(t, "the client says "+told, func() *reply { return v.do(http.MethodGet, "/home", h) })
					if told == "" && r.status != http.StatusForbidden {
						t.Errorf("nobody says the secret: %s", describe(r))
					}
				}
			})
		}
	}
}
