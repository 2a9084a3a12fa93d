package entra

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

func TestRefreshSendsEverythingOnce(t *testing.T) {
	r := newRefreshing()
	r.noID = true
	tokens, id, err := r.run(t)
	if err != nil || id != nil {
		t.Fatalf("%+v, %v", id, err)
	}
	want := url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {"old-refresh"}, "scope": {"openid profile email offline_access User.Read"},
		"client_id": {testClient}, "client_secret": {testSecret},
	}
	if len(r.forms) != 1 || r.forms[0].Encode() != want.Encode() {
		t.Errorf("sent %v", r.forms)
	}
	if tokens.Refresh.Reveal() != "new-refresh" || tokens.AccessToken.Reveal() != testAccess.Reveal() || tokens.Graph.Reveal() != testAccess.Reveal() || !tokens.IDToken.Empty() {
		t.Errorf("refresh token %q, access token %q, Graph's %q", tokens.Refresh.Reveal(), tokens.AccessToken.Reveal(), tokens.Graph.Reveal())
	}
	if !tokens.Expires.Equal(startTime.Add(time.Hour)) || !slices.Equal(tokens.RefreshScopes, r.scopes) || !slices.Equal(tokens.Scopes, []string{"openid", "profile", "email", "User.Read"}) {
		t.Errorf("until %v, next %q, granted %q", tokens.Expires, tokens.RefreshScopes, tokens.Scopes)
	}
	if s := fmt.Sprintf("%+v %#v", *tokens, *tokens); strings.Contains(s, "new-refresh") || strings.Contains(s, testAccess.Reveal()) {
		t.Errorf("tokens print themselves: %s", s)
	}
}

func TestRefreshWithoutWhatItNeeds(t *testing.T) {
	r := newRefreshing()
	r.refresh = ""
	if tokens, id, err := r.run(t); reasonOf(t, err) != ReasonScope || tokens != nil || id != nil || len(r.forms) > 0 {
		t.Errorf("no refresh token: %v, %d requests", err, len(r.forms))
	}
	if tokens, _, err := must(New(r.cfg)).Refresh(t.Context(), secret.New("x"), r.scopes, r.person); !errors.Is(err, ErrNotReady) || tokens != nil {
		t.Errorf("before discovery: %v", err)
	}
	r = newRefreshing()
	r.scopes, r.noID = nil, true
	r.answer["scope"] = nil
	tokens, _, err := r.run(t)
	if err != nil || len(r.forms) != 1 || r.forms[0].Has("scope") || tokens.Scopes != nil {
		t.Errorf("no scopes: %v, %v", err, r.forms)
	}
}

func TestRefreshTokenIsReplacedOrKept(t *testing.T) {
	for name, tt := range map[string]struct {
		answered any
		want     string
	}{
		"replaced":     {"new-refresh", "new-refresh"},
		"not replaced": {nil, "old-refresh"},
		"empty":        {"", "old-refresh"},
	} {
		r := newRefreshing()
		r.answer["refresh_token"] = tt.answered
		tokens, id, err := r.run(t)
		if err != nil || id == nil || tokens.Refresh.Reveal() != tt.want {
			t.Errorf("%s: %v, %v", name, tokens, err)
		}
	}
}

// Roles, groups and what is shown follow the new ID token; how the person signed
// in stays where that is silent.
func TestRefreshedPerson(t *testing.T) {
	r := newRefreshing()
	r.person.Roles, r.person.Groups, r.person.Name = []string{"Old"}, []string{"old"}, "Old"
	r.person.Contexts, r.person.Methods = []string{"c1"}, []string{"mfa"}
	r.person.AuthTime = r.person.AuthTime.Add(300 * time.Millisecond) // as no token can say it
	r.claims["roles"], r.claims["groups"], r.claims["name"] = []string{"New"}, []string{"new"}, "Ann New"
	r.claims["sid"], r.claims["login_hint"] = "session-at-the-provider", "O.CiRl"
	tokens, id, err := r.run(t)
	if err != nil {
		t.Fatal(err)
	}
	if id.Name != "Ann New" || !slices.Equal(id.Roles, []string{"New"}) || !slices.Equal(id.Groups, []string{"new"}) || id.GroupsUnknown {
		t.Errorf("%+v", id)
	}
	if !slices.Equal(id.Contexts, []string{"c1"}) || !slices.Equal(id.Methods, []string{"mfa"}) || !id.AuthTime.Equal(r.person.AuthTime) {
		t.Errorf("contexts %q, methods %q, signed in %v", id.Contexts, id.Methods, id.AuthTime)
	}
	if !slices.Equal(claim(id, "sid"), []string{"session-at-the-provider"}) || !slices.Equal(claim(id, "login_hint"), []string{"O.CiRl"}) {
		t.Errorf("other claims %v", id.Claims)
	}
	if id.Key() != r.person.Key() || tokens.IDToken.Empty() || id.Scopes != nil || id.Graph != nil {
		t.Errorf("key %v, %+v", id.Key(), tokens)
	}

	r = newRefreshing()
	r.person.Contexts = []string{"c1"}
	r.claims["acrs"], r.claims["auth_time"] = []string{"c2"}, startTime.Unix()
	if _, id, err := r.run(t); err != nil || !slices.Equal(id.Contexts, []string{"c2"}) || !id.AuthTime.Equal(startTime) {
		t.Errorf("told anew: %+v, %v", id, err)
	}
	r = newRefreshing()
	r.claims["auth_time"] = nil
	if _, id, err := r.run(t); err != nil || !id.AuthTime.Equal(r.person.AuthTime) {
		t.Errorf("auth_time not told: %+v, %v", id, err)
	}
}

