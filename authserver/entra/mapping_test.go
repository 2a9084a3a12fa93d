package entra

import (
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// plainIdentity is the identity of a token of a plain provider.
func plainIdentity(t *testing.T, names ClaimNames, payload string) *access.Identity {
	t.Helper()
	cfg := testConfig(newIDP(), nil)
	cfg.Kind, cfg.TenantID, cfg.Claims = Plain, "", names
	return must(New(cfg)).identity(must(parseObject([]byte(payload))))
}

func TestMappedClaims(t *testing.T) {
	keycloak := ClaimNames{Roles: "realm_access.roles", Groups: "grp"}
	for _, tt := range []struct {
		name    string
		names   ClaimNames
		payload string
		roles   []string
		groups  []string
		others  []string // names
	}{
		{"none configured", ClaimNames{}, `{"roles":["a"],"groups":["g"]}`, []string{"a"}, []string{"g"}, nil},
		{"an exact name", ClaimNames{Roles: "cognito:groups"}, `{"cognito:groups":["a"],"groups":["g"]}`, []string{"a"}, []string{"g"}, nil},
		{"a URL", ClaimNames{Roles: "https://app.example/roles"}, `{"https://app.example/roles":["a"],"x":1}`, []string{"a"}, nil, []string{"x"}},
		{"another URL", ClaimNames{Roles: "https://app.example/roles"}, `{"https://app.example/Roles":["a"]}`, nil, nil, []string{"https://app.example/Roles"}},
		{"a path", keycloak, `{"realm_access":{"roles":["a","b"]},"grp":["/g"]}`, []string{"a", "b"}, []string{"/g"}, nil},
		{"a path, roles beside it", keycloak, `{"realm_access":{"roles":["a"]},"roles":["x"]}`, []string{"a"}, nil, nil},
		{"a path that is not there", keycloak, `{"roles":["x"],"groups":["x"]}`, nil, nil, nil},
		{"the exact name before the path", keycloak, `{"realm_access":{"roles":["x"]},"realm_access.roles":["a"]}`, []string{"a"}, nil, nil},
		{"the exact name before the path, also of no use", keycloak, `{"realm_access":{"roles":["x"]},"realm_access.roles":null}`, nil, nil, nil},
		{"a path of another case", keycloak, `{"Realm_access":{"roles":["x"]},"realm_access":{"Roles":["x"]}}`, nil, nil, []string{"Realm_access"}},
		{"a path through text", keycloak, `{"realm_access":"{\"roles\":[\"x\"]}"}`, nil, nil, nil},
		{"a path through an array", keycloak, `{"realm_access":[{"roles":["x"]}]}`, nil, nil, nil},
		{"twice at its end", keycloak, `{"realm_access":{"roles":["x"],"roles":["y"]}}`, nil, nil, nil},
		{"a name with dots inside of a path", ClaimNames{Roles: "resource_access.my.app.roles"}, `{"resource_access":{"my.app":{"roles":["a"]},"other":{"roles":["x"]}}}`, []string{"a"}, nil, nil},
		{"the shortest step first", ClaimNames{Roles: "a.b.c"}, `{"a.b":{"c":"x"},"a":{"b":{"c":"a"}}}`, []string{"a"}, nil, nil},
		{"a step that leads nowhere", ClaimNames{Roles: "a.b.c"}, `{"a.b":{"c":"a"},"a":{"z":{"c":"x"}}}`, []string{"a"}, nil, nil},
		{"a single text", keycloak, `{"realm_access":{"roles":"a b"}}`, []string{"a b"}, nil, nil},
		{"an object at its end", keycloak, `{"realm_access":{"roles":{"a":true}}}`, nil, nil, nil},
		{"GUIDs as groups", ClaimNames{}, `{"groups":["` + strings.ToUpper("aaaaaaaa-2222-4333-8444-555555555555") + `","Not-A-GUID"]}`, nil, []string{"aaaaaaaa-2222-4333-8444-555555555555", "Not-A-GUID"}, nil},
		{"too large a role", keycloak, `{"realm_access":{"roles":["a","` + strings.Repeat("x", maxClaimBytes+1) + `"]}}`, []string{"a"}, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			id := plainIdentity(t, tt.names, tt.payload)
			var others []string
			for _, c := range id.Claims {
				others = append(others, c.Name)
			}
			if !slices.Equal(id.Roles, tt.roles) || !slices.Equal(id.Groups, tt.groups) || !slices.Equal(others, tt.others) {
				t.Errorf("roles %q, groups %q, others %q", id.Roles, id.Groups, others)
			}
		})
	}
}

func TestMappingIsOfPlainProvidersAlone(t *testing.T) {
	cfg := testConfig(newIDP(), nil)
	cfg.Claims = ClaimNames{Roles: "wids", Groups: "wids", Scopes: "wids"}
	rp := must(New(cfg))
	id := rp.identity(must(parseObject([]byte(`{"roles":["a"],"wids":["x"],"groups":["g"]}`))))
	if !slices.Equal(id.Roles, []string{"a"}) || !slices.Equal(id.Groups, []string{"g"}) || !slices.Equal(claim(id, "wids"), []string{"x"}) {
		t.Errorf("%+v", id)
	}
}

