package graph

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// registered is an answer about the application, changed by changes: member → JSON,
// "" takes the member away.
func registered(changes ...string) string {
	all := map[string]json.RawMessage{
		"@odata.context": json.RawMessage(`"x"`), "appId": json.RawMessage(`"` + strings.ToLower(theApp) + `"`), "displayName": json.RawMessage(`"Contoso Orders"`),
		"servicePrincipalNames":  json.RawMessage(`["api://orders","https://contoso.example/orders/","` + strings.ToLower(theApp) + `"]`),
		"oauth2PermissionScopes": json.RawMessage(`[{"value":"Orders.Read","isEnabled":true},{"value":"Orders.Old","isEnabled":false},{"value":"Orders.Write","isEnabled":true}]`),
		"info": json.RawMessage(`{"logoUrl":"https://cdn.example/logo.png","marketingUrl":7,"supportUrl":"https://contoso.example/support",` +
			`"privacyStatementUrl":"https://contoso.example/privacy","termsOfServiceUrl":"https://contoso.example/terms"}`),
	}
	for i := 0; i < len(changes); i += 2 {
		if all[changes[i]] = json.RawMessage(changes[i+1]); changes[i+1] == "" {
			delete(all, changes[i])
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func (f *fakeGraph) registration(t *testing.T, clientID string) (*Registration, error) {
	t.Helper()
	return f.Registration(t.Context(), secret.New(theToken), clientID)
}

func TestRegistration(t *testing.T) {
	f := newFake(t, time.Minute, func(w http.ResponseWriter, r *http.Request) {
		want := "/v1.0/servicePrincipals(appId='" + strings.ToLower(theApp) + "')?$select=appId,displayName,servicePrincipalNames,oauth2PermissionScopes,info"
		if r.Method != http.MethodGet || r.RequestURI != want || r.Header.Get("Authorization") != "Bearer "+theToken {
			t.Errorf("%s %s %v", r.Method, r.RequestURI, r.Header)
		}
		answer(registered())(w, r)
	})
	got, err := f.registration(t, theApp)
	want := &Registration{
		DisplayName: "Contoso Orders", AppIDURIs: []string{"api://orders", "https://contoso.example/orders/"}, Scopes: []string{"Orders.Read", "Orders.Write"},
		LogoURL: "https://cdn.example/logo.png", SupportURL: "https://contoso.example/support", PrivacyURL: "https://contoso.example/privacy", TermsURL: "https://contoso.example/terms",
	}
	if err != nil || !reflect.DeepEqual(got, want) || f.log.Len() > 0 {
		t.Errorf("%+v, %v, log %s", got, err, f.log)
	}
	for _, id := range []string{"", "orders", theApp + "')/owners('", "{" + theApp + "}", strings.ReplaceAll(theApp, "-", "")} {
		if got, err := f.registration(t, id); err == nil || got != nil || f.requests.Load() != 1 {
			t.Errorf("client id %q: %v, %v, %d requests", id, got, err, f.requests.Load())
		}
	}
}

func TestRegistrationRefuses(t *testing.T) {
	for _, tt := range []struct {
		name    string
		changes []string
		ok      bool
	}{
		{"as it is", nil, true},
		{"the id in capitals", []string{"appId", `"` + strings.ToUpper(theApp) + `"`}, true},
		{"another application", []string{"appId", `"` + aUser + `"`}, false},
		{"no id", []string{"appId", ""}, false},
		{"the id is null", []string{"appId", "null"}, false},
		{"the id is a list", []string{"appId", `["` + theApp + `"]`}, false},
		{"no name", []string{"displayName", ""}, true},
		{"the name is null", []string{"displayName", "null"}, true},
		{"the name is a number", []string{"displayName", "7"}, false},
		{"the name is an object", []string{"displayName", `{"a":"b"}`}, false},
		{"no URIs", []string{"servicePrincipalNames", "[]"}, true},
		{"URIs are missing", []string{"servicePrincipalNames", ""}, false},
		{"URIs are null", []string{"servicePrincipalNames", "null"}, false},
		{"URIs are a text", []string{"servicePrincipalNames", `"api://orders"`}, false},
		{"null among the URIs", []string{"servicePrincipalNames", `["api://orders",null]`}, false},
		{"a number among the URIs", []string{"servicePrincipalNames", `["api://orders",1]`}, false},
		{"no scopes", []string{"oauth2PermissionScopes", "[]"}, true},
		{"scopes are missing", []string{"oauth2PermissionScopes", ""}, false},
		{"scopes are null", []string{"oauth2PermissionScopes", "null"}, false},
		{"scopes are texts", []string{"oauth2PermissionScopes", `["Orders.Read"]`}, false},
		{"null among the scopes", []string{"oauth2PermissionScopes", `[null]`}, false},
		{"a scope without a value", []string{"oauth2PermissionScopes", `[{"isEnabled":true}]`}, true},
		{"a scope's value is null", []string{"oauth2PermissionScopes", `[{"isEnabled":true,"value":null}]`}, true},
		{"a scope's value is a number", []string{"oauth2PermissionScopes", `[{"isEnabled":true,"value":1}]`}, false},
		{"a scope is not said to be enabled", []string{"oauth2PermissionScopes", `[{"value":"a"}]`}, false},
		{"a scope is enabled by a text", []string{"oauth2PermissionScopes", `[{"value":"a","isEnabled":"true"}]`}, false},
		{"a scope is enabled by a number", []string{"oauth2PermissionScopes", `[{"value":"a","isEnabled":1}]`}, false},
		{"a scope is enabled by null", []string{"oauth2PermissionScopes", `[{"value":"a","isEnabled":null}]`}, false},
		{"no info", []string{"info", ""}, true},
		{"the info is null", []string{"info", "null"}, true},
		{"the info is a list", []string{"info", "[]"}, false},
		{"the info is a text", []string{"info", `"x"`}, false},
		{"a URL is null", []string{"info", `{"logoUrl":null}`}, true},
		{"a URL is a number", []string{"info", `{"logoUrl":1}`}, false},
		{"another URL is an object", []string{"info", `{"termsOfServiceUrl":{}}`}, false},
	} {
		got, err := newFake(t, time.Minute, answer(registered(tt.changes...))).registration(t, theApp)
		if tt.ok {
			if err != nil || got == nil {
				t.Errorf("%s: %v", tt.name, err)
			}
			continue
		}
		if e := refused(t, tt.name, err); got != nil || e.Reason != ReasonUnreadable {
			t.Errorf("%s: %v, %v", tt.name, got, e)
		}
	}
}

func TestRegistrationBoundsTexts(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	for _, tt := range []struct{ name, want string }{
		{" Orders ", "Orders"},
		{"a\r\nb\u0000c\u0085d", "abcd"},
		{"turned \u202eround\u202c", "turned round"},
		{"<b>&\"", "<b>&\""},
		{long(256), long(256)},
		{long(257), long(256)},
		{long(255) + "é", long(255)},
		{long(254) + "é", long(254) + "é"},
		{long(250) + " \t     " + long(9), long(250)},
		{strings.Repeat(" ", 300) + "Orders", "Orders"},
	} {
		if got := displayName(tt.name, maxName); got != tt.want {
			t.Errorf("%.40q: %.300q", tt.name, got)
		}
	}

	quoted := func(texts ...string) string {
		text, _ := json.Marshal(texts)
		return string(text)
	}
	var many []string
	for i := range maxScopes + 1 {
		many = append(many, fmt.Sprintf(`{"value":"s%d","isEnabled":true}`, i))
	}
	f := newFake(t, time.Minute, answer(registered(
		"servicePrincipalNames", quoted("api://ok", "a:b c", "a:\n", "a:\u00e9", `a:"`, `a:\`, "a:"+long(254), "a:"+long(255), "no URI", ""),
		"oauth2PermissionScopes", "["+strings.Join(many, ",")+"]")))
	got, err := f.registration(t, theApp)
	if err != nil || len(got.AppIDURIs) != 2 || got.AppIDURIs[1] != "a:"+long(254) || len(got.Scopes) != maxScopes || got.Scopes[499] != "s499" {
		t.Errorf("%+v, %v", got, err)
	}
	if !strings.Contains(f.log.String(), `"ignored":7`) || strings.Contains(f.log.String(), "s500") {
		t.Errorf("log %s", f.log)
	}
}

func TestRegistrationURLs(t *testing.T) {
	for _, tt := range []struct {
		url        string
		far, local bool // usable with Graph elsewhere, and on loopback as a logo
	}{
		{"https://contoso.example/a?b#c", true, true},
		{"https://contoso.example:8443", true, true},
		{"https://x/" + strings.Repeat("x", maxURL-len("https://x/")), true, true},
		{"https://x/" + strings.Repeat("x", maxURL-len("https://x/")+1), false, false},
		{"http://localhost:8080/logo", false, true},
		{"http://127.0.0.1/logo", false, true},
		{"http://127.0.0.1.example/logo", false, false},
		{"http://contoso.example/", false, false},
		{"//contoso.example/", false, false},
		{"/logo", false, false},
		{"", false, false},
		{"https://", false, false},
		{"https://:443/", false, false},
		{"https:contoso.example", false, false},
		{"https://u:p@contoso.example/", false, false},
		{"https://@contoso.example/", false, false},
		{"javascript:alert(1)", false, false},
		{"javascript://contoso.example/%0aalert(1)", false, false},
		{"data:text/html,x", false, false},
		{"mailto:a@contoso.example", false, false},
		{"https://contoso.example/a b", false, false},
		{"https://contoso.example/\"onload=", false, false},
		{"https://contoso.example/<", false, false},
		{`https:\\contoso.example\`, false, false},
		{"https://contoso.example/\n", false, false},
		{"https://contos\u00f6.example/", false, false},
		{"https://[::1", false, false},
		{"https://contoso.example/%zz", false, false},
	} {
		if got := usableURL(tt.url, false); got != tt.far {
			t.Errorf("%.80q: %v", tt.url, got)
		}
		if got := usableURL(tt.url, true); got != tt.local {
			t.Errorf("%.80q on loopback: %v", tt.url, got)
		}
	}
	const plain = `"http://127.0.0.1:8080/x"`
	got, err := newFake(t, time.Minute, answer(registered("info", `{"logoUrl":`+plain+`,"supportUrl":`+plain+`,"privacyStatementUrl":`+plain+`,"termsOfServiceUrl":`+plain+`}`))).registration(t, theApp)
	if err != nil || got.LogoURL != strings.Trim(plain, `"`) || got.SupportURL+got.PrivacyURL+got.TermsURL != "" {
		t.Errorf("%+v, %v", got, err)
	}
}
