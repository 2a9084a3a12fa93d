package authserver_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// tellsAuthTime is a registration with the optional claim auth_time.
func tellsAuthTime() options {
	return options{emulator: func(c *emulator.Config) { c.Clients[0].OptionalClaims = []string{emulator.ClaimAuthTime} }}
}

// claimsAsked is the claims parameter of the last authorization request.
func (k *kit) claimsAsked() string { return k.idp.LastAuthorize().Get("claims") }

func wantsContext(id string) string {
	return `{"id_token":{"acrs":{"essential":true,"value":"` + id + `"}}}`
}

// A rule about an authentication context leads to a sign-in that asks for it, and
// is checked when the browser comes back.
func TestAuthenticationContext(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Adele)
	if resp := b.open(app+"/", ""); resp.StatusCode != 202 || k.claimsAsked() != "" {
		t.Fatalf("a page without a rule: %d, claims %q", resp.StatusCode, k.claimsAsked())
	}
	if resp := b.check(app+"/safe", "acr=c1"); resp.StatusCode != 401 || k.lastReason() != string(access.ReasonContextMissing) {
		t.Errorf("%d, reason %s", resp.StatusCode, k.lastReason())
	}
	if resp := b.open(app+"/safe", "acr=c1"); resp.StatusCode != 202 || k.claimsAsked() != wantsContext("c1") {
		t.Fatalf("%d, claims %q\n%s", resp.StatusCode, k.claimsAsked(), resp.text())
	}
	// Another one; and what was shown before counts for the whole session.
	k.advance(time.Second)
	if resp := b.open(app+"/safer", "acr=c2"); resp.StatusCode != 202 || k.claimsAsked() != wantsContext("c2") {
		t.Fatalf("another: %d, claims %q\n%s", resp.StatusCode, k.claimsAsked(), resp.text())
	}
	trips := k.idp.Requests(emulator.EndpointAuthorize)
	for query, status := range map[string]int{"acr=c1": 202, "acr=c2": 202, "acr=c1&acr=c2": 202, "acr=c3|c1": 202, "acr-any=c1": 403, "acr=c3": 401, "acr=c1&acr=c3": 401} {
		if resp := b.check(app+"/all", query); resp.StatusCode != status {
			t.Errorf("%s: %d, want %d", query, resp.StatusCode, status)
		}
	}
	if n := k.idp.Requests(emulator.EndpointAuthorize); trips != 3 || n != trips {
		t.Errorf("%d trips, then %d", trips, n)
	}
}

// Of several that would do, all are offered; of several clauses each is asked for.
func TestAuthenticationContexts(t *testing.T) {
	for query, want := range map[string]string{
		"acr=c1|c2":       `{"id_token":{"acrs":{"essential":true,"values":["c1","c2"]}}}`,
		"acr=c1&acr=c3":   `{"id_token":{"acrs":{"essential":true,"values":["c1","c3"]}}}`,
		"acr=c25":         wantsContext("c25"),
		"scope=Mail.Read": "",
	} {
		k := newKit(t, options{})
		if resp := k.browser(emulator.Adele).open(app+"/safe", query); resp.StatusCode != 202 || k.claimsAsked() != want {
			t.Errorf("%s: %d, claims %q", query, resp.StatusCode, k.claimsAsked())
		}
	}
}

// A context that was shown counts until the session ends, and for nobody else.
func TestAuthenticationContextEnds(t *testing.T) {
	k := newKit(t, options{lifetime: time.Hour})
	b := k.browser(emulator.Adele)
	b.open(app+"/safe", "acr=c1")
	k.advance(59 * time.Minute)
	if resp := b.check(app+"/safe", "acr=c1"); resp.StatusCode != 202 {
		t.Errorf("in the session: %d", resp.StatusCode)
	}
	b.client.Jar = keepOnlyOurs(t, b)
	b.user = emulator.Bob
	b.get(b.atEntra(b.get(app + basePath + "/login?rd=/&prompt=select_account").Header.Get("Location")))
	if resp := b.check(app+"/safe", "acr=c1"); resp.StatusCode != 401 || k.lastReason() != string(access.ReasonContextMissing) {
		t.Errorf("Bob has Adele's: %d, reason %s", resp.StatusCode, k.lastReason())
	}
	if resp := b.check(app+"/", ""); resp.StatusCode != 202 {
		t.Errorf("Bob is signed in: %d", resp.StatusCode)
	}
}

