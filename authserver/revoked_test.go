package authserver_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/session/memstore"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// listedPair is two replicas without a store, with one list of revoked tickets.
func listedPair(t *testing.T) (p *pair, logs [2]*memstore.Log) {
	t.Helper()
	p = &pair{time: &kit{now: time.Now().UTC().Truncate(time.Second)}}
	logs[0] = memstore.NewLog(p.time.clock)
	logs[1] = logs[0].Another()
	p.a = newKit(t, options{clock: p.time.clock, revoked: logs[0]})
	p.b = newKit(t, options{clock: p.time.clock, revoked: logs[1], idp: p.a.idp})
	waitFor(t, "the list", func() bool { return p.a.listRead() && p.b.listRead() })
	return p, logs
}

// Copies of a ticket that was ended die with it, on both replicas; a new sign-in
// of the person works, and nobody else notices.
func TestAttack30RevokedTickets(t *testing.T) {
	for _, row := range []struct {
		name        string
		end         func(p *pair, log *memstore.Log, b *browser)
		here, there bool // ended: the browser, the person's other one
		bob         bool // and another person's
	}{
		{"signed out", func(_ *pair, _ *memstore.Log, b *browser) { b.do("GET", logoutURL, click(), nil) }, true, false, false},
		{"everywhere", func(_ *pair, _ *memstore.Log, b *browser) { b.post(logoutURL, "same-origin", everywhere) }, true, true, false},
		{"everywhere, on the person's page", func(_ *pair, _ *memstore.Log, b *browser) { b.post(meURL, "same-origin", everywhere) }, true, true, false},
		{"everywhere, from another site", func(_ *pair, _ *memstore.Log, b *browser) { b.post(logoutURL, "cross-site", everywhere) }, false, false, false},
		{"by the provider, in a frame", func(p *pair, _ *memstore.Log, b *browser) {
			p.b.send("GET", frontPath+"?"+url.Values{"sid": {b.sid()}}.Encode(), nil, "")
		}, true, false, false},
		{"by the provider, with a token", func(p *pair, _ *memstore.Log, b *browser) {
			backAnswer(p.b.t, "token", p.b.send("POST", backPath, form, p.b.logoutToken(emulator.Adele, b.sid())), 200)
		}, true, false, false},
		{"all, by an administrator", func(p *pair, log *memstore.Log, _ *browser) {
			admin, err := session.NewAdmin(session.AdminConfig{Log: log, Ring: p.a.ring, Lifetime: 8 * time.Hour, Now: p.time.clock})
			if err != nil {
				p.a.t.Fatal(err)
			}
			if _, err := admin.Revoke(p.a.t.Context(), session.Who{All: true}); err != nil {
				p.a.t.Fatal(err)
			}
		}, true, true, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			p, logs := listedPair(t)
			p.a.t, p.b.t = t, t
			b, there, bob := p.a.signedIn(emulator.Adele), p.b.signedIn(emulator.Adele), p.b.signedIn(emulator.Bob)
			copied := p.a.browser("")
			copied.plant(b.cookie(p.a.cookies.Ticket.Name))
			p.advance(time.Second)
			row.end(p, logs[1], b)
			p.advance(time.Second)
			p.passes(t, "this browser", b, !row.here)
			p.passes(t, "a copy of its cookie", copied, !row.here)
			p.passes(t, "the person's other browser", there, !row.there)
			p.passes(t, "another person", bob, !row.bob)
			p.passes(t, "a new sign-in", p.a.signedIn(emulator.Adele), true)
		})
	}
}

// The list cannot be written or read: a sign-out says so and keeps the cookie. (What
// follows after five seconds is a test of package session, with a clock.)
func TestAttack22ListDown(t *testing.T) {
	p, logs := listedPair(t)
	b, other := p.a.signedIn(emulator.Adele), p.a.signedIn(emulator.Bob)
	logs[0].Fail(errDown)
	for what, resp := range map[string]*response{
		"sign-out":                b.at(p.a).do("GET", logoutURL, click(), nil),
		"sign-out everywhere":     b.post(logoutURL, "same-origin", everywhere),
		"everywhere, on the page": b.post(meURL, "same-origin", everywhere),
	} {
		set, removed := resp.sessionCookie(p.a)
		if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" || set || removed {
			t.Errorf("%s: %d, set %v, removed %v", what, resp.StatusCode, set, removed)
		}
	}
	stranger := p.a.browser(emulator.Grace)
	resp := stranger.get(stranger.atEntra(stranger.toEntra(page)))
	if set, _ := resp.sessionCookie(p.a); set || resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a sign-in whose sid cannot be noted: %d, set %v", resp.StatusCode, set)
	}
	if resp := b.check(page, ""); resp.StatusCode != http.StatusAccepted {
		t.Errorf("a moment later: %d (%s)", resp.StatusCode, p.a.lastReason())
	}
	p.passes(t, "the other replica", other.at(p.b), true)
	other.at(p.b).do("GET", logoutURL, click(), nil)
	logs[0].Fail(nil)
	waitFor(t, "the list to be read", p.a.listRead)
	p.passes(t, "afterwards", b, true)
	p.passes(t, "signed out meanwhile, elsewhere", other, false)
}

// Until the list was read once nobody is let in, and nobody signed out.
func TestAttack22ListNotYetRead(t *testing.T) {
	log := memstore.NewLog(nil)
	log.Fail(errDown)
	k := newKit(t, options{revoked: log})
	cookies := k.issueQuietly()
	for range 3 {
		resp := k.ask("GET", "", nginx(cookies))
		wellAnswered(t, resp)
		if resp.StatusCode != http.StatusUnauthorized || k.lastReason() != "store" {
			t.Errorf("%d %s", resp.StatusCode, k.lastReason())
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, loginURL(app+"/page"), nil)
	r.Header = navigation()
	r.Header["Cookie"] = []string{cookies + "; " + k.cookies.Denial.Name + "=" + k.ask("GET", "", nginx(cookies)).Cookies()[0].Value}
	rec := httptest.NewRecorder()
	k.server.ServeHTTP(rec, r)
	if rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Retry-After") == "" {
		t.Errorf("login: %d", rec.Code)
	}
	log.Fail(nil)
	waitFor(t, "the list", func() bool { return k.ask("GET", "", nginx(cookies)).StatusCode == http.StatusAccepted })
}
