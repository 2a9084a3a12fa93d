package entra_test

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

var pngLogo = append([]byte("\x89PNG\r\n\x1a\n"), bytes.Repeat([]byte{1}, 50)...)

// startWith is start with another configuration.
func startWith(t *testing.T, edit func(*entra.Config)) *world {
	t.Helper()
	c := newClock()
	cfg := config(c)
	edit(&cfg)
	return &world{Server: entra.StartTest(t, cfg), t: t, clock: c, browser: browser(t)}
}

// appToken is an app-only Graph token of the web application with these roles.
func (w *world) appToken(roles ...string) string {
	w.t.Helper()
	w.SetFaults(entra.Faults{Roles: append([]string{}, roles...)})
	defer w.ClearFaults()
	raw, err := w.AppToken(webID, entra.GraphURI+"/.default")
	if err != nil {
		w.t.Fatal(err)
	}
	return raw
}

func branded(c *entra.Config) {
	web := &c.Clients[0]
	web.Logo, web.SupportURL, web.PrivacyURL, web.TermsURL = pngLogo, "https://contoso.example/help", "https://contoso.example/privacy", "https://contoso.example/terms"
	web.DisabledScopes, web.AppRoles = []string{"old.read"}, []string{"Admin", "Orders.Write"}
}

func TestRegistrationStatuses(t *testing.T) {
	w := startWith(t, branded)
	apps, dir := w.appToken("Application.Read.All"), w.appToken("Directory.Read.All")
	none, groups := w.appToken(), w.appToken("GroupMember.Read.All", "User.Read.All")
	user := w.graphToken(entra.Adele, "User.Read")
	one := "/v1.0/servicePrincipals(appId='" + webID + "')"
	filter := func(text string) string { return "?$filter=" + url.QueryEscape(text) }
	for _, row := range []struct {
		name, token, method, path string
		status                    int
		code                      any
	}{
		{"by id", apps, "GET", one, 200, nil},
		{"quotes in percents", apps, "GET", strings.ReplaceAll(one, "'", "%27"), 200, nil},
		{"id in upper case", apps, "GET", strings.ToUpper("/v1.0") + one[5:], 404, nil},
		{"in beta", apps, "GET", "/beta" + one[5:], 200, nil},
		{"with Directory.Read.All", dir, "GET", one, 200, nil},
		{"without a permission", none, "GET", one, 403, "Authorization_RequestDenied"},
		{"with other permissions", groups, "GET", one, 403, "Authorization_RequestDenied"},
		{"as a user", user, "GET", one, 403, "Authorization_RequestDenied"},
		{"by POST", apps, "POST", one, 405, "Request_BadRequest"},
		{"selected", apps, "GET", one + "?$select=appId,info", 200, nil},
		{"selected, of the other kind", apps, "GET", one + "?$select=identifierUris", 400, "BadRequest"},
		{"unknown id", apps, "GET", "/v1.0/servicePrincipals(appId='" + entra.AdeleOID + "')", 404, "Request_ResourceNotFound"},
		{"unknown id without a permission", none, "GET", "/v1.0/servicePrincipals(appId='x')", 403, "Authorization_RequestDenied"},
		{"another key", apps, "GET", "/v1.0/servicePrincipals(id='" + webID + "')", 400, "BadRequest"},
		{"no quotes", apps, "GET", "/v1.0/servicePrincipals(appId=" + webID + ")", 400, "BadRequest"},
		{"below it", apps, "GET", one + "/owners", 400, "BadRequest"},
		{"list", apps, "GET", "/v1.0/servicePrincipals", 200, nil},
		{"list without a permission", none, "GET", "/v1.0/servicePrincipals", 403, "Authorization_RequestDenied"},
		{"list by id", apps, "GET", "/v1.0/servicePrincipals" + filter("appId eq '"+webID+"'"), 200, nil},
		{"list by another filter", apps, "GET", "/v1.0/servicePrincipals" + filter("displayName eq 'Web'"), 400, "Request_UnsupportedQuery"},
		{"list, unknown property", apps, "GET", "/v1.0/servicePrincipals?$select=x", 400, "BadRequest"},
		{"application", apps, "GET", "/v1.0/applications(appId='" + webID + "')", 200, nil},
		{"application without a permission", none, "GET", "/v1.0/applications(appId='" + webID + "')", 403, "Authorization_RequestDenied"},
		{"application, unknown", apps, "GET", "/v1.0/applications(appId='x''y')", 404, "Request_ResourceNotFound"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := w.graph(row.method, row.token, row.path, "")
			if got.status != row.status {
				t.Fatalf("got %d %s", got.status, got.body)
			}
			if row.code != nil && graphCode(t, got.json(t)) != row.code {
				t.Errorf("got %s, want %v", got.body, row.code)
			}
		})
	}
}

