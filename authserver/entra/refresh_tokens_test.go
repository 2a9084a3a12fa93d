package entra

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// When a token ends is counted from the request, by our clock.
func TestWhenTokensEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		kind   Kind
		answer string
		want   time.Duration // after the request; 0: not told
	}{
		"a number":                    {SingleTenant, `"access_token":"a","expires_in":3599`, 3599 * time.Second},
		"text":                        {SingleTenant, `"access_token":"a","expires_in":"3599"`, 3599 * time.Second},
		"a fraction":                  {B2C, `"id_token_expires_in":1.5`, 1500 * time.Millisecond},
		"more than a year":            {Plain, `"access_token":"a","expires_in":40000000`, maxTokenLife},
		"absent":                      {SingleTenant, `"access_token":"a"`, 0},
		"null":                        {SingleTenant, `"access_token":"a","expires_in":null`, 0},
		"zero":                        {SingleTenant, `"access_token":"a","expires_in":0`, 0},
		"negative":                    {SingleTenant, `"access_token":"a","expires_in":-5`, 0},
		"text that is no number":      {B2C, `"id_token_expires_in":"NaN"`, 0},
		"of the ID token, beside one": {B2C, `"access_token":"a","id_token_expires_in":60`, 0},
		"of the ID token":             {B2C, `"id_token_expires_in":60`, time.Minute},
		"of the ID token, for ever":   {B2C, `"id_token_expires_in":1e300`, maxTokenLife},
		"of neither":                  {B2C, `"scope":"openid"`, 0},
		"of nothing":                  {B2C, `"expires_in":60`, time.Minute},
	} {
		rp := tokenServer(t, answerJSON(200, `{"id_token":"idt","refresh_token":"rt",`+tt.answer+`}`))
		rp.cfg.Now, rp.cfg.Kind = newClock().Now, tt.kind
		tokens, err := rp.Redeem(t.Context(), secret.New("c"), "v", "r", planOf("openid", "offline_access"))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := time.Time{}
		if tt.want > 0 {
			want = startTime.Add(tt.want)
		}
		if !tokens.Expires.Equal(want) || tokens.Refresh.Reveal() != "rt" {
			t.Errorf("%s: %v, want %v; refresh token %q", name, tokens.Expires, want, tokens.Refresh.Reveal())
		}
	}
}

// What a refresh asks for is what the sign-in asked for, or less where a provider
// granted less and may refuse the rest.
func TestWhatARefreshAsksFor(t *testing.T) {
	const asked = "openid profile email offline_access orders"
	for name, tt := range map[string]struct {
		kind   Kind
		member string
		want   string
	}{
		"Entra ID says nothing":              {SingleTenant, ``, asked},
		"Entra ID leaves out some":           {SingleTenant, `,"scope":"openid orders"`, asked},
		"another provider says nothing":      {Plain, ``, asked},
		"another provider granted all":       {Plain, `,"scope":"` + asked + `"`, asked},
		"another provider granted less":      {Plain, `,"scope":"openid email offline_access"`, "openid email offline_access"},
		"another provider granted more":      {Plain, `,"scope":"openid orders admin"`, "openid orders"},
		"another provider leaves out openid": {Plain, `,"scope":"orders"`, "openid orders"},
		"another provider granted nothing":   {Plain, `,"scope":""`, "openid"},
	} {
		rp := tokenServer(t, answerJSON(200, `{"access_token":"at","id_token":"idt"`+tt.member+`}`))
		rp.cfg.Kind = tt.kind
		tokens, err := rp.Redeem(t.Context(), secret.New("c"), "v", "r", planOf(strings.Fields(asked)...))
		if err != nil || !slices.Equal(tokens.RefreshScopes, strings.Fields(tt.want)) {
			t.Errorf("%s: %v, %v", name, tokens, err)
		}
	}
}

// A provider that lists its scopes without offline_access would refuse it.
func TestPlanForARefreshTokenOfAnotherProvider(t *testing.T) {
	for name, tt := range map[string]struct {
		listed any
		want   bool
	}{
		"no list":          {nil, true},
		"an empty list":    {[]string{}, true},
		"listed":           {[]string{"openid", "offline_access"}, true},
		"not listed":       {[]string{"openid", "email"}, false},
		"another spelling": {[]string{"openid", "Offline_Access"}, false},
	} {
		r := newRefreshing()
		asPlain(&call{attempt: r.attempt})
		if tt.listed != nil {
			r.idp.metadata["scopes_supported"] = tt.listed
		}
		rp := r.party(t)
		plan := rp.Plan(nil, access.Missing{}, PlanOptions{Offline: true})
		if got := slices.Contains(plan.Scopes, offlineAccess); got != tt.want || slices.Contains(plan.Resources[0].Scopes, offlineAccess) != tt.want {
			t.Errorf("%s: %v", name, plan)
		}
		if plan = rp.Plan(nil, access.Missing{}, PlanOptions{}); slices.Contains(plan.Scopes, offlineAccess) {
			t.Errorf("%s, though no refresh token is wanted: %v", name, plan)
		}
		if plan = rp.Plan([]string{offlineAccess}, access.Missing{}, PlanOptions{}); !slices.Contains(plan.Scopes, offlineAccess) {
			t.Errorf("%s, configured: %v", name, plan)
		}
	}
	r := newRefreshing()
	r.idp.metadata["scopes_supported"] = []string{"openid"}
	if plan := r.party(t).Plan(nil, access.Missing{}, PlanOptions{Offline: true}); !slices.Contains(plan.Scopes, offlineAccess) {
		t.Errorf("Entra ID: %v", plan)
	}
}

// Azure AD B2C may give an ID token and a refresh token, and no access token.
func TestRefreshWithoutAnAccessToken(t *testing.T) {
	r := newRefreshing()
	b2cAttempt(r.attempt)
	r.person, r.scopes = r.told(), []string{"openid", "offline_access"}
	r.answer = map[string]any{"access_token": nil, "refresh_token": "new-refresh", "id_token_expires_in": json.Number("3600"), "scope": "offline_access openid"}
	tokens, id, err := r.run(t)
	if err != nil || id == nil {
		t.Fatal(err)
	}
	if tokens.Refresh.Reveal() != "new-refresh" || !tokens.Expires.Equal(startTime.Add(time.Hour)) || !tokens.AccessToken.Empty() || tokens.IDToken.Empty() {
		t.Errorf("%+v", tokens)
	}
	for _, kind := range []Kind{SingleTenant, Plain} { // there it is a fault
		rp := tokenServer(t, answerJSON(200, `{"id_token":"idt","refresh_token":"rt"}`))
		rp.cfg.Kind = kind
		if tokens, _, err := rp.Refresh(t.Context(), secret.New("x"), nil, access.Identity{}); reasonOf(t, err) != ReasonIDPError || tokens != nil {
			t.Errorf("kind %d: %v, %v", kind, tokens, err)
		}
	}
}
