package authserver_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/signin"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// due makes the session of a browser one whose access token has ended.
func (p *pair) due() { p.advance(time.Hour + time.Minute) }

// refreshed asks once and expects an answer that needs no new cookie.
func (b *browser) refreshed(t *testing.T, query string, want int) *response {
	t.Helper()
	resp := b.check(page, query)
	if resp.StatusCode != want {
		t.Errorf("%d (%s), want %d", resp.StatusCode, b.k.lastReason(), want)
	}
	if resp.StatusCode == http.StatusAccepted && len(resp.Header["Set-Cookie"]) != 0 {
		t.Errorf("a refresh sets a cookie: %q", resp.Header["Set-Cookie"])
	}
	wellAnswered(t, resp.Response)
	return resp
}

// Every last word of the provider's ends the session, on both replicas, with a
// reason; a new sign-in works.
func TestRefreshRefused(t *testing.T) {
	reasons := map[emulator.Refusal]string{
		emulator.RefuseRevoked: "session_refused", emulator.RefuseExpired: "session_refused", emulator.RefuseDisabled: "session_refused",
		emulator.RefuseSignInFrequency: "interaction", emulator.RefuseConsent: "interaction", emulator.RefuseMFA: "interaction",
		emulator.RefuseBlocked: "interaction", emulator.RefuseInteraction: "interaction",
	}
	for _, refusal := range emulator.Refusals() {
		t.Run(string(refusal), func(t *testing.T) {
			p := newPair(t, options{})
			b, other := p.a.signedIn(emulator.Adele), p.a.signedIn(emulator.Bob)
			p.due()
			p.a.idp.SetFaults(emulator.Faults{Refresh: []emulator.RefreshFault{{User: emulator.Adele, Refuse: refusal}}})
			b.refreshed(t, "", http.StatusUnauthorized)
			if got := p.a.lastReason(); got != reasons[refusal] {
				t.Errorf("reason %q, want %q", got, reasons[refusal])
			}
			p.passes(t, "afterwards", b, false)
			if n := p.a.idp.Refreshes(emulator.Adele); n != 1 {
				t.Errorf("%d refreshes", n)
			}
			p.passes(t, "another person", other, true)
			p.a.idp.ClearFaults()
			p.passes(t, "it stays ended", b, false)
			if resp := b.open(page, ""); resp.StatusCode != http.StatusAccepted {
				t.Errorf("a new sign-in: %d\n%s", resp.StatusCode, resp.text())
			}
			p.passes(t, "signed in again", b, true)
			if text := p.a.log.String() + p.b.log.String(); strings.Contains(text, "refresh_token=") || strings.Contains(text, "eyJ") {
				t.Error("a token in the log")
			}
		})
	}
}

// An account that is disabled, and one whose sessions were revoked.
func TestRefreshFollowsTheProvider(t *testing.T) {
	for name, change := range map[string]func(idp *emulator.Server){
		"disabled": func(idp *emulator.Server) {
			idp.ChangeUser(emulator.Adele, func(u *emulator.User) { u.Disabled = true })
		},
		"revoked": func(idp *emulator.Server) { idp.RevokeSessions(emulator.Adele) },
		"consent": nil,
	} {
		p := newPair(t, options{})
		b := p.a.signedIn(emulator.Adele)
		if change != nil {
			change(p.a.idp)
		}
		p.passes(t, name+": until the token ends", b, true)
		p.due()
		p.passes(t, name+": afterwards", b, change == nil)
	}
}

