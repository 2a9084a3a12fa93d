package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// handedOver is two EasyAuths that hand over both tokens, with the buffers that the
// documents name.
func (k *keeper) handedOver(env map[string]string) stand.Config {
	cfg := k.replicas(map[string]string{"EASYAUTH_PASS_ACCESS_TOKEN": "true", "EASYAUTH_PASS_ID_TOKEN": "true"})
	for name, value := range env {
		cfg.Env[name] = value
	}
	cfg.Tokens = true
	return cfg
}

// The application gets the session's own tokens and never a client's, also when
// there are none, or one is too large.
func TestStoreTokensHandedOver(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, k *keeper) {
		cfg := k.handedOver(map[string]string{"EASYAUTH_ALLOW_BEARER": "true"})
		cfg.Registration, cfg.Emulator = withBearer().Registration, withBearer().Emulator
		s := start(t, cfg)
		seen := &issued{tokens: map[string]string{}}
		s.Entra.SetFaults(entra.Faults{TokenEdit: seen.see})
		v := signedIn(t, s, entra.Adele)
		spoofed := http.Header{
			"X-Injected-Access-Token": {"evil"}, "x-injected-access-token": {"evil"}, "X-INJECTED-ID-TOKEN": {"evil"}, "X_Injected_Id_Token": {"evil"},
			"Accept": {"text/html"}, "Sec-Fetch-Mode": {"navigate"},
		}
		tokens := func(r *reply) (access, id []string) {
			h := r.echo(t).Headers
			for name, values := range h {
				for _, value := range values {
					if strings.Contains(value, "evil") {
						t.Errorf("the client's own %s: %q", name, values)
					}
				}
			}
			return h["X-Injected-Access-Token"], h["X-Injected-Id-Token"]
		}
		for range 2 { // both EasyAuths
			access, id := tokens(v.do(http.MethodGet, "/echo", spoofed))
			if len(access) != 1 || access[0] != seen.tokens["access_token"] || len(id) != 1 || id[0] != seen.tokens["id_token"] || access[0] == "" || id[0] == "" {
				t.Errorf("the application saw access tokens of %d bytes and ID tokens of %d", size(access), size(id))
			}
		}
		// A bearer token speaks for itself: there is no session whose tokens could be
		// handed over.
		bearer := joined(spoofed, http.Header{"Authorization": {"Bearer " + userToken(t, s, entra.Bob)}})
		if access, id := tokens(newVisitor(t, s, "").do(http.MethodGet, "/api/x", bearer)); len(access)+len(id) > 0 {
			t.Errorf("with a bearer token the application saw %q and %q", access, id)
		}
		for _, path := range []string{"/echo", "/api/x"} {
			if r := newVisitor(t, s, "").do(http.MethodGet, path, spoofed); r.status != http.StatusFound && r.status != http.StatusUnauthorized {
				t.Errorf("%s with nothing but the client's tokens: %d", path, r.status)
			}
		}

		for _, tt := range []struct {
			name   string
			filler int // bytes of a claim of the ID token
			passes bool
		}{
			{"a large ID token", 7000, true},
			{"one that is too large", 9500, false},
		} {
			s.Entra.SetFaults(entra.Faults{TokenEdit: seen.see, EditClaims: func(claims map[string]any) {
				claims["filler"] = strings.Repeat("x", tt.filler)
			}})
			big := signedIn(t, s, entra.Bob)
			r := big.do(http.MethodGet, "/echo", spoofed)
			access, id := tokens(r)
			if len(access) != 1 || access[0] != seen.tokens["access_token"] {
				t.Errorf("%s: access tokens of %d bytes", tt.name, size(access))
			}
			overflow := r.echo(t).Headers.Get("X-Injected-Overflow")
			if got := len(id) == 1 && id[0] == seen.tokens["id_token"]; got != tt.passes || !tt.passes && len(id) > 0 || strings.Contains(overflow, "id-token") == tt.passes {
				t.Errorf("%s of %d bytes: the application saw %d bytes, overflow %q", tt.name, len(seen.tokens["id_token"]), size(id), overflow)
			}
		}
	})
}

func size(values []string) (n int) {
	for _, v := range values {
		n += len(v)
	}
	return n
}
