package entra

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// subjectCase is one way to bring a bad token. good is done to both the sibling,
// which must pass, and the bad one.
type subjectCase struct {
	name string
	good func(*call)
	bad  func(*call)
	want Reason
	text string // in the error
}

// TestAttack12And20SubjectRefusals runs every case twice: as it should be, and with
// the one thing wrong that its name says.
func TestAttack12And20SubjectRefusals(t *testing.T) {
	suites := []struct {
		name  string
		kind  SubjectKind
		cases []subjectCase
	}{
		{"ID token, audience", SubjectID, subjectAudienceCases()},
		{"ID token, claims", SubjectID, subjectClaimCases()},
		{"ID token, kind", SubjectID, subjectKindCases()},
		{"access token, audience", SubjectAccess, neighbourAudienceCases()},
		{"access token, claims", SubjectAccess, neighbourClaimCases()},
		{"ID token, tenant", SubjectID, subjectTenantCases()},
		{"access token, tenant", SubjectAccess, subjectTenantCases()},
	}
	cases := 0
	for _, suite := range suites {
		seen := map[string]bool{}
		for _, tt := range suite.cases {
			if cases++; seen[tt.name] {
				t.Errorf("%s: two cases are called %q", suite.name, tt.name)
			}
			seen[tt.name] = true
			t.Run(suite.name+"/"+tt.name, func(t *testing.T) { tt.judge(t, suite.kind) })
		}
	}
	t.Attr("cases", strconv.Itoa(cases))
	if cases < 100 {
		t.Errorf("%d cases", cases)
	}
}

func (tt subjectCase) judge(t *testing.T, kind SubjectKind) {
	t.Helper()
	begin := bringID
	if kind == SubjectAccess {
		begin = bringAccess
	}
	sibling, broken := begin(), begin()
	if tt.good != nil {
		tt.good(sibling)
		tt.good(broken)
	}
	if got, err := sibling.bring(t, kind); err != nil || got == nil || got.Identity.Key() == (access.Key{}) {
		t.Fatalf("the sibling is refused: %v", err)
	}
	tt.bad(broken)
	got, err := broken.bring(t, kind)
	if reason := reasonOf(t, err); reason != tt.want || got != nil {
		t.Fatalf("reason %q (%v), %+v; want %q", reason, err, got, tt.want)
	}
	if s := err.Error(); !strings.Contains(s, tt.text) || len(s) > 700 || strings.Contains(s, "leaked") {
		t.Errorf("error %q, want %q in it", s, tt.text)
	}
}

func claimed(name string, value any) func(*call) { return set(map[string]any{name: value}) }

