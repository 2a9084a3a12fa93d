package entra

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// refreshCase is one way in which a refreshed ID token is wrong. good is done to
// the sibling too, which must pass.
type refreshCase struct {
	name string
	good func(*refreshing)
	bad  func(*refreshing)
	want Reason
	text string // in the error
}

// ownRefreshCases are wrong for a session only.
func ownRefreshCases() []refreshCase {
	claims := func(edit func(*attempt)) func(*refreshing) { return func(r *refreshing) { edit(r.attempt) } }
	of := func(tenant string) func(*refreshing) {
		return claims(both(withClaim("iss", strings.Replace(testIssuer, testTenant, tenant, 1)), withClaim("tid", tenant),
			func(a *attempt) { a.key, a.header["kid"] = otherRSA(), "o1" }))
	}
	many := func(r *refreshing) { manyTenants(r.attempt); r.person = r.told() }
	plain := func(r *refreshing) {
		asPlain(&call{attempt: r.attempt})
		r.claims["aud"] = testClient
		r.person = r.told()
	}
	b2c := func(r *refreshing) { b2cAttempt(r.attempt); r.person = r.told() }
	answered := func(member string, value any) func(*refreshing) {
		return func(r *refreshing) { r.answer[member] = value }
	}
	at := func(d time.Duration) int64 { return startTime.Add(-time.Hour + d).Unix() }
	return []refreshCase{
		{"another person of the tenant", nil, claims(both(withClaim("oid", "another"), withClaim("sub", "another"))), ReasonCode, "another person"},
		{"another oid", nil, claims(withClaim("oid", "another")), ReasonCode, "another person"},
		{"oid in another case", nil, claims(withClaim("oid", "OBJECT")), ReasonCode, "another person"},
		{"another sub", nil, claims(withClaim("sub", "another")), ReasonCode, "another person"},
		{"a person of another allowed tenant", many, of(otherTenant), ReasonCode, "another person"},
		{"another sub of another provider", plain, claims(withClaim("sub", "another")), ReasonCode, "another person"},
		{"sub of another provider in another case", plain, claims(withClaim("sub", "Subject")), ReasonCode, "another person"},
		{"another sub of B2C", b2c, claims(withClaim("sub", "another")), ReasonCode, "another person"},
		{"another policy of B2C", b2c, claims(withClaim("tfp", "B2C_1_reset")), ReasonPolicy, ""},
		{"a session of nobody", nil, func(r *refreshing) { r.person.Object, r.person.Issuer = "", "" }, ReasonCode, "another person"},
		{"a session of another issuer", nil, func(r *refreshing) { r.person.Issuer += "/" }, ReasonCode, "another person"},

		{"auth_time goes back", claims(withClaim("auth_time", at(-time.Minute))), claims(withClaim("auth_time", at(-61*time.Second))), ReasonToken, "auth_time"},
		{"nonce is a number", claims(withClaim("nonce", "5")), claims(withClaim("nonce", 5)), ReasonToken, "nonce"},
		{"nonce twice", claims(withClaim("nonce", testNonce)), claims(repeated("nonce", "another")), ReasonToken, "nonce"},
		{"at_hash of another access token", nil, claims(withClaim("at_hash", "bWFkZSB1cA")), ReasonToken, "at_hash"},
		{"typ of a logout token", claims(withHeader("typ", "JWT")), claims(withHeader("typ", "logout+jwt")), ReasonToken, "another kind"},

		{"id_token is empty", answered("id_token", nil), answered("id_token", ""), ReasonToken, "no text"},
		{"id_token is a number", answered("id_token", nil), answered("id_token", 5), ReasonToken, "no text"},
		{"id_token is an object", answered("id_token", nil), answered("id_token", map[string]any{"a": 1}), ReasonToken, "no text"},
		{"id_token is garbage", answered("id_token", nil), answered("id_token", "leaked"), ReasonToken, ""},
	}
}

