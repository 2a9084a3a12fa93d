package entra

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

func logoutClaims() map[string]any {
	return map[string]any{
		"iss": plainIssuer, "aud": testClient, "iat": startTime.Unix(), "exp": startTime.Add(2 * time.Minute).Unix(), "jti": "id-of-the-token",
		"sub": "subject", "sid": "session", "events": map[string]any{logoutEvent: map[string]any{}},
	}
}

// logoutAttempt is a logout token of another provider than Entra ID, which has none.
func logoutAttempt() *attempt {
	c := &call{attempt: newAttempt()}
	asPlain(c)
	c.claims = logoutClaims()
	c.header["typ"] = "logout+jwt"
	return c.attempt
}

func (a *attempt) logout(t *testing.T) (*Logout, error) {
	t.Helper()
	rp := a.party(t)
	if a.signed != nil {
		a.signed(a)
	}
	return rp.LogoutToken(t.Context(), secret.New(a.jwt()))
}

func TestLogoutToken(t *testing.T) {
	for _, tt := range []struct {
		name string
		edit func(*attempt)
		want Logout
	}{
		{"sub and sid", both(), Logout{Subject: "subject", SID: "session"}},
		{"sub", withClaim("sid", nil), Logout{Subject: "subject"}},
		{"sid", withClaim("sub", nil), Logout{SID: "session"}},
		{"what else a provider says", both(withClaim("trace_id", "x"), withClaim("auth_time", startTime.Unix()), withClaim("SUB", "y")), Logout{Subject: "subject", SID: "session"}},
		{"valid for a day", withClaim("exp", startTime.Add(24*time.Hour).Unix()), Logout{Subject: "subject", SID: "session", Expires: startTime.Add(11 * time.Minute)}},
		{"nearly over", withClaim("exp", startTime.Add(-59*time.Second).Unix()), Logout{Subject: "subject", SID: "session", Expires: startTime.Add(time.Second)}},
		{"nearly too old", withClaim("iat", startTime.Add(time.Second-11*time.Minute).Unix()), Logout{Subject: "subject", SID: "session", Issued: startTime.Add(time.Second - 11*time.Minute), Expires: startTime.Add(time.Second)}},
	} {
		a := logoutAttempt()
		tt.edit(a)
		tt.want.Issuer, tt.want.JTI = plainIssuer, "id-of-the-token"
		if tt.want.Expires.IsZero() {
			tt.want.Expires = startTime.Add(3 * time.Minute)
		}
		if tt.want.Issued.IsZero() {
			tt.want.Issued = startTime
		}
		got, err := a.logout(t)
		if err != nil || !got.Expires.Equal(tt.want.Expires) || !got.Issued.Equal(tt.want.Issued) {
			t.Errorf("%s: %+v, %v", tt.name, got, err)
			continue
		}
		tt.want.Expires, tt.want.Issued = got.Expires, got.Issued
		if *got != tt.want {
			t.Errorf("%s: %+v", tt.name, *got)
		}
	}
	if got, err := must(New(logoutAttempt().cfg)).LogoutToken(t.Context(), secret.New(logoutAttempt().jwt())); !errors.Is(err, ErrNotReady) || got != nil {
		t.Errorf("before discovery: %v", err)
	}
}

// What Expires promises: until then the token passes, from then on it does not.
func TestLogoutTokenIsRefusedOnceItsIDIsForgotten(t *testing.T) {
	for _, exp := range []time.Duration{time.Minute, time.Hour} {
		a := logoutAttempt()
		a.claims["exp"] = startTime.Add(exp).Unix()
		rp, token := a.party(t), secret.New(a.jwt())
		logout := must(rp.LogoutToken(t.Context(), token))
		a.clock.Advance(logout.Expires.Sub(startTime) - time.Millisecond)
		if _, err := rp.LogoutToken(t.Context(), token); err != nil {
			t.Errorf("exp %v, before: %v", exp, err)
		}
		a.clock.Advance(time.Millisecond)
		if _, err := rp.LogoutToken(t.Context(), token); reasonOf(t, err) != ReasonExpired {
			t.Errorf("exp %v, then: %v", exp, err)
		}
	}
}