// The IdP signs in without the context: a page, no loop, and the session stays.
func TestAuthenticationContextNotGranted(t *testing.T) {
	for name, edit := range map[string]func(claims map[string]any){
		"not told":        func(claims map[string]any) { delete(claims, "acrs") },
		"another":         func(claims map[string]any) { claims["acrs"] = []string{"c2"} },
		"acr is not acrs": func(claims map[string]any) { delete(claims, "acrs"); claims["acr"] = "c1" },
		"nor is amr":      func(claims map[string]any) { delete(claims, "acrs"); claims["amr"] = []string{"mfa", "c1"} },
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, options{})
			k.idp.SetFaults(emulator.Faults{EditClaims: edit})
			b := k.browser(emulator.Adele)
			resp := b.open(app+"/safe", "acr=c1")
			if resp.StatusCode != 403 || !strings.Contains(resp.body, "A stronger sign-in is needed") || !strings.Contains(resp.body, ">c1<") ||
				k.idp.Requests(emulator.EndpointAuthorize) != 1 {
				t.Errorf("%d after %d trips\n%s", resp.StatusCode, k.idp.Requests(emulator.EndpointAuthorize), resp.text())
			}
			if resp := b.check(app+"/", ""); resp.StatusCode != 202 {
				t.Errorf("signed in all the same: %d", resp.StatusCode)
			}
			k.idp.ClearFaults()
			if resp := b.open(app+"/safe", "acr=c1"); resp.StatusCode != 202 {
				t.Errorf("after it was granted: %d\n%s", resp.StatusCode, resp.text())
			}
		})
	}
}

// What a rule about the sign-in may say, with Entra ID.
func TestStepUpRules(t *testing.T) {
	k := newKit(t, options{noDiscovery: true})
	cookies := k.issue(access.Identity{Contexts: []string{"c1"}, AuthTime: k.now.Add(-10 * time.Minute)})
	tests := []struct {
		query  string
		status int
		hint   string // in the log
	}{
		{"acr=c1", 202, ""},
		{"acr=C1", 403, "c1 to c99"},
		{"acr=c0", 403, "c1 to c99"},
		{"acr=c100", 403, "c1 to c99"},
		{"acr=c01", 403, "c1 to c99"},
		{"acr=mfa", 403, "c1 to c99"},
		{"amr=mfa", 403, "use acr= "},
		{"max_age=15m", 202, ""},
		{"max_age=900", 202, ""},
		{"max_age=9m", 401, ""},
		{"max_age=15m&max_age=9m", 401, ""},
		{"max_age=30s", 403, "at least 1m"},
		{"max_age=0", 403, "at least 1m"},
		{"max_age=-15m", 403, "at least 1m"},
		{"max_age=721h", 403, "at most 720h"},
		{"max_age=soon", 403, "a duration such as 15m"},
		{"max_age=", 403, "empty"},
	}
	for _, tt := range tests {
		resp := k.ask("GET", tt.query, nginx(cookies))
		lines := strings.Split(strings.TrimSpace(k.log.String()), "\n")
		if resp.StatusCode != tt.status || !strings.Contains(lines[len(lines)-1], tt.hint) {
			t.Errorf("%s: %d, want %d\n%s", tt.query, resp.StatusCode, tt.status, lines[len(lines)-1])
		}
	}
}

// A page that needs a recent sign-in asks for one when the last is too old.
func TestMaxAge(t *testing.T) {
	k := newKit(t, tellsAuthTime())
	b := k.browser(emulator.Adele)
	if resp := b.open(app+"/pay", "max_age=15m"); resp.StatusCode != 202 || k.idp.LastAuthorize().Get("max_age") != "900" {
		t.Fatalf("%d, max_age %q\n%s", resp.StatusCode, k.idp.LastAuthorize().Get("max_age"), resp.text())
	}
	k.advance(15 * time.Minute)
	if resp := b.check(app+"/pay", "max_age=15m"); resp.StatusCode != 202 {
		t.Errorf("after 15 minutes: %d", resp.StatusCode)
	}
	k.advance(time.Second)
	if resp := b.check(app+"/pay", "max_age=15m"); resp.StatusCode != 401 || k.lastReason() != string(access.ReasonTooLongAgo) {
		t.Errorf("a second later: %d, reason %s", resp.StatusCode, k.lastReason())
	}
	for query, status := range map[string]int{"max_age=16m": 202, "": 202} {
		if resp := b.check(app+"/other", query); resp.StatusCode != status {
			t.Errorf("%q: %d, want %d", query, resp.StatusCode, status)
		}
	}
	if resp := b.open(app+"/pay", "max_age=15m"); resp.StatusCode != 202 || k.idp.Requests(emulator.EndpointAuthorize) != 2 {
		t.Errorf("signed in again: %d after %d trips\n%s", resp.StatusCode, k.idp.Requests(emulator.EndpointAuthorize), resp.text())
	}
}

