package entra

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// logoutFormCases are about what surrounds the claims.
func logoutFormCases() []adversarial {
	typ := func(value any) func(*attempt) { return withHeader("typ", value) }
	padded := func(n int) func(*attempt) {
		return func(a *attempt) {
			a.claims["pad"] = ""
			a.claims["pad"] = strings.Repeat("x", (n-len(a.jwt()))*3/4)
		}
	}
	hmac := func(a *attempt) {
		signer := must(jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: must(json.Marshal(public(rsaKey().Public(), "k1")))}, nil))
		a.token = func(string) string { return must(must(signer.Sign(must(json.Marshal(a.claims)))).CompactSerialize()) }
	}
	return []adversarial{
		{"typ of an access token", typ("JWT"), typ("at+jwt"), ReasonToken, "typ"},
		{"typ of a security event", typ("application/logout+jwt"), typ("secevent+jwt"), ReasonToken, "typ"},
		{"typ of something", typ(nil), typ("x"), ReasonToken, "typ"},
		{"typ with more", typ("Logout+JWT"), typ("logout+jwt2"), ReasonToken, "typ"},
		{"empty", nil, sent(func(string) string { return "" }), ReasonToken, ""},
		{"no JWT", nil, sent(func(string) string { return "leaked" }), ReasonToken, ""},
		{"too long", padded(maxLogoutToken - 4), padded(maxLogoutToken + 8), ReasonToken, "longer"},
		{"alg none", nil, sent(func(good string) string {
			_, payload, _ := parts(good)
			return encoded([]byte(`{"alg":"none","typ":"logout+jwt"}`)) + "." + payload + "."
		}), ReasonToken, ""},
		{"HMAC with the public key", nil, hmac, ReasonToken, ""},
		{"payload exchanged", nil, sent(func(good string) string {
			header, _, signature := parts(good)
			return header + "." + encoded(must(json.Marshal(map[string]any{"iss": plainIssuer}))) + "." + signature
		}), ReasonToken, ""},
		{"no object", nil, func(a *attempt) { a.payload = []byte(`["leaked"]`) }, ReasonToken, ""},
		{"another key under the name", nil, func(a *attempt) { a.key = otherRSA() }, ReasonToken, "does not fit"},
		{"keys cannot be had", nil, both(func(a *attempt) { a.header["kid"] = "k9" }, func(a *attempt) {
			a.signed = func(a *attempt) {
				a.clock.Advance(2 * keyCoolDown)
				a.claims["iat"], a.claims["exp"] = a.clock.Now().Unix(), a.clock.Now().Unix()+60
				answers("/keys", http.StatusTooManyRequests, "leaked")(a)
			}
		}), ReasonUnavailable, ""},
	}
}