// logoutClaimCases are logout tokens that are signed well and say the wrong thing.
func logoutClaimCases() []adversarial {
	at := func(d time.Duration) int64 { return startTime.Add(d).Unix() }
	long := strings.Repeat("x", maxID+1)
	events := func(value any) func(*attempt) { return withClaim("events", value) }
	type m = map[string]any
	return []adversarial{
		{"iss missing", nil, withClaim("iss", nil), ReasonIssuer, ""},
		{"iss of another", nil, withClaim("iss", "https://evil.example"), ReasonIssuer, ""},
		{"iss with a slash", nil, withClaim("iss", plainIssuer+"/"), ReasonIssuer, ""},
		{"iss is an array", nil, withClaim("iss", []string{plainIssuer}), ReasonToken, "iss"},
		{"iss twice", nil, repeated("iss", plainIssuer), ReasonToken, "iss is there twice"},

		{"aud missing", nil, withClaim("aud", nil), ReasonAudience, ""},
		{"aud of another client", nil, withClaim("aud", "another"), ReasonAudience, ""},
		{"aud of several others", withClaim("aud", []string{"another", testClient}), withClaim("aud", []string{"another", "b"}), ReasonAudience, ""},
		{"aud is our API", nil, withClaim("aud", testAPI), ReasonAudience, ""},
		{"aud with a number", nil, withClaim("aud", []any{testClient, 5}), ReasonToken, ""},
		{"azp of another client", withClaim("azp", testClient), withClaim("azp", "another"), ReasonAudience, "azp"},
		{"azp is a number", nil, withClaim("azp", 5), ReasonToken, "azp"},

		{"iat missing", nil, withClaim("iat", nil), ReasonToken, "iat"},
		{"iat null", nil, both(withClaim("iat", nil), func(a *attempt) { a.claims["iat"] = nil }), ReasonToken, "iat"},
		{"iat is text", nil, withClaim("iat", "now"), ReasonToken, ""},
		{"iat too long ago", withClaim("iat", at(-11*time.Minute+time.Second)), withClaim("iat", at(-11*time.Minute)), ReasonExpired, "issued"},
		{"iat in the future", withClaim("iat", at(59*time.Second)), withClaim("iat", at(61*time.Second)), ReasonExpired, "in the future"},
		{"exp missing", nil, withClaim("exp", nil), ReasonToken, "exp"},
		{"exp has passed", withClaim("exp", at(-59*time.Second)), withClaim("exp", at(-time.Minute)), ReasonExpired, "expired"},
		{"exp is text", nil, withClaim("exp", "tomorrow"), ReasonToken, ""},
		{"exp of another case", nil, both(withClaim("exp", nil), withClaim("EXP", at(time.Hour))), ReasonToken, "exp"},
		{"nbf in the future", withClaim("nbf", at(59*time.Second)), withClaim("nbf", at(61*time.Second)), ReasonExpired, ""},

		{"jti missing", nil, withClaim("jti", nil), ReasonToken, "jti"},
		{"jti empty", nil, withClaim("jti", ""), ReasonToken, "jti"},
		{"jti is a number", nil, withClaim("jti", 5), ReasonToken, "jti"},
		{"jti too long", withClaim("jti", long[1:]), withClaim("jti", long), ReasonToken, "jti"},
		{"jti of another case", nil, both(withClaim("jti", nil), withClaim("JTI", "x")), ReasonToken, "jti"},
		{"jti twice", nil, repeated("jti", "another"), ReasonToken, "jti is there twice"},

		{"neither sub nor sid", withClaim("sid", nil), both(withClaim("sid", nil), withClaim("sub", nil)), ReasonToken, "neither"},
		{"sub and sid empty", nil, both(withClaim("sid", ""), withClaim("sub", "")), ReasonToken, "neither"},
		{"sub and sid of another case", nil, both(withClaim("sid", nil), withClaim("sub", nil), withClaim("Sid", "x"), withClaim("Sub", "x")), ReasonToken, "neither"},
		{"sub is a number", nil, withClaim("sub", 5), ReasonToken, "sub"},
		{"sub too long", withClaim("sub", long[1:]), withClaim("sub", long), ReasonToken, "sub"},
		{"sub twice", nil, repeated("sub", "another"), ReasonToken, "sub is there twice"},
		{"sid is an array", nil, withClaim("sid", []string{"session"}), ReasonToken, "sid"},
		{"sid too long", withClaim("sid", long[1:]), withClaim("sid", long), ReasonToken, "sid"},
		{"sid twice", nil, repeated("sid", "another"), ReasonToken, "sid is there twice"},

		{"a nonce", nil, withClaim("nonce", testNonce), ReasonToken, "nonce"},
		{"an empty nonce", nil, withClaim("nonce", ""), ReasonToken, "nonce"},
		{"a nonce that is null", nil, func(a *attempt) { a.claims["nonce"] = nil }, ReasonToken, "nonce"},
		{"two nonces", nil, func(a *attempt) {
			repeated("nonce", "x")(a)
			a.payload = []byte(`{"nonce":"y",` + string(a.payload[1:]))
		}, ReasonToken, "nonce"},
		{"a nonce of another case", nil, withClaim("NONCE", "x"), ReasonToken, "library"},

		{"no events", nil, events(nil), ReasonToken, "events"},
		{"events is text", nil, events(logoutEvent), ReasonToken, ""},
		{"events is an array", nil, events([]string{logoutEvent}), ReasonToken, ""},
		{"events is empty", nil, events(m{}), ReasonToken, "events"},
		{"another event", nil, events(m{"http://schemas.openid.net/event/session-revoked": m{}}), ReasonToken, "events"},
		{"the event with a slash", nil, events(m{logoutEvent + "/": m{}}), ReasonToken, "events"},
		{"the event of another case", nil, events(m{strings.ToUpper(logoutEvent): m{}}), ReasonToken, "events"},
		{"another event beside", events(m{logoutEvent: m{"a": 1}}), events(m{logoutEvent: m{}, "other": m{}}), ReasonToken, "events"},
		{"the event is null", nil, events(m{logoutEvent: nil}), ReasonToken, "events"},
		{"the event is text", nil, events(m{logoutEvent: "{}"}), ReasonToken, "events"},
		{"the event is an array", nil, events(m{logoutEvent: []any{}}), ReasonToken, "events"},
		{"the event twice", nil, func(a *attempt) { a.payload = eventTwice(a.claims, `"`+logoutEvent+`":{},"`+logoutEvent+`":{}`) }, ReasonToken, "events"},
		{"another event twice beside", nil, func(a *attempt) { a.payload = eventTwice(a.claims, `"`+logoutEvent+`":{},"x":{},"x":{}`) }, ReasonToken, "events"},
		{"events twice", nil, repeated("events", m{logoutEvent: m{}}), ReasonToken, "events is there twice"},
		{"an ID token", nil, func(a *attempt) {
			maps.Copy(a.claims, goodClaims())
			a.claims["iss"] = plainIssuer
			delete(a.claims, "events")
		}, ReasonToken, ""},
	}
}