// What passes keeps the session: it is believed for a while, then nobody knows; it
// recovers by itself, and the provider is left alone meanwhile.
func TestAttack22ProviderFaultsAtARefresh(t *testing.T) {
	status := func(code, after int) emulator.Faults {
		return emulator.Faults{Refresh: []emulator.RefreshFault{{EndpointFault: emulator.EndpointFault{Status: code, RetryAfter: after}}}}
	}
	other := func(f emulator.EndpointFault) emulator.Faults {
		return emulator.Faults{Refresh: []emulator.RefreshFault{{EndpointFault: f}}}
	}
	for _, row := range []struct {
		name  string
		fault emulator.Faults
		pause time.Duration // that the first failure brings at least
	}{
		{"429", status(429, 60), time.Minute},
		{"429 without a time", status(429, 0), 2 * time.Second},
		{"500", status(500, 0), 2 * time.Second},
		{"503", status(503, 30), 30 * time.Second},
		{"garbage", other(emulator.EndpointFault{Garbage: true}), 2 * time.Second},
		{"an empty object", other(emulator.EndpointFault{Body: "{}"}), 2 * time.Second},
		{"a page", other(emulator.EndpointFault{Body: "<html>", ContentType: "text/html"}), 2 * time.Second},
		{"too large", other(emulator.EndpointFault{HugeBytes: 8 << 20}), 2 * time.Second},
		{"a redirect elsewhere", other(emulator.EndpointFault{Location: "https://evil.example/"}), 2 * time.Second},
		{"cut off", other(emulator.EndpointFault{Drop: true}), 2 * time.Second},
		{"ID token not signed by the provider", emulator.Faults{IDToken: emulator.WrongSignature}, 2 * time.Second},
		{"ID token for another client", emulator.Faults{IDToken: emulator.WrongAudience}, 2 * time.Second},
		{"ID token of another issuer", emulator.Faults{IDToken: emulator.WrongIssuer}, 2 * time.Second},
		{"ID token that has expired", emulator.Faults{IDToken: emulator.Expired}, 2 * time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := newPair(t, options{})
			b := p.a.signedIn(emulator.Adele)
			p.a.idp.SetFaults(row.fault)
			p.due()
			for range 5 {
				b.refreshed(t, "role=Admin", http.StatusAccepted)
			}
			asked := func() int { return p.a.idp.Requests(emulator.EndpointToken) - 1 } // the first is the sign-in
			if asked() != 1 {
				t.Errorf("asked %d times at once", asked())
			}
			p.advance(row.pause - time.Second)
			b.refreshed(t, "", http.StatusAccepted)
			if asked() != 1 {
				t.Errorf("asked %d times before its time", asked())
			}
			p.advance(2 * time.Second)
			b.refreshed(t, "", http.StatusAccepted)
			if asked() != 2 {
				t.Errorf("asked %d times when it was time", asked())
			}
			p.advance(6 * time.Minute) // more than STALE_OK
			resp := b.refreshed(t, "", http.StatusUnauthorized)
			if p.a.lastReason() != "not_refreshed" || b.cookie(p.a.cookies.Ticket.Name) == "" {
				t.Errorf("reason %q, cookies %q", p.a.lastReason(), resp.Header["Set-Cookie"])
			}
			if resp := b.get(loginURL(page)); resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
				t.Errorf("login: %d", resp.StatusCode)
			}
			if resp := b.get(app + basePath + "/me"); resp.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("me: %d", resp.StatusCode)
			}
			p.a.idp.ClearFaults()
			p.advance(10 * time.Minute)
			b.refreshed(t, "role=Admin", http.StatusAccepted)
			p.passes(t, "afterwards", b, true)
		})
	}
}

// A provider that takes long: a due session is used as it is.
func TestAttack22SlowRefresh(t *testing.T) {
	p := newPair(t, options{})
	b := p.a.signedIn(emulator.Adele)
	p.advance(56 * time.Minute)
	hold := p.a.idp.HoldTokens("refresh_token")
	begun := time.Now()
	b.refreshed(t, "", http.StatusAccepted)
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("a request waited for %v", took)
	}
	b.at(p.b).refreshed(t, "", http.StatusAccepted)
	if n := hold.Waiting(); n != 1 {
		t.Errorf("%d refreshes", n)
	}
	hold.Release()
	waitFor(t, "the refresh", func() bool { return b.at(p.b).check(page, "").StatusCode == 202 && p.refreshedOnce() })
}

func (p *pair) refreshedOnce() bool {
	calls := p.a.idp.RefreshCalls()
	return len(calls) == 1 && calls[0].Status == http.StatusOK
}

// Nothing stale is allowed: then the moment counts, and the session stays.
func TestNothingStale(t *testing.T) {
	p := newPair(t, options{staleOK: time.Nanosecond})
	b := p.a.signedIn(emulator.Adele)
	p.a.idp.SetFaults(emulator.Faults{Endpoints: map[emulator.Endpoint]emulator.EndpointFault{emulator.EndpointToken: {Status: 503}}})
	p.advance(59 * time.Minute)
	b.refreshed(t, "", http.StatusAccepted)
	p.advance(time.Minute + time.Second)
	b.refreshed(t, "", http.StatusUnauthorized)
	p.a.idp.ClearFaults()
	p.advance(time.Minute)
	p.passes(t, "the provider is back", b, true)
}

// An ID token about somebody else ends the session: nobody becomes somebody else.
func TestRefreshAboutAnotherPerson(t *testing.T) {
	for name, edit := range map[string]func(claims map[string]any){
		"another oid":     func(c map[string]any) { c["oid"] = emulator.BobOID },
		"another sub":     func(c map[string]any) { c["sub"] = "another" },
		"the same person": nil,
	} {
		p := newPair(t, options{})
		b := p.a.signedIn(emulator.Adele)
		p.due()
		p.a.idp.SetFaults(emulator.Faults{EditClaims: edit})
		resp := b.check(page, "")
		if resp.Header.Get("X-Injected-Oid") == emulator.BobOID {
			t.Errorf("%s: became bob", name)
		}
		p.a.idp.ClearFaults()
		p.passes(t, name, b, edit == nil)
	}
}