// signInCases are wrong for every ID token, but for those about the nonce.
func signInCases() []refreshCase {
	var out []refreshCase
	for suite, cases := range map[string][]adversarial{"claims": claimCases(), "signature": signatureCases(), "form": formCases()} {
		for _, c := range cases {
			if strings.HasPrefix(c.name, "nonce") || strings.HasPrefix(c.name, "no nonce") {
				continue
			}
			out = append(out, refreshCase{
				name: suite + ": " + c.name, want: c.want,
				good: func(r *refreshing) {
					if c.good != nil {
						c.good(r.attempt)
						r.person = r.told()
					}
				},
				bad: func(r *refreshing) { c.bad(r.attempt) },
			})
		}
	}
	return out
}

// TestAdversarialRefresh runs every case twice: as it should be, and with the one
// thing wrong that its name says. Only another person ends the session; in all
// other cases the new refresh token, and nothing else, is kept.
func TestAdversarialRefresh(t *testing.T) {
	cases := slices.Concat(ownRefreshCases(), signInCases())
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			sibling, broken := newRefreshing(), newRefreshing()
			if tt.good != nil {
				tt.good(sibling)
				tt.good(broken)
			}
			if tokens, _, err := sibling.run(t); err != nil || tokens.AccessToken.Empty() {
				t.Fatalf("the sibling is refused: %v", err)
			}
			tt.bad(broken)
			tokens, id, err := broken.run(t)
			if got := reasonOf(t, err); got != tt.want || id != nil || len(broken.forms) != 1 {
				t.Fatalf("reason %q (%v), identity %v, %d requests; want %q", got, err, id, len(broken.forms), tt.want)
			}
			kept := Tokens{}
			if tokens != nil {
				kept = *tokens
			}
			switch {
			case tt.want == ReasonCode && tokens != nil:
				t.Errorf("the session ends, and there are tokens: %+v", tokens)
			case tt.want != ReasonCode && (kept.Refresh.Reveal() != "new-refresh" || !slices.Equal(kept.RefreshScopes, broken.scopes)):
				t.Errorf("kept %+v", tokens)
			case !kept.AccessToken.Empty(), !kept.IDToken.Empty(), !kept.Graph.Empty(), kept.Scopes != nil:
				t.Errorf("kept more than the refresh token: %+v", tokens)
			}
			if s := err.Error(); !strings.Contains(s, tt.text) || len(s) > 500 || strings.Contains(s, "leaked") || strings.Contains(s, "refresh-token") {
				t.Errorf("error %q, want %q in it", s, tt.text)
			}
		})
	}
	t.Attr("cases", strconv.Itoa(len(cases)))
	if len(cases) < 80 {
		t.Errorf("%d cases", len(cases))
	}
}

// Ends names every reason: a new one has to be decided on.
func TestWhatEndsASession(t *testing.T) {
	ends := map[Reason]bool{
		ReasonCode: true, ReasonInteraction: true, ReasonConsent: true, ReasonNotAssigned: true,
		ReasonUnavailable: false, ReasonIDPError: false, ReasonClient: false, ReasonScope: false, ReasonCancelled: false, ReasonToken: false,
		ReasonExpired: false, ReasonAudience: false, ReasonNonce: false, ReasonIssuer: false, ReasonTenant: false, ReasonPolicy: false,
	}
	for _, reason := range slices.Sorted(maps.Keys(ends)) {
		if got := refuse(reason, "x").Ends(); got != ends[reason] {
			t.Errorf("%s: %v", reason, got)
		}
	}
	for number, want := range map[string]bool{
		"AADSTS700082": true, "AADSTS70043": true, "AADSTS50173": true, "AADSTS50057": true, "AADSTS50078": true, "AADSTS50133": true,
		"AADSTS53003": true, "AADSTS530034": true, "AADSTS65001": true, "AADSTS50105": true, "AADSTS99999": true,
		"AADSTS50196": false, "AADSTS90033": false, "AADSTS7000222": false, "AADSTS28000": false,
	} {
		rp := tokenServer(t, refusal(400, "invalid_grant", number+": leaked-body"))
		_, err := rp.Redeem(t.Context(), testAccess, "v", "r", planOf("openid"))
		var e *Error
		if text := fmt.Sprintf("%v %#v", err, err); strings.Contains(text, "leaked") || !errors.As(err, &e) || e.Ends() != want || e.Code() != number {
			t.Errorf("%s: %v", number, err)
		}
	}
}
