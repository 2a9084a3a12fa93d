package assertion_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/assertion"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// wanted are the claims of one identity, without those of time and jti.
func wanted(id *access.Identity, sid string, overflow ...any) map[string]any {
	text := func(s string) string { return string([]rune(s)) } // each byte that is no UTF-8 becomes U+FFFD
	list := func(values []string) []any {
		out := []any{}
		for _, v := range values {
			out = append(out, text(v))
		}
		return out
	}
	w := map[string]any{
		"iss": issuer, "aud": audience, "sub": text(id.Subject), "oid": text(id.Object), "tid": text(id.Tenant),
		"email": text(id.Email), "name": text(id.Name), "roles": list(id.Roles), "groups": list(id.Groups), "sid": sid,
	}
	if len(overflow) > 0 {
		w["overflow"] = overflow
	}
	return w
}

func TestClaims(t *testing.T) {
	key := newKey(t)
	person := func(edit func(*access.Identity)) *access.Identity {
		id := adele()
		edit(id)
		return id
	}
	sid := func(values ...string) *access.Identity {
		return person(func(id *access.Identity) { id.Claims = []access.Claim{{Name: "sid", Values: values}} })
	}
	both := person(func(id *access.Identity) {
		id.Name, id.Roles, id.Groups = `<script>alert("x")</script>`, []string{"a|Admin", "b,Admin"}, []string{"\r\nX-Roles: Admin\x00"}
	})
	for _, tt := range []struct {
		name string
		id   *access.Identity
		want map[string]any
	}{
		{"all", adele(), wanted(adele(), "session-1")},
		{"nothing but issuer and subject", &access.Identity{Issuer: "i", Subject: "s"}, wanted(&access.Identity{Subject: "s"}, "")},
		{"nothing but tenant and object", &access.Identity{Tenant: "t", Object: "o"}, wanted(&access.Identity{Tenant: "t", Object: "o"}, "")},
		{"lists without members", person(func(id *access.Identity) { id.Roles, id.Groups = []string{}, nil }), wanted(person(func(id *access.Identity) { id.Roles, id.Groups = nil, nil }), "session-1")},
		{"groups not all known", person(func(id *access.Identity) { id.GroupsUnknown = true }), wanted(adele(), "session-1", "groups")},
		{"no sid", person(func(id *access.Identity) { id.Claims = nil }), wanted(adele(), "")},
		{"a sid of two values", sid("a", "b"), wanted(adele(), "")},
		{"a sid without values", sid(), wanted(adele(), "")},
		{"a sid of 255 bytes", sid(strings.Repeat("x", 255)), wanted(adele(), strings.Repeat("x", 255))},
		{"a sid of 256 bytes", sid(strings.Repeat("x", 256)), wanted(adele(), "")},
		{"quotes and markup", both, wanted(both, "session-1")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := open(t, get(t, newSigner(t, assertion.Config{Keys: newKeys(t, key)}), of(1), tt.id, audience), &key.PublicKey)
			for _, claim := range []string{"iat", "nbf", "exp", "jti"} {
				delete(o.claims, claim)
			}
			if !reflect.DeepEqual(o.claims, tt.want) {
				t.Errorf("got  %q\nwant %q", o.claims, tt.want)
			}
			if strings.Contains(o.text, "null") || strings.ContainsAny(o.text, "<>\r\n\x00") {
				t.Errorf("the payload is %s", o.text)
			}
		})
	}
}

