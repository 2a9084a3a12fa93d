package entra

import (
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// neighbourAudienceCases are access tokens for the wrong API, or of the wrong client.
func neighbourAudienceCases() []subjectCase {
	aud := func(v any) func(*call) { return claimed("aud", v) }
	azp := func(v any) func(*call) { return claimed("azp", v) }
	v1 := all(forNeighbour, asV1, aud(testBilling))
	return []subjectCase{
		{"an API that is not listed", forNeighbour, aud(testStranger), ReasonAudience, "accepted: " + testClient},
		{"an API that is no longer listed", forNeighbour, alone, ReasonAudience, ""},
		{"a listed client as audience", forNeighbour, aud(testCaller), ReasonAudience, ""},
		{"another case", forNeighbour, aud(strings.ToUpper(testNeighbour)), ReasonAudience, ""},
		{"a slash at the end", v1, aud(testBilling + "/"), ReasonAudience, ""},
		{"the neighbour's App ID URI that is not listed", forNeighbour, aud("api://" + testNeighbour), ReasonAudience, ""},
		{"two, ours and a listed one", aud([]string{testClient}), aud([]string{testClient, testNeighbour}), ReasonAudience, "several"},
		{"two, a listed one and ours", all(forNeighbour, aud([]string{testNeighbour})), aud([]string{testNeighbour, testClient}), ReasonAudience, "several"},
		{"two, both listed", all(forNeighbour, aud([]string{testNeighbour})), aud([]string{testNeighbour, testBilling}), ReasonAudience, "several"},
		{"missing", forNeighbour, aud(nil), ReasonToken, "aud is missing"},
		{"a list with a number", all(forNeighbour, aud([]string{testNeighbour})), aud([]any{testNeighbour, 5}), ReasonToken, "aud"},
		{"there twice", forNeighbour, edit(repeated("aud", testNeighbour)), ReasonToken, "aud"},
		{"AUD in upper case alone", forNeighbour, set(map[string]any{"aud": nil, "AUD": testNeighbour}), ReasonToken, "aud is missing"},
		{"Graph's", forNeighbour, aud("00000003-0000-0000-c000-000000000000"), ReasonAudience, "Microsoft Graph"},
		{"Azure Resource Manager's", v1, aud("https://management.azure.com/"), ReasonAudience, ""},

		{"a client that is not listed", forNeighbour, azp(testStranger), ReasonAudience, `the client "` + testStranger + `", which is not one that may bring`},
		{"a client that is no longer listed", forNeighbour, func(c *call) { c.cfg.ExchangeClients = []string{testStranger} }, ReasonAudience, "may bring"},
		{"no client is listed", forNeighbour, func(c *call) { c.cfg.ExchangeClients = nil }, ReasonAudience, "may bring"},
		{"our own client, which is not listed", forNeighbour, azp(testClient), ReasonAudience, "may bring"},
		{"the audience as client, which is not listed", forNeighbour, azp(testNeighbour), ReasonAudience, "may bring"},
		{"a client in another case", func(c *call) { forNeighbour(c); azp("client")(c); c.cfg.ExchangeClients = []string{"client"} }, azp("Client"), ReasonAudience, "may bring"},
		{"azp missing", forNeighbour, azp(nil), ReasonToken, "ID token"},
		{"azp empty", forNeighbour, azp(""), ReasonToken, "ID token"},
		{"azp is a list", forNeighbour, azp([]string{testCaller}), ReasonToken, "azp is no text"},
		{"azp twice", forNeighbour, edit(repeated("azp", testCaller)), ReasonToken, "azp is there twice"},
		{"appid in place of azp", forNeighbour, set(map[string]any{"azp": nil, "appid": testCaller}), ReasonToken, "ID token"},
		{"v1 of a client that is not listed", v1, claimed("appid", testStranger), ReasonAudience, "may bring"},
		{"v1 of a client that is not listed, with azp", v1, set(map[string]any{"appid": testStranger, "azp": testCaller}), ReasonAudience, "may bring"},
		{"v1 without a client", v1, claimed("appid", nil), ReasonToken, "ID token"},
	}
}

// neighbourClaimCases are access tokens for the neighbour that say something wrong.
func neighbourClaimCases() []subjectCase {
	at := func(name string, seconds int64) func(*call) { return claimed(name, startTime.Unix()+seconds) }
	roles := func(list ...string) func(*call) { return claimed("roles", list) }
	v1 := all(forNeighbour, asV1, claimed("aud", testBilling))
	return []subjectCase{
		{"an application whose role is worth nothing here", asNeighbourApp, roles("Janitor"), ReasonAudience, "none of its roles there"},
		{"an application that calls its role as we call ours", asNeighbourApp, roles("Admin", "Boss"), ReasonAudience, "none of its roles there"},
		{"an application with the role in another case", asNeighbourApp, roles("chief", "CHIEF"), ReasonAudience, "none of its roles there"},
		{"an application with the role of another audience", asNeighbourApp, roles("Clerk"), ReasonAudience, "none of its roles there"},
		{"an application with the role in another claim", asNeighbourApp, set(map[string]any{"roles": []string{"x"}, "Roles": []string{"Chief"}, "https://x/roles": []string{"Chief"}}), ReasonAudience, "none of its roles there"},
		{"an application when no role is worth anything", asNeighbourApp, func(c *call) { c.cfg.ExchangeRoles = nil }, ReasonAudience, "none of its roles there"},
		{"an application by its oid when no role is worth anything", all(asNeighbourApp, claimed("idtyp", nil)), func(c *call) { c.cfg.ExchangeRoles = nil }, ReasonAudience, "none of its roles there"},
		{"an application without roles", asNeighbourApp, claimed("roles", nil), ReasonToken, "without any role"},
		{"an application of a client that is not listed", asNeighbourApp, claimed("azp", testStranger), ReasonAudience, "may bring"},
		{"neither a person nor an application", forNeighbour, claimed("scp", nil), ReasonToken, "it has no scp"},
		{"scp empty", forNeighbour, claimed("scp", ""), ReasonToken, "scp is empty"},
		{"the neighbour's ID token", forNeighbour, func(c *call) { id := bringID(); forNeighbour(id); c.claims = id.claims }, ReasonToken, "ID token"},
		{"the neighbour's ID token without nonce", forNeighbour, func(c *call) {
			id := bringID()
			forNeighbour(id)
			id.remove("nonce")
			c.claims = id.claims
		}, ReasonToken, "ID token"},
		{"a nonce", forNeighbour, claimed("nonce", "n"), ReasonToken, "ID token"},
		{"ver of v1", forNeighbour, claimed("ver", "1.0"), ReasonToken, "its ver"},
		{"v1 with ver of v2", v1, claimed("ver", "2.0"), ReasonToken, "its ver"},
		{"v1 when none are accepted", v1, func(c *call) { c.cfg.V1Issuer = "" }, ReasonIssuer, ""},
		{"v1 of organizations, of a tenant that is not allowed", all(v1, inOrganizations), claimed("iss", strings.Replace(testV1, testTenant, "12345678-2222-4333-8444-555555555555", 1)), ReasonTenant, "12345678"},
		{"without oid sub would be the key", forNeighbour, claimed("oid", nil), ReasonToken, "oid is missing"},
		{"oid empty", forNeighbour, claimed("oid", ""), ReasonToken, "oid is missing"},
		{"Oid in another case", forNeighbour, set(map[string]any{"oid": nil, "Oid": testObject}), ReasonToken, "oid is missing"},
		{"sub missing", forNeighbour, claimed("sub", nil), ReasonToken, "sub"},
		{"exp missing", forNeighbour, claimed("exp", nil), ReasonToken, "exp is missing"},
		{"expired", all(forNeighbour, at("exp", -59)), at("exp", -60), ReasonExpired, "expired 1m0s ago"},
		{"nbf in the future", all(forNeighbour, at("nbf", 60)), at("nbf", 61), ReasonExpired, "not valid"},
		{"iat in the future", all(forNeighbour, at("iat", 60)), at("iat", 61), ReasonExpired, "in the future"},
		{"roles twice", forNeighbour, edit(repeated("roles", []string{"Chief"})), ReasonToken, "roles is there twice"},
		{"typ of a logout token", forNeighbour, edit(withHeader("typ", "logout+jwt")), ReasonToken, "another kind"},
		{"an opaque token", forNeighbour, edit(sent(func(string) string { return "opaque" })), ReasonToken, "no JWT"},
		{"another key under a known id", forNeighbour, func(c *call) { c.key = otherRSA() }, ReasonToken, "does not fit"},
		{"longer than 16 KB", all(forNeighbour, sized(maxAccessToken)), sized(maxAccessToken + 1), ReasonToken, "longer than 16384 bytes"},
	}
}

// A token for us passes and fails as an access token exactly as Bearer lets it, also
// when Bearer itself is off.
func TestSubjectRefusesWhatBearerRefuses(t *testing.T) {
	for _, suite := range [][]bearerCase{audienceCases(), timeCases(), kindCases(), tokenCases(), tenantBearerCases(), plainBearerCases()} {
		for _, tt := range suite {
			good := tt.good
			if good == nil {
				good = func(*call) {}
			}
			broken := bearerCall()
			all(good, tt.bad)(broken)
			if broken.lines != nil {
				continue // about the header, which there is not
			}
			t.Run(tt.name, func(t *testing.T) {
				sibling := bearerCall()
				good(sibling)
				sibling.cfg.AcceptBearer, broken.cfg.AcceptBearer = false, false
				if tt.name == "v1 for Azure Resource Manager, configured by mistake" {
					sibling.cfg.Audiences = nil
				}
				if got, err := sibling.bring(t, SubjectAccess); err != nil || !got.Own {
					t.Fatalf("the sibling is refused: %v", err)
				}
				got, err := broken.bring(t, SubjectAccess)
				if err == nil || got != nil || refusedBearer([32]byte{}, err).Reason != tt.want || !strings.Contains(err.Error(), tt.text) {
					t.Errorf("%+v, %v; want %s with %q", got, err, tt.want, tt.text)
				}
			})
		}
	}
}

// A token that was not signed so, of both kinds, for us and for the neighbour.
func TestAttack12SubjectSignatures(t *testing.T) {
	for kind, begin := range map[SubjectKind]func() *call{SubjectID: bringID, SubjectAccess: bringAccess} {
		for whose, as := range map[string]func(*call){"ours": func(*call) {}, "the neighbour's": forNeighbour} {
			for suite, cases := range map[string][]adversarial{"signature": signatureCases(), "form": formCases()} {
				for _, tt := range cases {
					if tt.name == "300 KB" || kind == SubjectAccess && tt.name == "an access token by its typ" {
						continue // 64 KB are too long already; and what it is
					}
					t.Run(map[SubjectKind]string{SubjectID: "ID token", SubjectAccess: "access token"}[kind]+"/"+whose+"/"+suite+"/"+tt.name, func(t *testing.T) {
						sibling, broken := begin(), begin()
						for _, c := range []*call{sibling, broken} {
							if as(c); tt.good != nil {
								tt.good(c.attempt)
							}
						}
						if got, err := sibling.bring(t, kind); err != nil || got == nil {
							t.Fatalf("the sibling is refused: %v", err)
						}
						tt.bad(broken.attempt)
						if got, err := broken.bring(t, kind); reasonOf(t, err) != tt.want || got != nil || len(err.Error()) > 500 {
							t.Errorf("%+v, %v; want %q", got, err, tt.want)
						}
					})
				}
			}
		}
	}
}

// No byte of a token can be another, but for the last one of each part: some of its
// bits say nothing.
func TestAttack12SubjectOneByteChanged(t *testing.T) {
	for kind, c := range map[SubjectKind]*call{SubjectID: bringID(), SubjectAccess: bringAccess()} {
		forNeighbour(c)
		rp, token := c.party(t), c.jwt()
		if got, err := rp.Subject(t.Context(), kind, secret.New(token)); err != nil || got.Own {
			t.Fatalf("kind %d: %v", kind, err)
		}
		for i := range len(token) - 1 {
			if token[i] == '.' || token[i+1] == '.' {
				continue
			}
			changed := []byte(token)
			if changed[i] ^= 1; i%2 == 1 {
				changed[i] = 'A'
			}
			if string(changed) == token {
				continue
			}
			if got, err := rp.Subject(t.Context(), kind, secret.New(string(changed))); err == nil || got != nil {
				t.Fatalf("kind %d, byte %d: %+v", kind, i, got)
			}
		}
	}
}
