package authserver_test

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/signin"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// groupsUnknown signs Grace in while Graph does not tell her groups.
func groupsUnknown(t *testing.T, k *kit, f emulator.Faults) *browser {
	t.Helper()
	k.idp.SetFaults(f)
	b := k.browser(emulator.Grace)
	resp := b.open(app+"/page", inAny(7))
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") != "30" || !strings.Contains(resp.body, "still signed in") {
		t.Fatalf("%d, Retry-After %q\n%s", resp.StatusCode, resp.Header.Get("Retry-After"), resp.text())
	}
	return b
}

func checkFaults(f emulator.ItemFault) emulator.Faults {
	return emulator.Faults{Graph: map[string]emulator.ItemFault{"/me/checkMemberGroups": f}}
}

// Whatever goes wrong at Graph, a rule about groups is could-not-tell: never a
// pass, never a no, and not the end of the session.
func TestGroupsCouldNotBeAsked(t *testing.T) {
	graphDown := func(f emulator.EndpointFault) emulator.Faults {
		return emulator.Faults{Endpoints: map[emulator.Endpoint]emulator.EndpointFault{emulator.EndpointGraph: f}}
	}
	tests := map[string]emulator.Faults{
		"too many requests":     checkFaults(emulator.ItemFault{Status: 429, RetryAfter: 120}),
		"an error of theirs":    checkFaults(emulator.ItemFault{Status: 500}),
		"not available":         checkFaults(emulator.ItemFault{Status: 503}),
		"not allowed":           checkFaults(emulator.ItemFault{Status: 403}),
		"not authorized":        checkFaults(emulator.ItemFault{Status: 401}),
		"not what was asked":    checkFaults(emulator.ItemFault{Status: 200, Body: map[string]any{"value": "all of them"}}),
		"the connection breaks": graphDown(emulator.EndpointFault{Drop: true}),
		"garbage":               graphDown(emulator.EndpointFault{Garbage: true}),
		"a redirect":            graphDown(emulator.EndpointFault{Location: "https://evil.example/", Status: 307}),
		"the gateway":           graphDown(emulator.EndpointFault{Status: 502}),
	}
	for name, f := range tests {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, asksOverage())
			b := groupsUnknown(t, k, f)
			resp := b.check(app+"/page", inAny(7))
			wellAnswered(t, resp.Response)
			if resp.StatusCode != 401 || k.lastReason() != string(access.ReasonGroupsUnknown) {
				t.Errorf("%d, reason %s", resp.StatusCode, k.lastReason())
			}
			if resp := b.check(app+"/page", "role=Admin&"+inAny(7)); resp.StatusCode != 401 || k.lastReason() != string(access.ReasonGroupsUnknown) {
				t.Errorf("beside a role that is missing: %d, reason %s", resp.StatusCode, k.lastReason())
			}
			if resp := b.check(app+"/other", "role=Auditor"); resp.StatusCode != 202 {
				t.Errorf("a rule without groups: %d", resp.StatusCode)
			}
			k.idp.ClearFaults()
			if resp := k.browser(emulator.Grace).open(app+"/page", inAny(7)); resp.StatusCode != 202 {
				t.Errorf("without the fault: %d", resp.StatusCode)
			}
		})
	}
}

// The answer comes after the time that a sign-in waits for Graph.
func TestGroupsTooSlow(t *testing.T) {
	o := asksOverage()
	o.graphTimeout = 200 * time.Millisecond
	k := newKit(t, o)
	groupsUnknown(t, k, checkFaults(emulator.ItemFault{Delay: time.Minute}))
}

// A script is told in JSON.
func TestGroupsUnknownForScripts(t *testing.T) {
	k := newKit(t, asksOverage())
	b := groupsUnknown(t, k, checkFaults(emulator.ItemFault{Status: 503}))
	script := http.Header{"Accept": {"application/json"}, "Sec-Fetch-Mode": {"cors"}}
	if resp := b.check(app+"/api", inAny(7), script); resp.StatusCode != 401 {
		t.Fatal(resp.StatusCode)
	}
	resp := b.do("GET", loginURL(app+"/api"), script, nil)
	var body struct {
		Error   string
		Missing struct{ Groups [][]string }
	}
	err := json.Unmarshal([]byte(resp.body), &body)
	if err != nil || resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || body.Error != "unsure" || len(body.Missing.Groups) != 1 {
		t.Errorf("%d, Retry-After %q: %s (%v)", resp.StatusCode, resp.Header.Get("Retry-After"), resp.text(), err)
	}
}

// After 30 seconds login asks again without showing anything, and then it works.
func TestGroupsRenewed(t *testing.T) {
	k := newKit(t, asksOverage())
	b := groupsUnknown(t, k, checkFaults(emulator.ItemFault{Status: 503}))
	trips := k.idp.Requests(emulator.EndpointAuthorize)
	k.advance(29 * time.Second)
	if resp := b.open(app+"/page", inAny(7)); resp.StatusCode != 503 || resp.Header.Get("Retry-After") != "1" || k.idp.Requests(emulator.EndpointAuthorize) != trips {
		t.Errorf("after 29 s: %d, Retry-After %q", resp.StatusCode, resp.Header.Get("Retry-After"))
	}
	k.idp.ClearFaults()
	k.advance(time.Second)
	if resp := b.open(app+"/page", inAny(7)); resp.StatusCode != 202 {
		t.Fatalf("after 30 s: %d\n%s", resp.StatusCode, resp.text())
	}
	if q := k.idp.LastAuthorize(); q.Get("prompt") != "none" || q.Get("login_hint") != "grace@contoso.example" {
		t.Errorf("prompt %q, login_hint %q", q.Get("prompt"), q.Get("login_hint"))
	}
	if resp := b.open(app+"/other", inAny(251)); resp.StatusCode != 403 {
		t.Errorf("and a group of others: %d", resp.StatusCode)
	}
}