// subjectAudienceCases are ID tokens for the wrong client.
func subjectAudienceCases() []subjectCase {
	aud := func(v any) func(*call) { return claimed("aud", v) }
	azp := func(v any) func(*call) { return claimed("azp", v) }
	foreign := func(edits ...func(*call)) func(*call) { return all(append([]func(*call){forNeighbour}, edits...)...) }
	return []subjectCase{
		{"a client that is not listed", nil, aud(testStranger), ReasonAudience, `"` + testStranger + `"`},
		{"a client that is no longer listed", forNeighbour, func(c *call) { c.cfg.ExchangeAudiences, c.cfg.ExchangeRoles = nil, nil }, ReasonAudience, ""},
		{"a client that may bring tokens, as audience", forNeighbour, aud(testCaller), ReasonAudience, ""},
		{"another case", forNeighbour, aud(strings.ToUpper(testNeighbour)), ReasonAudience, ""},
		{"our own in another case", nil, aud(strings.ToUpper(testClient)), ReasonAudience, ""},
		{"our own as an access token has it", nil, aud("api://" + testClient), ReasonAudience, ""},
		{"our own API", nil, aud(testAPI), ReasonAudience, ""},
		{"a slash at the end", foreign(aud(testBilling)), aud(testBilling + "/"), ReasonAudience, ""},
		{"more at the end", foreign(aud(testBilling)), aud(testBilling + ".example"), ReasonAudience, ""},
		{"a blank at the end", forNeighbour, aud(testNeighbour + " "), ReasonAudience, ""},
		{"two, ours and a listed one", aud([]string{testClient}), aud([]string{testClient, testNeighbour}), ReasonAudience, "several"},
		{"two, a listed one and ours, and our azp", foreign(azp(testClient)), aud([]string{testNeighbour, testClient}), ReasonAudience, "several"},
		{"two, both listed", foreign(aud([]string{testNeighbour})), aud([]string{testNeighbour, testBilling}), ReasonAudience, "several"},
		{"ours in one list twice", aud([]string{testClient}), aud([]string{testClient, testClient}), ReasonAudience, "several"},
		{"two, joined by a blank", forNeighbour, aud(testNeighbour + " " + testClient), ReasonAudience, ""},
		{"missing", nil, aud(nil), ReasonToken, "aud is missing"},
		{"empty", nil, aud(""), ReasonToken, "aud is missing"},
		{"an empty list", nil, aud([]string{}), ReasonToken, "aud is missing"},
		{"a number", nil, aud(5), ReasonToken, "aud"},
		{"a list with a number", aud([]string{testClient}), aud([]any{testClient, 5}), ReasonToken, "aud"},
		{"an object", nil, aud(map[string]any{testClient: 1}), ReasonToken, "aud"},
		{"there twice", nil, edit(repeated("aud", testClient)), ReasonToken, "aud"},
		{"AUD in upper case alone", nil, set(map[string]any{"aud": nil, "AUD": testClient}), ReasonToken, "aud is missing"},
		{"AUD in upper case behind aud", nil, appended("AUD", testStranger), ReasonToken, "library"},
		{"Graph's", nil, aud("00000003-0000-0000-c000-000000000000"), ReasonAudience, ""},
		{"full of quotes and line feeds", nil, aud("a\"\r\nSet-Cookie: b" + strings.Repeat("c", 5000)), ReasonAudience, `"a\"??Set-Cookie: bc`},

		{"azp that is not listed", azp(testCaller), azp(testStranger), ReasonAudience, "azp is"},
		{"azp that is not listed, for a listed audience", foreign(azp(testNeighbour)), azp(testStranger), ReasonAudience, "azp is"},
		{"azp that is no longer listed", foreign(azp(testCaller)), func(c *call) { c.cfg.ExchangeClients = nil }, ReasonAudience, "azp is"},
		{"azp in another case", azp(testClient), azp(strings.ToUpper(testClient)), ReasonAudience, ""},
		{"azp is another listed audience", azp(testCaller), azp(testNeighbour), ReasonAudience, "azp is"},
		{"azp is a list", azp(testCaller), azp([]string{testCaller}), ReasonToken, "azp"},
		{"azp twice", azp(testCaller), edit(repeated("azp", testCaller)), ReasonToken, "azp is there twice"},
	}
}

// subjectClaimCases are ID tokens for the right client that say something wrong.
func subjectClaimCases() []subjectCase {
	at := func(name string, d time.Duration) func(*call) { return claimed(name, startTime.Add(d).Unix()) }
	const oldest = 10 * time.Minute // whatever the leeway is
	var cases []subjectCase
	// Those that a sign-in refuses too, of a token for us and of one for the neighbour.
	for _, c := range claimCases() {
		if strings.HasPrefix(c.name, "aud ") || strings.HasPrefix(c.name, "nonce ") || strings.HasPrefix(c.name, "several aud") || strings.HasPrefix(c.name, "iat of") || c.name == "no nonce on either side" {
			continue // judged in another way here
		}
		good := edit(func(a *attempt) {
			if c.good != nil {
				c.good(a)
			}
		})
		cases = append(cases, subjectCase{"ours: " + c.name, good, edit(c.bad), c.want, ""})
		if !strings.HasPrefix(c.name, "azp ") {
			cases = append(cases, subjectCase{"the neighbour's: " + c.name, all(forNeighbour, good), edit(c.bad), c.want, ""})
		}
	}
	return append(
		cases,
		subjectCase{"older than allowed", at("iat", -oldest), at("iat", -oldest-time.Second), ReasonExpired, "issued 10m1s ago"},
		subjectCase{"the neighbour's, older than allowed", all(forNeighbour, at("iat", -oldest)), at("iat", -oldest-time.Second), ReasonExpired, "issued 10m1s ago"},
		subjectCase{"older than allowed, with more leeway", all(at("iat", -oldest), func(c *call) { c.cfg.Leeway = 2 * time.Minute }), at("iat", -oldest-time.Second), ReasonExpired, "issued 10m1s ago"},
		subjectCase{"iat of another case", nil, set(map[string]any{"iat": nil, "IAT": startTime.Unix()}), ReasonToken, "iat is missing"},
		subjectCase{"nonce is a number", nil, claimed("nonce", 5), ReasonToken, "nonce"},
		subjectCase{"nonce twice", nil, edit(repeated("nonce", "x")), ReasonToken, "nonce is there twice"},
		subjectCase{"groups twice", forNeighbour, edit(repeated("groups", []string{"x"})), ReasonToken, "groups is there twice"},
		subjectCase{"without oid sub would be the key", forNeighbour, claimed("oid", nil), ReasonToken, "oid is missing"},
		subjectCase{"another policy of B2C", all(alone, edit(b2cAttempt)), claimed("tfp", "B2C_1_reset"), ReasonPolicy, "B2C_1_reset"},
		subjectCase{"no policy of B2C", all(alone, edit(b2cAttempt)), claimed("tfp", nil), ReasonPolicy, "neither"},
		subjectCase{"another policy of B2C, ours in acr", all(alone, edit(b2cAttempt), claimed("acr", "B2C_1_signin")), claimed("tfp", "B2C_1_reset"), ReasonPolicy, ""},
		subjectCase{"issuer of v1", nil, claimed("iss", testV1), ReasonIssuer, ""},
	)
}

