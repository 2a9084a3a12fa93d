package entra

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// TestBearerClaims is the table of claims: of every kind of token, which claim
// becomes which field of the identity.
func TestBearerClaims(t *testing.T) {
	const group, ourScope = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", testClient + "/"
	v1App := all(asV1, asApp)
	overage := map[string]any{"groups": nil, "_claim_names": map[string]any{"groups": "src1"}, "_claim_sources": map[string]any{"src1": map[string]any{"endpoint": "https://graph.windows.net/x"}}}
	other := func(name string) func(*access.Identity) any {
		return func(id *access.Identity) any { return claim(id, name) }
	}
	var none []string
	for _, tt := range []struct {
		kind  string
		as    func(*call)
		claim string
		token map[string]any // nil: as the kind has it
		field func(*access.Identity) any
		want  any
	}{
		{"v2", nil, "tid", nil, tenantField, testTenant},
		{"v2", nil, "tid in upper case", map[string]any{"tid": strings.ToUpper(testTenant)}, tenantField, testTenant},
		{"v2", nil, "oid", nil, objectField, testObject},
		{"v2", nil, "iss", nil, issuerField, testIssuer},
		{"v2", nil, "sub", nil, subjectField, "subject"},
		{"v2", nil, "name", nil, nameField, "Ann"},
		{"v2", nil, "preferred_username", nil, userField, "ann@example.test"},
		{"v2", nil, "upn alone", map[string]any{"preferred_username": nil, "upn": "u@example.test"}, userField, ""},
		{"v2", nil, "email", map[string]any{"email": "ann@mail.example"}, emailField, "ann@mail.example"},
		{"v2", nil, "roles", nil, rolesField, []string{"Admin"}},
		{"v2", nil, "roles with a comma and a bar", map[string]any{"roles": []string{"A,B", "C|D"}}, rolesField, []string{"A,B", "C|D"}},
		{"v2", nil, "ROLES", map[string]any{"roles": nil, "ROLES": []string{"Admin"}}, rolesField, none},
		{"v2", nil, "scp", nil, scopesField, []string{ourScope + "Read", ourScope + "Write"}},
		{"v2", nil, "scp with several blanks and one twice", map[string]any{"scp": " Read  Write Read "}, scopesField, []string{ourScope + "Read", ourScope + "Write"}},
		{"v2", nil, "scp named like Graph's", map[string]any{"scp": "User.Read"}, scopesField, []string{ourScope + "User.Read"}},
		{"v2", nil, "scp with what no scope can have", map[string]any{"scp": "Read \"x\" Write\u00e4"}, scopesField, []string{ourScope + "Read"}},
		{"v2", nil, "scp as another claim", nil, other("scp"), none},
		{"v2", nil, "groups", map[string]any{"groups": []string{strings.ToUpper(group)}}, groupsField, []string{group}},
		{"v2", nil, "groups, which are all", map[string]any{"groups": []string{group}}, unknownField, false},
		{"v2", nil, "_claim_names", overage, unknownField, true},
		{"v2", nil, "hasgroups", map[string]any{"hasgroups": true}, unknownField, true},
		{"v2", nil, "acrs", map[string]any{"acrs": []string{"c1", "c3"}}, contextsField, []string{"c1", "c3"}},
		{"v2", nil, "acr", map[string]any{"acr": "c1"}, contextsField, none},
		{"v2", nil, "amr", map[string]any{"amr": []string{"mfa"}}, methodsField, none},
		{"v2", nil, "auth_time", map[string]any{"auth_time": startTime.Unix() - 60}, authTimeField, startTime.Unix() - 60},
		{"v2", nil, "iat, which is no auth_time", nil, authTimeField, time.Time{}.Unix()},
		{"v2", nil, "azp", nil, other("azp"), []string{testCaller}},
		{"v2", nil, "idtyp", map[string]any{"idtyp": "user"}, other("idtyp"), []string{"user"}},
		{"v2", nil, "ipaddr", map[string]any{"ipaddr": "192.0.2.1"}, other("ipaddr"), []string{"192.0.2.1"}},
		{"v2", nil, "extension_x", map[string]any{"extension_x": []any{"a", 1, true}}, other("extension_x"), []string{"a", "1", "true"}},
		{"v2", nil, "ver", nil, other("ver"), none},
		{"v2", nil, "uti", nil, other("uti"), none},

		{"v1", asV1, "iss", nil, issuerField, testV1},
		{"v1", asV1, "tid", nil, tenantField, testTenant},
		{"v1", asV1, "oid", nil, objectField, testObject},
		{"v1", asV1, "upn", nil, userField, "ann@example.test"},
		{"v1", asV1, "unique_name without upn", map[string]any{"upn": nil}, userField, "live.com#ann"},
		{"v1", asV1, "preferred_username beside upn", map[string]any{"preferred_username": "p@example.test"}, userField, "p@example.test"},
		{"v1", asV1, "name", nil, nameField, "Ann"},
		{"v1", asV1, "scp", nil, scopesField, []string{ourScope + "Read", ourScope + "Write"}},
		{"v1", asV1, "roles", nil, rolesField, []string{"Admin"}},
		{"v1", asV1, "acr, which is 1 there", nil, contextsField, none},
		{"v1", asV1, "acrs", map[string]any{"acrs": []string{"c1"}}, contextsField, []string{"c1"}},
		{"v1", asV1, "amr", nil, methodsField, none},
		{"v1", asV1, "amr as another claim", nil, other("amr"), []string{"pwd", "mfa"}},
		{"v1", asV1, "appid", nil, other("appid"), []string{testCaller}},
		{"v1", asV1, "audience of its own", map[string]any{"aud": testAPI}, subjectField, "subject"},
		{"v1", asV1, "audience that is the client id", map[string]any{"aud": testClient}, subjectField, "subject"},

		{"v2 app", asApp, "azp as the name", nil, nameField, testCaller},
		{"v2 app", asApp, "app_displayname", map[string]any{"app_displayname": "Nightly job"}, nameField, "Nightly job"},
		{"v2 app", asApp, "roles", nil, rolesField, []string{"Admin"}},
		{"v2 app", asApp, "roles as one text", map[string]any{"roles": "Admin"}, rolesField, []string{"Admin"}},
		{"v2 app", asApp, "scopes", nil, scopesField, none},
		{"v2 app", asApp, "oid", nil, objectField, testObject},
		{"v2 app", asApp, "sub", nil, subjectField, testObject},
		{"v2 app", all(asApp, set(map[string]any{"idtyp": nil})), "oid that is sub", nil, nameField, testCaller},
		{"v2 app", asApp, "sub that is not oid, with idtyp", map[string]any{"sub": "other"}, nameField, testCaller},
		{"v2 app", asApp, "idtyp", nil, other("idtyp"), []string{"app"}},
		{"v1 app", v1App, "appid as the name", nil, nameField, testCaller},
		{"v1 app", v1App, "app_displayname", map[string]any{"app_displayname": "Nightly job"}, nameField, "Nightly job"},
		{"v1 app", v1App, "roles", nil, rolesField, []string{"Admin"}},
		{"v1 app", v1App, "iss", nil, issuerField, testV1},
		{"v1 app", v1App, "preferred_username", nil, userField, ""},
		{"a person whose sub is oid", nil, "name", map[string]any{"sub": testObject}, nameField, "Ann"},

		{"B2C", asB2C, "sub", nil, subjectField, "subject"},
		{"B2C", asB2C, "tid that is not there", nil, tenantField, ""},
		{"B2C", asB2C, "tid", map[string]any{"tid": testTenant}, tenantField, testTenant},
		{"B2C", asB2C, "scp", nil, scopesField, []string{ourScope + "Read", ourScope + "Write"}},
		{"B2C", asB2C, "nonce as another claim", nil, other("nonce"), none},
		{"B2C", asB2C, "tfp as another claim", nil, other("tfp"), []string{"B2C_1_signin"}},
		{"B2C", asB2C, "acr in place of tfp", map[string]any{"tfp": nil, "acr": "b2c_1_signin"}, subjectField, "subject"},
		{"External ID", asExternal, "iss", nil, issuerField, "https://" + testTenant + ".ciamlogin.com/" + testTenant + "/v2.0"},
		{"External ID", asExternal, "oid", nil, objectField, testObject},
		{"several tenants", asMulti, "tid", nil, tenantField, testTenant},

		{"plain", asPlain, "iss", nil, issuerField, plainIssuer},
		{"plain", asPlain, "sub", nil, subjectField, "subject"},
		{"plain", asPlain, "scope", nil, scopesField, []string{"openid", "orders:read"}},
		{"plain", asPlain, "scope as an array", map[string]any{"scope": []string{"a", "b"}}, scopesField, []string{"a", "b"}},
		{"plain", asPlain, "scope that is empty", map[string]any{"scope": ""}, scopesField, none},
		{"plain", asPlain, "realm_access.roles", nil, rolesField, []string{"Admin"}},
		{"plain", asPlain, "roles, which are elsewhere", map[string]any{"realm_access": nil, "roles": []string{"Admin"}}, rolesField, none},
		{"plain", asPlain, "tid and oid, which mean nothing", map[string]any{"tid": "t", "oid": "o"}, tenantField, ""},
		{"plain", asPlain, "acr", map[string]any{"acr": "gold"}, contextsField, []string{"gold"}},
		{"plain", asPlain, "amr", map[string]any{"amr": []string{"mfa"}}, methodsField, []string{"mfa"}},
		{"plain", asPlain, "client_id in place of azp", map[string]any{"azp": nil, "client_id": testCaller}, other("client_id"), []string{testCaller}},
		{"plain", asPlain, "audience that is the client id", map[string]any{"aud": testClient}, subjectField, "subject"},
	} {
		t.Run(tt.kind+"/"+tt.claim, func(t *testing.T) {
			as := tt.as
			if as == nil {
				as = func(*call) {}
			}
			r := run(t, as, set(tt.token))
			if r.Identity == nil {
				t.Fatalf("refused: %v", r.Err)
			}
			if got := tt.field(r.Identity); !reflect.DeepEqual(got, tt.want) && !empty(got, tt.want) {
				t.Errorf("%#v, want %#v", got, tt.want)
			}
			if len(r.Identity.Graph) > 0 || r.Cached || !r.Expires.Equal(startTime.Add(time.Hour)) || r.Key == [32]byte{} {
				t.Errorf("%+v", r)
			}
		})
	}
}

