package entra

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

func identityOf(t *testing.T, log *logBuffer, payload string) *access.Identity {
	t.Helper()
	cfg := testConfig(newIDP(), nil)
	cfg.Log = log.logger()
	claims, err := parseObject([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return must(New(cfg)).identity(claims)
}

func claim(id *access.Identity, name string) []string {
	for _, c := range id.Claims {
		if c.Name == name {
			return c.Values
		}
	}
	return nil
}

func TestRolesAndGroups(t *testing.T) {
	tests := []struct {
		name    string
		payload string
		roles   []string
		groups  []string
		unknown bool
	}{
		{"none", `{}`, nil, nil, false},
		{"arrays", `{"roles":["a","b"],"groups":["g"]}`, []string{"a", "b"}, []string{"g"}, false},
		{"single texts", `{"roles":"a","groups":"g"}`, []string{"a"}, []string{"g"}, false},
		{"not texts", `{"roles":["a",5,null,true,["b"],{"c":"d"},""],"groups":[1]}`, []string{"a"}, nil, false},
		{"an object", `{"roles":{"a":"b"},"groups":{"a":"b"}}`, nil, nil, false},
		{"a number", `{"roles":5}`, nil, nil, false},
		{"null", `{"roles":null,"groups":null}`, nil, nil, false},
		{"separators stay", `{"roles":["a,b|c"]}`, []string{"a,b|c"}, nil, false},
		{"other spellings", `{"Roles":["x"],"ROLES":["x"],"https://e.example/roles":["x"],"roles ":["x"],"http://schemas.microsoft.com/ws/2008/06/identity/claims/role":"x"}`, nil, nil, false},
		{"other spelling beside", `{"roles":["a"],"ROLES":["x"],"GROUPS":["x"]}`, []string{"a"}, nil, false},
		{"claim names", `{"_claim_names":{"groups":"src1"},"_claim_sources":{"src1":{"endpoint":"https://graph.windows.net/x"}}}`, nil, nil, true},
		{"claim names of others", `{"_claim_names":{"photo":"src1"}}`, nil, nil, false},
		{"claim names, other spelling", `{"_claim_names":{"GROUPS":"src1"}}`, nil, nil, false},
		{"claim names are no object", `{"_claim_names":"groups"}`, nil, nil, false},
		{"hasgroups", `{"hasgroups":true}`, nil, nil, true},
		{"hasgroups as text", `{"hasgroups":"true"}`, nil, nil, true},
		{"hasgroups false", `{"hasgroups":false}`, nil, nil, false},
		{"too large a role", `{"roles":["a","` + strings.Repeat("x", maxClaimBytes+1) + `"]}`, []string{"a"}, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id := identityOf(t, &logBuffer{}, tt.payload)
			if !slices.Equal(id.Roles, tt.roles) || !slices.Equal(id.Groups, tt.groups) || id.GroupsUnknown != tt.unknown {
				t.Errorf("roles %q groups %q unknown %v", id.Roles, id.Groups, id.GroupsUnknown)
			}
		})
	}
}

func TestDisplayClaims(t *testing.T) {
	id := identityOf(t, &logBuffer{}, `{"iss":"i","sub":"s","tid":"t","oid":"o","name":"N","preferred_username":"p","email":"e"}`)
	got := [...]string{id.Issuer, id.Subject, id.Tenant, id.Object, id.Name, id.PreferredUsername, id.Email}
	if want := [...]string{"i", "s", "t", "o", "N", "p", "e"}; got != want || len(id.Claims) != 0 {
		t.Errorf("%q, other claims %v", got, id.Claims)
	}
	log := &logBuffer{}
	id = identityOf(t, log, `{"name":5,"email":["a"],"preferred_username":null}`)
	if id.Name != "" || id.Email != "" || id.PreferredUsername != "" || len(id.Claims) != 0 {
		t.Errorf("claims of the wrong type: %+v", id)
	}
	if !strings.Contains(log.String(), `["name","email"]`) {
		t.Errorf("log: %s", log)
	}
	log, fits := &logBuffer{}, strings.Repeat("x", maxClaimBytes)
	id = identityOf(t, log, `{"name":"`+fits+`x","email":"`+fits+`"}`)
	if id.Name != "" || id.Email != fits || !strings.Contains(log.String(), `["name"]`) {
		t.Errorf("name of %d bytes, email of %d bytes; log: %s", len(id.Name), len(id.Email), log)
	}
}

func TestOtherClaimValues(t *testing.T) {
	for _, tt := range []struct {
		json string
		want []string
	}{
		{`"text"`, []string{"text"}},
		{`""`, []string{""}},
		{`"é\n\u0000|"`, []string{"é\n\x00|"}},
		{`12345678901234567890`, []string{"12345678901234567890"}},
		{`1.50`, []string{"1.50"}},
		{`1e3`, []string{"1e3"}},
		{`true`, []string{"true"}},
		{`false`, []string{"false"}},
		{`null`, nil},
		{`[]`, nil},
		{`[null]`, nil},
		{`["a", 1, true, null, {"b": [1, 2]}, ["c", "d"]]`, []string{"a", "1", "true", `{"b":[1,2]}`, `["c","d"]`}},
		{`{ "a" : { "b" : "<&>" } }`, []string{`{"a":{"b":"<&>"}}`}},
		{`"` + strings.Repeat("x", maxClaimBytes-1) + `"`, []string{strings.Repeat("x", maxClaimBytes-1)}},
		{`"` + strings.Repeat("x", maxClaimBytes) + `"`, nil},
		{`[` + strings.Repeat(`"",`, maxClaimBytes) + `""]`, nil},
	} {
		id := identityOf(t, &logBuffer{}, `{"x": `+tt.json+` }`)
		if got := claim(id, "x"); !slices.Equal(got, tt.want) {
			t.Errorf("%.40s: %.80q, want %.80q", tt.json, got, tt.want)
		}
	}
}

// Names and fate of every claim that EasyAuthForK8s knows, so that applications
// find the same headers.
func TestWhichClaimsAreOther(t *testing.T) {
	hidden := []string{
		"iss", "aud", "exp", "iat", "nbf", "nonce", "at_hash", "c_hash", "s_hash", "aio", "idp", "rh", "unique_name", "uti", "ver",
		"_claim_names", "_claim_sources", "hasgroups", "tid", "oid", "sub", "name", "preferred_username", "email", "roles", "groups",
	}
	kept := []string{
		"acr", "acrs", "amr", "appid", "auth_time", "idtyp", "tfp", "xms_edov", "azp", "family_name", "given_name", "login_hint", "scp", "sid", "upn", "wids", "email_verified",
		"https://example.com/claims/department", "Roles",
	}
	m := map[string]string{}
	for _, name := range slices.Concat(hidden, kept) {
		m[name] = "v"
	}
	id := identityOf(t, &logBuffer{}, string(must(json.Marshal(m))))
	var got []string
	for _, c := range id.Claims {
		got = append(got, c.Name)
	}
	if slices.Sort(kept); !slices.Equal(got, kept) {
		t.Errorf("other claims %q, want %q", got, kept)
	}
}

func TestOtherClaimsAreBounded(t *testing.T) {
	log := &logBuffer{}
	m := map[string]any{"huge": strings.Repeat("h", 64<<10), "roles": []string{"r"}, strings.Repeat("n", maxClaimName+1): "v", "": "v"}
	for i := range maxClaims + 50 {
		m[fmt.Sprintf("c%04d\x1b[31m", i)] = i
	}
	id := identityOf(t, log, string(must(json.Marshal(m))))
	if len(id.Claims) != maxClaims || !slices.IsSortedFunc(id.Claims, func(a, b access.Claim) int { return strings.Compare(a.Name, b.Name) }) {
		t.Errorf("%d other claims, want the first %d by name", len(id.Claims), maxClaims)
	}
	if claim(id, "huge") != nil || !slices.Equal(id.Roles, []string{"r"}) {
		t.Errorf("huge claim kept, or roles lost: %q", id.Roles)
	}
	if s := log.String(); strings.Count(s, "\n") != 1 || len(s) > 2000 || strings.Contains(s, "hhhh") || !strings.Contains(s, `"count":53`) {
		t.Errorf("want one short line that counts 53, got %s", s)
	}
}

// Sign-out needs them: sid finds the session when the provider ends it, and
// login_hint tells the provider whose session to end.
func TestClaimsForSigningOutStay(t *testing.T) {
	id := identityOf(t, &logBuffer{}, `{"sid":"00aa11bb-session","login_hint":"O.CiRl+/=","SID":"other"}`)
	if got := claim(id, "sid"); !slices.Equal(got, []string{"00aa11bb-session"}) {
		t.Errorf("sid %q", got)
	}
	if got := claim(id, "login_hint"); !slices.Equal(got, []string{"O.CiRl+/="}) {
		t.Errorf("login_hint %q", got)
	}
}

func TestOtherClaimNames(t *testing.T) {
	fits := strings.Repeat("n", maxClaimName)
	id := identityOf(t, &logBuffer{}, `{"`+fits+`":"v","`+fits+`n":"v","":"v"}`)
	if len(id.Claims) != 1 || id.Claims[0].Name != fits {
		t.Errorf("%d other claims, want the one with a name of %d bytes", len(id.Claims), maxClaimName)
	}
}

// FuzzClaims proves that no claim becomes another and that everything is bounded.
func FuzzClaims(f *testing.F) {
	for _, seed := range []string{
		`{}`, `[]`, `{"roles":["a"],"ROLES":["b"],"roles ":["c"]}`, `{"roles":["a"],"rol\u0065s":["b"]}`, `{"a":{"a":[1,{"b":null}]},"b":1e5}`,
		`{"sub":"s","Sub":"t","oid":null,"exp":1e99,"aud":["x",5]}`, `{"_claim_names":{"groups":"s"},"hasgroups":"true"}`,
		`{"x":"\ud800","y":"` + "\xff" + `"}`, `{"x":"\r\nX-Injected-Roles: Admin"}`, ` { "a" : [ ] } `, `{"a":1}{"a":2}`, `{"a":1,}`,
		string(must(json.Marshal(goodClaims()))),
	} {
		f.Add([]byte(seed))
	}
	rp := must(New(testConfig(newIDP(), newClock().Now)))
	p := rp.tenants.Load().all[0]
	f.Fuzz(func(t *testing.T, payload []byte) {
		claims, err := parseObject(payload)
		if err != nil {
			return
		}
		var plain map[string]any
		if err := json.Unmarshal(payload, &plain); err != nil {
			t.Fatalf("parsed what encoding/json refuses: %v", err)
		}
		accepted := rp.checkClaims(p, claims, rp.signInRules()) == nil && checkNonce(claims, testNonce) == nil
		if accepted && (plain["sub"] == nil || plain["oid"] == nil || plain["tid"] != testTenant || plain["nonce"] != testNonce || plain["iss"] != testIssuer) {
			t.Fatal("accepted without the claims that it needs")
		}
		id := rp.identity(claims)
		for _, role := range id.Roles {
			list, _ := plain["roles"].([]any)
			if !slices.Contains(list, any(role)) && plain["roles"] != role {
				t.Fatalf("role %q is not in the claim roles", role)
			}
		}
		if len(id.Claims) > maxClaims {
			t.Fatalf("%d other claims", len(id.Claims))
		}
		for i, c := range id.Claims {
			size := 0
			for _, v := range c.Values {
				size += len(v)
			}
			_, there := plain[c.Name]
			switch {
			case !there, len(c.Values) == 0, size > maxClaimBytes, i > 0 && id.Claims[i-1].Name >= c.Name:
				t.Fatalf("claim %q with %d values of %d bytes", c.Name, len(c.Values), size)
			case slices.Contains(shownClaims(), c.Name), slices.Contains(access.ProtocolClaims(), c.Name):
				t.Fatalf("claim %q is there as another one", c.Name)
			}
		}
	})
}
