package entra_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

const signUp, reset = "B2C_1_SignUpSignIn", "B2C_1_Reset"

func b2c(t *testing.T, edit func(*entra.Config)) *world {
	t.Helper()
	return startWith(t, func(c *entra.Config) {
		c.B2C.Policies = []string{signUp, reset}
		c.Domains = map[string]string{"contoso.onmicrosoft.example": entra.DefaultTenantID}
		edit(c)
	})
}

// at changes an address of the tenant to one of a policy.
func (w *world) at(policy, target string) string {
	return strings.Replace(target, "/"+w.TenantID()+"/", "/"+w.TenantID()+"/"+policy+"/", 1)
}

// redeemAt redeems a code at a policy; edits as authorizeURL's.
func (w *world) redeemAt(policy, code string, edits ...string) reply {
	w.t.Helper()
	form := url.Values{
		"client_id": {webID}, "client_secret": {webSecret}, "grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier},
	}
	for i := 0; i+1 < len(edits); i += 2 {
		form.Set(edits[i], edits[i+1])
	}
	return w.post(w.PolicyAuthority(policy)+"/oauth2/v2.0/token", form)
}

func TestPolicyDocument(t *testing.T) {
	w := b2c(t, func(*entra.Config) {})
	for _, segment := range []string{w.TenantID() + "/" + signUp, "contoso.onmicrosoft.example/" + strings.ToLower(signUp)} {
		doc := w.get(w.BaseURL() + "/" + segment + "/v2.0/.well-known/openid-configuration").json(t)
		at := w.BaseURL() + "/" + strings.ToLower(segment)
		for name, want := range map[string]any{
			"issuer": w.BaseURL() + "/" + w.TenantID() + "/v2.0/", "authorization_endpoint": at + "/oauth2/v2.0/authorize",
			"token_endpoint": at + "/oauth2/v2.0/token", "jwks_uri": at + "/discovery/v2.0/keys", "end_session_endpoint": at + "/oauth2/v2.0/logout",
			"userinfo_endpoint": nil,
		} {
			if doc[name] != want {
				t.Errorf("%s: %s = %v, want %v", segment, name, doc[name], want)
			}
		}
	}
	for _, segment := range []string{w.TenantID() + "/B2C_1_Other", "common/" + signUp, entra.OtherTenantID + "/" + signUp, signUp} {
		if got := w.get(w.BaseURL() + "/" + segment + "/v2.0/.well-known/openid-configuration"); got.status == http.StatusOK {
			t.Errorf("%s: %s", segment, got.body)
		}
	}
}

func TestPolicyTokens(t *testing.T) {
	for _, row := range []struct {
		name       string
		acr, ids   bool
		have, lack string
	}{
		{"tfp", false, false, "tfp=" + signUp, "acr oid tid roles groups email preferred_username"},
		{"acr", true, false, "acr=" + strings.ToLower(signUp), "tfp oid tid"},
		{"with object ids", false, true, "tfp=" + signUp + " oid=" + entra.AdeleOID + " tid=" + entra.DefaultTenantID, "acr"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := b2c(t, func(c *entra.Config) { c.B2C.ACR, c.B2C.ObjectIDs = row.acr, row.ids })
			code := w.signIn(entra.Adele, w.at(signUp, w.authorizeURL("openid profile offline_access "+webID))).Get("code")
			body := w.redeemAt(signUp, code).json(t)
			raw, _ := body["id_token"].(string)
			claims := decode(t, raw)
			now := float64(w.clock.now().Unix())
			for name, want := range map[string]any{
				"iss": w.PolicyIssuer(), "aud": webID, "sub": entra.AdeleOID, "nonce": "the-nonce", "name": "Adele Vance", "iat": now, "auth_time": now, "ver": "1.0",
			} {
				if claims[name] != want {
					t.Errorf("%s = %v, want %v", name, claims[name], want)
				}
			}
			for pair := range strings.FieldsSeq(row.have) {
				name, want, _ := strings.Cut(pair, "=")
				if claims[name] != want {
					t.Errorf("%s = %v, want %v", name, claims[name], want)
				}
			}
			for name := range strings.FieldsSeq(row.lack) {
				if value, ok := claims[name]; ok {
					t.Errorf("%s = %v", name, value)
				}
			}
			provider, err := oidc.NewProvider(oidc.InsecureIssuerURLContext(t.Context(), w.PolicyIssuer()), w.PolicyAuthority(signUp)+"/v2.0")
			if err != nil {
				t.Fatal(err)
			}
			tok, err := provider.Verifier(&oidc.Config{ClientID: webID, Now: w.clock.now}).Verify(t.Context(), raw)
			if err != nil {
				t.Fatal(err)
			}
			access, _ := body["access_token"].(string)
			if err := tok.VerifyAccessToken(access); err != nil || decode(t, access)["aud"] != webID || decode(t, access)["azp"] != webID || body["scope"] != webID+" openid profile offline_access" {
				t.Errorf("access token of scope %v: %v, %v", body["scope"], decode(t, access), err)
			}
		})
	}
}

