package entra_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

const (
	fabrikam = "fabfab00-0000-4000-8000-00000000fab0"
	tailspin = "7a115910-0000-4000-8000-000000007a11"
)

// tenants is a world of three tenants with keys of their own.
func tenants(t *testing.T) *world {
	t.Helper()
	return startWith(t, func(c *entra.Config) {
		c.Tenants, c.KeysPerTenant = []string{fabrikam, tailspin}, true
		c.Domains = map[string]string{"contoso.example": entra.DefaultTenantID, "fabrikam.example": fabrikam}
		c.Users = append(entra.DefaultUsers(), entra.User{
			ID: "fay", ObjectID: "fa000000-0000-4000-8000-0000000000fa", TenantID: fabrikam, Username: "fay@fabrikam.example",
		})
	})
}

// flowAt signs a user in at an authority and redeems the code there.
func (w *world) flowAt(segment, user string) map[string]any {
	w.t.Helper()
	w.browser = browser(w.t)
	code := w.signIn(user, strings.Replace(w.authorizeURL(oidcScopes+" User.Read"), "/"+w.TenantID()+"/", "/"+segment+"/", 1)).Get("code")
	return w.post(w.BaseURL()+"/"+segment+"/oauth2/v2.0/token", url.Values{
		"client_id": {webID}, "client_secret": {webSecret}, "grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier},
	}).json(w.t)
}

func (w *world) keysAt(segment string) *jose.JSONWebKeySet {
	w.t.Helper()
	set := &jose.JSONWebKeySet{}
	if err := json.Unmarshal([]byte(w.get(w.BaseURL()+"/"+segment+"/discovery/v2.0/keys").body), set); err != nil {
		w.t.Fatal(err)
	}
	return set
}

func TestTenantsSignTheirOwn(t *testing.T) {
	w := tenants(t)
	contoso := w.TenantID()
	for _, row := range []struct{ segment, user, tenant string }{
		{contoso, entra.Adele, contoso},
		{"contoso.example", entra.Adele, contoso},
		{fabrikam, "fay", fabrikam},
		{"fabrikam.example", "fay", fabrikam},
		{"Fabrikam.Example", "fay", fabrikam},
		{"organizations", "fay", fabrikam},
		{"organizations", entra.Adele, contoso},
		{"common", "fay", fabrikam},
	} {
		t.Run(row.segment+" "+row.user, func(t *testing.T) {
			answer := w.flowAt(row.segment, row.user)
			raw, _ := answer["id_token"].(string)
			claims := decode(t, raw)
			if claims["tid"] != row.tenant || claims["iss"] != w.BaseURL()+"/"+row.tenant+"/v2.0" {
				t.Errorf("claims %v", claims)
			}
			for _, segment := range []string{contoso, fabrikam, tailspin, "organizations", "common"} {
				want := segment == row.tenant || segment == "organizations" || segment == "common"
				if verifies(t, *w.keysAt(segment), raw) != want {
					t.Errorf("verifies with the keys of %s: %v", segment, !want)
				}
			}
			access, _ := answer["access_token"].(string)
			if got := w.graph("GET", access, "/v1.0/me", ""); got.status != http.StatusOK || decode(t, access)["tid"] != row.tenant {
				t.Errorf("Graph: %d %s", got.status, got.body)
			}
		})
	}
}

func TestTenantDocuments(t *testing.T) {
	w := tenants(t)
	for segment, tenant := range map[string]string{fabrikam: fabrikam, "fabrikam.example": fabrikam, tailspin: tailspin, "organizations": "organizations"} {
		doc := w.get(w.BaseURL() + "/" + segment + "/v2.0/.well-known/openid-configuration").json(t)
		issuer := strings.Replace(w.BaseURL()+"/"+tenant+"/v2.0", "/organizations/", "/{tenantid}/", 1)
		if doc["issuer"] != issuer || doc["jwks_uri"] != w.BaseURL()+"/"+tenant+"/discovery/v2.0/keys" || doc["token_endpoint"] != w.BaseURL()+"/"+tenant+"/oauth2/v2.0/token" {
			t.Errorf("%s: %v", segment, doc)
		}
	}
	for _, segment := range []string{"elsewhere.example", entra.OtherTenantID, "consumers"} {
		refused(t, w.get(w.BaseURL()+"/"+segment+"/v2.0/.well-known/openid-configuration"), 400, "invalid_tenant", "AADSTS90002")
	}
	if n := len(w.keysAt("organizations").Keys); n != 9 {
		t.Errorf("organizations publishes %d keys, want three of each tenant", n)
	}
	before := w.keysAt(fabrikam)
	kid := w.RotateKeysOf(fabrikam, "")
	if len(before.Key(kid)) != 0 || len(w.keysAt(fabrikam).Key(kid)) != 1 || len(w.keysAt(tailspin).Key(kid)) != 0 {
		t.Error("RotateKeysOf must publish a new key for its tenant alone")
	}
}

func TestForeignUsersAreRefused(t *testing.T) {
	w := tenants(t)
	if _, err := entra.SignIn(t.Context(), browser(t), w.authorizeURL(oidcScopes), "fay"); err == nil || !strings.Contains(err.Error(), "AADSTS50020") {
		t.Errorf("interactive: %v", err)
	}
	common := strings.Replace(w.authorizeURL(oidcScopes), w.TenantID(), "common", 1)
	w.signIn("fay", common)
	if got := w.step(w.authorizeURL(oidcScopes, "prompt", "none")); got != "interaction_required" {
		t.Errorf("silent at another tenant: %s", got)
	}
	if got := w.step(common + "&prompt=none"); got != "code" {
		t.Errorf("silent at common: %s", got)
	}
}