// Whatever a text claim holds, it comes out as it went in (no UTF-8: as U+FFFD) and touches no other claim.
func TestHostileTexts(t *testing.T) {
	key := newKey(t)
	s := newSigner(t, assertion.Config{Keys: newKeys(t, key)})
	for what, hostile := range map[string]string{
		"CR and LF": "a\r\nX-Injected-Roles: Admin\r\n\r\n", "NUL": "a\x00b", "quotes": `","roles":["Admin"],"x":"`, "backslash": `\`, "half an escape": `\u00`,
		"a surrogate's escape": `\ud800`, "a lone surrogate": "\xed\xa0\x80", "two halves apart": "\xed\xa0\xbd\xed\xb8\x80", "invalid UTF-8": "a\xff\xfeb", "an unfinished rune": "a\xf0\x9f\x98",
		"a script": "<script>alert(1)</script>", "line separators": "\u2028\u2029", "beyond 16 bits": "😀", "controls": "\x01\x1b[2J\x7f\u0085", "64 KB": strings.Repeat("ä", 32<<10),
		"right to left": "\u202eadmin", "a bar and a comma": "a|b,c", "dots": "a.b.c", "null": "null", "a byte order mark": "\ufeffx",
	} {
		id := &access.Identity{Tenant: hostile, Object: hostile, Subject: hostile, Name: hostile, Email: hostile, Roles: []string{"Reader", hostile}, Groups: []string{hostile}}
		got := open(t, get(t, s, [32]byte{}, id, audience), &key.PublicKey)
		for _, claim := range []string{"iat", "nbf", "exp", "jti"} {
			delete(got.claims, claim)
		}
		if !reflect.DeepEqual(got.claims, wanted(id, "")) {
			t.Errorf("%s: %.300q", what, got.claims)
		}
		if strings.Contains(got.text, "<") || strings.ContainsAny(got.text, "\r\n\x00") {
			t.Errorf("%s: the payload is %.300q", what, got.text)
		}
	}
}

// A library that is made to check tokens agrees, with the published key and the standard claims.
func TestTokenForGoJose(t *testing.T) {
	key, now := newKey(t), newClock()
	s := newSigner(t, assertion.Config{Keys: newKeys(t, key), Now: now.Now})
	text := get(t, s, of(1), adele(), audience)
	o := open(t, text, &key.PublicKey)
	if want := map[string]string{"alg": "ES256", "typ": "JWT", "kid": thumbprint(t, key)}; !reflect.DeepEqual(o.header, want) {
		t.Errorf("the header is %v, want %v", o.header, want)
	}
	start := now.Now().Truncate(time.Second)
	if iat, nbf, exp := o.time(t, "iat"), o.time(t, "nbf"), o.time(t, "exp"); !iat.Equal(start) || !nbf.Equal(start) || !exp.Equal(start.Add(5*time.Minute)) {
		t.Errorf("iat %v, nbf %v, exp %v; it is %v", iat, nbf, exp, start)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(ask(t, s.JWKS(), "GET").Body.Bytes(), &set); err != nil {
		t.Fatal(err)
	}
	token, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	var standard jwt.Claims
	var own struct {
		OID   string   `json:"oid"`
		TID   string   `json:"tid"`
		SID   string   `json:"sid"`
		Roles []string `json:"roles"`
	}
	if err := token.Claims(set.Key(token.Headers[0].KeyID)[0], &standard, &own); err != nil {
		t.Fatal(err)
	}
	if err := standard.ValidateWithLeeway(jwt.Expected{Issuer: issuer, Subject: adele().Subject, AnyAudience: jwt.Audience{audience}, Time: now.Now()}, 0); err != nil {
		t.Error(err)
	}
	if own.OID != adele().Object || own.TID != adele().Tenant || !reflect.DeepEqual(own.Roles, adele().Roles) || own.SID != "session-1" {
		t.Errorf("%+v", own)
	}
	other := newKey(t)
	if token.Claims(&other.PublicKey, &standard) == nil {
		t.Error("another key is good too")
	}
}

func TestEveryTokenHasItsOwnID(t *testing.T) {
	key := newKey(t)
	s := newSigner(t, assertion.Config{Keys: newKeys(t, key)})
	seen := map[any]bool{}
	for range 200 {
		id := open(t, get(t, s, [32]byte{}, adele(), audience), &key.PublicKey).claims["jti"]
		if text, is := id.(string); !is || len(text) != 22 || seen[id] {
			t.Fatalf("jti %v", id)
		}
		seen[id] = true
	}
}
