package entra

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// signatureCases are tokens that the provider has not signed, or not so.
func signatureCases() []adversarial {
	pemKey := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(rsaKey().Public()))})
	modulus := rsaKey().N.Bytes()
	hmac := func(key []byte) func(*attempt) {
		return func(a *attempt) {
			a.token = func(string) string {
				signer := must(jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: jose.JSONWebKey{Key: key, KeyID: "k1"}}, nil))
				return must(must(signer.Sign(must(json.Marshal(a.claims)))).CompactSerialize())
			}
		}
	}
	unsigned := func(alg string, keep bool) func(*attempt) {
		return sent(func(good string) string {
			_, payload, signature := parts(good)
			if !keep {
				signature = ""
			}
			return encoded(must(json.Marshal(map[string]any{"alg": alg, "kid": "k1"}))) + "." + payload + "." + signature
		})
	}
	ec := func(a *attempt) {
		a.token = func(string) string {
			signer := must(jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: ecKey(), KeyID: "e1"}}, nil))
			return must(must(signer.Sign(must(json.Marshal(a.claims)))).CompactSerialize())
		}
	}
	own := jose.JSONWebKey{Key: otherRSA().Public(), KeyID: "k1"}
	brought := func(header string, value any) func(*attempt) {
		return both(func(a *attempt) { a.key = otherRSA() }, withHeader(header, value))
	}
	enc := public(otherRSA().Public(), "enc")
	enc.Use = "enc"
	return []adversarial{
		{"alg none", nil, unsigned("none", false), ReasonToken, ""},
		{"alg none with a signature", nil, unsigned("none", true), ReasonToken, ""},
		{"alg NONE", nil, unsigned("NONE", false), ReasonToken, ""},
		{"alg empty", nil, unsigned("", true), ReasonToken, ""},
		{"alg missing", nil, withHeader("alg", nil), ReasonToken, ""},
		{"alg is an array", nil, withHeader("alg", []string{"RS256"}), ReasonToken, ""},
		{"HS256 with the public key", nil, hmac(pemKey), ReasonToken, ""},
		{"HS256 with the modulus", nil, hmac(modulus), ReasonToken, ""},
		{"an algorithm that is not announced", nil, func(a *attempt) {
			a.token = func(string) string {
				signer := must(jose.NewSigner(jose.SigningKey{Algorithm: jose.PS256, Key: jose.JSONWebKey{Key: rsaKey(), KeyID: "k1"}}, nil))
				return must(must(signer.Sign(must(json.Marshal(a.claims)))).CompactSerialize())
			}
		}, ReasonToken, ""},
		{"ES256 that is not announced", ec, func(a *attempt) { a.idp.metadata["id_token_signing_alg_values_supported"] = []string{"RS256"} }, ReasonToken, ""},
		{"RS256 by the name of an EC key", nil, withHeader("kid", "e1"), ReasonToken, "does not fit"},
		{"a key of another algorithm", nil, func(a *attempt) { a.idp.keys[0].Algorithm = "RS512" }, ReasonToken, "does not fit"},

		{"another key by the right name", nil, func(a *attempt) { a.key = otherRSA() }, ReasonToken, "does not fit"},
		{"a flipped bit", nil, sent(func(good string) string {
			header, payload, signature := parts(good)
			raw := must(base64.RawURLEncoding.DecodeString(signature))
			raw[len(raw)/2] ^= 1
			return header + "." + payload + "." + encoded(raw)
		}), ReasonToken, "does not fit"},
		{"another payload", nil, sent(func(good string) string {
			header, _, signature := parts(good)
			claims := goodClaims()
			claims["roles"] = []string{"Owner"}
			return header + "." + encoded(must(json.Marshal(claims))) + "." + signature
		}), ReasonToken, "does not fit"},
		{"another header", nil, sent(func(good string) string {
			_, payload, signature := parts(good)
			return encoded([]byte(`{"alg":"RS256","kid":"k1"}`)) + "." + payload + "." + signature
		}), ReasonToken, "does not fit"},
		{"no signature", nil, sent(func(good string) string { return good[:strings.LastIndexByte(good, '.')+1] }), ReasonToken, ""},
		{"half a signature", nil, sent(func(good string) string { return good[:len(good)-171] }), ReasonToken, ""},

		{"a key that is not published", nil, both(func(a *attempt) { a.key = otherRSA() }, withHeader("kid", "k9")), ReasonToken, "does not publish"},
		{"a key for encryption", published(public(rsaKey().Public(), "k1"), enc), both(func(a *attempt) { a.key = otherRSA() }, withHeader("kid", "enc")), ReasonToken, "does not publish"},
		{"no kid and several keys", nil, withHeader("kid", nil), ReasonToken, "which key"},
		{"no kid and one key", published(public(rsaKey().Public(), "k1")), withHeader("kid", nil), ReasonToken, "which key"},
		{"kid empty", nil, withHeader("kid", ""), ReasonToken, "which key"},
		{"kid is a number", nil, withHeader("kid", 1), ReasonToken, ""},
		{"kid of another case", nil, withHeader("kid", "K1"), ReasonToken, "does not publish"},
		{"kid is a path", nil, withHeader("kid", "../../k1"), ReasonToken, "does not publish"},

		{"a key brought along", nil, brought("jwk", own), ReasonToken, "does not fit"},
		{"a key brought along and no kid", nil, both(brought("jwk", own), withHeader("kid", nil)), ReasonToken, ""},
		{"a place of keys", nil, brought("jku", "https://evil.example/keys"), ReasonToken, "does not fit"},
		{"a place of certificates", nil, brought("x5u", "https://evil.example/cert"), ReasonToken, "does not fit"},
		{"certificates brought along", nil, brought("x5c", []string{"MIIB"}), ReasonToken, ""},
		{"a critical header", nil, both(withHeader("crit", []string{"x"}), withHeader("x", 1)), ReasonToken, ""},
		{"a critical header that the library knows", nil, both(withHeader("crit", []string{"b64"}), withHeader("b64", true)), ReasonToken, "critical"},
		{"a payload that is not encoded", nil, both(withHeader("crit", []string{"b64"}), withHeader("b64", false)), ReasonToken, ""},
		{"an access token by its typ", nil, withHeader("typ", "at+JWT"), ReasonToken, "typ"},
		{"a logout token by its typ", nil, withHeader("typ", "logout+jwt"), ReasonToken, "typ"},
	}
}

