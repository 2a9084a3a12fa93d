package config

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestAdapters(t *testing.T) {
	checkRefusals(t, "EASYAUTH_ADAPTERS", []refusal{
		{"another proxy", "traefik", "forward", "must list nginx, forward (Traefik, Caddy, APISIX), envoy and envoy-grpc", nil},
		{"one of them twice", "nginx nginx", "nginx", "at most once", nil},
		{"twice in another case", "nginx, NGINX", "nginx, FORWARD", "at most once", nil},
	})
	for value, want := range map[string]Adapters{
		"": {Nginx: true}, "forward": {Forward: true}, "Envoy-gRPC nginx": {Nginx: true, EnvoyGRPC: true}, "nginx,forward,envoy,envoy-grpc": {true, true, true, true},
	} {
		if c := good(t, with(map[string]string{"EASYAUTH_ADAPTERS": value, "EASYAUTH_PROXY_SECRET_FILE": fileOf(t, "0123456789abcdef")})); c.Adapters != want {
			t.Errorf("%q: %+v", value, c.Adapters)
		}
	}
}

func TestProxySecret(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "one byte too short": "0123456789abcde", "too long": strings.Repeat("a", maxProxySecret+1), "a blank inside": "01234567 89abcdef",
		"beyond ASCII": "0123456789abcdeé", "three of them": "0123456789abcdef\n0123456789abcdeg\n0123456789abcdeh", "an empty line between two": "0123456789abcdef\n\n0123456789abcdeg",
	} {
		_, _, err := Load(environ(with(map[string]string{"EASYAUTH_PROXY_SECRET_FILE": fileOf(t, text)})), Roles{})
		if err == nil || !strings.Contains(err.Error(), "EASYAUTH_PROXY_SECRET_FILE") || text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := Load(environ(with(map[string]string{"EASYAUTH_PROXY_SECRET_FILE": "/nowhere/secret"})), Roles{}); err == nil || !strings.Contains(err.Error(), "must name a file that can be read") {
		t.Errorf("%v", err)
	}
	for text, want := range map[string]int{"0123456789abcdef": 1, " 0123456789abcdef\r\n": 1, "0123456789abcdef\nfedcba9876543210\n": 2, strings.Repeat("a", maxProxySecret): 1} {
		c := good(t, with(map[string]string{"EASYAUTH_PROXY_SECRET_FILE": fileOf(t, text)}))
		if len(c.ProxySecrets) != want || c.ProxySecrets[0].Reveal() != strings.TrimSpace(strings.Split(text, "\n")[0]) {
			t.Errorf("%q: %d", text, len(c.ProxySecrets))
		}
	}
}

// A link to Envoy's endpoint could plant a denial: who has no secret is told.
func TestEnvoyWithoutSecret(t *testing.T) {
	for vars, want := range map[[2]string]bool{
		{"envoy", ""}: true, {"nginx forward envoy-grpc", ""}: false, {"envoy", fileOf(t, "0123456789abcdef")}: false, {"", ""}: false,
	} {
		_, warnings, err := Load(environ(with(map[string]string{"EASYAUTH_ADAPTERS": vars[0], "EASYAUTH_PROXY_SECRET_FILE": vars[1]})), Roles{})
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, w := range warnings {
			found = found || strings.Contains(string(w), "EASYAUTH_ADAPTERS")
		}
		if found != want {
			t.Errorf("%q: %q", vars, warnings)
		}
	}
}

func fileOf(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	writeFile(t, path, text)
	return path
}