// Roles, groups, name and mail are those of the refresh; scopes and graph results
// stay, and so does how the person signed in.
func TestRefreshFollowsClaims(t *testing.T) {
	p := newPair(t, options{})
	b := p.a.browser(emulator.Adele)
	first := b.open(page, "scope=User.Read.All&graph=/me")
	if first.StatusCode != http.StatusAccepted {
		t.Fatal(first.StatusCode)
	}
	p.a.idp.ChangeUser(emulator.Adele, func(u *emulator.User) {
		u.Roles, u.Groups, u.Name, u.Email = []string{"Reader"}, groupIDs(7), "Adele Smith", "smith@contoso.example"
	})
	p.due()
	for _, k := range []*kit{p.a, p.b} {
		resp := b.at(k).refreshed(t, "scope=User.Read.All&graph=/me&role=Reader&"+inAny(7), http.StatusAccepted)
		for header, want := range map[string]string{
			"Roles": "Reader", "Groups": emulator.GroupID(7), "Name": "Adele+Smith", "Email": "smith%40contoso.example",
			"Scp": first.Header.Get("X-Injected-Scp"), "Graph": first.Header.Get("X-Injected-Graph"), "Oid": emulator.AdeleOID,
		} {
			if got := resp.Header.Get("X-Injected-" + header); got != want || got == "" {
				t.Errorf("%s: %.60q, want %.60q", header, got, want)
			}
		}
		if resp := b.check(page, "role=Admin"); resp.StatusCode != http.StatusUnauthorized || k.lastReason() != "role_missing" {
			t.Errorf("the role of before: %d %s", resp.StatusCode, k.lastReason())
		}
	}
	if n := len(p.a.idp.RefreshCalls()); n != 1 {
		t.Errorf("%d refreshes", n)
	}
}

// A provider that sends no ID token with a refresh says nothing new of the person.
func TestRefreshWithoutAnIDToken(t *testing.T) {
	p := newPair(t, options{pass: true})
	b := p.a.browser(emulator.Adele)
	before := b.open(page, "role=Admin")
	p.due()
	p.a.idp.SetFaults(emulator.Faults{OmitIDToken: true})
	p.a.idp.ChangeUser(emulator.Adele, func(u *emulator.User) { u.Roles = nil })
	resp := b.refreshed(t, "role=Admin", http.StatusAccepted)
	if resp.Header.Get("X-Injected-Id-Token") != before.Header.Get("X-Injected-Id-Token") || resp.Header.Get("X-Injected-Access-Token") == before.Header.Get("X-Injected-Access-Token") {
		t.Error("the ID token stays, the access token is a new one")
	}
	if len(p.a.idp.RefreshCalls()) != 1 {
		t.Errorf("%d refreshes", len(p.a.idp.RefreshCalls()))
	}
}

// Five refreshes, each with the token of the one before, on alternating replicas.
func TestRefreshTokensRotate(t *testing.T) {
	p := newPair(t, options{emulator: func(c *emulator.Config) {
		c.Sessions.RotateRefreshTokens, c.Sessions.RevokeReused = true, true
	}})
	b := p.a.signedIn(emulator.Adele)
	for n := range 5 {
		p.due()
		b.at([]*kit{p.b, p.a}[n%2]).refreshed(t, "role=Admin", http.StatusAccepted)
		p.passes(t, "between", b, true)
	}
	calls := p.a.idp.RefreshCalls()
	if len(calls) != 5 || slices.ContainsFunc(calls, func(c emulator.RefreshCall) bool { return c.Status != http.StatusOK }) {
		t.Errorf("%+v", calls)
	}
}

// An answer that was lost: with refresh tokens that stay good the next try works,
// with those that are good once the person signs in again; nobody is let in by it.
func TestRefreshAnswerLost(t *testing.T) {
	for _, rotate := range []bool{false, true} {
		p := newPair(t, options{emulator: func(c *emulator.Config) { c.Sessions.RotateRefreshTokens = rotate }})
		b := p.a.signedIn(emulator.Adele)
		p.due()
		p.a.idp.SetFaults(emulator.Faults{Refresh: []emulator.RefreshFault{{Lost: true, EndpointFault: emulator.EndpointFault{Times: 1}}}})
		b.refreshed(t, "", http.StatusAccepted)
		p.advance(3 * time.Second)
		p.passes(t, "afterwards", b, !rotate)
		if rotate {
			if resp := b.open(page, ""); resp.StatusCode != http.StatusAccepted {
				t.Errorf("a new sign-in: %d", resp.StatusCode)
			}
		}
	}
}

