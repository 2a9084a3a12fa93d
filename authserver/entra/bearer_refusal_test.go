package entra

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// bearerCase is one way to send a bad token. good is done to both the sibling,
// which must pass, and the bad one.
type bearerCase struct {
	name string
	good func(*call)
	bad  func(*call)
	want access.Reason
	text string // in the error
}

// TestBearerRefusals runs every case twice: as it should be, and with the one
// thing wrong that its name says.
func TestBearerRefusals(t *testing.T) {
	seen, cases := map[string]bool{}, 0
	for _, suite := range [][]bearerCase{audienceCases(), timeCases(), kindCases(), tokenCases(), tenantBearerCases(), plainBearerCases(), headerCases()} {
		for _, tt := range suite {
			if cases++; seen[tt.name] {
				t.Errorf("two cases are called %q", tt.name)
			}
			seen[tt.name] = true
			t.Run(tt.name, func(t *testing.T) {
				good := tt.good
				if good == nil {
					good = func(*call) {}
				}
				if r := run(t, good); r.Identity == nil || r.Err != nil || !r.Claimed || r.Reason != "" {
					t.Fatalf("the sibling is refused: %+v", r)
				}
				r := run(t, good, tt.bad)
				if r.Identity != nil || !r.Claimed || r.Cached || r.Reason != tt.want {
					t.Fatalf("%+v, want reason %s", r, tt.want)
				}
				reasonOf(t, r.Err)
				if s := r.Err.Error(); !strings.Contains(s, tt.text) || len(s) > 700 {
					t.Errorf("error %q, want %q in it", s, tt.text)
				}
			})
		}
	}
	t.Attr("cases", strconv.Itoa(cases))
}

func edit(f func(*attempt)) func(*call) { return func(c *call) { f(c.attempt) } }

func audienceCases() []bearerCase {
	const invalid, audience = access.ReasonBearerInvalid, access.ReasonBearerAudience
	aud := func(v any) func(*call) { return set(map[string]any{"aud": v}) }
	return []bearerCase{
		{"audience of another API", nil, aud(testCaller), audience, `its audience is "` + testCaller + `"; accepted: ` + testClient + ", api://" + testClient + ", " + testAPI},
		{"audience in another case", nil, aud(strings.ToUpper(testClient)), audience, ""},
		{"audience with a slash", aud(testAPI), aud(testAPI + "/"), audience, ""},
		{"audience that begins like ours", aud(testAPI), aud(testAPI + "/v2"), audience, ""},
		{"audience of Graph", nil, aud("00000003-0000-0000-c000-000000000000"), audience, "for Microsoft Graph; ask for a token with a scope of this API, such as " + testClient + "/.default"},
		{"audience of Graph by its address", nil, aud(defaultGraphURL), audience, "for Microsoft Graph"},
		{"audience of the Graph of another cloud", nil, all(aud("https://graph.microsoft.us/"), func(c *call) { c.cfg.GraphURL = "https://graph.microsoft.us" }), audience, "for Microsoft Graph"},
		{
			"v1 for an App ID URI that is not known", asV1, aud("api://orders"), audience,
			`its audience is "api://orders" and its ver is 1.0; accepted: ` + testClient + `, api://` + testClient + `, ` + testAPI + `. If it names this API, set requestedAccessTokenVersion to 2 in the registration's manifest, or add it to EASYAUTH_AUDIENCES`,
		},
		{"v1 for Azure Resource Manager, which any program gets", asV1, aud("https://management.azure.com/"), audience, `accepted: ` + testClient + `, api://` + testClient + `, ` + testAPI + `. Ask for a token with a scope of this API`},
		{"v1 for Azure Resource Manager, configured by mistake", asV1, all(aud("https://management.azure.com"), func(c *call) { c.cfg.Audiences = []string{"https://management.azure.com"} }), audience, "Ask for a token with a scope of this API"},
		{"v1 for another API", asV1, aud(testCaller), audience, "accepted:"},
		{"audience missing", nil, aud(nil), invalid, "aud is missing"},
		{"audience empty", nil, aud(""), invalid, "aud is missing"},
		{"audience is a number", nil, aud(5), invalid, "aud"},
		{"audience twice", nil, edit(repeated("aud", testAPI)), invalid, "aud"},
		{"audience an empty list", aud([]string{testClient}), aud([]string{}), invalid, "aud"},
		{"audience a list with a number", aud([]string{testClient}), aud([]any{testClient, 5}), invalid, "aud"},
		{"several audiences", aud([]string{testClient}), aud([]string{testClient, testAPI}), audience, "several"},
		{"several audiences, none ours", aud([]string{testClient}), aud([]string{"a", "b"}), audience, `its audience is "a"`},
		{"an audience full of quotes and line feeds", nil, aud("a\"\r\nSet-Cookie: b" + strings.Repeat("c", 5000)), audience, `"a\"??Set-Cookie: bc`},
	}
}

