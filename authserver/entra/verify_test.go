package entra

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

func TestVerifyClaims(t *testing.T) {
	at := func(d time.Duration) int64 { return startTime.Add(d).Unix() }
	tests := []struct {
		name   string
		claims map[string]any // nil removes one
		want   Reason
	}{
		{"as it should be", nil, ""},

		{"other aud", map[string]any{"aud": "another-client"}, ReasonAudience},
		{"aud missing", map[string]any{"aud": nil}, ReasonAudience},
		{"aud of another case", map[string]any{"aud": strings.ToUpper(testClient)}, ReasonAudience},
		{"aud as array", map[string]any{"aud": []string{testClient}}, ""},
		{"aud empty array", map[string]any{"aud": []string{}}, ReasonAudience},
		{"two aud without azp", map[string]any{"aud": []string{testClient, "b"}}, ReasonAudience},
		{"two aud with azp", map[string]any{"aud": []string{testClient, "b"}, "azp": testClient}, ""},
		{"two aud with another azp", map[string]any{"aud": []string{testClient, "b"}, "azp": "b"}, ReasonAudience},
		{"another azp", map[string]any{"azp": "b"}, ReasonAudience},
		{"our azp", map[string]any{"azp": testClient}, ""},

		{"aud with a number: the library's own verdict", map[string]any{"aud": []any{testClient, 5}}, ReasonToken},

		{"other iss", map[string]any{"iss": "https://evil.example/" + testTenant + "/v2.0"}, ReasonIssuer},
		{"iss missing", map[string]any{"iss": nil}, ReasonIssuer},
		{"iss with a slash", map[string]any{"iss": testIssuer + "/"}, ReasonIssuer},
		{"iss is a number", map[string]any{"iss": 5}, ReasonToken},

		{"other tid", map[string]any{"tid": "22222222-2222-4333-8444-555555555555"}, ReasonTenant},
		{"tid missing", map[string]any{"tid": nil}, ReasonTenant},
		{"tid is an array", map[string]any{"tid": []string{testTenant}}, ReasonToken},
		{"oid missing", map[string]any{"oid": nil}, ReasonToken},
		{"oid empty", map[string]any{"oid": ""}, ReasonToken},
		{"oid too long", map[string]any{"oid": strings.Repeat("o", 256)}, ReasonToken},
		{"oid as long as allowed", map[string]any{"oid": strings.Repeat("o", 255)}, ""},
		{"sub missing", map[string]any{"sub": nil}, ReasonToken},
		{"sub empty", map[string]any{"sub": ""}, ReasonToken},
		{"sub is a number", map[string]any{"sub": 1}, ReasonToken},

		{"other nonce", map[string]any{"nonce": "another"}, ReasonNonce},
		{"nonce missing", map[string]any{"nonce": nil}, ReasonNonce},
		{"nonce with more", map[string]any{"nonce": testNonce + "x"}, ReasonNonce},

		{"exp missing", map[string]any{"exp": nil}, ReasonToken},
		{"exp is text", map[string]any{"exp": "1893553445"}, ReasonToken},
		{"exp beyond time", map[string]any{"exp": 1e300}, ReasonToken},
		{"exp negative", map[string]any{"exp": -1}, ReasonToken},
		{"exp with a fraction", map[string]any{"exp": float64(at(time.Hour)) + 0.5}, ""},
		{"expired", map[string]any{"exp": at(-time.Hour)}, ReasonExpired},
		{"expired by the leeway", map[string]any{"exp": at(-time.Minute)}, ReasonExpired},
		{"expired within the leeway", map[string]any{"exp": at(-59 * time.Second)}, ""},
		{"nbf beyond the leeway", map[string]any{"nbf": at(61 * time.Second)}, ReasonExpired},
		{"nbf within the leeway", map[string]any{"nbf": at(59 * time.Second)}, ""},
		{"nbf missing", map[string]any{"nbf": nil}, ""},
		{"nbf is text", map[string]any{"nbf": "soon"}, ReasonToken},
		{"iat missing", map[string]any{"iat": nil}, ReasonToken},
		{"iat beyond the leeway", map[string]any{"iat": at(61 * time.Second)}, ReasonExpired},
		{"iat within the leeway", map[string]any{"iat": at(59 * time.Second)}, ""},
		{"iat five minutes back, as Entra ID", map[string]any{"iat": at(-5 * time.Minute)}, ""},
		{"iat too old", map[string]any{"iat": at(-17 * time.Minute)}, ReasonExpired},
		{"iat as old as allowed", map[string]any{"iat": at(-16 * time.Minute)}, ""},

		{"SUB beside sub", map[string]any{"SUB": "evil", "OID": "evil", "TID": "evil"}, ""},
		{"Oid alone", map[string]any{"oid": nil, "Oid": "evil"}, ReasonToken},
		{"Nonce alone", map[string]any{"nonce": nil, "Nonce": testNonce}, ReasonNonce},
		{"Exp alone", map[string]any{"exp": nil, "Exp": at(time.Hour)}, ReasonToken},
	}
	c, idp := newClock(), newIDP(public(rsaKey().Public(), "k1"))
	rp := ready(t, testConfig(idp, c.Now))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			claims := goodClaims()
			for name, v := range tt.claims {
				if claims[name] = v; v == nil {
					delete(claims, name)
				}
			}
			id, err := rp.Verify(t.Context(), secret.New(sign(t, jose.RS256, rsaKey(), "k1", claims)), testNonce, testAccess)
			if got := reasonOf(t, err); got != tt.want || (err == nil) != (id != nil) {
				t.Errorf("reason %q (%v), want %q", got, err, tt.want)
			}
			if id != nil && (id.Subject != "subject" || id.Tenant != testTenant) {
				t.Errorf("identity %+v", id)
			}
		})
	}
}