// Groups beyond the token are asked for again, those that the session was asked
// for; while Graph is down the old ones stay.
func TestRefreshAsksForGroups(t *testing.T) {
	o := asksOverage(func(g *signin.Groups) { g.Keep = groupIDs(250) })
	p := newPair(t, o)
	b := p.a.browser(emulator.Grace)
	if resp := b.open(page, inAny(250)); resp.StatusCode != http.StatusAccepted {
		t.Fatalf("%d\n%s", resp.StatusCode, resp.text())
	}
	leave := func(user *emulator.User) {
		user.Groups = slices.DeleteFunc(slices.Clone(user.Groups), func(g string) bool { return g == emulator.GroupID(250) })
	}
	p.due()
	p.a.idp.SetFaults(emulator.Faults{Endpoints: map[emulator.Endpoint]emulator.EndpointFault{emulator.EndpointGraph: {Status: 503}}})
	p.a.idp.ChangeUser(emulator.Grace, leave)
	b.refreshed(t, inAny(250), http.StatusAccepted)
	p.a.idp.ClearFaults()
	if len(p.a.idp.RefreshCalls()) == 0 {
		t.Error("no refresh")
	}
	p.due()
	b.refreshed(t, inAny(250), http.StatusUnauthorized)
	if p.a.lastReason() != "group_missing" {
		t.Errorf("reason %q", p.a.lastReason())
	}
	p.a.idp.ChangeUser(emulator.Grace, func(u *emulator.User) { u.Groups = append(u.Groups, emulator.GroupID(250)) })
	p.due()
	b.refreshed(t, inAny(250), http.StatusAccepted)
}

// A provider that gave no refresh token is never asked, and the session is good
// until its end.
func TestNoRefreshToken(t *testing.T) {
	p := newPair(t, options{})
	p.a.idp.SetFaults(emulator.Faults{TokenEdit: func(answer map[string]any) { delete(answer, "refresh_token") }})
	b := p.a.signedIn(emulator.Adele)
	p.advance(7 * time.Hour)
	p.passes(t, "hours later", b, true)
	if n := len(p.a.idp.RefreshCalls()); n != 0 {
		t.Errorf("%d refreshes", n)
	}
	p.advance(time.Hour)
	p.passes(t, "at its end", b, false)
}

// In cookie mode nothing is asked for offline, and nothing refreshed.
func TestNoRefreshInCookies(t *testing.T) {
	k := newKit(t, options{})
	b := k.signedIn(emulator.Adele)
	if scope := k.idp.LastAuthorize().Get("scope"); strings.Contains(scope, "offline_access") {
		t.Errorf("asked for %q", scope)
	}
	k.advance(7 * time.Hour)
	if resp := b.check(page, ""); resp.StatusCode != http.StatusAccepted || len(k.idp.RefreshCalls()) != 0 {
		t.Errorf("%d, %d refreshes", resp.StatusCode, len(k.idp.RefreshCalls()))
	}
	p := newPair(t, options{})
	p.a.signedIn(emulator.Adele)
	if scope := p.a.idp.LastAuthorize().Get("scope"); !strings.Contains(scope, "offline_access") {
		t.Errorf("with a store: asked for %q", scope)
	}
}

// Who signs out during a refresh is signed out.
func TestAttack30SignOutDuringARefresh(t *testing.T) {
	p := newPair(t, options{})
	b := p.a.signedIn(emulator.Adele)
	p.advance(56 * time.Minute)
	hold := p.a.idp.HoldTokens("refresh_token")
	value := b.cookie(p.a.cookies.Ticket.Name)
	done := make(chan int)
	go func() { done <- p.a.ask("GET", "", nginx(p.a.cookies.Ticket.Name+"="+value)).StatusCode }()
	if err := hold.Wait(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if resp := b.at(p.b).do(http.MethodGet, app+basePath+"/logout", click(), nil); resp.StatusCode != http.StatusFound {
		t.Fatal(resp.StatusCode)
	}
	hold.Release()
	<-done // it was asked before the sign-out
	waitFor(t, "the refresh", p.refreshedOnce)
	b.plant(value)
	p.passes(t, "a copy of the cookie", b, false)
	if resp := b.open(page, ""); resp.StatusCode != http.StatusAccepted && resp.StatusCode != http.StatusOK {
		t.Errorf("a new sign-in: %d", resp.StatusCode)
	}
}