func timeCases() []bearerCase {
	const invalid, expired = access.ReasonBearerInvalid, access.ReasonBearerExpired
	at := func(name string, seconds int64) func(*call) {
		return set(map[string]any{name: startTime.Unix() + seconds})
	}
	return []bearerCase{
		{"exp missing", nil, set(map[string]any{"exp": nil}), invalid, "exp is missing"},
		{"exp is text", nil, set(map[string]any{"exp": "1893553445"}), invalid, "no time"},
		{"exp beyond the leeway", at("exp", -59), at("exp", -60), expired, "expired 1m0s ago"},
		{"exp long ago, and a key that is gone", at("exp", -59), all(at("exp", -86400), edit(withHeader("kid", "k0"))), expired, "expired 24h"},
		{"nbf in the future", at("nbf", 60), at("nbf", 61), expired, "not valid for another 1m1s"},
		{"iat in the future", at("iat", 60), at("iat", 61), expired, "issued 1m1s in the future"},
		{"auth_time in the future", at("auth_time", 60), at("auth_time", 61), expired, "auth_time"},
		{"nbf is an object", nil, set(map[string]any{"nbf": map[string]any{}}), invalid, "no time"},
		{"iat is negative", nil, at("iat", -1<<40), invalid, "no time"},
		{"exp twice", nil, edit(repeated("exp", startTime.Unix()+60)), invalid, "exp is there twice"},
	}
}

func kindCases() []bearerCase {
	const invalid = access.ReasonBearerInvalid
	idToken := "it is an ID token"
	v1App := all(asV1, asApp)
	byOID := all(asApp, set(map[string]any{"idtyp": nil}))
	return []bearerCase{
		{"an ID token", nil, func(c *call) { c.claims = goodClaims() }, invalid, idToken},
		{"an ID token with roles, ver and no nonce", nil, all(func(c *call) { c.claims = goodClaims() }, set(map[string]any{"ver": "2.0", "nonce": nil})), invalid, idToken},
		{"a nonce", nil, set(map[string]any{"nonce": "n"}), invalid, idToken},
		{"a nonce that is null", nil, set(map[string]any{"nonce": json.RawMessage("null")}), invalid, idToken},
		{"azp missing", nil, set(map[string]any{"azp": nil}), invalid, idToken},
		{"azp empty", nil, set(map[string]any{"azp": ""}), invalid, idToken},
		{"azp is an array", nil, set(map[string]any{"azp": []string{testCaller}}), invalid, "azp is no text"},
		{"azp too long", set(map[string]any{"azp": strings.Repeat("a", 255)}), set(map[string]any{"azp": strings.Repeat("a", 256)}), invalid, "too long"},
		{"appid in place of azp", nil, set(map[string]any{"azp": nil, "appid": testCaller}), invalid, idToken},
		{"v1 with azp in place of appid", asV1, set(map[string]any{"azp": testCaller, "appid": nil}), invalid, idToken},
		{"v1 with a nonce", asV1, set(map[string]any{"nonce": "n"}), invalid, idToken},
		{"ver missing", nil, set(map[string]any{"ver": nil}), invalid, `its ver is "", and its issuer writes "2.0"`},
		{"ver is a number", nil, set(map[string]any{"ver": 2.0}), invalid, "ver is no text"},
		{"ver 1.0 of the v2 issuer", nil, set(map[string]any{"ver": "1.0", "appid": testCaller}), invalid, `its ver is "1.0"`},
		{"ver 2.0 of the v1 issuer", asV1, set(map[string]any{"ver": "2.0", "azp": testCaller}), invalid, `its ver is "2.0"`},
		{"sub missing", nil, set(map[string]any{"sub": nil}), invalid, "sub"},
		{"sub too long", set(map[string]any{"sub": strings.Repeat("s", 255)}), set(map[string]any{"sub": strings.Repeat("s", 256)}), invalid, "sub"},
		{"oid missing", nil, set(map[string]any{"oid": nil}), invalid, "oid"},
		{"scp missing", nil, set(map[string]any{"scp": nil}), invalid, "it has no scp"},
		{"scp empty", nil, set(map[string]any{"scp": ""}), invalid, "scp is empty"},
		{"scp blank", nil, set(map[string]any{"scp": " \t"}), invalid, "scp is empty"},
		{"scp is an array", nil, set(map[string]any{"scp": []string{"Read"}}), invalid, "scp is no text"},
		{"scp twice", nil, edit(repeated("scp", "Admin")), invalid, "scp"},
		{"roles twice", nil, edit(repeated("roles", []string{"Owner"})), invalid, "roles is there twice"},
		{"scopes of an application", nil, set(map[string]any{"idtyp": "app"}), invalid, "idtyp"},
		{"an application without roles", asApp, set(map[string]any{"roles": nil}), invalid, "assign an app role of this API to the application " + testCaller},
		{"an application with an empty list of roles", asApp, set(map[string]any{"roles": []string{}}), invalid, "without any role"},
		{"an application of v1 without roles", v1App, set(map[string]any{"roles": nil}), invalid, "without any role"},
		{"an application by its oid, without roles", byOID, set(map[string]any{"roles": nil}), invalid, "without any role"},
		{"neither scp nor an application", byOID, set(map[string]any{"sub": "subject"}), invalid, "it has no scp"},
		{"no scp, and idtyp user", byOID, set(map[string]any{"idtyp": "user"}), invalid, "it has no scp"},
		{"idtyp in another case", asApp, set(map[string]any{"idtyp": "APP"}), invalid, "it has no scp"},
	}
}

