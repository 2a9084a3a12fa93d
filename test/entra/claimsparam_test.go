package entra_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

func TestContextsOfAccessTokens(t *testing.T) {
	w := start(t)
	asked := `{"access_token":{"acrs":{"essential":true,"values":["c2","c3"]},"xms_cc":{"values":["cp1"]}},"id_token":{"acrs":{"value":"c1"}}}`
	target := w.authorizeURL(oidcScopes+" User.Read", "claims", asked)
	w.signIn(entra.Adele, w.authorizeURL(oidcScopes))
	if got := w.step(w.authorizeURL(oidcScopes, "claims", asked, "prompt", "none")); got != "interaction_required" {
		t.Errorf("silently: %s", got)
	}
	if got := w.step(w.authorizeURL(oidcScopes, "claims", `{"access_token":{"acrs":{"value":"c2"}}}`)); got != "code" {
		t.Errorf("voluntary: %s", got)
	}
	tok := w.redeem(w.signIn(entra.Adele, target))
	access, id := decode(t, tok.AccessToken), idClaims(t, tok)
	if list(access["acrs"]) != "c2 c3" || list(access["xms_cc"]) != "cp1" || list(id["acrs"]) != "c1" || id["xms_cc"] != nil {
		t.Errorf("access token %v %v, ID token %v", access["acrs"], access["xms_cc"], id["acrs"])
	}
	api := decode(t, w.redeem(w.signIn(entra.Adele, w.authorizeURL(apiScope, "claims", `{"access_token":{"acrs":{"value":"c3"}}}`))).AccessToken)
	if api["aud"] != webID || list(api["acrs"]) != "c3" || api["xms_cc"] != nil {
		t.Errorf("API token %v", api)
	}
	if w.LastAuthorize().Get("claims") == "" {
		t.Error("the claims are not recorded")
	}
}

func TestChallengeNeedsAFreshSignIn(t *testing.T) {
	w := start(t)
	w.signIn(entra.Adele, w.authorizeURL(oidcScopes))
	w.clock.add(time.Minute)
	revoked := w.clock.now().Unix()
	for _, form := range []string{`{"access_token":{"nbf":{"essential":true,"value":"%d"}}}`, `{"access_token":{"nbf":{"value":%d}}}`} {
		challenge := fmt.Sprintf(form, revoked)
		for at, want := range map[int64]string{revoked: "pick", revoked - 60: "code"} {
			if got := w.step(w.authorizeURL(oidcScopes, "claims", fmt.Sprintf(form, at))); got != want {
				t.Errorf("%s: %s", fmt.Sprintf(form, at), got)
			}
		}
		if got := w.step(w.authorizeURL(oidcScopes, "claims", challenge, "prompt", "none")); got != "login_required" {
			t.Errorf("silently: %s", got)
		}
	}
	challenge := fmt.Sprintf(`{"access_token":{"nbf":{"essential":true,"value":"%d"}}}`, revoked)
	if claims := idClaims(t, w.redeem(w.signIn(entra.Adele, w.authorizeURL(oidcScopes, "claims", challenge)))); claims["auth_time"] != float64(revoked) {
		t.Errorf("auth_time %v", claims["auth_time"])
	}
	if got := w.step(w.authorizeURL(oidcScopes, "claims", challenge, "prompt", "none")); got != "code" {
		t.Errorf("afterwards: %s", got)
	}
	if got := w.step(w.authorizeURL(oidcScopes, "claims", `{"access_token":{"nbf":{"value":"soon"}}}`)); got != "invalid_request" {
		t.Errorf("no time: %s", got)
	}
}

func TestClaimsOfTokenRequests(t *testing.T) {
	w := start(t)
	w.redeem(w.signIn(entra.Adele, w.authorizeURL(oidcScopes, "claims", `{"id_token":{"acrs":{"essential":true,"value":"c1"}}}`)))
	refresh := w.tokens(entra.Adele, oidcScopes+" offline_access User.Read").RefreshToken
	for _, row := range []struct{ name, claims, acrs, cc, aadsts string }{
		{"none", "", "", "", ""},
		{"capability", `{"access_token":{"xms_cc":{"values":["cp1"]}}}`, "", "cp1", ""},
		{"a context that the sign-in satisfied", `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`, "c1", "", ""},
		{"another, voluntary", `{"access_token":{"acrs":{"value":"c2"}}}`, "", "", ""},
		{"another, essential", `{"access_token":{"acrs":{"essential":true,"value":"c2"}}}`, "", "", "AADSTS50076"},
		{"a sign-in later than it was", fmt.Sprintf(`{"access_token":{"nbf":{"value":"%d"}}}`, w.clock.now().Unix()+1), "", "", "AADSTS50076"},
		{"no JSON", `{`, "", "", "AADSTS9002313"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := w.tokenForm("grant_type", "refresh_token", "refresh_token", refresh, "claims", row.claims)
			body := got.json(t)
			if row.aadsts == "AADSTS50076" {
				refused(t, got, 400, "interaction_required", row.aadsts)
				if body["claims"] != row.claims || body["suberror"] != "basic_action" {
					t.Errorf("claims %v, suberror %v", body["claims"], body["suberror"])
				}
				return
			}
			if row.aadsts != "" {
				refused(t, got, 400, "invalid_request", row.aadsts)
				return
			}
			access, _ := body["access_token"].(string)
			if claims := decode(t, access); list(claims["acrs"]) != row.acrs || list(claims["xms_cc"]) != row.cc {
				t.Errorf("acrs %v, xms_cc %v", claims["acrs"], claims["xms_cc"])
			}
			if w.LastToken().Form.Get("claims") != row.claims {
				t.Error("the claims are not recorded")
			}
		})
	}
}
