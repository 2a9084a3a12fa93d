package entra_test

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

const acrsChallenge = `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`

// capable is a Graph token of a client that can handle a challenge.
func (w *world) capable(acrs ...string) string {
	w.t.Helper()
	raw, err := w.CapableToken(entra.Adele, webID, "User.Read", acrs...)
	if err != nil {
		w.t.Fatal(err)
	}
	return raw
}

var challengeHeader = regexp.MustCompile(`^Bearer realm="", authorization_uri="([^"]+)", error="insufficient_claims", claims="([^"]*)"$`)

// challengeIn is the claims challenge of a WWW-Authenticate header, "" when there is none.
func (w *world) challengeIn(header string) string {
	w.t.Helper()
	if header == "" {
		return ""
	}
	got := challengeHeader.FindStringSubmatch(header)
	if got == nil || got[1] != w.BaseURL()+"/common/oauth2/authorize" {
		w.t.Fatalf("WWW-Authenticate %q", header)
	}
	text, err := base64.StdEncoding.DecodeString(got[2])
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

func TestGraphChallengeIsSatisfied(t *testing.T) {
	w := start(t)
	nbf := func(at time.Time) string {
		return fmt.Sprintf(`{"access_token":{"nbf":{"essential":true,"value":"%d"}}}`, at.Unix())
	}
	now := w.clock.now()
	for _, row := range []struct {
		name, challenge, token string
		sent                   bool
	}{
		{"no challenge", "", w.capable(), false},
		{"acrs", acrsChallenge, w.capable(), true},
		{"acrs, satisfied", acrsChallenge, w.capable("c1"), false},
		{"acrs, another context", acrsChallenge, w.capable("c2"), true},
		{"acrs, one of two", `{"access_token":{"acrs":{"values":["c3","c1"]}}}`, w.capable("c1"), false},
		{"acrs, none of two", `{"access_token":{"acrs":{"values":["c3","c4"]}}}`, w.capable("c1"), true},
		{"a client of no capability", acrsChallenge, w.graphToken(entra.Adele, "User.Read"), false},
		{"nbf", nbf(now.Add(time.Second)), w.capable(), true},
		{"nbf, satisfied", nbf(now), w.capable(), false},
		{"nbf as no number", `{"access_token":{"nbf":{"value":"soon"}}}`, w.capable(), true},
		{"both, one satisfied", `{"access_token":{"nbf":{"value":"1"},"acrs":{"value":"c1"}}}`, w.capable(), true},
		{"both, satisfied", `{"access_token":{"nbf":{"value":"1"},"acrs":{"value":"c1"}}}`, w.capable("c1"), false},
		{"information beside it", `{"access_token":{"acrs":{"value":"c1"},"xms_rp_ipaddr":{"value":"192.0.2.1"}}}`, w.capable("c1"), false},
		{"nothing that a token can satisfy", `{"access_token":{}}`, w.capable("c1"), true},
		{"for the ID token", `{"id_token":{"acrs":{"value":"c1"}}}`, w.capable("c1"), true},
		{"no JSON", `{"access_token`, w.capable("c1"), true},
	} {
		t.Run(row.name, func(t *testing.T) {
			w.SetFaults(entra.Faults{GraphChallenge: row.challenge})
			for _, got := range []reply{
				w.graph("GET", row.token, "/v1.0/me", ""),
				w.graph("POST", row.token, "/v1.0/$batch", `{"requests":[`+item("1", "/me")+`]}`),
			} {
				if !row.sent {
					if got.status != 200 || got.header.Get("WWW-Authenticate") != "" {
						t.Errorf("%d %s", got.status, got.body)
					}
					continue
				}
				if got.status != 401 || graphCode(t, got.json(t)) != "InvalidAuthenticationToken" || w.challengeIn(got.header.Get("WWW-Authenticate")) != row.challenge {
					t.Errorf("%d %v %s", got.status, got.header, got.body)
				}
			}
		})
	}
}

func TestGraphChallengeOfItems(t *testing.T) {
	w := start(t)
	w.SetFaults(entra.Faults{GraphChallenge: acrsChallenge, GraphChallengeItems: []string{"/me?$select=mail", "/organization"}})
	for _, row := range []struct {
		name, token string
		sent        bool
	}{{"before", w.capable(), true}, {"after", w.capable("c1"), false}, {"without the capability", w.graphToken(entra.Adele, "User.Read"), false}} {
		t.Run(row.name, func(t *testing.T) {
			got, answers, _ := w.batch(row.token, item("1", "/me"), item("2", "/me?$select=mail"), item("3", "/organization?$select=id"))
			if got.status != 200 || answers["1"].Status != 200 || answers["1"].Headers["WWW-Authenticate"] != "" {
				t.Fatalf("%d, item 1: %v", got.status, answers["1"])
			}
			for _, id := range []string{"2", "3"} {
				if sent := answers[id].Status == 401 && w.challengeIn(answers[id].Headers["WWW-Authenticate"]) == acrsChallenge; sent != row.sent || !sent && answers[id].Status != 200 {
					t.Errorf("item %s: %v", id, answers[id])
				}
			}
			if alone := w.graph("GET", row.token, "/v1.0/organization", ""); (alone.status == 401) != row.sent || (w.challengeIn(alone.header.Get("WWW-Authenticate")) != "") != row.sent {
				t.Errorf("alone: %d %v", alone.status, alone.header)
			}
		})
	}
}

func TestCapableTokenRefuses(t *testing.T) {
	w := start(t)
	for _, scope := range []string{"openid", apiScope, "Usr.Read"} {
		if _, err := w.CapableToken(entra.Adele, webID, scope); err == nil {
			t.Errorf("scope %q is accepted", scope)
		}
	}
	claims := decode(t, w.capable("c1", "c2"))
	if list(claims["xms_cc"]) != "cp1" || list(claims["acrs"]) != "c1 c2" || !strings.Contains(fmt.Sprint(claims["scp"]), "User.Read") {
		t.Errorf("claims %v", claims)
	}
}

// TestGraphChallengeLeadsThroughSignIn: what the header asks, sent back as the
// claims parameter with the capability, gives a token that Graph takes.
func TestGraphChallengeLeadsThroughSignIn(t *testing.T) {
	w := start(t)
	const able = `"xms_cc":{"values":["cp1"]}`
	graphToken := func(claims string) string {
		edits := []string{"claims", claims}
		return w.redeem(w.signIn(entra.Adele, w.authorizeURL(oidcScopes+" User.Read", edits...))).AccessToken
	}
	plain, capable := graphToken(""), graphToken(`{"access_token":{`+able+`}}`)
	later := w.clock.now().Add(time.Minute).Unix()
	for name, asked := range map[string]string{
		"acrs": `"acrs":{"essential":true,"value":"c1"}`,
		"nbf":  fmt.Sprintf(`"nbf":{"essential":true,"value":"%d"}`, later),
	} {
		t.Run(name, func(t *testing.T) {
			w.SetFaults(entra.Faults{GraphChallenge: `{"access_token":{` + asked + `}}`})
			if got := w.graph("GET", plain, "/v1.0/me", ""); got.status != 200 {
				t.Errorf("without the capability: %d %v", got.status, got.header)
			}
			got := w.graph("GET", capable, "/v1.0/me", "")
			if got.status != 401 {
				t.Fatalf("no challenge: %d %s", got.status, got.body)
			}
			claims := w.challengeIn(got.header.Get("WWW-Authenticate"))
			w.clock.add(2 * time.Minute)
			defer w.clock.add(-2 * time.Minute)
			if again := w.graph("GET", capable, "/v1.0/me", ""); again.status != 401 {
				t.Errorf("the same token later: %d", again.status)
			}
			token := graphToken(strings.TrimSuffix(claims, "}}") + "," + able + "}}")
			if again := w.graph("GET", token, "/v1.0/me", ""); again.status != 200 {
				t.Errorf("after the sign-in: %d %v", again.status, again.header)
			}
		})
	}
}