// While Graph goes on failing, a browser asks once a minute at most.
func TestGroupsRenewedOnceAMinute(t *testing.T) {
	k := newKit(t, asksOverage())
	b := groupsUnknown(t, k, checkFaults(emulator.ItemFault{Status: 503}))
	k.idp.ResetCounts()
	k.advance(30 * time.Second)
	tries := map[int]int{} // by second
	for second := range 200 {
		before := k.idp.Requests(emulator.EndpointAuthorize)
		resp := b.open(app+"/page", inAny(7))
		if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
			t.Fatalf("second %d: %d\n%s", second, resp.StatusCode, resp.text())
		}
		if n := k.idp.Requests(emulator.EndpointAuthorize) - before; n > 0 {
			tries[second] = n
		}
		k.advance(time.Second)
	}
	if len(tries) != 4 || tries[0] != 1 || tries[60] != 1 || tries[120] != 1 || tries[180] != 1 {
		t.Errorf("tries by second: %v", tries)
	}
	if n := k.idp.Grants("authorization_code"); n != 4 {
		t.Errorf("%d codes", n)
	}
	k.idp.ClearFaults()
	k.advance(40 * time.Second)
	if resp := b.open(app+"/page", inAny(7)); resp.StatusCode != 202 {
		t.Errorf("at last: %d", resp.StatusCode)
	}
}

// Asking again needs a person, because the session at the IdP has ended. The
// session here goes on, and the page leads to a sign-in that can be seen.
func TestGroupsRenewalNeedsAPerson(t *testing.T) {
	k := newKit(t, asksOverage())
	b := groupsUnknown(t, k, checkFaults(emulator.ItemFault{Status: 503}))
	k.idp.ClearFaults()
	k.advance(time.Minute)
	b.client.Jar = keepOnlyOurs(t, b)
	resp := b.open(app+"/page", inAny(7))
	if resp.StatusCode != 503 || k.idp.LastAuthorize().Get("prompt") != "none" {
		t.Fatalf("%d\n%s", resp.StatusCode, resp.text())
	}
	if resp := b.check(app+"/other", ""); resp.StatusCode != 202 {
		t.Errorf("the session: %d", resp.StatusCode)
	}
	again := loginURL(app+"/page") + "&retry=1"
	if !strings.Contains(resp.body, html.EscapeString(again)) {
		t.Fatalf("the page leads nowhere:\n%s", resp.text())
	}
	target := b.get(again).Header.Get("Location")
	if q := parse(t, target).Query(); !strings.HasPrefix(target, k.idp.BaseURL()) || q.Get("prompt") != "" {
		t.Fatalf("%q", target)
	}
	if resp := b.get(b.atEntra(target)); resp.Header.Get("Location") != app+"/page" {
		t.Fatalf("%d\n%s", resp.StatusCode, resp.text())
	}
	if resp := b.check(app+"/page", inAny(7)); resp.StatusCode != 202 {
		t.Errorf("afterwards: %d", resp.StatusCode)
	}
}

// Asking again fails because the IdP does: it says so, the session goes on, and
// nobody has to sign in for it.
func TestGroupsRenewalWhileTheIDPFails(t *testing.T) {
	k := newKit(t, asksOverage())
	b := groupsUnknown(t, k, checkFaults(emulator.ItemFault{Status: 503}))
	k.advance(30 * time.Second)
	k.idp.SetFaults(emulator.Faults{Endpoints: map[emulator.Endpoint]emulator.EndpointFault{emulator.EndpointToken: {Status: 429, RetryAfter: 45}}})
	resp := b.open(app+"/page", inAny(7))
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") != "45" || !strings.Contains(resp.body, "not available right now") {
		t.Errorf("%d, Retry-After %q\n%s", resp.StatusCode, resp.Header.Get("Retry-After"), resp.text())
	}
	if resp := b.check(app+"/other", ""); resp.StatusCode != 202 {
		t.Errorf("the session: %d", resp.StatusCode)
	}
	k.idp.ClearFaults()
	k.advance(time.Minute)
	if resp := b.open(app+"/page", inAny(7)); resp.StatusCode != 202 || k.idp.LastAuthorize().Get("prompt") != "none" {
		t.Errorf("when it is well again: %d\n%s", resp.StatusCode, resp.text())
	}
}

// The same on one sign-in host for many: prompt, groups and the pause go along.
func TestGroupsRenewedAtTheCallbackHost(t *testing.T) {
	o := manyHosts()
	o.groups = signin.Groups{Ask: signin.AskOverage}
	k := newKit(t, o)
	b := groupsUnknown(t, k, checkFaults(emulator.ItemFault{Status: 503}))
	k.idp.ClearFaults()
	k.advance(30 * time.Second)
	if resp := b.open(app+"/page", inAny(7)); resp.StatusCode != 202 || k.idp.LastAuthorize().Get("prompt") != "none" {
		t.Errorf("%d, prompt %q\n%s", resp.StatusCode, k.idp.LastAuthorize().Get("prompt"), resp.text())
	}
}

// A link on another site cannot make a browser sign in silently over and over.
func TestPromptNoneIsOurs(t *testing.T) {
	k := newKit(t, asksOverage())
	b := k.browser(emulator.Adele)
	for prompt, status := range map[string]int{"none": 400, "login": 400, "select_account": 302} {
		if resp := b.get(app + basePath + "/login?" + url.Values{"rd": {"/"}, "prompt": {prompt}}.Encode()); resp.StatusCode != status {
			t.Errorf("%s: %d, want %d", prompt, resp.StatusCode, status)
		}
	}
}