// What is compared on return is auth_time alone. Without it the page names the
// optional claim: that the token itself is new says nothing.
func TestMaxAgeCheckedOnReturn(t *testing.T) {
	k := newKit(t, tellsAuthTime())
	set := func(name string, value any) func(map[string]any) {
		return func(claims map[string]any) { claims[name] = value }
	}
	ago := func(d time.Duration) int64 { return k.now.Add(-d).Unix() }
	tests := []struct {
		name   string
		edit   func(claims map[string]any)
		status int
		says   string
	}{
		{"as it is", nil, 202, ""},
		{"14 minutes ago", set("auth_time", ago(14*time.Minute)), 202, ""},
		{"absent", func(claims map[string]any) { delete(claims, "auth_time") }, 403, "optional claim auth_time"},
		{"absent, and the token is new", func(claims map[string]any) { delete(claims, "auth_time"); claims["iat"] = ago(0) }, 403, "optional claim auth_time"},
		{"an hour ago", set("auth_time", ago(time.Hour)), 403, "A recent sign-in is needed"},
		{"in an hour", set("auth_time", ago(-time.Hour)), 403, "did not hold"},
		{"a text", set("auth_time", "now"), 403, "did not hold"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k.idp.SetFaults(emulator.Faults{EditClaims: tt.edit})
			k.idp.ResetCounts()
			b := k.browser(emulator.Adele)
			resp := b.open(app+"/pay", "max_age=15m")
			if resp.StatusCode != tt.status || !strings.Contains(resp.body, tt.says) || k.idp.Requests(emulator.EndpointAuthorize) != 1 {
				t.Errorf("%d after %d trips, want %d and %q\n%s", resp.StatusCode, k.idp.Requests(emulator.EndpointAuthorize), tt.status, tt.says, resp.text())
			}
		})
	}
}

// A registration without the optional claim: the person is signed in, the page
// says what an administrator must do, and other pages open.
func TestAuthTimeNotTold(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Adele)
	resp := b.open(app+"/pay", "max_age=15m")
	if resp.StatusCode != 403 || !strings.Contains(resp.body, "optional claim auth_time") {
		t.Errorf("%d\n%s", resp.StatusCode, resp.text())
	}
	if resp := b.check(app+"/", ""); resp.StatusCode != 202 {
		t.Errorf("signed in all the same: %d", resp.StatusCode)
	}
	if resp := b.open(app+"/pay", "max_age=15m"); resp.StatusCode != 403 || k.idp.Requests(emulator.EndpointAuthorize) != 2 {
		t.Errorf("again: %d after %d trips", resp.StatusCode, k.idp.Requests(emulator.EndpointAuthorize))
	}
}

// Everything that a page needs comes with one trip, also the first.
func TestSignInAndStepUpInOneTrip(t *testing.T) {
	o := tellsAuthTime()
	o.groups = asksOverage().groups
	k := newKit(t, o)
	b := k.browser(emulator.Grace)
	resp := b.open(app+"/all", "acr=c1&max_age=15m&scope=User.Read.All&graph=/me&"+inAny(250))
	if resp.StatusCode != 202 || !strings.Contains(resp.Header.Get("X-Injected-Graph"), "Grace+Hopper") {
		t.Fatalf("%d, graph %q\n%s\n%s", resp.StatusCode, resp.Header.Get("X-Injected-Graph"), resp.text(), k.log)
	}
	q := k.idp.LastAuthorize()
	if k.idp.Requests(emulator.EndpointAuthorize) != 1 || k.idp.Requests(emulator.EndpointToken) != 1 || q.Get("claims") != wantsContext("c1") ||
		q.Get("max_age") != "900" || !slices.Contains(strings.Fields(q.Get("scope")), "User.Read.All") {
		t.Errorf("%d trips, claims %q, max_age %q, scope %q", k.idp.Requests(emulator.EndpointAuthorize), q.Get("claims"), q.Get("max_age"), q.Get("scope"))
	}
}