func TestCodeBelongsToItsAuthority(t *testing.T) {
	w := tenants(t)
	redeemAt := func(segment, code string) reply {
		return w.post(w.BaseURL()+"/"+segment+"/oauth2/v2.0/token", url.Values{
			"client_id": {webID}, "client_secret": {webSecret}, "grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier},
		})
	}
	code := w.signIn(entra.Adele, w.authorizeURL(oidcScopes)).Get("code")
	for _, segment := range []string{"common", "organizations", fabrikam} {
		refused(t, redeemAt(segment, code), 400, "invalid_grant", "AADSTS700005")
	}
	if got := redeemAt("contoso.example", code); got.status != http.StatusOK {
		t.Errorf("by domain name: %s", got.body)
	}
}

func TestRefreshAtTenants(t *testing.T) {
	w := tenants(t)
	code := w.signIn("fay", strings.Replace(w.authorizeURL(oidcScopes+" offline_access"), w.TenantID(), "organizations", 1)).Get("code")
	form := url.Values{"client_id": {webID}, "client_secret": {webSecret}, "grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
	refresh, _ := w.post(w.BaseURL()+"/organizations/oauth2/v2.0/token", form).json(t)["refresh_token"].(string)
	form = url.Values{"client_id": {webID}, "client_secret": {webSecret}, "grant_type": {"refresh_token"}, "refresh_token": {refresh}}
	for segment, status := range map[string]int{fabrikam: 200, "organizations": 200, w.TenantID(): 400} {
		if got := w.post(w.BaseURL()+"/"+segment+"/oauth2/v2.0/token", form); got.status != status {
			t.Errorf("%s: %d %s", segment, got.status, got.body)
		}
	}
}

func TestAppTokensOfTenants(t *testing.T) {
	w := tenants(t)
	for segment, tenant := range map[string]string{w.TenantID(): w.TenantID(), fabrikam: fabrikam, "fabrikam.example": fabrikam} {
		got := w.post(w.BaseURL()+"/"+segment+"/oauth2/v2.0/token", url.Values{
			"grant_type": {"client_credentials"}, "client_id": {webID}, "client_secret": {webSecret}, "scope": {entra.GraphURI + "/.default"},
		})
		raw, _ := got.json(t)["access_token"].(string)
		if claims := decode(t, raw); claims["tid"] != tenant || claims["iss"] != "https://sts.windows.net/"+tenant+"/" || list(claims["roles"]) != "Directory.Read.All" {
			t.Errorf("%s: %v", segment, claims)
		}
		own, err := w.AppTokenIn(segment, webID, "api://"+webID+"/.default")
		if err != nil || decode(t, own)["iss"] != w.BaseURL()+"/"+tenant+"/v2.0" || !verifies(t, *w.keysAt(tenant), own) {
			t.Errorf("AppTokenIn %s: %v", segment, err)
		}
	}
	for _, segment := range []string{"common", "organizations"} {
		got := w.post(w.BaseURL()+"/"+segment+"/oauth2/v2.0/token", url.Values{
			"grant_type": {"client_credentials"}, "client_id": {webID}, "client_secret": {webSecret}, "scope": {entra.GraphURI + "/.default"},
		})
		refused(t, got, 400, "invalid_request", "AADSTS50194")
	}
	if _, err := w.AppTokenIn(entra.OtherTenantID, webID, entra.GraphURI+"/.default"); err == nil {
		t.Error("an unknown tenant gives a token")
	}
}

func TestClouds(t *testing.T) {
	w := startWith(t, func(c *entra.Config) { c.V1Issuer = "https://sts.chinacloudapi.cn/" })
	if iss := decode(t, w.tokens(entra.Adele, v1Scope).AccessToken)["iss"]; iss != "https://sts.chinacloudapi.cn/"+w.TenantID()+"/" {
		t.Errorf("iss %v", iss)
	}
}

func TestExternalID(t *testing.T) {
	w := startWith(t, func(c *entra.Config) {
		c.ExternalID, c.Domains = true, map[string]string{"contoso.onmicrosoft.example": entra.DefaultTenantID}
	})
	issuer := "https://" + w.TenantID() + ".ciamlogin.com/" + w.TenantID() + "/v2.0"
	for _, segment := range []string{w.TenantID(), "contoso.onmicrosoft.example"} {
		doc := w.get(w.BaseURL() + "/" + segment + "/v2.0/.well-known/openid-configuration").json(t)
		if doc["issuer"] != issuer || doc["token_endpoint"] != w.Authority()+"/oauth2/v2.0/token" {
			t.Errorf("%s: %v", segment, doc)
		}
	}
	answer := w.flowAt("contoso.onmicrosoft.example", entra.Adele)
	raw, _ := answer["id_token"].(string)
	if claims := decode(t, raw); claims["iss"] != issuer || claims["tid"] != w.TenantID() || w.Issuer() != issuer || !verifies(t, *w.keysAt(w.TenantID()), raw) {
		t.Errorf("claims %v", claims)
	}
	refused(t, w.get(w.BaseURL()+"/common/v2.0/.well-known/openid-configuration"), 400, "invalid_tenant", "AADSTS90002")
}