// formCases are tokens of another form.
func formCases() []adversarial {
	raw := func(payload string) func(*attempt) { return func(a *attempt) { a.payload = []byte(payload) } }
	encrypted := func(good string) string {
		enc := must(jose.NewEncrypter(jose.A128GCM, jose.Recipient{Algorithm: jose.RSA_OAEP_256, Key: rsaKey().Public(), KeyID: "k1"}, nil))
		return must(must(enc.Encrypt([]byte(good))).CompactSerialize())
	}
	filled := func(size int) func(*attempt) { return withClaim("filler", strings.Repeat("x", size)) }
	return []adversarial{
		{"empty", nil, sent(func(string) string { return "" }), ReasonToken, ""},
		{"garbage", nil, sent(func(string) string { return "garbage" }), ReasonToken, ""},
		{"dots", nil, sent(func(string) string { return ".." }), ReasonToken, ""},
		{"two parts", nil, sent(func(good string) string { return good[:strings.LastIndexByte(good, '.')] }), ReasonToken, ""},
		{"four parts", nil, sent(func(good string) string { return good + ".AAAA" }), ReasonToken, ""},
		{"five parts", nil, sent(func(good string) string { return good + ".AAAA.AAAA" }), ReasonToken, ""},
		{"encrypted", nil, sent(encrypted), ReasonToken, ""},
		{"a token within a token", nil, func(a *attempt) { a.payload = []byte(`"` + a.jwt() + `"`) }, ReasonToken, ""},
		{"trailing bytes", nil, sent(func(good string) string { return good + "!" }), ReasonToken, ""},
		{"a line after it", nil, sent(func(good string) string { return good + "\n" }), ReasonToken, ""},
		{"a blank before it", nil, sent(func(good string) string { return " " + good }), ReasonToken, ""},
		{"a blank inside", nil, sent(func(good string) string { return strings.Replace(good, ".", ". ", 1) }), ReasonToken, ""},
		{"padding", nil, sent(func(good string) string { return strings.Replace(good, ".", "=.", 1) }), ReasonToken, ""},
		{"the alphabet of plain base64", withClaim("name", "ÿÿÿ~~~???"), sent(func(good string) string {
			return strings.NewReplacer("-", "+", "_", "/").Replace(good)
		}), ReasonToken, ""},
		{"JSON serialisation", nil, sent(func(good string) string {
			return must(jose.ParseSignedCompact(good, []jose.SignatureAlgorithm{jose.RS256})).FullSerialize()
		}), ReasonToken, ""},
		{"payload is text", nil, raw(`"text"`), ReasonToken, ""},
		{"payload is an array", nil, func(a *attempt) { a.payload = append(append([]byte("["), must(json.Marshal(a.claims))...), ']') }, ReasonToken, ""},
		{"payload is empty", nil, raw(``), ReasonToken, ""},
		{"payload is null", nil, raw(`null`), ReasonToken, ""},
		{"two payloads", nil, func(a *attempt) { a.payload = append(must(json.Marshal(a.claims)), "{}"...) }, ReasonToken, ""},
		{"payload is no UTF-8", withClaim("name", "Ann"), func(a *attempt) {
			a.payload = []byte(strings.Replace(string(must(json.Marshal(a.claims))), "Ann", "A\xffn", 1))
		}, ReasonToken, ""},
		{"300 KB", filled(64 << 10), filled(300 << 10), ReasonToken, "longer than"},
	}
}