func TestRegistrationBodies(t *testing.T) {
	w := startWith(t, branded)
	token := w.appToken("Application.Read.All")
	one := w.graph("GET", token, "/v1.0/servicePrincipals(appId='"+webID+"')?$select=appId,displayName,servicePrincipalNames,oauth2PermissionScopes,info", "").json(t)
	if one["appId"] != webID || one["displayName"] != "Web" || list(one["servicePrincipalNames"]) != webID+" api://"+webID || len(one) != 6 ||
		one["@odata.context"] != w.BaseURL()+"/v1.0/$metadata#servicePrincipals(appId,displayName,servicePrincipalNames,oauth2PermissionScopes,info)/$entity" {
		t.Errorf("service principal %v", one)
	}
	info, _ := one["info"].(map[string]any)
	for name, want := range map[string]any{
		"logoUrl": w.LogoURL(webID), "supportUrl": "https://contoso.example/help", "privacyStatementUrl": "https://contoso.example/privacy",
		"termsOfServiceUrl": "https://contoso.example/terms", "marketingUrl": nil,
	} {
		if got, there := info[name]; got != want || !there {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if got := scopes(one["oauth2PermissionScopes"]); got != "access_as_user orders.write -old.read" {
		t.Errorf("scopes %q", got)
	}
	all := w.graph("GET", token, "/v1.0/servicePrincipals(appId='"+webID+"')", "").json(t)
	roles, _ := all["appRoles"].([]any)
	if id := decode(t, token)["oid"]; all["id"] != id || len(roles) != 2 || all["identifierUris"] != nil {
		t.Errorf("service principal %v, object id %v", all, id)
	}
	app := w.graph("GET", token, "/v1.0/applications(appId='"+webID+"')", "").json(t)
	api, _ := app["api"].(map[string]any)
	if list(app["identifierUris"]) != "api://"+webID || app["servicePrincipalNames"] != nil || app["id"] == all["id"] || api["requestedAccessTokenVersion"] != 2.0 || scopes(api["oauth2PermissionScopes"]) != "access_as_user orders.write -old.read" {
		t.Errorf("application %v", app)
	}
	bare := w.graph("GET", token, "/v1.0/servicePrincipals(appId='"+spaID+"')", "").json(t)
	info, _ = bare["info"].(map[string]any)
	if list(bare["servicePrincipalNames"]) != spaID || scopes(bare["oauth2PermissionScopes"]) != "" || info["logoUrl"] != nil || info["supportUrl"] != nil || bare["displayName"] != spaID {
		t.Errorf("bare registration %v", bare)
	}
	v1 := w.graph("GET", token, "/v1.0/applications(appId='"+otherID+"')?$select=api,identifierUris", "").json(t)
	if api, _ := v1["api"].(map[string]any); api["requestedAccessTokenVersion"] != 1.0 || list(v1["identifierUris"]) != "https://orders.contoso.example" {
		t.Errorf("registration of v1 tokens %v", v1)
	}
}

// scopes writes oauth2PermissionScopes as words, a disabled one with a dash in front.
func scopes(v any) string {
	items, _ := v.([]any)
	var words []string
	for _, i := range items {
		scope, _ := i.(map[string]any)
		word, _ := scope["value"].(string)
		if scope["id"] == nil || scope["adminConsentDisplayName"] == nil {
			word += "?"
		}
		if scope["isEnabled"] == false {
			word = "-" + word
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func TestRegistrationLists(t *testing.T) {
	w := startWith(t, branded)
	token := w.appToken("Application.Read.All")
	for filter, want := range map[string]int{"": 3, "appId eq '" + webID + "'": 1, "appId eq '" + strings.ToUpper(entra.AdeleOID) + "'": 0} {
		body := w.graph("GET", token, "/v1.0/servicePrincipals?$select=appId&$filter="+url.QueryEscape(filter), "").json(t)
		value, ok := body["value"].([]any)
		if len(value) != want || !ok {
			t.Errorf("%q: %v", filter, body)
		}
		if first, _ := append(value, nil)[0].(map[string]any); want > 0 && (len(first) != 1 || first["appId"] != webID) {
			t.Errorf("%q: %v", filter, first)
		}
	}
	if _, answers, _ := w.batch(token, item("1", "/servicePrincipals(appId='"+webID+"')?$select=id")); answers["1"].Status != http.StatusOK {
		t.Errorf("in a batch: %v", answers["1"])
	}
}

func TestDisabledScope(t *testing.T) {
	w := startWith(t, branded)
	if _, err := w.UserToken(entra.Adele, webID, "api://"+webID+"/old.read"); err == nil {
		t.Error("a disabled scope is granted")
	}
	if _, err := w.UserToken(entra.Adele, webID, "api://"+webID+"/orders.write"); err != nil {
		t.Error(err)
	}
}

func TestLogo(t *testing.T) {
	w := startWith(t, branded)
	if w.LogoURL(webID) != w.BaseURL()+"/logo/"+webID || w.LogoURL(spaID) != "" || w.LogoURL("nobody") != "" {
		t.Errorf("address %q", w.LogoURL(webID))
	}
	for _, row := range []struct {
		name, path string
		header     []string
		status     int
	}{
		{"there", w.LogoURL(webID), nil, 200},
		{"with a token", w.LogoURL(webID), []string{"Authorization", "Bearer x"}, 400},
		{"of a client without one", w.BaseURL() + "/logo/" + spaID, nil, 404},
		{"of nobody", w.BaseURL() + "/logo/nobody", nil, 404},
	} {
		t.Run(row.name, func(t *testing.T) {
			w.ResetCounts()
			got := w.get(row.path, row.header...)
			if got.status != row.status || w.Requests(entra.EndpointLogo) != 1 {
				t.Errorf("got %d, %d requests", got.status, w.Requests(entra.EndpointLogo))
			}
			if row.status == 200 && (got.body != string(pngLogo) || got.header.Get("Content-Type") != "image/png") {
				t.Errorf("%v %q", got.header, got.body)
			}
		})
	}
	w.SetFaults(entra.Faults{Endpoints: map[entra.Endpoint]entra.EndpointFault{entra.EndpointLogo: {ContentType: "image/svg+xml"}}})
	if got := w.get(w.LogoURL(webID)); got.header.Get("Content-Type") != "image/svg+xml" || got.status != http.StatusOK {
		t.Errorf("with a fault: %d %v", got.status, got.header)
	}
}
