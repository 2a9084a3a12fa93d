package e2e

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

const pathPolicies = `
policies:
  guarded:
    deny:
      - {name: secret, path: {starts_with: /api/guarded/secret, fold: true}}
      - {name: writes, none: [{method: {in: [GET, HEAD]}}]}
    allow:
      - {name: everybody, signed_in: {is: true}}
  listed:
    allow:
      - {name: home, path: {in: [/, /api/listed/open]}}
`

// guards is a stand with a rule that denies a path, and one that lets only some pass.
func guards(t *testing.T) *stand.Stand {
	t.Helper()
	file := filepath.Join(t.TempDir(), "easyauth.yaml")
	write(t, file, []byte(pathPolicies))
	cfg := oneHost()
	cfg.Env = map[string]string{"EASYAUTH_CONFIG_FILE": file, "EASYAUTH_READ_REGISTRATION": "false"}
	cfg.Rules = []stand.Rule{{Path: "/api/guarded/", Query: "policy=guarded", API: true}, {Path: "/api/listed/", Query: "policy=listed", API: true}}
	return start(t, cfg)
}

// No writing of a path, of the host before it, or of a header leads past a policy that
// denies the path, or to one that does not let it pass.
func TestAttack51PathsOfPolicies(t *testing.T) {
	t.Parallel()
	s := guards(t)
	bob := signedIn(t, s, entra.Bob)
	host := fmt.Sprintf("%s:%d", appHost, s.Port)
	ask := func(method, target, host string, more ...string) *reply {
		t.Helper()
		lines := append([]string{method + " " + target + " HTTP/1.1", "Host: " + host, "Accept: text/html", "Cookie: " + bob.cookies(), "Connection: close"}, more...)
		r := bob.raw(strings.Join(lines, "\r\n") + "\r\n\r\n")
		r.never5xx(t, host+" "+target)
		return r
	}
	// Go's own server refuses some hosts and lines that others take: its answer means that the policy let them pass.
	passed := func(r *reply) bool {
		byNginx := strings.Contains(r.body, "<center>nginx</center>")
		return r.reached() && r.status != http.StatusNotFound || r.status == http.StatusBadRequest && !byNginx
	}
	for _, path := range []string{"/api/guarded/open", "/api/guarded/secretary", "/api/guarded/a%20b", "/api/listed/open", "/api/listed/open?x=//..%2f"} {
		if r := ask(http.MethodGet, path, host); r.status != http.StatusOK {
			t.Errorf("%s: %d", path, r.status)
		}
	}
	denied := []string{
		"/api/guarded/secret", "/api/guarded/secret/", "/api/guarded/secret?", "/api/guarded/secret/x", "/api/guarded/SECRET/x", "/api/guarded/%73ecret", "/api/guarded/%53ECRET/x",
		"/api/guarded//secret", "//api/guarded/secret", "/api//guarded/secret", "/api/guarded/./secret", "/api/guarded/open/../secret", "/api/guarded/%2e/secret", "/api/guarded/open/%2e%2e/secret",
		"/api/guarded/open/.%2E/secret", "/api/guarded%2fsecret", "/api/guarded/open%2f..%2fsecret", "/api/guarded/%2fsecret", "/api/guarded/open%252f..%252fsecret", "/api/guarded/%2573ecret",
		`/api/guarded/open\..\secret`, `/api/guarded/\secret`, "/api/guarded/%5csecret", "/api/guarded/secret;x=1", "/api/guarded/;/secret", "/api/guarded/..;/guarded/secret", "/api/guarded/secret%3bx",
		"/api/guarded/secret%00", "/api/guarded/secret%0a", "/api/guarded/%c0%af/secret", "/api/guarded/secr%c0%a5t", "/api/guarded/%ff/secret", "/api/guarded/%zz/../secret", "/api/guarded/%u002e%u002e/secret",
		"/api/guarded/secret#/open", "/api/guarded/open/..%00/secret", "/api/guarded/...//secret",
		"/api/listed/closed", "/api/listed/open/x", "/api/listed/open%2f..%2fclosed", "/api/listed/closed?/api/listed/open", "/api/listed/closed#/", "/api/listed/open/../closed", "/api/listed/OPEN", "/api/listed/",
	}
	hosts := []string{host, "app.test", host + "?", host + "?x=", "app.test?", "app.test?/api/listed/open", "?", host + "#", "app.test?#", "user@" + host, host + "?\\", host + "%3f", host + ":?", "app.test\\?", "[::1]?", host + "."}
	for i, path := range denied {
		for j, h := range hosts {
			if i%8 != 0 && j > 0 { // each host with some of the paths
				break
			}
			for _, target := range []string{path, "https://app.test" + path, "http://" + host + path, "HTTPS://user@app.test" + path} {
				if r := ask(http.MethodGet, target, h); passed(r) {
					t.Errorf("Host %q, %s: %d\n%.200s", h, target, r.status, r.body)
				}
			}
		}
	}
	for _, path := range []string{"/api/guarded/secret", "/api/listed/closed"} {
		for _, line := range []string{
			"X-Original-URL: https://app.test/api/listed/open", "X-Original-URI: /api/listed/open", "X_Original_URL: https://app.test/", "X-Forwarded-Uri: /api/listed/open", "X-Forwarded-Prefix: /api/listed/open",
			"X-Rewrite-URL: /api/listed/open", "X-Auth-Request-Redirect: /api/listed/open", "X-Forwarded-Host: app.test?", "Forwarded: host=app.test;path=/",
		} {
			if r := ask(http.MethodGet, path, host, line); passed(r) {
				t.Errorf("%s with %s: %d", path, line, r.status)
			}
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "get", "Get", "G-ET", "PROPFIND"} {
		for _, line := range []string{"X-Nothing: x", "X-Original-Method: GET", "X_Original_Method: GET", "X-HTTP-Method-Override: GET", "X-Forwarded-Method: GET", "X-Method-Override: GET"} {
			if r := ask(method, "/api/guarded/open", host, line, "Content-Length: 0"); r.reached() && r.status != http.StatusMethodNotAllowed {
				t.Errorf("%q with %s: %d", method, line, r.status)
			}
		}
	}
}

// Whoever sends the headers of a profile or of a mapping themselves, in whatever spelling,
// is nobody by them: not where somebody else is signed in, and not where all may go.
func TestAttack52HeadersOfProfiles(t *testing.T) {
	t.Parallel()
	for profile, names := range map[string][]string{
		"oauth2-proxy": {"X-Auth-Request-User", "X-Auth-Request-Email", "X-Auth-Request-Preferred-Username", "X-Auth-Request-Groups"},
		"pomerium":     {"X-Pomerium-Claim-Sub", "X-Pomerium-Claim-User", "X-Pomerium-Claim-Email", "X-Pomerium-Claim-Name", "X-Pomerium-Claim-Groups"},
		"authentik":    {"X-Authentik-Uid", "X-Authentik-Username", "X-Authentik-Email", "X-Authentik-Name", "X-Authentik-Groups", "X-Authentik-Entitlements"},
		"easyauth":     {"X-Injected-Oid", "X-Injected-Roles", "X-Injected-Groups", "X-Injected-Email"},
	} {
		t.Run(profile, func(t *testing.T) {
			t.Parallel()
			cfg := oneHost()
			cfg.Env = map[string]string{"EASYAUTH_HEADER_PROFILE": profile, "EASYAUTH_HEADER_MAP": "X-Remote-User=oid None\nX-Nobody=nobody None ,", "EASYAUTH_READ_REGISTRATION": "false"}
			names := append(names, "X-Remote-User", "X-Nobody")
			cfg.Headers = []string{"X-Remote-User", "X-Nobody"}
			if profile != "easyauth" {
				cfg.Headers = names
			}
			s := start(t, cfg)
			bob, anyone := signedIn(t, s, entra.Bob), newVisitor(t, s, "")
			honest := bob.do(http.MethodGet, "/echo", nil).echo(t).Headers
			if got := honest["X-Remote-User"]; len(got) != 1 || got[0] != entra.BobOID {
				t.Fatalf("the mapping: %q", got)
			}
			for _, spelled := range []func(string) string{
				func(name string) string { return name }, strings.ToLower, strings.ToUpper,
				func(name string) string { return strings.ReplaceAll(name, "-", "_") },
				func(name string) string { return strings.Replace(name, "-", "_", 1) },
				func(name string) string { return strings.ReplaceAll(name, "-", ".") },
			} {
				lines := []string{"Cookie: " + bob.cookies()}
				for _, name := range names {
					lines = append(lines, spelled(name)+": forged", spelled(name)+": forged, too")
				}
				e := bob.raw(bob.request("GET /echo HTTP/1.1", lines...)).echo(t)
				open := anyone.raw(anyone.request("GET /public/echo HTTP/1.1", lines[1:]...)).echo(t)
				for _, name := range names {
					if fmt.Sprint(e.Headers[name]) != fmt.Sprint(honest[name]) {
						t.Errorf("%s: the application got %q, want %q", spelled(name), e.Headers[name], honest[name])
					}
					if len(open.Headers[name]) > 0 {
						t.Errorf("%s where all may go: %q", spelled(name), open.Headers[name])
					}
				}
				for what, h := range map[string]http.Header{"signed in": e.Headers, "where all may go": open.Headers} {
					if text := strings.ToLower(fmt.Sprint(h)); strings.Contains(text, "forged") && !strings.Contains(spelled(names[0]), ".") {
						t.Errorf("%s, %s: %q", spelled(names[0]), what, h)
					}
				}
				if r := anyone.raw(anyone.request("GET /api/admin/x HTTP/1.1", lines[1:]...)); r.reached() {
					t.Errorf("%s: %d without a session", spelled(names[0]), r.status)
				}
			}
		})
	}
}