func TestPolicyScopes(t *testing.T) {
	w := b2c(t, func(*entra.Config) {})
	for _, row := range []struct{ scope, want, aud, scp string }{
		{"openid", "openid", "", ""},
		{"openid offline_access", "openid offline_access", "", ""},
		{"openid " + apiScope, "openid " + apiScope, webID, "access_as_user"},
		{"openid " + v1Scope, "openid " + v1Scope, otherID, "orders.read"},
	} {
		t.Run(row.scope, func(t *testing.T) {
			body := w.redeemAt(signUp, w.signIn(entra.Bob, w.at(signUp, w.authorizeURL(row.scope))).Get("code")).json(t)
			access, has := body["access_token"].(string)
			if body["scope"] != row.want || has != (row.aud != "") {
				t.Fatalf("answer %v", body)
			}
			if has && (decode(t, access)["aud"] != row.aud || decode(t, access)["scp"] != row.scp) {
				t.Errorf("claims %v", decode(t, access))
			}
			if _, ok := body["refresh_token"]; ok != strings.Contains(row.scope, "offline_access") {
				t.Errorf("refresh token: %v", ok)
			}
		})
	}
	v := query(t, w.get(w.at(signUp, w.authorizeURL("openid User.Read"))).header.Get("Location"))
	if v.Get("error") != "invalid_request" || !strings.HasPrefix(v.Get("error_description"), "AADB2C90117: ") || !strings.Contains(v.Get("error_description"), "\r\n") || v.Has("error_uri") {
		t.Errorf("a scope of Graph: %v", v)
	}
}

func TestPolicyRefresh(t *testing.T) {
	w := b2c(t, func(*entra.Config) {})
	body := w.redeemAt(signUp, w.signIn(entra.Bob, w.at(signUp, w.authorizeURL("openid offline_access"))).Get("code")).json(t)
	form := url.Values{"client_id": {webID}, "client_secret": {webSecret}, "grant_type": {"refresh_token"}, "refresh_token": {fmt.Sprint(body["refresh_token"])}}
	w.clock.add(13 * 24 * time.Hour)
	again := w.post(w.PolicyAuthority(signUp)+"/oauth2/v2.0/token", form)
	raw, _ := again.json(t)["id_token"].(string)
	if decode(t, raw)["tfp"] != signUp || decode(t, raw)["nonce"] != nil {
		t.Errorf("%d %s", again.status, again.body)
	}
	refused(t, w.post(w.PolicyAuthority(reset)+"/oauth2/v2.0/token", form), 400, "invalid_grant", "AADSTS70000")
	refused(t, w.post(w.Authority()+"/oauth2/v2.0/token", form), 400, "invalid_grant", "AADSTS70000")
	w.clock.add(24 * time.Hour)
	refused(t, w.post(w.PolicyAuthority(signUp)+"/oauth2/v2.0/token", form), 400, "invalid_grant", "AADSTS700082")
}

func TestPoliciesAreApart(t *testing.T) {
	w := b2c(t, func(c *entra.Config) { c.KeysPerTenant = true })
	code := w.signIn(entra.Adele, w.at(reset, w.authorizeURL("openid"))).Get("code")
	refused(t, w.redeemAt(signUp, code), 400, "invalid_grant", "AADB2C90088")
	raw, _ := w.redeemAt(reset, code).json(t)["id_token"].(string)
	if decode(t, raw)["tfp"] != reset || decode(t, raw)["iss"] != w.PolicyIssuer() {
		t.Errorf("claims %v", decode(t, raw))
	}
	for segment, want := range map[string]bool{w.TenantID() + "/" + reset: true, w.TenantID() + "/" + signUp: false, w.TenantID(): false} {
		if verifies(t, *w.keysAt(segment), raw) != want {
			t.Errorf("verifies with the keys of %s: %v", segment, !want)
		}
	}
	refused(t, w.redeemAt(signUp, "x", "grant_type", "client_credentials"), 400, "unsupported_grant_type", "AADB2C90086")
	minted, err := w.PolicyIDToken(strings.ToLower(signUp), entra.Bob, webID, "n")
	if err != nil || decode(t, minted)["tfp"] != signUp || decode(t, minted)["nonce"] != "n" || !verifies(t, *w.keysAt(w.TenantID() + "/" + signUp), minted) {
		t.Errorf("minted %v, %v", minted, err)
	}
	if _, err := w.PolicyIDToken("B2C_1_Other", entra.Bob, webID, "n"); err == nil {
		t.Error("an unknown policy issues tokens")
	}
	for _, key := range w.get(w.PolicyAuthority(signUp) + "/discovery/v2.0/keys").json(t)["keys"].([]any) {
		if jwk := key.(map[string]any); jwk["x5c"] != nil || jwk["issuer"] != nil || jwk["nbf"] == nil {
			t.Errorf("key %v", jwk)
		}
	}
}

func TestPolicyRefusals(t *testing.T) {
	w := b2c(t, func(*entra.Config) {})
	back, err := entra.Cancel(t.Context(), nil, w.at(signUp, w.authorizeURL("openid")), "")
	if err != nil || query(t, back).Get("error") != "access_denied" || !strings.HasPrefix(query(t, back).Get("error_description"), "AADB2C90091: ") {
		t.Errorf("cancelled: %s %v", back, err)
	}
	v := query(t, w.get(w.at(signUp, w.authorizeURL("openid", "prompt", "none"))).header.Get("Location"))
	if v.Get("error") != "interaction_required" || !strings.HasPrefix(v.Get("error_description"), "AADB2C90077: ") {
		t.Errorf("silent: %v", v)
	}
	w.signIn(entra.Adele, w.at(signUp, w.authorizeURL("openid")))
	if got := w.step(w.at(signUp, w.authorizeURL("openid", "prompt", "none"))); got != "code" {
		t.Errorf("silent, signed in: %s", got)
	}
}
