package entra

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// otherProvider is a provider that is not Microsoft's, as its documentation shows
// its documents and tokens. Times are those around startTime.
type otherProvider struct {
	Discovery   map[string]any
	Answer      map[string]any // of the token endpoint, but for id_token
	IDToken     map[string]any `json:"id_token"`
	AccessToken map[string]any `json:"access_token"` // of another program; nil: there are no JWTs

	clientID string
	form     url.Values // what the token endpoint was sent
}

// readProvider reads testdata and what docs/other-providers.md sets under the
// heading of the provider. instead are settings that its text names.
func readProvider(t *testing.T, name string, instead ...string) (*otherProvider, Config) {
	t.Helper()
	p := &otherProvider{}
	raw := must(os.ReadFile(filepath.Join("testdata", "providers", strings.ToLower(name)+".json")))
	if err := json.Unmarshal(raw, p); err != nil {
		t.Fatal(err)
	}
	page := string(must(os.ReadFile(filepath.Join("..", "..", "docs", "other-providers.md"))))
	_, section, found := strings.Cut(page, "\n## "+name+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	_, block, fenced := strings.Cut(section, "```sh\n")
	block, _, _ = strings.Cut(block, "```")
	if !found || !fenced {
		t.Fatalf("the page has no settings for %s", name)
	}
	settings := map[string]string{}
	for _, line := range append(strings.Fields(block), instead...) {
		variable, value, _ := strings.Cut(line, "=")
		settings[variable] = value
		if !strings.Contains(section, line) {
			t.Errorf("the page does not say %s", line)
		}
	}
	p.clientID = settings["EASYAUTH_CLIENT_ID"]
	cfg := Config{
		Kind: Plain, Authority: settings["EASYAUTH_ISSUER"], ClientID: p.clientID, Credential: secretInForm{p.clientID},
		Claims:       ClaimNames{Roles: settings["EASYAUTH_ROLES_CLAIM"], Groups: settings["EASYAUTH_GROUPS_CLAIM"], Scopes: settings["EASYAUTH_SCOPES_CLAIM"]},
		AcceptBearer: true, Client: &http.Client{Transport: p, CheckRedirect: sameOrigin}, Now: newClock().Now,
	}
	if audience := settings["EASYAUTH_AUDIENCES"]; audience != "" {
		cfg.Audiences = []string{audience}
	}
	return p, cfg
}

type secretInForm struct{ clientID string }

func (c secretInForm) Add(form url.Values, _ string) error {
	form.Set("client_id", c.clientID)
	form.Set("client_secret", testSecret)
	return nil
}

// RoundTrip answers at exactly the addresses of the discovery document.
func (p *otherProvider) RoundTrip(r *http.Request) (*http.Response, error) {
	issuer, _ := p.Discovery["issuer"].(string)
	switch r.URL.String() {
	case strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration":
		return reply(http.StatusOK, string(must(json.Marshal(p.Discovery)))), nil
	case p.Discovery["jwks_uri"]:
		return reply(http.StatusOK, string(must(json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{public(rsaKey().Public(), "k1")}})))), nil
	case p.Discovery["token_endpoint"]:
		p.form = must(url.ParseQuery(string(must(io.ReadAll(r.Body)))))
		answer := maps.Clone(p.Answer)
		answer["id_token"] = p.signed(p.IDToken, "JWT")
		return reply(http.StatusOK, string(must(json.Marshal(answer)))), nil
	}
	return reply(http.StatusNotFound, ""), nil
}

func (p *otherProvider) signed(claims map[string]any, typ string) string {
	return rs256(map[string]any{"alg": "RS256", "kid": "k1", "typ": typ}, must(json.Marshal(claims)), rsaKey())
}

// signIn redeems a code and verifies what comes.
func (p *otherProvider) signIn(t *testing.T, rp *RelyingParty) (*access.Identity, []string, error) {
	t.Helper()
	tokens, err := rp.Redeem(t.Context(), secret.New("code"), "verifier", callbackURI, rp.Plan(nil, access.Missing{}, PlanOptions{}))
	if err != nil {
		t.Fatal(err)
	}
	if p.form.Get("client_secret") != testSecret || p.form.Get("client_id") != p.clientID {
		t.Errorf("the token endpoint was sent %v", slices.Sorted(maps.Keys(p.form)))
	}
	id, err := rp.Verify(t.Context(), tokens.IDToken, testNonce, tokens.AccessToken)
	return id, tokens.Scopes, err
}
