package e2e

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/stand"
)

const (
	programsAPI = "/easyauth/api/v1/"
	idType      = "urn:ietf:params:oauth:token-type:id_token"
	accessType  = "urn:ietf:params:oauth:token-type:access_token"
	theVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // of RFC 7636, appendix B
)

// withPrograms gives programs tokens.
func withPrograms(cfg stand.Config, env map[string]string) stand.Config {
	if cfg.Env == nil {
		cfg.Env = map[string]string{}
	}
	maps.Copy(cfg.Env, map[string]string{"EASYAUTH_TOKEN_API": "true", "EASYAUTH_READ_REGISTRATION": "false"})
	maps.Copy(cfg.Env, env)
	return cfg
}

// grant is what the token endpoint answers.
type grant struct {
	Access      string `json:"access_token"`
	Type        string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"`
	Refresh     string `json:"refresh_token"`
	Token       string `json:"Token"`
	Expiry      string `json:"Expiry"`
	Error       string `json:"error"`
	Description string `json:"error_description"`

	status int
}

// form posts a form to an endpoint of programs, as curl does.
func (v *visitor) form(endpoint string, pairs ...string) *grant {
	v.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	r, err := v.ask(http.MethodPost, programsAPI+endpoint, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, form.Encode())
	if err != nil {
		v.t.Fatal(err)
	}
	g := &grant{status: r.status}
	if r.body != "" {
		if err := json.Unmarshal([]byte(r.body), g); err != nil {
			v.t.Fatalf("%s: %d, %v\n%s", endpoint, r.status, err, r.body)
		}
	}
	return g
}

// exchange brings a token of the provider's.
func (v *visitor) exchange(kind, token string) *grant {
	v.t.Helper()
	return v.form("token", "grant_type", "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token", token, "subject_token_type", kind)
}

func (v *visitor) refresh(token string) *grant {
	v.t.Helper()
	return v.form("token", "grant_type", "refresh_token", "refresh_token", token)
}

// good fails the test unless it is a token.
func (g *grant) good(t *testing.T, what string) *grant {
	t.Helper()
	if g.status != http.StatusOK || !strings.HasPrefix(g.Access, "ea_") || g.Type != "Bearer" || g.ExpiresIn <= 0 {
		t.Fatalf("%s: %d %s %q", what, g.status, g.Error, g.Description)
	}
	return g
}

// bad fails the test unless it is a refusal of this kind, whose description begins with this reason.
func (g *grant) bad(t *testing.T, what, kind, reason string) {
	t.Helper()
	if reason == "" {
		t.Fatalf("%s: the test does not say which reason it wants", what)
	}
	if g.status != http.StatusBadRequest || g.Error != kind || !strings.HasPrefix(g.Description, reason) || g.Access != "" {
		t.Errorf("%s: %d %s %q, want %s %q", what, g.status, g.Error, g.Description, kind, reason)
	}
}

// challengeOf is the S256 challenge of a verifier.
func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
