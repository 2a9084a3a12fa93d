package authserver_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// capable is a client that says that it can handle claims challenges.
func capable() options {
	o := asksOverage()
	o.capabilities = []string{"cp1"}
	return o
}

const (
	// A sign-in of the context c1, which the emulator grants.
	challengeC1 = `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`
	// What no token satisfies.
	challengeNever = `{"access_token":{"location":{"essential":true,"value":"office"}}}`
)

// sameJSON compares two JSON texts by what they say.
func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal([]byte(a), &x); err != nil {
		t.Errorf("%q: %v", a, err)
		return false
	}
	if err := json.Unmarshal([]byte(b), &y); err != nil {
		t.Errorf("%q: %v", b, err)
		return false
	}
	return reflect.DeepEqual(x, y)
}

// Graph wants a stronger sign-in before it answers: one more trip brings it, and
// the answer is there.
func TestClaimsChallenge(t *testing.T) {
	const withCP1 = `{"access_token":{"acrs":{"essential":true,"value":"c1"},"xms_cc":{"values":["cp1"]}}}`
	for name, items := range map[string][]string{"of the whole request": nil, "of one query": {"/me"}} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, capable())
			k.idp.SetFaults(emulator.Faults{GraphChallenge: challengeC1, GraphChallengeItems: items})
			b := k.browser(emulator.Adele)
			resp := b.open(app+"/page", "graph=/me")
			if resp.StatusCode != 202 || !strings.Contains(resp.Header.Get("X-Injected-Graph"), "Retail+Manager") {
				t.Fatalf("%d, graph %q\n%s\n%s", resp.StatusCode, resp.Header.Get("X-Injected-Graph"), resp.text(), k.log)
			}
			if n := k.idp.Requests(emulator.EndpointAuthorize); n != 2 || !sameJSON(t, k.claimsAsked(), withCP1) {
				t.Errorf("%d trips, the last with claims %q", n, k.claimsAsked())
			}
			if resp := b.check(app+"/page", "graph=/me"); resp.StatusCode != 202 {
				t.Errorf("afterwards: %d", resp.StatusCode)
			}
		})
	}
}

// The sign-in that is asked for also asks for what the page needs.
func TestClaimsChallengeBesideARule(t *testing.T) {
	o := capable()
	o.emulator = tellsAuthTime().emulator
	k := newKit(t, o)
	k.idp.SetFaults(emulator.Faults{GraphChallenge: challengeC1})
	b := k.browser(emulator.Adele)
	if resp := b.open(app+"/page?x=1", "graph=/me&acr=c2&max_age=15m&scope=User.Read.All"); resp.StatusCode != 202 {
		t.Fatalf("%d\n%s\n%s", resp.StatusCode, resp.text(), k.log)
	}
	q := k.idp.LastAuthorize()
	want := `{"id_token":{"acrs":{"essential":true,"value":"c2"}},"access_token":{"acrs":{"essential":true,"value":"c1"},"xms_cc":{"values":["cp1"]}}}`
	if k.idp.Requests(emulator.EndpointAuthorize) != 2 || !sameJSON(t, q.Get("claims"), want) || q.Get("max_age") != "900" || !strings.HasSuffix(q.Get("scope"), " User.Read.All") {
		t.Errorf("%d trips, claims %q, max_age %q, scope %q", k.idp.Requests(emulator.EndpointAuthorize), q.Get("claims"), q.Get("max_age"), q.Get("scope"))
	}
}

// A revoked session: Graph wants a sign-in that is newer than a moment.
func TestClaimsChallengeOfARevokedSession(t *testing.T) {
	k := newKit(t, capable())
	b := k.browser(emulator.Adele)
	b.check(app+"/page", "graph=/me")
	back := b.atEntra(b.toEntra(app + "/page"))
	revoked := k.now.Add(30 * time.Second).Unix()
	k.idp.SetFaults(emulator.Faults{GraphChallenge: fmt.Sprintf(`{"access_token":{"nbf":{"essential":true,"value":"%d"}}}`, revoked)})
	again := b.get(back).Header.Get("Location")
	if !strings.HasPrefix(again, k.idp.BaseURL()) || !strings.Contains(parse(t, again).Query().Get("claims"), fmt.Sprint(revoked)) {
		t.Fatalf("sent to %q", again)
	}
	k.advance(time.Minute)
	if resp := b.get(b.atEntra(again)); resp.Header.Get("Location") != app+"/page" {
		t.Fatalf("%d\n%s", resp.StatusCode, resp.text())
	}
	resp := b.check(app+"/page", "graph=/me")
	if resp.StatusCode != 202 || !strings.Contains(resp.Header.Get("X-Injected-Graph"), "Retail+Manager") {
		t.Errorf("%d, graph %q", resp.StatusCode, resp.Header.Get("X-Injected-Graph"))
	}
}