// A stronger sign-in does not lose what the session had.
func TestStepUpKeepsTheSession(t *testing.T) {
	k := newKit(t, tellsAuthTime())
	b := k.browser(emulator.Adele)
	b.open(app+"/mail", "scope=Mail.Read&graph=/me")
	k.advance(20 * time.Minute)
	if resp := b.open(app+"/pay", "acr=c1&max_age=15m"); resp.StatusCode != 202 {
		t.Fatalf("%d\n%s", resp.StatusCode, resp.text())
	}
	if resp := b.check(app+"/all", "scope=Mail.Read&graph=/me&acr=c1&role=Admin"); resp.StatusCode != 202 {
		t.Errorf("%d, reason %s", resp.StatusCode, k.lastReason())
	}
}

// A script cannot sign anybody in: it is told what is missing, and where a person
// goes with it.
func TestStepUpForScripts(t *testing.T) {
	k := newKit(t, tellsAuthTime())
	b := k.browser(emulator.Adele)
	b.open(app+"/", "")
	k.advance(20 * time.Minute)
	script := http.Header{"Accept": {"application/json"}, "Sec-Fetch-Mode": {"cors"}, "Referer": {app + "/page"}}
	if resp := b.check(app+"/api/pay", "acr=c1|c2&max_age=15m", script); resp.StatusCode != 401 {
		t.Fatal(resp.StatusCode)
	}
	resp := b.do("GET", loginURL(app+"/api/pay"), script, nil)
	var body struct {
		Error    string
		LoginURL string `json:"login_url"`
		Missing  struct {
			ACR    [][]string
			MaxAge int `json:"max_age"`
		}
	}
	if err := json.Unmarshal([]byte(resp.body), &body); err != nil || resp.StatusCode != 401 || body.Error != "scope_missing" {
		t.Fatalf("%d %s: %v", resp.StatusCode, resp.body, err)
	}
	if len(body.Missing.ACR) != 1 || !slices.Equal(body.Missing.ACR[0], []string{"c1", "c2"}) || body.Missing.MaxAge != 900 {
		t.Errorf("missing: %s", resp.body)
	}
	login := parse(t, body.LoginURL)
	if login.Query().Get("rd") != app+"/page" || login.Query().Get("for") != app+"/api/pay" {
		t.Fatalf("login_url %q", body.LoginURL)
	}
	target := b.get(body.LoginURL).Header.Get("Location")
	if q := parse(t, target).Query(); q.Get("max_age") != "900" || !strings.Contains(q.Get("claims"), `"c2"`) {
		t.Errorf("the sign-in asks for max_age %q, claims %q", q.Get("max_age"), q.Get("claims"))
	}
	if resp := b.get(b.atEntra(target)); resp.Header.Get("Location") != app+"/page" {
		t.Errorf("returned to %q", resp.Header.Get("Location"))
	}
	if resp := b.check(app+"/api/pay", "acr=c1|c2&max_age=15m", script); resp.StatusCode != 202 {
		t.Errorf("afterwards: %d", resp.StatusCode)
	}
}

// Nobody declines a stronger sign-in and gets in.
func TestStepUpDeclined(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Adele)
	b.open(app+"/", "")
	b.cancel = true
	if resp := b.open(app+"/safe", "acr=c1"); resp.StatusCode != 403 || !strings.Contains(resp.body, "cancelled") {
		t.Errorf("%d\n%s", resp.StatusCode, resp.text())
	}
	for query, status := range map[string]int{"acr=c1": 401, "": 202} {
		if resp := b.check(app+"/safe", query); resp.StatusCode != status {
			t.Errorf("%q: %d, want %d", query, resp.StatusCode, status)
		}
	}
	// A sign-in for another page does not bring it either.
	b.cancel = false
	b.get(b.atEntra(b.get(app + basePath + "/login?" + url.Values{"rd": {"/"}, "retry": {"1"}}.Encode()).Header.Get("Location")))
	if resp := b.check(app+"/safe", "acr=c1"); resp.StatusCode != 401 {
		t.Errorf("after a plain sign-in: %d", resp.StatusCode)
	}
}
