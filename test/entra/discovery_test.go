package entra_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

func TestDiscovery(t *testing.T) {
	w := start(t)
	for segment, tenant := range map[string]string{w.TenantID(): w.TenantID(), "common": "{tenantid}", "organizations": "{tenantid}"} {
		got := w.get(w.BaseURL() + "/" + segment + "/v2.0/.well-known/openid-configuration")
		doc := got.json(t)
		at := w.BaseURL() + "/" + segment
		for name, want := range map[string]any{
			"issuer":                 w.BaseURL() + "/" + tenant + "/v2.0",
			"authorization_endpoint": at + "/oauth2/v2.0/authorize", "token_endpoint": at + "/oauth2/v2.0/token",
			"end_session_endpoint": at + "/oauth2/v2.0/logout", "jwks_uri": at + "/discovery/v2.0/keys",
			"userinfo_endpoint": w.BaseURL() + "/oidc/userinfo", "msgraph_host": strings.TrimPrefix(w.BaseURL(), "http://"),
			"request_uri_parameter_supported": false, "http_logout_supported": true, "frontchannel_logout_supported": true,
			"cloud_instance_name": "microsoftonline.com", "cloud_graph_host_name": "graph.windows.net", "rbac_url": "https://pas.windows.net",
		} {
			if doc[name] != want {
				t.Errorf("%s: %s = %v, want %v", segment, name, doc[name], want)
			}
		}
		if list(doc["subject_types_supported"]) != "pairwise" || list(doc["id_token_signing_alg_values_supported"]) != "RS256" || !strings.Contains(list(doc["response_modes_supported"]), "form_post") {
			t.Errorf("%s: lists %v", segment, doc)
		}
		if region, ok := doc["tenant_region_scope"]; !ok || (region == nil) != (segment != w.TenantID()) {
			t.Errorf("%s: tenant_region_scope %v", segment, region)
		}
		for _, name := range []string{"code_challenge_methods_supported", "authorization_response_iss_parameter_supported", "revocation_endpoint", "introspection_endpoint", "grant_types_supported"} {
			if _, ok := doc[name]; ok {
				t.Errorf("%s has %s, which Entra's does not", segment, name)
			}
		}
		if got.status != http.StatusOK || !strings.HasPrefix(got.header.Get("Content-Type"), "application/json") {
			t.Errorf("%s: %d %v", segment, got.status, got.header)
		}
	}
	if w.Requests(entra.EndpointDiscovery) != 3 {
		t.Errorf("%d requests", w.Requests(entra.EndpointDiscovery))
	}
	refused(t, w.get(w.BaseURL()+"/"+entra.OtherTenantID+"/v2.0/.well-known/openid-configuration"), 400, "invalid_tenant", "AADSTS90002")
	for _, path := range []string{"/", "/nothing", "/" + w.TenantID(), "/" + w.TenantID() + "/oauth2/authorize", "/.well-known/openid-configuration"} {
		if got := w.get(w.BaseURL() + path); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}

func (w *world) keySet() (jose.JSONWebKeySet, []map[string]any) {
	w.t.Helper()
	got := w.get(w.Authority() + "/discovery/v2.0/keys")
	var set jose.JSONWebKeySet
	var raw struct{ Keys []map[string]any }
	if err := json.Unmarshal([]byte(got.body), &set); err != nil { // checks x5t and x5c against the key
		w.t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(got.body), &raw); err != nil {
		w.t.Fatal(err)
	}
	return set, raw.Keys
}

func (w *world) idToken() string {
	w.t.Helper()
	raw, err := w.IDToken(entra.Adele, webID, "n")
	if err != nil {
		w.t.Fatal(err)
	}
	return raw
}

// verifies reports whether a key set has the token's key and it fits.
func verifies(t *testing.T, set jose.JSONWebKeySet, raw string) bool {
	t.Helper()
	sig, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range set.Key(sig.Signatures[0].Header.KeyID) {
		if _, err := sig.Verify(key); err == nil && key.Use == "sig" {
			return true
		}
	}
	return false
}

func TestKeys(t *testing.T) {
	w := start(t)
	set, raw := w.keySet()
	uses := []string{}
	for _, key := range raw {
		use, _ := key["use"].(string)
		uses = append(uses, use)
		if key["kty"] != "RSA" || key["kid"] != key["x5t"] || (key["e"] == "AQAB") != (key["use"] == "sig") || key["issuer"] != w.Issuer() || key["cloud_instance_name"] != "microsoftonline.com" || len(list(key["x5c"])) < 500 {
			t.Errorf("key %v", key)
		}
		if _, ok := key["alg"]; ok {
			t.Error("a key has alg, which Entra's have not")
		}
	}
	if !slices.Equal(uses, []string{"sig", "sig", "enc"}) {
		t.Errorf("uses %v", uses)
	}
	if !verifies(t, set, w.idToken()) {
		t.Error("an ID token does not verify")
	}
}

func TestKeyRotation(t *testing.T) {
	w := start(t)
	before, _ := w.keySet()
	old := w.idToken()
	graph, err := w.UserToken(entra.Adele, webID, "User.Read")
	if err != nil {
		t.Fatal(err)
	}
	kid := w.RotateKeys()
	young := w.idToken()
	if decodePart(t, young, 0)["kid"] != kid || decodePart(t, old, 0)["kid"] == kid {
		t.Errorf("kid %q, tokens %v and %v", kid, decodePart(t, old, 0), decodePart(t, young, 0))
	}
	if verifies(t, before, young) {
		t.Error("the new token verifies with the old keys")
	}
	both, _ := w.keySet()
	if !verifies(t, both, young) || !verifies(t, both, old) {
		t.Error("after a rotation both keys must be published")
	}
	w.DropOldKeys()
	only, raw := w.keySet()
	if !verifies(t, only, young) || verifies(t, only, old) || len(raw) != 2 {
		t.Errorf("after dropping: %v", raw)
	}
	if got := w.get(w.BaseURL()+"/v1.0/me", "Authorization", "Bearer "+graph); got.status != http.StatusOK {
		t.Errorf("Graph no longer knows its own token: %d %s", got.status, got.body)
	}
}

func TestManyTenants(t *testing.T) {
	w := start(t)
	const foreign = "fabfab00-0000-4000-8000-00000000fab0"
	w.SetUser(entra.User{ID: "fay", ObjectID: "fa000000-0000-4000-8000-0000000000fa", TenantID: foreign, Username: "fay@fabrikam.example", Email: "fay@fabrikam.example"})
	common := strings.Replace(w.authorizeURL(oidcScopes), w.TenantID(), "common", 1)
	for user, tenant := range map[string]string{"fay": foreign, entra.Adele: w.TenantID()} {
		w.browser = browser(t)
		code := w.signIn(user, common).Get("code")
		form := url.Values{"client_id": {webID}, "client_secret": {webSecret}, "grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
		refused(t, w.post(w.Authority()+"/oauth2/v2.0/token", form), 400, "invalid_grant", "AADSTS700005")
		raw, _ := w.post(w.BaseURL()+"/common/oauth2/v2.0/token", form).json(t)["id_token"].(string)
		claims := decode(t, raw)
		if claims["tid"] != tenant || claims["iss"] != w.BaseURL()+"/"+tenant+"/v2.0" || claims["xms_edov"] != (user == entra.Adele) {
			t.Errorf("%s: %v", user, claims)
		}
	}
	w.browser = browser(t)
	if page := w.get(w.authorizeURL(oidcScopes)).body; strings.Contains(page, "user-fay") || !strings.Contains(page, "user-adele") {
		t.Error("the tenant's page offers users of others")
	}
	if _, err := entra.SignIn(t.Context(), w.browser, w.authorizeURL(oidcScopes), "fay"); err == nil || !strings.Contains(err.Error(), "AADSTS50020") {
		t.Errorf("a foreign user at our tenant: %v", err)
	}
	if got := w.get(w.BaseURL() + "/" + foreign + "/v2.0/.well-known/openid-configuration").json(t)["issuer"]; got != w.BaseURL()+"/"+foreign+"/v2.0" {
		t.Errorf("issuer of the other tenant: %v", got)
	}
}

func TestBaseURL(t *testing.T) {
	cfg := config(newClock())
	s := entra.New(cfg)
	srv := httptest.NewTLSServer(s)
	t.Cleanup(srv.Close)
	well := srv.URL + "/" + s.TenantID() + "/v2.0/.well-known/openid-configuration"
	got, err := do(t.Context(), t, srv.Client(), http.MethodGet, well, "")
	if err != nil || got.status != http.StatusServiceUnavailable {
		t.Errorf("without base URL: %d %v", got.status, err)
	}
	s.SetBaseURL(srv.URL + "/")
	got, err = do(t.Context(), t, srv.Client(), http.MethodGet, well, "")
	if err != nil || got.json(t)["issuer"] != srv.URL+"/"+entra.DefaultTenantID+"/v2.0" || s.BaseURL() != srv.URL {
		t.Errorf("with base URL: %s %v", got.body, err)
	}
	login := srv.URL + "/" + s.TenantID() + "/oauth2/v2.0/authorize?response_type=code&scope=openid&client_id=" + webID + "&redirect_uri=" + callback
	if back, err := entra.SignIn(t.Context(), srv.Client(), login, entra.Bob); err != nil || !strings.HasPrefix(back, callback+"?code=") {
		t.Errorf("sign-in over TLS: %q %v", back, err)
	}
	res, err := do(t.Context(), t, srv.Client(), http.MethodGet, srv.URL+"/"+s.TenantID()+"/oauth2/v2.0/logout", "")
	if err != nil || !strings.Contains(res.header.Get("Set-Cookie"), "; Secure; SameSite=None") {
		t.Errorf("cookie over TLS: %v %v", res.header, err)
	}
}
