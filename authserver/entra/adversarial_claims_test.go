package entra

import (
	"crypto/sha256"
	"crypto/sha512"
	"net/http"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

const (
	v1OfTenant = "https://sts.windows.net/" + testTenant + "/"
	consumers  = "9188040d-6c67-4c5b-b112-36a304b66dad"
)

// claimCases are ID tokens that are signed well and say the wrong thing.
func claimCases() []adversarial {
	at := func(d time.Duration) int64 { return startTime.Add(d).Unix() }
	long := strings.Repeat("x", maxID+1)
	two := withClaim("aud", []string{testClient, "b"})
	return []adversarial{
		{"iss missing", nil, withClaim("iss", nil), ReasonIssuer, ""},
		{"iss of another host", nil, withClaim("iss", strings.Replace(testIssuer, "login", "evil", 1)), ReasonIssuer, ""},
		{"iss of another tenant", nil, withClaim("iss", strings.Replace(testIssuer, testTenant, otherTenant, 1)), ReasonIssuer, ""},
		{"iss with a slash", nil, withClaim("iss", testIssuer+"/"), ReasonIssuer, ""},
		{"iss of v1", nil, withClaim("iss", v1OfTenant), ReasonIssuer, ""},
		{"iss is the template", nil, withClaim("iss", "https://login.example/{tenantid}/v2.0"), ReasonIssuer, ""},
		{"iss of another case", nil, withClaim("iss", strings.ToUpper(testIssuer)), ReasonIssuer, ""},
		{"iss over http", nil, withClaim("iss", strings.Replace(testIssuer, "https", "http", 1)), ReasonIssuer, ""},
		{"iss is a number", nil, withClaim("iss", 5), ReasonToken, ""},
		{"iss is an array", nil, withClaim("iss", []string{testIssuer}), ReasonToken, ""},

		{"aud missing", nil, withClaim("aud", nil), ReasonAudience, ""},
		{"aud of another client", nil, withClaim("aud", "another"), ReasonAudience, ""},
		{"aud of another case", nil, withClaim("aud", strings.ToUpper(testClient)), ReasonAudience, ""},
		{"aud is the App ID URI, as an access token's", nil, withClaim("aud", "api://"+testClient), ReasonAudience, ""},
		{"aud is an empty array", nil, withClaim("aud", []string{}), ReasonAudience, ""},
		{"aud is an object", nil, withClaim("aud", map[string]string{testClient: testClient}), ReasonAudience, ""},
		{"aud with a number", nil, withClaim("aud", []any{testClient, 5}), ReasonToken, ""},
		{"several aud without azp", both(two, withClaim("azp", testClient)), withClaim("azp", nil), ReasonAudience, ""},
		{"several aud with another azp", both(two, withClaim("azp", testClient)), withClaim("azp", "b"), ReasonAudience, ""},
		{"azp of another client", withClaim("azp", testClient), withClaim("azp", "b"), ReasonAudience, ""},
		{"azp is an array", withClaim("azp", testClient), withClaim("azp", []string{testClient}), ReasonToken, ""},

		{"sub missing", nil, withClaim("sub", nil), ReasonToken, ""},
		{"sub empty", nil, withClaim("sub", ""), ReasonToken, ""},
		{"sub too long", withClaim("sub", long[1:]), withClaim("sub", long), ReasonToken, ""},
		{"sub is a number", nil, withClaim("sub", 1), ReasonToken, ""},
		{"sub is an array", nil, withClaim("sub", []string{"subject"}), ReasonToken, ""},
		{"sub of another case", nil, both(withClaim("sub", nil), withClaim("Sub", "subject")), ReasonToken, ""},
		{"tid missing", nil, withClaim("tid", nil), ReasonTenant, ""},
		{"tid of another tenant", nil, withClaim("tid", otherTenant), ReasonTenant, ""},
		{"tid is an array", nil, withClaim("tid", []string{testTenant}), ReasonToken, ""},
		{"tid of another case", nil, both(withClaim("tid", nil), withClaim("TID", testTenant)), ReasonTenant, ""},
		{"oid missing", nil, withClaim("oid", nil), ReasonToken, "profile"},
		{"oid empty", nil, withClaim("oid", ""), ReasonToken, ""},
		{"oid too long", withClaim("oid", long[1:]), withClaim("oid", long), ReasonToken, ""},
		{"oid is a number", nil, withClaim("oid", 1), ReasonToken, ""},

		{"exp missing", nil, withClaim("exp", nil), ReasonToken, ""},
		{"exp is text", nil, withClaim("exp", "1893553445"), ReasonToken, ""},
		{"exp negative", nil, withClaim("exp", -1), ReasonToken, ""},
		{"exp beyond time", nil, withClaim("exp", 1e300), ReasonToken, ""},
		{"exp of another case", nil, both(withClaim("exp", nil), withClaim("EXP", at(time.Hour))), ReasonToken, ""},
		{"expired by the leeway", withClaim("exp", at(-59*time.Second)), withClaim("exp", at(-time.Minute)), ReasonExpired, "ago"},
		{"nbf beyond the leeway", withClaim("nbf", at(59*time.Second)), withClaim("nbf", at(61*time.Second)), ReasonExpired, "not valid for another"},
		{"nbf is text", nil, withClaim("nbf", "soon"), ReasonToken, ""},
		{"iat missing", nil, withClaim("iat", nil), ReasonToken, ""},
		{"iat in the future", withClaim("iat", at(59*time.Second)), withClaim("iat", at(61*time.Second)), ReasonExpired, "in the future"},
		{"iat of an old token", withClaim("iat", at(-16*time.Minute)), withClaim("iat", at(-17*time.Minute)), ReasonExpired, "issued"},
		{"auth_time in the future", withClaim("auth_time", at(59*time.Second)), withClaim("auth_time", at(61*time.Second)), ReasonExpired, "auth_time"},
		{"auth_time is text", withClaim("auth_time", at(0)), withClaim("auth_time", "today"), ReasonToken, ""},

		{"nonce missing", nil, withClaim("nonce", nil), ReasonNonce, ""},
		{"nonce of another sign-in", nil, withClaim("nonce", "another"), ReasonNonce, ""},
		{"nonce of another case", nil, withClaim("nonce", strings.ToUpper(testNonce)), ReasonNonce, ""},
		{"nonce with more", nil, withClaim("nonce", testNonce+"x"), ReasonNonce, ""},
		{"nonce is an array", nil, withClaim("nonce", []string{testNonce}), ReasonToken, ""},
		{"nonce under another name", nil, both(withClaim("nonce", nil), withClaim("Nonce", testNonce)), ReasonNonce, ""},
		{"no nonce on either side", nil, both(withClaim("nonce", ""), func(a *attempt) { a.nonce = "" }), ReasonNonce, ""},

		{"sub twice", nil, repeated("sub", "subject"), ReasonToken, "sub is there twice"},
		{"roles twice", nil, repeated("roles", []string{"Owner"}), ReasonToken, "roles is there twice"},
		{"aud twice", nil, repeated("aud", testClient), ReasonToken, "aud is there twice"},
		{"exp twice", nil, repeated("exp", at(time.Hour)), ReasonToken, "exp is there twice"},
		{"acrs twice", withClaim("acrs", []string{"c1"}), repeated("acrs", []string{"c2"}), ReasonToken, "acrs is there twice"},
		{"where groups are, twice", withClaim("hasgroups", true), repeated("hasgroups", false), ReasonToken, "hasgroups is there twice"},
	}
}

// hashCases bind the ID token to the access token.
func hashCases() []adversarial {
	sum := sha256.Sum256([]byte(testAccess.Reveal()))
	longSum := sha512.Sum512([]byte(testAccess.Reveal()))
	right := withClaim("at_hash", encoded(sum[:16]))
	return []adversarial{
		{"another access token", right, func(a *attempt) { a.access = secret.New("another") }, ReasonToken, "at_hash"},
		{"no access token", right, func(a *attempt) { a.access = secret.String{} }, ReasonToken, "at_hash"},
		{"made up", right, withClaim("at_hash", "bWFkZSB1cA"), ReasonToken, "at_hash"},
		{"empty", right, withClaim("at_hash", ""), ReasonToken, "at_hash"},
		{"the whole hash", right, withClaim("at_hash", encoded(sum[:])), ReasonToken, "at_hash"},
		{"the right half", right, withClaim("at_hash", encoded(sum[16:])), ReasonToken, "at_hash"},
		{"of another algorithm", right, withClaim("at_hash", encoded(longSum[:32])), ReasonToken, "at_hash"},
		{"a number", right, withClaim("at_hash", 5), ReasonToken, "at_hash"},
		{"twice", right, repeated("at_hash", encoded(sum[:16])), ReasonToken, "at_hash"},
	}
}

func b2cAttempt(a *attempt) {
	const authority = "https://login.example/" + testTenant
	a.cfg.Kind, a.cfg.Policy, a.cfg.Authority = B2C, "B2C_1_signin", authority+"/B2C_1_signin/v2.0"
	a.idp.metadata["issuer"] = authority + "/v2.0/"
	a.claims["iss"] = authority + "/v2.0/"
	a.claims["tfp"] = "b2c_1_signin"
	delete(a.claims, "oid")
	delete(a.claims, "tid")
}

// policyCases are tokens of B2C, whose policies share everything but their name.
func policyCases() []adversarial {
	byACR := both(b2cAttempt, withClaim("tfp", nil), withClaim("acr", "B2C_1_SignIn"))
	byTFP := both(b2cAttempt, func(a *attempt) {
		a.idp.metadata["issuer"] = "https://login.example/tfp/" + testTenant + "/b2c_1_signin/v2.0/"
	},
		withClaim("iss", "https://login.example/tfp/"+testTenant+"/b2c_1_signin/v2.0/"))
	metadata := func(issuer string) func(*attempt) { return func(a *attempt) { a.idp.metadata["issuer"] = issuer } }
	return []adversarial{
		{"another policy", b2cAttempt, withClaim("tfp", "B2C_1_reset"), ReasonPolicy, "B2C_1_reset"},
		{"another policy in acr", byACR, withClaim("acr", "B2C_1_reset"), ReasonPolicy, "B2C_1_reset"},
		{"no policy", b2cAttempt, withClaim("tfp", nil), ReasonPolicy, "neither"},
		{"another policy, ours in acr", byACR, withClaim("tfp", "B2C_1_reset"), ReasonPolicy, "B2C_1_reset"},
		{"policy is an array", b2cAttempt, withClaim("tfp", []string{"B2C_1_signin"}), ReasonToken, "tfp"},
		{"policy twice", b2cAttempt, repeated("tfp", "b2c_1_signin"), ReasonToken, "tfp"},
		{"policy with more", b2cAttempt, withClaim("tfp", "B2C_1_signin2"), ReasonPolicy, ""},
		{"another tenant", both(b2cAttempt, withClaim("tid", testTenant)), withClaim("tid", otherTenant), ReasonTenant, ""},
		{"issuer without its slash", b2cAttempt, withClaim("iss", testIssuer), ReasonIssuer, ""},
		{"issuer with a policy where it has none", b2cAttempt, withClaim("iss", "https://login.example/tfp/"+testTenant+"/b2c_1_signin/v2.0/"), ReasonIssuer, ""},
		{"issuer of another policy", byTFP, withClaim("iss", "https://login.example/tfp/"+testTenant+"/b2c_1_reset/v2.0/"), ReasonIssuer, ""},
		{"issuer without its policy", byTFP, withClaim("iss", testIssuer+"/"), ReasonIssuer, ""},
		{"document of another policy", byTFP, metadata("https://login.example/tfp/" + testTenant + "/b2c_1_reset/v2.0/"), ReasonIssuer, ""},
		{"document of another tenant", b2cAttempt, metadata("https://login.example/" + otherTenant + "/v2.0/"), ReasonIssuer, ""},
		{"document without a slash", b2cAttempt, metadata(testIssuer), ReasonIssuer, ""},
	}
}

// tenantCases are tokens of organizations, where testTenant and otherTenant are allowed.
func tenantCases() []adversarial {
	const stranger = "12345678-2222-4333-8444-555555555555"
	of := func(id string) string { return strings.Replace(testIssuer, testTenant, id, 1) }
	all := manyTenants
	other := both(all, withClaim("iss", of(otherTenant)), withClaim("tid", otherTenant), func(a *attempt) { a.key, a.header["kid"] = otherRSA(), "o1" })
	listed := both(all, func(a *attempt) { a.cfg.AllowedTenants = append(a.cfg.AllowedTenants, consumers) },
		withClaim("iss", of(consumers)), withClaim("tid", consumers), withHeader("kid", "c1"))
	template := func(a *attempt) { a.idp.metadata["issuer"] = "https://login.example/organizations/v2.0" }
	return []adversarial{
		{"a tenant that is not allowed", all, both(withClaim("iss", of(stranger)), withClaim("tid", stranger)), ReasonTenant, stranger},
		{"a tenant that is not allowed, by its tid", all, withClaim("tid", stranger), ReasonTenant, ""},
		{"another allowed tenant, by tid alone", all, withClaim("tid", otherTenant), ReasonTenant, ""},
		{"another allowed tenant, by iss alone", all, withClaim("iss", of(otherTenant)), ReasonToken, ""},
		{"another allowed tenant, by iss and tid, with our key", all, both(withClaim("iss", of(otherTenant)), withClaim("tid", otherTenant)), ReasonToken, "does not publish"},
		{"another allowed tenant, with our key under its name", other, func(a *attempt) { a.key = rsaKey() }, ReasonToken, "does not fit"},
		{"the key of another allowed tenant", all, func(a *attempt) { a.key, a.header["kid"] = otherRSA(), "o1" }, ReasonToken, "does not publish"},
		{"no tid", all, withClaim("tid", nil), ReasonTenant, ""},
		{"no iss", all, withClaim("iss", nil), ReasonIssuer, ""},
		{"iss twice", all, repeated("iss", of(otherTenant)), ReasonToken, ""},
		{"iss is the template", all, withClaim("iss", of("{tenantid}")), ReasonIssuer, ""},
		{"iss is organizations", all, withClaim("iss", of("organizations")), ReasonIssuer, ""},
		{"iss of v1", all, withClaim("iss", v1OfTenant), ReasonIssuer, ""},
		{"iss of an allowed tenant on another host", all, withClaim("iss", strings.Replace(testIssuer, "login", "evil", 1)), ReasonIssuer, ""},
		{"personal accounts that are not listed", listed, func(a *attempt) { a.cfg.AllowedTenants = a.cfg.AllowedTenants[:2] }, ReasonTenant, consumers},
		{"the authority's document without a template", all, template, ReasonIssuer, "{tenantid}"},
		{"the authority's document of one tenant", all, func(a *attempt) { a.idp.metadata["issuer"] = testIssuer }, ReasonIssuer, "{tenantid}"},
		{"a tenant's document of another", all, func(a *attempt) {
			a.idp.answer = func(r *http.Request) (*http.Response, error) {
				r.URL.Path = strings.Replace(r.URL.Path, otherTenant, testTenant, 1)
				return tenantAnswers(r)
			}
		}, ReasonIssuer, otherTenant},
	}
}

// plainCases are tokens of any other provider.
func plainCases() []adversarial {
	plain := func(a *attempt) {
		a.cfg.Kind, a.cfg.TenantID, a.cfg.Authority, a.cfg.V1Issuer = Plain, "", "https://login.example/realms/x/", ""
		a.idp.metadata["issuer"], a.claims["iss"] = a.cfg.Authority, a.cfg.Authority
		a.claims["tid"], a.claims["oid"] = nil, nil
	}
	return []adversarial{
		{"iss without its slash", plain, withClaim("iss", "https://login.example/realms/x"), ReasonIssuer, ""},
		{"document without its slash", plain, func(a *attempt) { a.idp.metadata["issuer"] = "https://login.example/realms/x" }, ReasonIssuer, ""},
		{"iss of Entra ID", plain, withClaim("iss", testIssuer), ReasonIssuer, ""},
		{"no sub", plain, withClaim("sub", nil), ReasonToken, ""},
		{"no nonce", plain, withClaim("nonce", nil), ReasonNonce, ""},
		{
			"no kid and several keys", both(plain, published(public(rsaKey().Public(), "k1")), withHeader("kid", nil)),
			published(public(rsaKey().Public(), "k1"), public(ecKey().Public(), "e1")), ReasonToken, "which key",
		},
		{
			"roles twice below their claim", both(plain, func(a *attempt) { a.cfg.Claims.Roles = "realm_access.roles" }, withClaim("realm_access", map[string]any{})),
			repeated("realm_access", map[string]any{"roles": []string{"admin"}}), ReasonToken, "realm_access",
		},
	}
}