func tenantBearerCases() []bearerCase {
	const invalid, tenant = access.ReasonBearerInvalid, access.ReasonBearerTenant
	of := func(id string) map[string]any {
		return map[string]any{"iss": strings.Replace(testIssuer, testTenant, id, 1), "tid": id}
	}
	other := all(asMulti, set(of(otherTenant)), func(c *call) { c.key, c.header["kid"] = otherRSA(), "o1" })
	otherV1 := all(other, asV1, set(map[string]any{"iss": "https://sts.windows.net/" + otherTenant + "/"}))
	return []bearerCase{
		{"another tid", nil, set(map[string]any{"tid": otherTenant}), tenant, "tid"},
		{"tid missing", nil, set(map[string]any{"tid": nil}), tenant, "tid"},
		{"tid is a number", nil, set(map[string]any{"tid": 1}), invalid, "tid"},
		{"another tid of v1", asV1, set(map[string]any{"tid": otherTenant}), tenant, "tid"},
		{"another allowed tenant, by tid alone", asMulti, set(map[string]any{"tid": otherTenant}), tenant, "tid"},
		{"another allowed tenant, with our key", asMulti, set(of(otherTenant)), invalid, "does not publish"},
		{"another allowed tenant, with our key under its name", other, func(c *call) { c.key = rsaKey() }, invalid, "does not fit"},
		{"another allowed tenant in v1, with our tid", otherV1, set(map[string]any{"tid": testTenant}), tenant, "tid"},
		{"another policy of B2C", asB2C, set(map[string]any{"tfp": "B2C_1_reset"}), invalid, "B2C_1_reset"},
		{"no policy of B2C", asB2C, set(map[string]any{"tfp": nil}), invalid, "neither tfp nor acr"},
		{"an ID token of B2C", asB2C, set(map[string]any{"azp": nil, "scp": nil}), invalid, "ID token"},
		{"an ID token of B2C that names a client", asB2C, set(map[string]any{"scp": nil}), invalid, "ID token"},
		{"another tenant of B2C", all(asB2C, set(map[string]any{"tid": testTenant})), set(map[string]any{"tid": otherTenant}), tenant, "tid"},
		{"an ID token of External ID", asExternal, set(map[string]any{"azp": nil}), invalid, "ID token"},
		{"another tid of External ID", asExternal, set(map[string]any{"tid": otherTenant}), tenant, "tid"},
	}
}