// alone takes the neighbour out of the configuration, as B2C and plain providers need it.
func alone(c *call) { c.cfg.ExchangeAudiences, c.cfg.ExchangeRoles = nil, nil }

// subjectKindCases are other tokens than ID tokens.
func subjectKindCases() []subjectCase {
	plain := func(c *call) {
		alone(c)
		asPlain(c)
		c.claims["aud"] = testClient
		c.remove("scope", "azp")
	}
	quiet := all(plain, claimed("nonce", nil))
	accessToken := func(as ...func(*call)) func(*call) {
		return func(c *call) {
			token := bringAccess()
			all(as...)(token)
			c.claims = token.claims
		}
	}
	typ := func(typ string) func(*call) { return edit(withHeader("typ", typ)) }
	return []subjectCase{
		{"our access token", nil, accessToken(), ReasonToken, "it is an access token"},
		{"our access token with a nonce", nil, accessToken(claimed("nonce", "n"), claimed("azp", testCaller)), ReasonToken, "it is an access token"},
		{"the neighbour's access token", forNeighbour, accessToken(forNeighbour), ReasonToken, "it is an access token"},
		{"an application's access token", nil, accessToken(asApp), ReasonToken, "it is an access token"},
		{"an application's access token without idtyp", nil, accessToken(asApp, claimed("idtyp", nil)), ReasonToken, "it is an access token"},
		{"an access token of v1", nil, accessToken(asV1, claimed("aud", testClient)), ReasonIssuer, ""},
		{"azp without a nonce", claimed("azp", testCaller), claimed("nonce", nil), ReasonToken, "it is an access token"},
		{"azpacr", nil, claimed("azpacr", "0"), ReasonToken, "it is an access token"},
		{"appid", nil, claimed("appid", testClient), ReasonToken, "it is an access token"},
		{"appidacr", nil, claimed("appidacr", "1"), ReasonToken, "it is an access token"},
		{"scp", nil, claimed("scp", "Read"), ReasonToken, "it is an access token"},
		{"scp twice", nil, func(c *call) {
			repeated("scp", "a")(c.attempt)
			c.payload = []byte(`{"scp":"b",` + string(c.payload[1:]))
		}, ReasonToken, "it is an access token"},
		{"idtyp", nil, claimed("idtyp", "user"), ReasonToken, "it is an access token"},
		{"an access token of B2C", all(alone, edit(b2cAttempt)), claimed("scp", "Read"), ReasonToken, "it is an access token"},
		{"typ of an access token", nil, typ("at+jwt"), ReasonToken, "typ"},
		{"typ of an access token, written out", typ("jwt"), typ("application/AT+JWT"), ReasonToken, "typ"},
		{"typ of a logout token", nil, typ("logout+jwt"), ReasonToken, "typ"},
		{"typ of a security event", nil, typ("secevent+jwt"), ReasonToken, "typ"},
		{"a logout token without a typ", all(plain, edit(withHeader("typ", nil))), func(c *call) { c.claims = logoutClaims() }, ReasonToken, "logout token"},
		{"a logout token that says JWT", plain, func(c *call) { c.claims = logoutClaims() }, ReasonToken, "logout token"},
		{"events twice", plain, func(c *call) {
			c.payload = []byte(`{"events":1,"events":2,` + string(must(json.Marshal(c.claims))[1:]))
		}, ReasonToken, "logout token"},
		{"plain: an access token by its scope", quiet, claimed("scope", "openid"), ReasonToken, "by its claim scope"},
		{"plain: an access token by another name of scopes", all(quiet, func(c *call) { c.cfg.Claims.Scopes = "x.scp" }), claimed("x", map[string]any{"scp": []string{"a"}}), ReasonToken, "by its claim x.scp"},
		{"plain: its claim typ says Bearer", all(plain, claimed("typ", "ID")), claimed("typ", "Bearer"), ReasonToken, "its claim typ"},
		{"plain: its claim typ says Logout", all(quiet, claimed("typ", "id")), claimed("typ", "Logout"), ReasonToken, "its claim typ"},
		{"plain: its claim token_use says access", all(plain, claimed("token_use", "id")), claimed("token_use", "access"), ReasonToken, "its claim token_use"},
		{"plain: a client that is not listed", all(plain, claimed("azp", testCaller)), claimed("azp", testStranger), ReasonAudience, "azp"},
		{"plain: another client", plain, claimed("aud", testStranger), ReasonAudience, ""},
		{"plain: one of several audiences", plain, claimed("aud", []string{testClient, "account"}), ReasonAudience, "several"},
		{"plain: iss with a slash", plain, claimed("iss", plainIssuer+"/"), ReasonIssuer, ""},
		{"plain: no sub", plain, claimed("sub", nil), ReasonToken, "sub"},
	}
}