// eventTwice writes claims with these members of events.
func eventTwice(claims map[string]any, members string) []byte {
	rest := maps.Clone(claims)
	delete(rest, "events")
	return []byte(`{"events":{` + members + `},` + string(must(json.Marshal(rest))[1:]))
}

func TestAdversarialLogoutToken(t *testing.T) {
	signature := slices.DeleteFunc(signatureCases(), func(c adversarial) bool {
		// What Entra ID's tokens must have; and what these are.
		return c.name == "no kid and one key" || c.name == "a logout token by its typ"
	})
	suites := map[string][]adversarial{"claims": logoutClaimCases(), "form": logoutFormCases(), "signature": signature}
	cases := 0
	for suite, list := range suites {
		for _, tt := range list {
			cases++
			t.Run(suite+"/"+tt.name, func(t *testing.T) {
				sibling, broken := logoutAttempt(), logoutAttempt()
				if tt.good != nil {
					tt.good(sibling)
					tt.good(broken)
				}
				if got, err := sibling.logout(t); err != nil || got == nil {
					t.Fatalf("the sibling is refused: %v", err)
				}
				tt.bad(broken)
				got, err := broken.logout(t)
				if reason := reasonOf(t, err); reason != tt.want || got != nil {
					t.Fatalf("reason %q (%v), %+v; want %q", reason, err, got, tt.want)
				}
				if s := err.Error(); !strings.Contains(s, tt.text) || len(s) > 500 || strings.Contains(s, "leaked") {
					t.Errorf("error %q, want %q in it", s, tt.text)
				}
			})
		}
	}
	t.Attr("cases", strconv.Itoa(cases))
	if cases < 60 {
		t.Errorf("%d cases", cases)
	}
}