func TestVerifySignature(t *testing.T) {
	idp := newIDP(public(rsaKey().Public(), "k1"), public(ecKey().Public(), "e1"))
	rp := ready(t, testConfig(idp, newClock().Now))
	pemKey := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(rsaKey().Public()))})
	good := sign(t, jose.RS256, rsaKey(), "k1", goodClaims())
	parts := strings.Split(good, ".")
	header := func(h map[string]any) string { return base64.RawURLEncoding.EncodeToString(must(json.Marshal(h))) }
	payload := func(edit func(map[string]any)) string {
		c := goodClaims()
		edit(c)
		return base64.RawURLEncoding.EncodeToString(must(json.Marshal(c)))
	}
	embedded := must(jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: otherRSA()}, &jose.SignerOptions{EmbedJWK: true}))
	tests := []struct {
		name  string
		token string
		want  Reason
	}{
		{"RS256", good, ""},
		{"ES256", sign(t, jose.ES256, ecKey(), "e1", goodClaims()), ""},
		{"PS256, which the provider does not list", sign(t, jose.PS256, rsaKey(), "k1", goodClaims()), ReasonToken},
		{"another key by the right name", sign(t, jose.RS256, otherRSA(), "k1", goodClaims()), ReasonToken},
		{"a key that is not published", sign(t, jose.RS256, otherRSA(), "k9", goodClaims()), ReasonToken},
		{"a key that the token brings along", must(must(embedded.Sign(must(json.Marshal(goodClaims())))).CompactSerialize()), ReasonToken},
		{"HS256 with the public key", sign(t, jose.HS256, pemKey, "k1", goodClaims()), ReasonToken},
		{"alg none", header(map[string]any{"alg": "none", "kid": "k1"}) + "." + parts[1] + ".", ReasonToken},
		{"alg none with the signature", header(map[string]any{"alg": "none", "kid": "k1"}) + "." + parts[1] + "." + parts[2], ReasonToken},
		{"alg None", header(map[string]any{"alg": "None", "kid": "k1"}) + "." + parts[1] + ".", ReasonToken},
		{"no signature", parts[0] + "." + parts[1] + ".", ReasonToken},
		{"no third part", parts[0] + "." + parts[1], ReasonToken},
		{"another payload", parts[0] + "." + payload(func(c map[string]any) { c["sub"] = "evil" }) + "." + parts[2], ReasonToken},
		{"critical header that is not known", header(map[string]any{"alg": "RS256", "kid": "k1", "crit": []string{"x"}, "x": 1}) + "." + parts[1] + "." + parts[2], ReasonToken},
		{"JSON serialisation", must(jose.ParseSignedCompact(good, []jose.SignatureAlgorithm{jose.RS256})).FullSerialize(), ReasonToken},
		{"white space inside", strings.Replace(good, ".", ". ", 1), ReasonToken},
		{"padding", parts[0] + "=." + parts[1] + "." + parts[2], ReasonToken},
		{"no kid", sign(t, jose.RS256, rsaKey(), "", goodClaims()), ReasonToken},
		{"payload is no object", sign(t, jose.RS256, rsaKey(), "k1", []byte(`"text"`)), ReasonToken},
		{"payload is an array", sign(t, jose.RS256, rsaKey(), "k1", []byte(`[]`)), ReasonToken},
		{"payload is no UTF-8", sign(t, jose.RS256, rsaKey(), "k1", []byte("{\"a\":\"\xff\"}")), ReasonToken},
		{"empty", "", ReasonToken},
		{"garbage", "garbage", ReasonToken},
		{"dots", "..", ReasonToken},
		{"too long", strings.Repeat("A", maxIDToken+1), ReasonToken},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id, err := rp.Verify(t.Context(), secret.New(tt.token), testNonce, testAccess)
			if got := reasonOf(t, err); got != tt.want || (err == nil) != (id != nil) {
				t.Errorf("reason %q (%v), want %q", got, err, tt.want)
			}
			if err != nil && len(err.Error()) > 400 {
				t.Errorf("error of %d bytes", len(err.Error()))
			}
		})
	}
}