// subjectTenantCases are tokens of other tenants, of both kinds, for us and for the
// neighbour.
func subjectTenantCases() []subjectCase {
	const stranger = "12345678-2222-4333-8444-555555555555"
	of := func(id string) func(*call) {
		return set(map[string]any{"iss": strings.Replace(testIssuer, testTenant, id, 1), "tid": id})
	}
	other := all(inOrganizations, of(otherTenant), func(c *call) { c.key, c.header["kid"] = otherRSA(), "o1" })
	var cases []subjectCase
	for whose, as := range map[string]func(*call){"ours": func(*call) {}, "the neighbour's": forNeighbour} {
		cases = append(
			cases,
			subjectCase{whose + ": another tid", as, claimed("tid", otherTenant), ReasonTenant, "tid"},
			subjectCase{whose + ": no tid", as, claimed("tid", nil), ReasonTenant, "tid"},
			subjectCase{whose + ": another tenant", as, of(otherTenant), ReasonIssuer, ""},
			subjectCase{whose + ": another issuer", as, claimed("iss", "https://evil.example/"+testTenant+"/v2.0"), ReasonIssuer, ""},
			subjectCase{whose + ": issuer in another case", as, claimed("iss", strings.ToUpper(testIssuer)), ReasonIssuer, ""},
			subjectCase{whose + ": no issuer", as, claimed("iss", nil), ReasonIssuer, ""},
			subjectCase{whose + ": issuer is a list", as, claimed("iss", []string{testIssuer}), ReasonToken, "iss"},
			subjectCase{whose + ": organizations, a tenant that is not allowed", all(as, inOrganizations), of(stranger), ReasonTenant, stranger},
			subjectCase{whose + ": organizations, by tid alone", all(as, inOrganizations), claimed("tid", otherTenant), ReasonTenant, "tid"},
			subjectCase{whose + ": organizations, another allowed tenant with our key", all(as, inOrganizations), of(otherTenant), ReasonToken, "does not publish"},
			subjectCase{whose + ": organizations, our key under another tenant's name", all(as, other), func(c *call) { c.key = rsaKey() }, ReasonToken, "does not fit"},
			subjectCase{whose + ": organizations, the template", all(as, inOrganizations), claimed("iss", "https://login.example/{tenantid}/v2.0"), ReasonIssuer, "for an allowed tenant"},
			subjectCase{whose + ": organizations, another host", all(as, inOrganizations), claimed("iss", "https://evil.example/"+testTenant+"/v2.0"), ReasonIssuer, ""},
			subjectCase{whose + ": External ID, another tid", all(as, asExternal), claimed("tid", otherTenant), ReasonTenant, "tid"},
		)
	}
	slices.SortFunc(cases, func(a, b subjectCase) int { return strings.Compare(a.name, b.name) })
	return cases
}
