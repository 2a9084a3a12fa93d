package entra

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	documentPath = "/.well-known/openid-configuration"
	keysPath     = "/keys"
)

// discoveryCases are documents that must not be believed.
func discoveryCases() []adversarial {
	set := func(name string, value any) func(*attempt) {
		return func(a *attempt) {
			if a.idp.metadata[name] = value; value == nil {
				delete(a.idp.metadata, name)
			}
		}
	}
	const algs = "id_token_signing_alg_values_supported"
	edited := func(edit func(string) string) func(*attempt) {
		return func(a *attempt) {
			answers(documentPath, http.StatusOK, edit(string(must(json.Marshal(a.idp.metadata)))))(a)
		}
	}
	return []adversarial{
		{"issuer missing", nil, set("issuer", nil), ReasonIDPError, "no issuer"},
		{"issuer of another tenant", nil, set("issuer", strings.Replace(testIssuer, testTenant, otherTenant, 1)), ReasonIssuer, ""},
		{"issuer of another host", nil, set("issuer", strings.Replace(testIssuer, "login", "evil", 1)), ReasonIssuer, ""},
		{"issuer with a slash", nil, set("issuer", testIssuer+"/"), ReasonIssuer, ""},
		{"issuer of v1", nil, set("issuer", v1OfTenant), ReasonIssuer, ""},
		{"issuer over http", nil, set("issuer", strings.Replace(testIssuer, "https", "http", 1)), ReasonIssuer, ""},
		{"issuer is the template", nil, set("issuer", "https://login.example/{tenantid}/v2.0"), ReasonIssuer, ""},
		{"issuer is an array", nil, set("issuer", []string{testIssuer}), ReasonIDPError, "no issuer"},
		{"issuer twice", nil, edited(func(s string) string { return strings.Replace(s, "{", `{"issuer":"https://evil.example",`, 1) }), ReasonIDPError, ""},
		{"issuer of another case", nil, edited(func(s string) string { return strings.Replace(s, `"issuer"`, `"Issuer"`, 1) }), ReasonIDPError, "no issuer"},

		{"token endpoint missing", nil, set(tokenMember, nil), ReasonIDPError, tokenMember},
		{"token endpoint over http", nil, set(tokenMember, "http://login.example/token"), ReasonIDPError, tokenMember},
		{"token endpoint on loopback", nil, set(tokenMember, "http://127.0.0.1/token"), ReasonIDPError, tokenMember},
		{"token endpoint with userinfo", nil, set(tokenMember, "https://a:b@login.example/token"), ReasonIDPError, tokenMember},
		{"token endpoint is a file", nil, set(tokenMember, "file:///etc/passwd"), ReasonIDPError, tokenMember},
		{"token endpoint is a number", nil, set(tokenMember, 5), ReasonIDPError, tokenMember},
		{"token endpoint twice", nil, edited(func(s string) string {
			return strings.Replace(s, "{", `{"token_endpoint":"https://evil.example/token",`, 1)
		}), ReasonIDPError, tokenMember},
		{"authorization endpoint missing", nil, set(authorizeMember, nil), ReasonIDPError, authorizeMember},
		{"authorization endpoint relative", nil, set(authorizeMember, "/authorize"), ReasonIDPError, authorizeMember},
		{"authorization endpoint is a script", nil, set(authorizeMember, "javascript:alert(1)"), ReasonIDPError, authorizeMember},
		{"authorization endpoint with a fragment", nil, set(authorizeMember, "https://login.example/a#b"), ReasonIDPError, authorizeMember},
		{"authorization endpoint with a space in its query", nil, set(authorizeMember, "https://login.example/a?b= c"), ReasonIDPError, authorizeMember},
		{"authorization endpoint with a tab in its query", nil, set(authorizeMember, "https://login.example/a?b=\tc"), ReasonIDPError, authorizeMember},
		{"authorization endpoint not in ASCII", nil, set(authorizeMember, "https://login.example/\u00e4?b=c"), ReasonIDPError, authorizeMember},
		{"key set missing", nil, set(keysMember, nil), ReasonIDPError, keysMember},
		{"key set over http", nil, set(keysMember, "http://login.example/keys"), ReasonIDPError, keysMember},
		{"end of session over http", nil, set(endSessionMember, "http://login.example/logout"), ReasonIDPError, endSessionMember},

		{"none alone", nil, set(algs, []string{"none"}), ReasonIDPError, "algorithm"},
		{"HMAC alone", nil, set(algs, []string{"HS256", "HS512"}), ReasonIDPError, "algorithm"},
		{"algorithms are text", nil, set(algs, "RS256"), ReasonIDPError, "algorithm"},
		{"no algorithm", nil, set(algs, []string{}), ReasonIDPError, "algorithm"},

		{"500", nil, answers(documentPath, 500, "leaked-body"), ReasonIDPError, "500"},
		{"404", nil, answers(documentPath, 404, "leaked-body"), ReasonIDPError, "404"},
		{"204", nil, answers(documentPath, 204, ""), ReasonIDPError, "204"},
		{"429", nil, answers(documentPath, 429, "leaked-body"), ReasonUnavailable, "429"},
		{"garbage", nil, answers(documentPath, 200, "<html>leaked-body"), ReasonIDPError, ""},
		{"an array", nil, edited(func(s string) string { return "[" + s + "]" }), ReasonIDPError, ""},
		{"cut", nil, edited(func(s string) string { return s[:len(s)-1] }), ReasonIDPError, ""},
		{"something after it", nil, edited(func(s string) string { return s + "{}" }), ReasonIDPError, ""},
		{"no UTF-8", nil, edited(func(s string) string { return strings.Replace(s, "{", "{\"x\":\"\xff\",", 1) }), ReasonIDPError, ""},
		{"huge", nil, edited(func(s string) string { return s + strings.Repeat(" ", maxDiscovery) }), ReasonIDPError, ErrBodyTooLarge.Error()},
		{"a redirect to another origin", redirected(documentPath, "https://login.example/moved"+documentPath), redirected(documentPath, "https://evil.example"+documentPath), ReasonIDPError, "redirect"},
		{"a redirect to http", redirected(documentPath, "https://login.example/moved"+documentPath), redirected(documentPath, "http://login.example"+documentPath), ReasonIDPError, "redirect"},
		{"a redirect without end", nil, redirected(documentPath, "https://login.example"+documentPath), ReasonIDPError, "redirect"},
	}
}