// Graph challenges the second sign-in as it did the first: that is the result.
func TestClaimsChallengeTwice(t *testing.T) {
	for name, tt := range map[string]struct {
		challenge string
		trips     int
	}{
		"what no sign-in brings":       {challengeNever, 2},
		"what a sign-in brings":        {challengeC1, 2},
		"not base64 of a JSON object":  {`"c1"`, 1},
		"too long to pass on":          {`{"access_token":{"acrs":{"values":["c1","` + strings.Repeat("c", 900) + `"]}}}`, 1},
		"an object that asks for none": {`{}`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, capable())
			k.idp.SetFaults(emulator.Faults{GraphChallenge: tt.challenge})
			b := k.browser(emulator.Adele)
			resp := b.open(app+"/page", "graph=/me")
			if resp.StatusCode != 202 || k.idp.Requests(emulator.EndpointAuthorize) != tt.trips {
				t.Fatalf("%d after %d trips, want %d\n%s", resp.StatusCode, k.idp.Requests(emulator.EndpointAuthorize), tt.trips, resp.text())
			}
			if failed := strings.Contains(resp.Header.Get("X-Injected-Graph"), "error_status"); failed == (tt.challenge == challengeC1) {
				t.Errorf("graph %q", resp.Header.Get("X-Injected-Graph"))
			}
			if resp := b.open(app+"/page", "graph=/me"); resp.StatusCode != 202 || k.idp.Requests(emulator.EndpointAuthorize) != tt.trips {
				t.Errorf("opened again: %d after %d trips", resp.StatusCode, k.idp.Requests(emulator.EndpointAuthorize))
			}
		})
	}
}

// A client that does not say that it can handle challenges gets none.
func TestNoClaimsChallengeWithoutCP1(t *testing.T) {
	k := newKit(t, asksOverage())
	k.idp.SetFaults(emulator.Faults{GraphChallenge: challengeC1})
	resp := k.browser(emulator.Adele).open(app+"/page", "graph=/me")
	if resp.StatusCode != 202 || !strings.Contains(resp.Header.Get("X-Injected-Graph"), "Retail+Manager") || k.claimsAsked() != "" || k.idp.Requests(emulator.EndpointAuthorize) != 1 {
		t.Errorf("%d after %d trips, claims %q", resp.StatusCode, k.idp.Requests(emulator.EndpointAuthorize), k.claimsAsked())
	}
}

// The same for groups: they are known after the sign-in that Graph asked for, and
// unknown if that does not satisfy it.
func TestClaimsChallengeForGroups(t *testing.T) {
	for name, tt := range map[string]struct {
		challenge string
		status    int
	}{
		"what a sign-in brings":  {challengeC1, 202},
		"what no sign-in brings": {challengeNever, 503},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, capable())
			k.idp.SetFaults(emulator.Faults{GraphChallenge: tt.challenge, GraphChallengeItems: []string{"/me/checkMemberGroups"}})
			b := k.browser(emulator.Grace)
			if resp := b.open(app+"/page", inAny(250)); resp.StatusCode != tt.status || k.idp.Requests(emulator.EndpointAuthorize) != 2 {
				t.Errorf("%d after %d trips, want %d\n%s", resp.StatusCode, k.idp.Requests(emulator.EndpointAuthorize), tt.status, resp.text())
			}
			if resp := b.check(app+"/other", ""); resp.StatusCode != 202 {
				t.Errorf("a page without a rule: %d", resp.StatusCode)
			}
		})
	}
}

// A silent renewal that Graph challenges goes on with a sign-in that can be seen:
// there the challenge can be met.
func TestClaimsChallengeOfASilentRenewal(t *testing.T) {
	k := newKit(t, capable())
	b := groupsUnknown(t, k, checkFaults(emulator.ItemFault{Status: 503}))
	k.advance(30 * time.Second)
	k.idp.SetFaults(emulator.Faults{GraphChallenge: challengeC1, GraphChallengeItems: []string{"/me/checkMemberGroups"}})
	if resp := b.open(app+"/page", inAny(7)); resp.StatusCode != 202 || k.idp.LastAuthorize().Get("prompt") != "" || k.claimsAsked() == "" {
		t.Errorf("%d, prompt %q, claims %q\n%s", resp.StatusCode, k.idp.LastAuthorize().Get("prompt"), k.claimsAsked(), resp.text())
	}
}

// The person declines it: not signed in, a page, and another try works.
func TestClaimsChallengeDeclined(t *testing.T) {
	k := newKit(t, capable())
	k.idp.SetFaults(emulator.Faults{GraphChallenge: challengeC1})
	b := k.browser(emulator.Adele)
	b.check(app+"/page", "graph=/me")
	again := b.get(b.atEntra(b.toEntra(app + "/page"))).Header.Get("Location")
	b.cancel = true
	if resp := b.get(b.atEntra(again)); resp.StatusCode != 403 || !strings.Contains(resp.body, "cancelled") {
		t.Errorf("%d\n%s", resp.StatusCode, resp.text())
	}
	if resp := b.check(app+"/page", ""); resp.StatusCode != 401 {
		t.Errorf("signed in: %d", resp.StatusCode)
	}
	b.cancel = false
	if resp := b.open(app+"/page", "graph=/me"); resp.StatusCode != 202 {
		t.Errorf("another try: %d\n%s", resp.StatusCode, resp.text())
	}
}