// A nonce is that of the sign-in or another one: Entra ID repeats it at times.
func TestRefreshDoesNotCompareTheNonce(t *testing.T) {
	for _, nonce := range []any{nil, testNonce, "another"} {
		r := newRefreshing()
		r.claims["nonce"] = nonce
		if _, id, err := r.run(t); err != nil || id == nil {
			t.Errorf("nonce %v: %v", nonce, err)
		}
	}
}

func TestRefreshWithMoreGroupsThanFit(t *testing.T) {
	r := newRefreshing()
	r.claims["_claim_names"] = map[string]any{"groups": "src1"}
	r.claims["_claim_sources"] = map[string]any{"src1": map[string]any{"endpoint": "https://graph.windows.net/x"}}
	r.scopes = []string{"openid", "offline_access", testClient + "/read"}
	r.serve()
	rp := r.party(t)
	tokens, id, err := rp.Refresh(t.Context(), secret.New(r.refresh), r.scopes, r.person)
	if err != nil || !id.GroupsUnknown || !tokens.Graph.Empty() {
		t.Fatalf("%+v, %v", id, err)
	}
	r.answer["refresh_token"] = "third-refresh"
	token, err := rp.GraphToken(t.Context(), tokens)
	if err != nil || token.Empty() || tokens.Refresh.Reveal() != "third-refresh" {
		t.Errorf("%v, then %q", err, tokens.Refresh.Reveal())
	}
	if len(r.forms) != 2 || r.forms[1].Get("refresh_token") != "new-refresh" || r.forms[1].Get("scope") != userRead {
		t.Errorf("sent %v", r.forms)
	}
}

// The token is Graph's when no other API was asked for, and the provider has one.
func TestRefreshKnowsGraphsToken(t *testing.T) {
	for _, tt := range []struct {
		kind   Kind
		scopes string
		want   bool
	}{
		{SingleTenant, "openid profile", true},
		{SingleTenant, "openid User.Read Mail.Read", true},
		{SingleTenant, "openid .default", true},
		{SingleTenant, "openid " + testClient + "/read", false},
		{SingleTenant, "openid https://api.example/orders/read", false},
		{SingleTenant, "", true},
		{ExternalID, "openid User.Read", true},
		{B2C, "openid", false},
		{Plain, "openid User.Read", false},
	} {
		rp := planParty(t, tt.kind)
		if got := rp.areGraphs(strings.Fields(tt.scopes)); got != tt.want {
			t.Errorf("kind %d, %q: %v", tt.kind, tt.scopes, got)
		}
	}
}

// The keys may be what cannot be had: the session lives, with the new refresh token.
func TestRefreshWithoutKeys(t *testing.T) {
	r := newRefreshing()
	r.serve()
	rp := r.party(t)
	r.header["kid"] = "k2"
	r.clock.Advance(2 * keyCoolDown)
	r.claims["iat"], r.claims["exp"] = r.clock.Now().Unix(), r.clock.Now().Add(time.Hour).Unix()
	usual := r.idp.answer
	r.idp.set(func(f *fakeIDP) {
		f.answer = func(req *http.Request) (*http.Response, error) {
			if strings.HasSuffix(req.URL.Path, "/keys") {
				return reply(http.StatusTooManyRequests, ""), nil
			}
			return usual(req)
		}
	})
	tokens, id, err := rp.Refresh(t.Context(), secret.New(r.refresh), r.scopes, r.person)
	if reasonOf(t, err) != ReasonUnavailable || id != nil || tokens == nil {
		t.Fatalf("%v, %v", tokens, err)
	}
	if tokens.Refresh.Reveal() != "new-refresh" || !slices.Equal(tokens.RefreshScopes, r.scopes) || !tokens.AccessToken.Empty() || !tokens.IDToken.Empty() || !tokens.Graph.Empty() {
		t.Errorf("kept %+v", tokens)
	}
	published(public(rsaKey().Public(), "k2"))(r.attempt)
	r.idp.set(func(f *fakeIDP) { f.answer = usual })
	r.clock.Advance(2 * keyCoolDown)
	if tokens, id, err = rp.Refresh(t.Context(), tokens.Refresh, tokens.RefreshScopes, r.person); err != nil || id == nil || tokens.AccessToken.Empty() {
		t.Errorf("afterwards: %v", err)
	}
	if r.forms[1].Get("refresh_token") != "new-refresh" {
		t.Errorf("sent %v", r.forms)
	}
}

// At a refresh nobody is asked, so that nobody can have said no.
func TestRefreshDenied(t *testing.T) {
	rp := tokenServer(t, refusal(http.StatusBadRequest, "access_denied", "leaked-body"))
	_, err := rp.Redeem(t.Context(), secret.New("c"), "v", "r", planOf("openid"))
	if reasonOf(t, err) != ReasonCancelled {
		t.Errorf("with a code: %v", err)
	}
	tokens, _, err := rp.Refresh(t.Context(), secret.New("x"), []string{"openid"}, access.Identity{})
	if reasonOf(t, err) != ReasonCode || tokens != nil {
		t.Errorf("with a refresh token: %v", err)
	}
}
