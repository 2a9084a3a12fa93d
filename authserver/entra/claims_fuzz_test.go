package entra

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzObject reads any text as a JSON object. What is read is what encoding/json
// reads, by exact names, without members that are there twice.
func FuzzObject(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":1,"A":"x","b":["x",5,""],"c":null}`, `{"a":1,"a":2}`, `{"a":1}{`, ` {"a" : {"a":1,"a":2}} `, `{"rol\u0065s":["a"],"roles":"b"}`, `{"a":"\ud800"}`, "{\"a\":\"\xff\"}", `[]`, `null`, ``,
		`{"exp":1e99,"iat":-1,"nbf":253402300799.9}`, strings.Repeat(`{"a":`, 50), `{"a":` + strings.Repeat(`[`, 40) + strings.Repeat(`]`, 40) + `}`,
	} {
		f.Add([]byte(seed), "a")
	}
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		o, err := parseObject(data)
		var plain map[string]json.RawMessage
		if err != nil {
			if o != nil {
				t.Fatal("an object and an error")
			}
			return
		}
		if err := json.Unmarshal(data, &plain); err != nil {
			t.Fatalf("read what encoding/json refuses: %v", err)
		}
		if len(o.values)+len(o.repeated) != len(plain) || len(o.values) > maxMembers {
			t.Fatalf("%d members and %d repeated ones, of %d", len(o.values), len(o.repeated), len(plain))
		}
		for member, raw := range o.values {
			if o.repeated[member] || string(plain[member]) != string(raw) {
				t.Fatalf("%q is %s, and %s", member, raw, plain[member])
			}
		}
		text, err := o.text(name)
		var want string
		if err == nil && text != "" && (json.Unmarshal(plain[name], &want) != nil || want != text) {
			t.Fatalf("%q is the text %q of %s", name, text, plain[name])
		}
		if (o.repeated[name] || plain[name] == nil) && (text != "" || o.texts(name) != nil) {
			t.Fatalf("%q is read although it is there twice, or not at all", name)
		}
		if at, ok, err := o.instant(name); (ok && err != nil) || ok && (at.Unix() < 0 || at.Year() > 9999) {
			t.Fatalf("%q is the time %v, %v", name, at, err)
		}
		if slices.Contains(o.texts(name), "") {
			t.Fatalf("%q has an empty text", name)
		}
	})
}

// FuzzClaimPaths finds roles, groups and scopes of another provider's token, at any
// path through any claims. Nothing is found that is not there, and what may be roles
// is no other claim besides.
func FuzzClaimPaths(f *testing.F) {
	f.Add([]byte(`{"realm_access":{"roles":["a","b"]},"grp":["/g"],"scope":"openid x"}`), "realm_access.roles")
	f.Add([]byte(`{"a.b":{"c":"x"},"a":{"b":{"c":"y"}}}`), "a.b.c")
	f.Add([]byte(`{"https://x/roles":["a"],"https://x/Roles":["b"]}`), "https://x/roles")
	f.Add([]byte(`{"a":{"a":{"a":{"a":1}}}}`), "a.a.a.a.a.a.a.a.a")
	f.Add([]byte(`{"a":"{\"b\":[\"x\"]}","a.b":null}`), "a.b")
	f.Add([]byte(`{"":{"":{"":"x"}}}`), "..")
	cfg := testConfig(newIDP(), newClock().Now)
	cfg.Kind, cfg.TenantID = Plain, ""
	f.Fuzz(func(t *testing.T, payload []byte, name string) {
		claims, err := parseObject(payload)
		if err != nil || name == "" || len(name) > 200 {
			return
		}
		cfg := cfg
		cfg.Claims = ClaimNames{Roles: name, Groups: "grp", Scopes: "scope"}
		rp, err := New(cfg)
		if err != nil {
			return
		}
		id := rp.identity(claims)
		for _, role := range id.Roles {
			if text := string(must(json.Marshal(role))); !strings.Contains(string(payload), role) && !strings.Contains(string(payload), text) && !strings.Contains(string(payload), `\`) {
				t.Fatalf("role %q is not in the claims", role)
			}
		}
		step, _, _ := strings.Cut(name, ".")
		for _, c := range id.Claims {
			if c.Name == name || c.Name == step || c.Name == "grp" || c.Name == "scope" {
				t.Fatalf("%q is there as another claim", c.Name)
			}
		}
		if id.Tenant != "" || id.Object != "" {
			t.Fatalf("%+v", id)
		}
	})
}

// FuzzClaimsChallenge passes on what Microsoft Graph asks for in a claims challenge,
// together with what a rule asks for. Nothing of either is lost, and nothing that no
// JSON object of objects is gets through.
func FuzzClaimsChallenge(f *testing.F) {
	for _, seed := range []string{
		``, `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`, `{"id_token":{"acrs":{"values":["c2","c1"]}},"userinfo":{"x":null}}`, `{"access_token":{"xms_cc":{"values":["x"]},"nbf":{"essential":true,"value":"1"}}}`,
		`{"id_token":{"acrs":5}}`, `{"id_token":[]}`, `{"a":{},"a":{}}`, `[]`, `{"id_token":{"acrs":null,"acrs":null}}`, `{"x":{"y":"` + strings.Repeat("z", maxChallenge) + `"}}`,
	} {
		f.Add(seed, "c1")
	}
	f.Add(`{"id_token":{"acrs":{"value":"c9"}}}`, "c\"1")
	cfg := testConfig(newIDP(), newClock().Now)
	cfg.Capabilities = []string{"cp1"}
	rp := must(New(cfg))
	f.Fuzz(func(t *testing.T, challenge, context string) {
		text, err := rp.claimsParam(challenge, []string{context}, nil)
		if (err == nil) != ValidChallenge(challenge) {
			t.Fatalf("valid: %v, and %v", ValidChallenge(challenge), err)
		}
		if err != nil {
			if text != "" || len(err.Error()) > 200 {
				t.Fatalf("%q, %v", text, err)
			}
			return
		}
		if len(challenge) > maxChallenge {
			t.Fatalf("%d bytes", len(challenge))
		}
		var out, in map[string]map[string]json.RawMessage
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		_ = json.Unmarshal([]byte(challenge), &in) // empty for none
		for token, members := range in {
			for name, want := range members {
				if _, there := out[token][name]; !there {
					t.Fatalf("%s of %s is lost: %s", name, token, want)
				}
			}
		}
		if wanted := asked(out[idTokenMember]["acrs"]); context != "" && utf8.ValidString(context) && !slices.Contains(wanted, context) {
			t.Fatalf("the rule's %q is lost: %q of %s", context, wanted, text)
		}
		if !slices.Contains(asked(out[accessTokenMember]["xms_cc"]), "cp1") {
			t.Fatalf("the capability is lost: %s", text)
		}
	})
}
