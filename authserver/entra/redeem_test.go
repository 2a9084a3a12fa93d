package entra

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// tokenServer returns a relying party whose token endpoint is serve, on a real
// connection with the real client.
func tokenServer(t *testing.T, serve http.HandlerFunc) *RelyingParty {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm() // an unread body would hide from the handler that the client went away
		serve(w, r)
	}))
	t.Cleanup(srv.Close)
	cfg := testConfig(http.DefaultTransport, nil)
	cfg.Client = NewHTTPClient(20*time.Second, 100<<10)
	rp := must(New(cfg))
	rp.provider.Store(&provider{issuer: testIssuer, token: srv.URL + "/token"})
	rp.tenants.Load().all[0].doc.Store(&tenantDoc{token: srv.URL + "/token"})
	return rp
}

// planOf is a plan with one resource of Graph.
func planOf(scopes ...string) Plan {
	return Plan{Scopes: scopes, Resources: []Resource{{Scopes: scopes, Graph: true}}}
}

func answerJSON(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body) //nolint:gosec // JSON for a client of the test
	}
}

func TestRedeemSendsEverythingOnce(t *testing.T) {
	var (
		form  url.Values
		auth  string
		count int
	)
	rp := tokenServer(t, func(w http.ResponseWriter, r *http.Request) {
		count++
		_ = r.ParseForm()
		form, auth = r.PostForm, r.Header.Get("Authorization")
		answerJSON(http.StatusOK, `{"access_token":"at","id_token":"idt","token_type":"Bearer","expires_in":3600}`)(w, r)
	})
	tokens, err := rp.Redeem(t.Context(), secret.New("the-code"), "the-verifier", "https://app.example/cb", planOf("openid", "User.Read"))
	if err != nil {
		t.Fatal(err)
	}
	want := url.Values{
		"grant_type": {"authorization_code"}, "code": {"the-code"}, "code_verifier": {"the-verifier"}, "redirect_uri": {"https://app.example/cb"},
		"client_id": {testClient}, "client_secret": {testSecret}, "scope": {"openid User.Read"},
	}
	if form.Encode() != want.Encode() || auth != "" || count != 1 {
		t.Errorf("form %v, Authorization %q, %d requests", form, auth, count)
	}
	if tokens.IDToken.Reveal() != "idt" || tokens.AccessToken.Reveal() != "at" || tokens.Graph.Reveal() != "at" || tokens.Failed != nil || !slices.Equal(tokens.Scopes, []string{"openid", "User.Read"}) {
		t.Errorf("tokens %+v", tokens)
	}
	if s := fmt.Sprintf("%+v", *tokens); strings.Contains(s, "idt") || strings.Contains(s, "at}") {
		t.Errorf("tokens print themselves: %s", s)
	}
}

func TestGrantedScopes(t *testing.T) {
	asked := planOf("openid", "offline_access", "https://graph.microsoft.com/Mail.Read")
	for name, tt := range map[string]struct {
		member string
		want   []string
	}{
		"absent: what was asked": {``, []string{"openid", "Mail.Read"}},
		"fewer":                  {`,"scope":"openid"`, []string{"openid"}},
		"none":                   {`,"scope":""`, nil},
		"offline_access":         {`,"scope":"openid offline_access"`, []string{"openid"}},
		"no text":                {`,"scope":["openid"]`, nil},
		"prefixes": {
			`,"scope":"https://graph.microsoft.com/User.Read User.Read api://` + testClient + `/a ` + testClient + `/b api://other/c"`,
			[]string{"User.Read", testClient + "/a", testClient + "/b", "api://other/c"},
		},
	} {
		rp := tokenServer(t, answerJSON(http.StatusOK, `{"access_token":"at","id_token":"idt"`+tt.member+`}`))
		rp.cfg.Scopes = access.NewScopeNames(testClient, nil, defaultGraphURL)
		tokens, err := rp.Redeem(t.Context(), secret.New("c"), "v", "r", asked)
		if err != nil || !slices.Equal(tokens.Scopes, tt.want) {
			t.Errorf("%s: %v, %v; want %q", name, tokens, err, tt.want)
		}
	}
}

func TestRedeemWithoutAServer(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	rp := must(New(testConfig(http.DefaultTransport, nil)))
	rp.cfg.Client = NewHTTPClient(time.Second, 0)
	rp.provider.Store(&provider{token: "http://" + l.Addr().String() + "/token"})
	_ = l.Close()
	if _, err := rp.Redeem(t.Context(), secret.New("c"), "v", "r", planOf("openid")); reasonOf(t, err) != ReasonUnavailable || !strings.Contains(err.Error(), "refused") {
		t.Errorf("connection refused: %v", err)
	}
	if _, err := rp.Redeem(canceled(), secret.New("c"), "v", "r", planOf("openid")); reasonOf(t, err) != ReasonUnavailable {
		t.Errorf("canceled: %v", err)
	}
	if _, err := rp.Redeem(t.Context(), secret.String{}, "v", "r", planOf("openid")); reasonOf(t, err) != ReasonCode {
		t.Errorf("no code: %v", err)
	}
	if _, err := rp.Redeem(t.Context(), secret.New("c"), "v", "r", Plan{}); reasonOf(t, err) != ReasonScope {
		t.Errorf("an empty plan: %v", err)
	}
	if _, err := must(New(testConfig(http.DefaultTransport, nil))).Redeem(t.Context(), secret.New("c"), "v", "r", planOf("openid")); !errors.Is(err, ErrNotReady) {
		t.Errorf("before discovery: %v", err)
	}
}