// redirected answers the first path that ends so, and it alone, with a redirect.
func redirected(suffix, to string) func(*attempt) {
	return func(a *attempt) {
		a.idp.answer = func(r *http.Request) (*http.Response, error) {
			if !strings.HasSuffix(r.URL.Path, suffix) || strings.Contains(r.URL.Path, "/moved") {
				return nil, nil //nolint:nilnil // the usual answer
			}
			resp := reply(http.StatusFound, "leaked-body")
			resp.Header.Set("Location", to)
			return resp, nil
		}
	}
}

// keyCases are key sets that must not be believed, and keys that change.
func keyCases() []adversarial {
	good := public(rsaKey().Public(), "k1")
	small := public(smallRSA().Public(), "k1")
	private := jose.JSONWebKey{Key: rsaKey(), KeyID: "k1", Use: "sig"}
	other := public(otherRSA().Public(), "k1")
	byOther := both(func(a *attempt) { a.key = otherRSA() }, withHeader("kid", "k2"))
	// The provider changes its keys just before it signs.
	rotate := func(wait time.Duration, keys ...jose.JSONWebKey) func(*attempt) {
		return func(a *attempt) {
			a.signed = func(a *attempt) {
				published(keys...)(a)
				a.clock.Advance(wait)
			}
		}
	}
	late := func(a *attempt) { lateBy(a, time.Minute) }
	k2 := public(otherRSA().Public(), "k2")
	down := func(step func(*attempt)) func(*attempt) {
		return func(a *attempt) {
			a.signed = func(a *attempt) {
				published(good, k2)(a)
				step(a)
				a.clock.Advance(keyCoolDown)
			}
		}
	}
	return []adversarial{
		{"no keys", nil, published(), ReasonIDPError, "none of its 0 keys"},
		{"RSA of 1024 bits alone", nil, published(small), ReasonIDPError, "none of its 1 keys"},
		{"a private key", nil, published(private), ReasonIDPError, "none of its 1 keys"},
		{"a symmetric key", nil, answers(keysPath, 200, `{"keys":[{"kty":"oct","kid":"k1","k":"c2VjcmV0"}]}`), ReasonIDPError, "none of its 1 keys"},
		{"keys is an object", nil, answers(keysPath, 200, `{"keys":{}}`), ReasonIDPError, "no array"},
		{"keys twice", nil, answers(keysPath, 200, `{"keys":[],"keys":[]}`), ReasonIDPError, "no array"},
		{"garbage", nil, answers(keysPath, 200, "<html>leaked-body"), ReasonIDPError, ""},
		{"500", nil, answers(keysPath, 500, "leaked-body"), ReasonIDPError, "500"},
		{"429", nil, answers(keysPath, 429, "leaked-body"), ReasonUnavailable, "429"},
		{"huge", nil, answers(keysPath, 200, strings.Repeat(" ", maxKeySet+1)), ReasonIDPError, ErrBodyTooLarge.Error()},
		{"a redirect to another origin", nil, redirected(keysPath, "https://evil.example/moved/keys"), ReasonIDPError, "redirect"},

		// Of several keys of one name the one that fits counts; that is no way in for a key of nobody.
		{"two keys of one name, none fits", published(other, good), published(other, other), ReasonToken, "does not fit"},
		{"a small key beside a good one", published(public(smallRSA().Public(), "s1"), good), withHeader("kid", "s1"), ReasonToken, "does not publish"},

		{"rotation just before signing, within the cool-down", both(late, byOther, rotate(keyCoolDown, k2)), rotate(keyCoolDown-time.Second, k2), ReasonToken, "does not publish"},
		{"an old key after the rotation", both(late, rotate(keyCoolDown, good, k2)), both(rotate(keyCoolDown, k2), func(a *attempt) {
			then := a.signed
			a.signed = func(a *attempt) { then(a); a.clock.Advance(keyMaxAge); lateBy(a, keyMaxAge) }
		}), ReasonToken, "does not publish"},
		{"a new key while keys cannot be read", both(late, byOther, down(func(*attempt) {})), down(answers(keysPath, 500, "leaked-body")), ReasonIDPError, "500"},
		{"a new key while the provider is away", both(late, byOther, down(func(*attempt) {})), down(func(a *attempt) { a.idp.set(func(f *fakeIDP) { f.answer = refusedConnection }) }), ReasonUnavailable, ""},
	}
}

func lateBy(a *attempt, d time.Duration) {
	for _, name := range []string{"iat", "nbf", "exp"} {
		seconds, _ := a.claims[name].(int64)
		a.claims[name] = seconds + int64(d/time.Second)
	}
}