func TestEmptyNonceNeverMatches(t *testing.T) {
	rp := ready(t, testConfig(newIDP(public(rsaKey().Public(), "k1")), newClock().Now))
	claims := goodClaims()
	claims["nonce"] = ""
	token := secret.New(sign(t, jose.RS256, rsaKey(), "k1", claims))
	if _, err := rp.Verify(t.Context(), token, "", testAccess); reasonOf(t, err) != ReasonNonce {
		t.Errorf("empty nonce: %v", err)
	}
}

func TestVerifyDuplicates(t *testing.T) {
	rp := ready(t, testConfig(newIDP(public(rsaKey().Public(), "k1")), newClock().Now))
	good := string(must(json.Marshal(goodClaims())))
	for name, tt := range map[string]struct {
		add  string
		want Reason
	}{
		"nothing added":                 {``, ""},
		"roles twice":                   {`"roles":["Owner"],`, ReasonToken},
		"roles twice, once escaped":     {`"rol\u0065s":["Owner"],`, ReasonToken},
		"roles in another case":         {`"Roles":["Owner"],`, ""},
		"sub twice":                     {`"sub":"subject",`, ReasonToken},
		"exp twice":                     {`"exp":1,`, ReasonToken},
		"groups elsewhere twice":        {`"hasgroups":true,"hasgroups":false,`, ReasonToken},
		"a claim that is not used here": {`"dept":"a","dept":"b",`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			token := sign(t, jose.RS256, rsaKey(), "k1", []byte(strings.Replace(good, "{", "{"+tt.add, 1)))
			id, err := rp.Verify(t.Context(), secret.New(token), testNonce, testAccess)
			if got := reasonOf(t, err); got != tt.want {
				t.Fatalf("reason %q (%v), want %q", got, err, tt.want)
			}
			if err == nil && (len(id.Roles) != 1 || id.Roles[0] != "Admin") {
				t.Errorf("roles %q", id.Roles)
			}
			if err == nil && claim(id, "dept") != nil {
				t.Errorf("dept %q: one of two values is a guess", claim(id, "dept"))
			}
		})
	}
}

func TestPlainProvider(t *testing.T) {
	cfg := testConfig(newIDP(public(rsaKey().Public(), "k1")), newClock().Now)
	cfg.Kind, cfg.TenantID = Plain, ""
	rp := ready(t, cfg)
	claims := goodClaims()
	delete(claims, "tid")
	delete(claims, "oid")
	id, err := rp.Verify(t.Context(), secret.New(sign(t, jose.RS256, rsaKey(), "k1", claims)), testNonce, testAccess)
	if err != nil || id.Key().ID != "subject" || id.Key().Authority != testIssuer {
		t.Errorf("without tid and oid: %+v, %v", id, err)
	}
	// There tid and oid may be what users say of themselves: never the key.
	claims["tid"], claims["oid"] = testTenant, "somebody-else"
	id, err = rp.Verify(t.Context(), secret.New(sign(t, jose.RS256, rsaKey(), "k1", claims)), testNonce, testAccess)
	if err != nil || id.Key().ID != "subject" || id.Tenant != "" || id.Object != "" {
		t.Errorf("with tid and oid: %+v, %v", id, err)
	}
	// With one key there is nothing to choose from.
	if err := verifyRSA(t, rp, rsaKey(), ""); err != nil {
		t.Errorf("no kid: %v", err)
	}
	if err := verifyRSA(t, rp, otherRSA(), ""); reasonOf(t, err) != ReasonToken {
		t.Errorf("no kid, another key: %v", err)
	}
}