// empty reports whether both are lists of nothing.
func empty(a, b any) bool {
	x, ok1 := a.([]string)
	y, ok2 := b.([]string)
	return ok1 && ok2 && len(x) == 0 && len(y) == 0
}

func tenantField(id *access.Identity) any   { return id.Tenant }
func objectField(id *access.Identity) any   { return id.Object }
func issuerField(id *access.Identity) any   { return id.Issuer }
func subjectField(id *access.Identity) any  { return id.Subject }
func nameField(id *access.Identity) any     { return id.Name }
func userField(id *access.Identity) any     { return id.PreferredUsername }
func emailField(id *access.Identity) any    { return id.Email }
func rolesField(id *access.Identity) any    { return id.Roles }
func scopesField(id *access.Identity) any   { return id.Scopes }
func groupsField(id *access.Identity) any   { return id.Groups }
func unknownField(id *access.Identity) any  { return id.GroupsUnknown }
func contextsField(id *access.Identity) any { return id.Contexts }
func methodsField(id *access.Identity) any  { return id.Methods }
func authTimeField(id *access.Identity) any { return id.AuthTime.Unix() }

// One person is one identity, whichever way the request says who it is.
func TestBearerKeyIsTheSessions(t *testing.T) {
	key := func(edits ...func(*call)) access.Key { return run(t, edits...).Identity.Key() }
	want := access.Key{Authority: testTenant, ID: testObject}
	for name, edits := range map[string][]func(*call){"v2": nil, "v1": {asV1}, "an application": {asApp}, "several tenants": {asMulti}} {
		if got := key(edits...); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	b2c := access.Key{Authority: testIssuer + "/", ID: "subject"}
	if got := key(asB2C); got != b2c {
		t.Errorf("B2C: %v, want %v", got, b2c)
	}
	if got := key(asPlain, set(map[string]any{"tid": "t", "oid": "o"})); got != (access.Key{Authority: plainIssuer, ID: "subject"}) {
		t.Errorf("plain: %v", got)
	}
}

// Whatever the provider calls its token, only claims that it signed count.
func TestBearerTypes(t *testing.T) {
	typ := func(value any) func(*call) { return edit(withHeader("typ", value)) }
	noScope := set(map[string]any{"scope": nil})
	for name, edits := range map[string][]func(*call){
		"JWT": {typ("JWT")}, "none": {typ(nil)}, "at+jwt": {typ("at+jwt")}, "upper case": {typ("AT+JWT")}, "whole": {typ("application/at+jwt")},
		"plain, at+jwt without scopes": {asPlain, noScope, typ("AT+jwt")},
		"plain, at+jwt with a nonce":   {asPlain, typ("at+jwt"), set(map[string]any{"nonce": "n"})},
	} {
		if r := run(t, edits...); r.Identity == nil {
			t.Errorf("%s: %v", name, r.Err)
		}
	}
}

func TestBearerOfALocalScopeName(t *testing.T) {
	c := bearerCall()
	c.cfg.Scopes = nil // one spelling
	id := c.party(t).Bearer(t.Context(), c.sends()).Identity
	if id == nil || !slices.Equal(id.Scopes, []string{"Read", "Write"}) {
		t.Errorf("%s", must(json.Marshal(id)))
	}
}
