package entra

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestClaimsParameter(t *testing.T) {
	contexts := func(c ...string) AuthRequest { return AuthRequest{Contexts: c} }
	cp1 := []string{"cp1"}
	for _, tt := range []struct {
		name string
		kind Kind
		caps []string
		r    AuthRequest
		want string
	}{
		{"nothing", SingleTenant, nil, AuthRequest{}, ""},
		{"a context", SingleTenant, nil, contexts("c1"), `{"id_token":{"acrs":{"essential":true,"value":"c1"}}}`},
		{"two contexts", MultiTenant, nil, contexts("c1", "c2", "c1"), `{"id_token":{"acrs":{"essential":true,"values":["c1","c2"]}}}`},
		{"a context of another provider", Plain, nil, contexts("urn:silver"), `{"id_token":{"acr":{"essential":true,"values":["urn:silver"]}}}`},
		{
			"context and method of another provider", Plain, nil,
			AuthRequest{Contexts: []string{"2"}, Methods: []string{"mfa", "hwk"}},
			`{"id_token":{"acr":{"essential":true,"values":["2"]},"amr":{"essential":true,"values":["mfa","hwk"]}}}`,
		},
		{"a capability", SingleTenant, cp1, AuthRequest{}, `{"access_token":{"xms_cc":{"values":["cp1"]}}}`},
		{
			"both", SingleTenant, cp1, contexts("c1"),
			`{"access_token":{"xms_cc":{"values":["cp1"]}},"id_token":{"acrs":{"essential":true,"value":"c1"}}}`,
		},
		{
			"a challenge", SingleTenant, nil,
			AuthRequest{Claims: ` {"access_token": {"nbf": {"essential":true, "value":"1604106651"}}, "userinfo":{"name":null}}`},
			`{"access_token":{"nbf":{"essential":true,"value":"1604106651"}},"userinfo":{"name":null}}`,
		},
		{
			"a challenge, a capability and a context", SingleTenant, cp1,
			AuthRequest{Contexts: []string{"c1"}, Claims: `{"access_token":{"nbf":{"value":"1"},"xms_cc":{"values":["cp0"]}},"id_token":{"auth_time":null}}`},
			`{"access_token":{"nbf":{"value":"1"},"xms_cc":{"values":["cp0","cp1"]}},"id_token":{"acrs":{"essential":true,"value":"c1"},"auth_time":null}}`,
		},
		{
			"a challenge for the same claim", SingleTenant, nil,
			AuthRequest{Contexts: []string{"c1"}, Claims: `{"id_token":{"acrs":{"essential":true,"value":"c2"}}}`},
			`{"id_token":{"acrs":{"essential":true,"values":["c2","c1"]}}}`,
		},
		{
			"a challenge that asks for no values", SingleTenant, nil,
			AuthRequest{Contexts: []string{"c1"}, Claims: `{"id_token":{"acrs":null}}`},
			`{"id_token":{"acrs":{"essential":true,"value":"c1"}}}`,
		},
		{"an empty challenge", SingleTenant, nil, AuthRequest{Claims: `{}`}, ""},
		{"as long as allowed", SingleTenant, nil, AuthRequest{Claims: `{"a":{}}` + strings.Repeat(" ", maxChallenge-8)}, `{"a":{}}`},
	} {
		cfg := testConfig(newIDP(), nil)
		cfg.Capabilities = tt.caps
		rp := must(New(cfg))
		rp.cfg.Kind = tt.kind
		if got, err := rp.claimsParam(tt.r.Claims, tt.r.Contexts, tt.r.Methods); got != tt.want || err != nil {
			t.Errorf("%s: %v\n%s, want\n%s", tt.name, err, got, tt.want)
		}
	}
}

func TestClaimsChallengesRefused(t *testing.T) {
	rp := must(New(testConfig(newIDP(), nil)))
	if _, err := rp.claimsParam(`{"id_token":{"a":1}}`, nil, nil); err != nil {
		t.Fatal(err)
	}
	for _, challenge := range []string{
		`null`, `[]`, `"a"`, `{`, `{"id_token":1}`, `{"id_token":[]}`, `{"id_token":{"a":1}`, `{"id_token":{"a":1}} {}`, `{"id_token":{"a":1},"id_token":{}}`,
		`{"id_token":{"a":1,"a":2}}`, "{\"id_token\":{\"\xff\":1}}", `{"a":{}}` + strings.Repeat(" ", maxChallenge),
	} {
		if got, err := rp.claimsParam(challenge, nil, nil); err == nil {
			t.Errorf("%.60s: accepted as %s", challenge, got)
		}
	}
}

// What this client can do is told with every token, too.
func TestCapabilitiesInTokenRequests(t *testing.T) {
	for name, caps := range map[string][]string{"": nil, `{"access_token":{"xms_cc":{"values":["cp1"]}}}`: {"cp1"}} {
		var form url.Values
		rp := appParty(func(r *http.Request) (*http.Response, error) {
			_ = r.ParseForm()
			form = r.PostForm
			return reply(http.StatusOK, `{"access_token":"app","expires_in":3600}`), nil
		})
		rp.cfg.Capabilities = caps
		if _, err := rp.AppToken(t.Context(), "", testGraph); err != nil || form.Get("claims") != name || form.Has("claims") != (name != "") {
			t.Errorf("%q: %v, %v", name, form, err)
		}
	}
}
