package entra

import (
	"encoding/json"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

func tokenCases() []bearerCase {
	const invalid, unknown = access.ReasonBearerInvalid, access.ReasonKeysUnknown
	send := func(f func(header, payload, signature string) string) func(*call) {
		return edit(sent(func(good string) string { return f(parts(good)) }))
	}
	signedBy := func(alg jose.SignatureAlgorithm, key any, kid string) func(*call) {
		return func(c *call) {
			c.token = func(string) string {
				signer := must(jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, nil))
				return must(must(signer.Sign(must(json.Marshal(c.claims)))).CompactSerialize())
			}
		}
	}
	return []bearerCase{
		{"alg none", nil, send(func(_, p, _ string) string { return encoded([]byte(`{"alg":"none","kid":"k1"}`)) + "." + p + "." }), invalid, "no compact JWT"},
		{"HS256 with the public key", nil, signedBy(jose.HS256, rsaKey().N.Bytes(), "k1"), invalid, "no compact JWT"},
		{"an algorithm that the provider does not announce", signedBy(jose.RS256, rsaKey(), "k1"), signedBy(jose.PS256, rsaKey(), "k1"), invalid, "no compact JWT"},
		{"an algorithm that does not fit the key", signedBy(jose.ES256, ecKey(), "e1"), signedBy(jose.ES256, ecKey(), "k1"), invalid, "does not fit"},
		{"another key under a known id", nil, func(c *call) { c.key = otherRSA() }, invalid, "does not fit"},
		{"no signature", nil, send(func(h, p, _ string) string { return h + "." + p + "." }), invalid, ""},
		{"a signature of another token", nil, send(func(h, p, _ string) string {
			_, _, s := parts(bearerCall().jwtWith("scp", "Admin"))
			return h + "." + p + "." + s
		}), invalid, "does not fit"},
		{"claims that were not signed", nil, send(func(h, _, s string) string {
			_, p, _ := parts(bearerCall().jwtWith("scp", "Admin"))
			return h + "." + p + "." + s
		}), invalid, "does not fit"},
		{"no kid", nil, edit(withHeader("kid", nil)), invalid, "which key"},
		{"an unknown kid", nil, edit(withHeader("kid", "k0")), invalid, "does not publish"},
		{"a kid that is a path", nil, edit(withHeader("kid", "../../etc/passwd")), invalid, "does not publish"},
		{"a critical header", nil, all(edit(withHeader("crit", []string{"exp"})), edit(withHeader("exp", 1))), invalid, ""},
		{"a logout token by its typ", edit(withHeader("typ", "at+jwt")), edit(withHeader("typ", "logout+jwt")), invalid, "another kind of token"},
		{"a security event by its typ", edit(withHeader("typ", "application/at+jwt")), edit(withHeader("typ", "secevent+JWT")), invalid, "another kind of token"},
		{"a blank after the signature", nil, func(c *call) {
			c.lines = func(token string) []string { return []string{"Bearer " + token + " x"} }
		}, invalid, ""},
		{"as large as allowed and one byte more", sized(maxAccessToken), sized(maxAccessToken + 1), invalid, "longer than 16384 bytes"},
		{"an unknown kid while keys cannot be read", nil, all(edit(withHeader("kid", "k0")), laterKeys(500, "leaked")), unknown, "500"},
		{"an unknown kid while keys are garbage", nil, all(edit(withHeader("kid", "k0")), laterKeys(200, "leaked")), unknown, "key set"},
	}
}

// jwtWith gives the token with another claim.
func (c *call) jwtWith(name string, value any) string {
	c.claims[name] = value
	return c.jwt()
}

// sized makes the token exactly that long. Base64 skips every fourth length, so
// that the header has to help.
func sized(length int) func(*call) {
	return func(c *call) {
		c.header["pad"] = ""
		missing := length - len(c.jwtWith("padding", ""))
		for n := missing*3/4 - 4; n < missing*3/4+4; n++ {
			c.claims["padding"] = strings.Repeat("p", n)
			for pad := range 4 {
				if c.header["pad"] = strings.Repeat("p", pad); len(c.jwt()) == length {
					return
				}
			}
		}
	}
}

// laterKeys: a minute later the key set cannot be read any more.
func laterKeys(status int, body string) func(*call) {
	return func(c *call) {
		c.signed = func(a *attempt) {
			a.clock.Advance(keyCoolDown)
			answers(keysPath, status, body)(a)
		}
	}
}