func TestScopesAreSplitAtBlanks(t *testing.T) {
	for _, tt := range []struct {
		claims, payload string
		want            []string
	}{
		{"", `{"scope":"a b  c"}`, []string{"a", "b", "c"}},
		{"", `{"scope":"a"}`, []string{"a"}},
		{"", `{"scope":""}`, nil},
		{"", `{"scope":["a b","c"]}`, []string{"a b", "c"}},
		{"", `{"scope":["a b"]}`, []string{"a b"}},
		{"", `{"scp":"a"}`, nil},
		{"scp", `{"scp":["a","b"],"scope":"c"}`, []string{"a", "b"}},
		{"perm.api", `{"perm":{"api":"a b"}}`, []string{"a", "b"}},
	} {
		cfg := testConfig(newIDP(), nil)
		cfg.Kind, cfg.TenantID, cfg.Claims.Scopes = Plain, "", tt.claims
		rp := must(New(cfg))
		if got := rp.claimTexts(must(parseObject([]byte(tt.payload))), rp.cfg.Claims.Scopes); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.payload, got, tt.want)
		}
	}
}

// What is left out of roles and groups is known as such, whatever the claims are called: who
// asks about roles must not take them for none.
func TestWhatIsLeftOutOfMappedClaims(t *testing.T) {
	long := `"` + strings.Repeat("x", maxClaimBytes+1) + `"`
	for _, tt := range []struct {
		name    string
		claims  ClaimNames
		payload string
		want    []string
	}{
		{"nothing", ClaimNames{Roles: "wids", Groups: "grp"}, `{"wids":["a"],"grp":["b"]}`, nil},
		{"a role", ClaimNames{Roles: "wids"}, `{"wids":["a",` + long + `]}`, []string{"roles", "wids"}},
		{"a role below a path", ClaimNames{Roles: "realm.roles"}, `{"realm":{"roles":["a",` + long + `]}}`, []string{"roles", "realm.roles"}},
		{"a group", ClaimNames{Groups: "grp"}, `{"grp":["a",` + long + `]}`, []string{"groups", "grp"}},
		{"under the usual names", ClaimNames{}, `{"roles":["a",` + long + `],"groups":[` + long + `]}`, []string{"roles", "groups"}},
	} {
		if id := plainIdentity(t, tt.claims, tt.payload); !slices.Equal(id.Dropped, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, id.Dropped, tt.want)
		}
	}
}

// Every object is visited once, however often the path could be cut.
func TestDeepPathsAreBounded(t *testing.T) {
	path := strings.TrimSuffix(strings.Repeat("a.", 64), ".")
	payload := `{"z":1}`
	for i := range 40 {
		payload = `{"` + strings.TrimSuffix(strings.Repeat("a.", 1+i%3), ".") + `":` + payload + `}`
	}
	if id := plainIdentity(t, ClaimNames{Roles: path}, payload); id.Roles != nil {
		t.Errorf("roles %q", id.Roles)
	}
}

func TestGroupsElsewhereOfAPlainProvider(t *testing.T) {
	for payload, want := range map[string]bool{
		`{"_claim_names":{"grp":"src1"}}`:    true,
		`{"_claim_names":{"groups":"src1"}}`: true,
		`{"_claim_names":{"roles":"src1"}}`:  false,
		`{"grp":["a"]}`:                      false,
	} {
		if id := plainIdentity(t, ClaimNames{Groups: "grp"}, payload); id.GroupsUnknown != want {
			t.Errorf("%s: groups unknown %v, want %v", payload, id.GroupsUnknown, want)
		}
	}
}

func TestHowAPersonSignedIn(t *testing.T) {
	const payload = `{"acr":"1","acrs":["c1","c25"],"amr":["pwd","mfa"],"auth_time":1893553445}`
	entra := identityOf(t, &logBuffer{}, payload)
	if !slices.Equal(entra.Contexts, []string{"c1", "c25"}) || entra.Methods != nil || !entra.AuthTime.Equal(startTime) {
		t.Errorf("Entra ID: %q, %q, %v", entra.Contexts, entra.Methods, entra.AuthTime)
	}
	plain := plainIdentity(t, ClaimNames{}, payload)
	if !slices.Equal(plain.Contexts, []string{"1"}) || !slices.Equal(plain.Methods, []string{"pwd", "mfa"}) || !plain.AuthTime.Equal(startTime) {
		t.Errorf("plain: %q, %q, %v", plain.Contexts, plain.Methods, plain.AuthTime)
	}
	for name, payload := range map[string]string{
		"none":             `{"iat":1893553445}`,
		"of another case":  `{"Acrs":["c1"],"ACR":"1","AMR":["mfa"],"Auth_time":1893553445}`,
		"of another type":  `{"acrs":{"c1":true},"acr":1,"amr":null,"auth_time":null}`,
		"too long to keep": `{"acrs":["` + strings.Repeat("c", maxID+1) + `"],"acr":"` + strings.Repeat("c", maxID+1) + `"}`,
	} {
		for kind, id := range map[string]*access.Identity{"Entra ID": identityOf(t, &logBuffer{}, payload), "plain": plainIdentity(t, ClaimNames{}, payload)} {
			if len(id.Contexts) > 0 || len(id.Methods) > 0 || !id.AuthTime.IsZero() {
				t.Errorf("%s, %s: %q, %q, %v", kind, name, id.Contexts, id.Methods, id.AuthTime)
			}
		}
	}
	if one := identityOf(t, &logBuffer{}, `{"acrs":"c1"}`); !slices.Equal(one.Contexts, []string{"c1"}) {
		t.Errorf("acrs as text: %q", one.Contexts)
	}
}