func plainBearerCases() []bearerCase {
	const invalid, audience = access.ReasonBearerInvalid, access.ReasonBearerAudience
	typed := all(asPlain, edit(withHeader("typ", "at+jwt")), set(map[string]any{"scope": nil, "azp": nil}))
	cid := all(asPlain, set(map[string]any{"azp": nil, "cid": testCaller}))
	return []bearerCase{
		{"plain: an ID token by its nonce", asPlain, set(map[string]any{"nonce": "n"}), invalid, "it has nonce"},
		{"plain: an ID token by its at_hash", asPlain, set(map[string]any{"at_hash": "h"}), invalid, "it has at_hash"},
		{"plain: an ID token by its c_hash", asPlain, set(map[string]any{"c_hash": "h"}), invalid, "it has c_hash"},
		{"plain: no scopes", asPlain, set(map[string]any{"scope": nil}), invalid, "and scope)"},
		{"plain: no client", asPlain, set(map[string]any{"azp": nil}), invalid, "azp, client_id or cid"},
		{"plain: no client, by cid", cid, set(map[string]any{"cid": nil}), invalid, "azp, client_id or cid"},
		{"plain: without its typ", typed, edit(withHeader("typ", "JWT")), invalid, "neither its typ"},
		{"plain: another typ", typed, edit(withHeader("typ", "dpop+jwt")), invalid, "another kind"},
		{"plain: none of the audiences", asPlain, set(map[string]any{"aud": []string{"account"}}), audience, "account"},
		{"plain: the audience that Entra ID would accept", asPlain, set(map[string]any{"aud": "api://" + testClient}), audience, "accepted: " + testClient + ", " + testAPI},
		{"plain: no sub", asPlain, set(map[string]any{"sub": nil}), invalid, "sub"},
		{"plain: client_id is an object", asPlain, set(map[string]any{"client_id": map[string]any{}}), invalid, "client_id"},
		{"plain: roles twice", asPlain, edit(repeated("realm_access", map[string]any{})), invalid, "realm_access"},
	}
}

func headerCases() []bearerCase {
	const ambiguous, invalid = access.ReasonBearerAmbiguous, access.ReasonBearerInvalid
	lines := func(f func(token string) []string) func(*call) { return func(c *call) { c.lines = f } }
	lower := lines(func(token string) []string { return []string{"bEARER " + token} })
	return []bearerCase{
		{"the same token twice", lower, lines(func(token string) []string { return []string{"Bearer " + token, "Bearer " + token} }), ambiguous, "more than one"},
		{"another scheme before it", lower, lines(func(token string) []string { return []string{"Basic eA==", "Bearer " + token} }), ambiguous, "more than one"},
		{"another scheme behind it", lower, lines(func(token string) []string { return []string{"Bearer " + token, "Basic eA=="} }), ambiguous, ""},
		{"an empty header behind it", lower, lines(func(token string) []string { return []string{"Bearer " + token, ""} }), ambiguous, ""},
		{"two other schemes", lower, lines(func(string) []string { return []string{"Basic eA==", "Negotiate eA=="} }), ambiguous, ""},
		{"joined by a comma", lower, lines(func(token string) []string { return []string{"Bearer " + token + ", Bearer " + token} }), ambiguous, ""},
		{"joined to another scheme", lower, lines(func(token string) []string { return []string{"Basic eA==,bearer\t" + token} }), ambiguous, ""},
		{"joined to nothing", lower, lines(func(token string) []string { return []string{"Bearer " + token + ","} }), ambiguous, ""},
		{"two blanks", lower, lines(func(token string) []string { return []string{"Bearer  " + token} }), invalid, "exactly one blank"},
		{"a tab", lower, lines(func(token string) []string { return []string{"Bearer\t" + token} }), invalid, "exactly one blank"},
		{"a blank before the scheme", lower, lines(func(token string) []string { return []string{" Bearer " + token} }), invalid, "exactly one blank"},
		{"a blank at the end", lower, lines(func(token string) []string { return []string{"Bearer " + token + " "} }), invalid, "exactly one blank"},
	}
}
