package entra

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

const testAuthorize = "https://login.example/" + testTenant + "/oauth2/v2.0/authorize"

// challenge reads a header as RFC 9110 has it, and fails for anything else.
func readHeader(t *testing.T, header string) map[string]string {
	t.Helper()
	if len(header) > maxChallengeHeader || strings.ContainsFunc(header, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Errorf("%d bytes: %q", len(header), header)
	}
	rest, ok := strings.CutPrefix(header, "Bearer ")
	if !ok {
		t.Fatalf("%q", header)
	}
	out := map[string]string{}
	next := regexp.MustCompile(`^([a-z_]+)="((?:[^"\\]|\\.)*)"(, |$)`)
	for rest != "" {
		m := next.FindStringSubmatch(rest)
		if m == nil {
			t.Fatalf("%q cannot be read from %q on", header, rest)
		}
		if _, twice := out[m[1]]; twice {
			t.Errorf("%s is there twice", m[1])
		}
		out[m[1]] = regexp.MustCompile(`\\(.)`).ReplaceAllString(m[2], "$1")
		rest = rest[len(m[0]):]
	}
	return out
}

func TestChallenge(t *testing.T) {
	const wholeAPI = testClient + "/.default"
	missing := access.Missing{Scopes: []access.Clause{{"Read", testClient + "/Read"}, {testClient + "/Write", testClient + "/Admin"}, {"User.Read"}}}
	bad := refuse(ReasonToken, "access token: it has no scp")
	clauses := func(names ...string) []access.Clause { return []access.Clause{names} }
	decision := func(o access.Outcome, m access.Missing) access.Decision {
		return access.Decision{Outcome: o, Missing: m}
	}
	for _, tt := range []struct {
		name      string
		decision  access.Decision
		tokenCame bool
		err       error
		want      map[string]string // beyond realm, authorization_uri and client_id
	}{
		{"no token", decision(access.SignIn, access.Missing{}), false, nil, map[string]string{"scope": wholeAPI}},
		{"no token, scopes missing", decision(access.SignIn, missing), false, nil, map[string]string{"scope": testClient + "/Read " + testClient + "/Write " + testClient + "/Admin"}},
		{"no token, Graph's scopes missing", decision(access.SignIn, access.Missing{Scopes: clauses("User.Read")}), false, nil, map[string]string{"scope": wholeAPI}},
		{"no token, another API's scope", decision(access.SignIn, access.Missing{Scopes: clauses("api://other/Read")}), false, nil, map[string]string{"scope": wholeAPI}},
		{"no token, all of ours", decision(access.SignIn, access.Missing{Scopes: clauses(testClient+"/Read", wholeAPI)}), false, nil, map[string]string{"scope": wholeAPI}},
		{"no token, a role of the session is missing", decision(access.Forbid, access.Missing{Roles: clauses("Admin")}), false, bad, map[string]string{"scope": wholeAPI}},
		{"no token, a stronger session", decision(access.StepUp, access.Missing{Contexts: clauses("c1"), MaxAge: time.Minute}), false, nil, map[string]string{"scope": wholeAPI}},
		{"a bad token", decision(access.SignIn, missing), true, bad, map[string]string{
			"scope": testClient + "/Read " + testClient + "/Write " + testClient + "/Admin", "error": "invalid_token", "error_description": "access token: it has no scp",
		}},
		{"a bad token, and an error of somebody else", decision(access.SignIn, access.Missing{}), true, errors.New("secret"), map[string]string{"scope": wholeAPI, "error": "invalid_token"}},
		{"it cannot be told", decision(access.Unsure, access.Missing{}), true, refuse(ReasonUnavailable, "x"), map[string]string{"scope": wholeAPI}},
		{"a bug", decision(access.Deny, access.Missing{}), true, bad, map[string]string{"scope": wholeAPI}},
		{"roles", decision(access.Forbid, access.Missing{Roles: []access.Clause{{"A", `B"\`}, {"C"}}}), true, nil, map[string]string{
			"scope": wholeAPI, "error": "insufficient_scope", "error_description": "the access token lacks the role A or B'/, the role C",
		}},
		{"groups", decision(access.Forbid, access.Missing{Groups: clauses("g\u00e9")}), true, nil, map[string]string{
			"scope": wholeAPI, "error": "insufficient_scope", "error_description": "the access token lacks the group g?",
		}},
		{"roles and groups", decision(access.Forbid, access.Missing{Roles: clauses("A"), Groups: clauses("g")}), true, nil, map[string]string{
			"scope": wholeAPI, "error": "insufficient_scope", "error_description": "the access token lacks the role A, the group g",
		}},
		{"a policy", decision(access.Forbid, access.Missing{}), true, nil, map[string]string{
			"scope": wholeAPI, "error": "insufficient_scope", "error_description": "the rules of this address do not let this token pass",
		}},
		{"a policy that wants what is not named", decision(access.StepUp, access.Missing{}), true, nil, map[string]string{
			"scope": wholeAPI, "error": "insufficient_scope", "error_description": "the rules of this address do not let this token pass",
		}},
		{"scopes", decision(access.StepUp, access.Missing{Scopes: clauses(testClient+"/Read", "Read")}), true, nil, map[string]string{
			"scope": testClient + "/Read", "error": "insufficient_scope", "error_description": "the access token lacks the scope " + testClient + "/Read or Read",
		}},
		{"a context", decision(access.StepUp, access.Missing{Contexts: clauses("c1"), Scopes: clauses(testClient + "/Read")}), true, nil, map[string]string{
			"scope": testClient + "/Read", "error": "insufficient_claims", "claims": `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`,
			"error_description": "the access token lacks the authentication context c1; ask for a new one with these claims",
		}},
		{"contexts and an age", decision(access.StepUp, access.Missing{Contexts: []access.Clause{{"c1", "c2"}, {"c2", "c3"}}, MaxAge: 90 * time.Second}), true, nil, map[string]string{
			"scope": wholeAPI, "error": "insufficient_claims", "claims": `{"access_token":{"acrs":{"essential":true,"values":["c1","c2","c3"]}}}`, "max_age": "90",
			"error_description": "the access token lacks the authentication context c1 or c2, the authentication context c2 or c3; ask for a new one with these claims",
		}},
		{"an age", decision(access.StepUp, access.Missing{MaxAge: 15 * time.Minute, Scopes: clauses("Read")}), true, nil, map[string]string{
			"scope": wholeAPI, "error": "insufficient_user_authentication", "max_age": "900",
			"error_description": "the sign-in must not be older than 900 seconds, as the claim auth_time of the access token says",
		}},
		{"a method", decision(access.StepUp, access.Missing{Methods: clauses("mfa", "hwk")}), true, nil, map[string]string{
			"scope": wholeAPI, "error": "insufficient_user_authentication", "error_description": "the access token lacks the authentication method mfa or hwk",
		}},
		{"a graph query, which no token brings", decision(access.StepUp, access.Missing{Graph: []string{"/me"}, Contexts: clauses("c1"), MaxAge: time.Minute}), true, nil, map[string]string{
			"scope": wholeAPI, "error": "insufficient_scope", "error_description": "a bearer token brings no results of graph queries, which this address needs: open it in a browser",
		}},
		{"groups that nobody asked for", decision(access.StepUp, access.Missing{Groups: clauses("g")}), true, nil, map[string]string{
			"scope": wholeAPI, "error": "insufficient_scope", "error_description": "the access token lacks the group g",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rp := bearerCall().party(t)
			c := ChallengeFor(tt.decision, tt.tokenCame, tt.err)
			got := readHeader(t, rp.Challenge(c))
			if raw, ok := got["claims"]; ok {
				got["claims"] = string(must(base64.StdEncoding.DecodeString(raw))) // as most programs read it
				if got["claims"] != rp.ClaimsJSON(c) {
					t.Errorf("%q", rp.ClaimsJSON(c))
				}
			} else if rp.ClaimsJSON(c) != "" {
				t.Errorf("claims are missing: %s", rp.ClaimsJSON(c))
			}
			tt.want["realm"], tt.want["authorization_uri"], tt.want["client_id"] = "easyauth", testAuthorize, testClient
			if a, b := must(json.Marshal(got)), must(json.Marshal(tt.want)); string(a) != string(b) {
				t.Errorf("\n got %s\nwant %s", a, b)
			}
		})
	}
}

// A decision about a session names nothing of it to whoever asks without a token.
func TestChallengeWithoutToken(t *testing.T) {
	m := access.Missing{
		Roles: []access.Clause{{"Role"}}, Groups: []access.Clause{{"Group"}}, Graph: []string{"/me"}, Contexts: []access.Clause{{"c1"}},
		Methods: []access.Clause{{"mfa"}}, MaxAge: time.Minute,
	}
	for _, o := range []access.Outcome{access.Deny, access.SignIn, access.Forbid, access.StepUp, access.Unsure} {
		c := ChallengeFor(access.Decision{Outcome: o, Missing: m}, false, errors.New("x"))
		if c.Error != "" || c.Description != "" || len(c.Scopes)+len(c.Contexts) != 0 || c.MaxAge != 0 {
			t.Errorf("%v: %+v", o, c)
		}
	}
}

func TestChallengeOfOtherKinds(t *testing.T) {
	stepUp := access.Decision{Outcome: access.StepUp, Missing: access.Missing{Contexts: []access.Clause{{"gold", "silver"}}, Scopes: []access.Clause{{"orders:read"}}}}
	plain := readHeader(t, rpOf(t, asPlain).Challenge(ChallengeFor(stepUp, true, nil)))
	if plain["error"] != "insufficient_user_authentication" || plain["acr_values"] != "gold silver" || plain["claims"] != "" || plain["scope"] != "orders:read" {
		t.Errorf("plain: %v", plain)
	}
	if plain = readHeader(t, rpOf(t, asPlain).Challenge(Challenge{})); plain["scope"] != "" || plain["realm"] != "easyauth" {
		t.Errorf("plain, nothing is missing: %v", plain)
	}
	if b2c := readHeader(t, rpOf(t, asB2C).Challenge(Challenge{})); b2c["scope"] != "" {
		t.Errorf("B2C: %v", b2c)
	}
	c := bearerCall()
	early := readHeader(t, must(New(c.cfg)).Challenge(Challenge{Error: errInvalidToken}))
	if _, ok := early["authorization_uri"]; ok || early["error"] != "invalid_token" || early["client_id"] != testClient {
		t.Errorf("before discovery: %v", early)
	}
}

func rpOf(t *testing.T, edits ...func(*call)) *RelyingParty {
	t.Helper()
	c := bearerCall()
	all(edits...)(c)
	return c.party(t)
}

// The header stays short whatever a rule names, and loses the least important
// first.
func TestChallengeIsBounded(t *testing.T) {
	rp := rpOf(t)
	long := func(n int) string { return strings.Repeat("x", n) }
	names := func(n int) (out []string) {
		for i := range n {
			out = append(out, testClient+"/"+long(i))
		}
		return out
	}
	for _, tt := range []struct {
		name string
		c    Challenge
		gone []string
	}{
		{"as long as a description gets", Challenge{Error: errInvalidToken, Description: long(500)}, nil},
		{"a description that is too long", Challenge{Error: errInvalidToken, Description: long(1500)}, []string{"error_description"}},
		{"scopes that are too many", Challenge{Error: InsufficientScope, Description: "d", Scopes: names(60)}, []string{"error_description", "scope"}},
		{"contexts that are too many", Challenge{Error: errInsufficientClaims, Description: "d", Contexts: []access.Clause{names(60)}, MaxAge: time.Minute}, []string{"error_description", "scope", "claims"}},
	} {
		got := readHeader(t, rp.Challenge(tt.c))
		want := []string{"realm", "authorization_uri", "client_id", "scope", "error"}
		if tt.c.Description != "" {
			want = append(want, "error_description")
		}
		if len(tt.c.Contexts) > 0 {
			want = append(want, "claims", "max_age")
		}
		for _, name := range want {
			if _, ok := got[name]; ok == slices.Contains(tt.gone, name) {
				t.Errorf("%s: %s is there: %v", tt.name, name, ok)
			}
		}
	}
	many := access.Missing{}
	for range 64 {
		many.Roles = append(many.Roles, access.Clause{"é\x00\"\\" + long(120)})
	}
	c := ChallengeFor(access.Decision{Outcome: access.Forbid, Missing: many}, true, nil)
	if len(c.Description) > 510 {
		t.Errorf("a description of %d bytes", len(c.Description))
	}
	if got := readHeader(t, rp.Challenge(c)); got["error_description"] == "" {
		t.Errorf("%v", got)
	}
	// A provider and a client id that are themselves too long.
	huge := bearerCall()
	huge.idp.metadata["authorization_endpoint"] = "https://login.example/" + long(1400)
	if got := readHeader(t, huge.party(t).Challenge(Challenge{Error: errInvalidToken})); got["error"] != "invalid_token" || got["authorization_uri"] != "" || got["client_id"] == "" {
		t.Errorf("%v", got)
	}
}

func TestTokenHints(t *testing.T) {
	m := access.Missing{Scopes: []access.Clause{{"Read", testClient + "/Read"}}}
	c := bearerCall()
	rp := must(New(c.cfg))
	if h := rp.TokenHints(m); h.AuthorizationURI != "" || h.ClientID != testClient || !slices.Equal(h.Scopes, []string{testClient + "/Read"}) {
		t.Errorf("before discovery: %+v", h)
	}
	rp = c.party(t)
	if h := rp.TokenHints(access.Missing{}); h.AuthorizationURI != testAuthorize || !slices.Equal(h.Scopes, []string{testClient + "/.default"}) {
		t.Errorf("%+v", h)
	}
	if got := rp.TokenHints(m).Scopes; !slices.Equal(got, []string{testClient + "/Read"}) {
		t.Errorf("%v", got)
	}
	if got := rpOf(t, asPlain).TokenHints(access.Missing{Scopes: []access.Clause{{"a", "no scope"}, {"b"}, {"a"}}}).Scopes; !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("plain: %v", got)
	}
}
