package authserver_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// The store is down, or broken, at each step: nobody is let in, nobody is signed
// out, every answer says so, and afterwards all is as it was.
func TestAttack22StoreDownAtEveryStep(t *testing.T) {
	for kind, fault := range map[string]func(string) error{
		"down":   func(string) error { return errDown },
		"panics": func(string) error { panic("a broken store") },
	} {
		t.Run(kind, func(t *testing.T) {
			f := &faultyStore{}
			p := newPair(t, options{faulty: f, noCache: true})
			b := p.a.signedIn(emulator.Adele)
			stranger := p.a.browser(emulator.Bob)
			back := stranger.atEntra(stranger.toEntra(page))
			unavailable := func(what string, resp *response, code int) {
				t.Helper()
				set, removed := resp.sessionCookie(p.a)
				if resp.StatusCode != code || set || removed {
					t.Errorf("%s: %d, session cookie set %v, removed %v\n%s", what, resp.StatusCode, set, removed, resp.text())
				}
				if code == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") == "" {
					t.Errorf("%s: no Retry-After", what)
				}
			}
			f.set(fault)
			for range 3 {
				resp := b.check(page, "")
				wellAnswered(t, resp.Response)
				unavailable("auth", resp, http.StatusUnauthorized)
				if len(resp.Header["Set-Cookie"]) != 1 || p.a.lastReason() != "store" || resp.Header.Get("X-Injected-Oid") != "" {
					t.Errorf("auth: %v %s", resp.Header, p.a.lastReason())
				}
			}
			unavailable("login", b.get(loginURL(page)), http.StatusServiceUnavailable)
			script := b.do(http.MethodGet, loginURL(page), http.Header{"Accept": {"application/json"}}, nil)
			unavailable("login of a script", script, http.StatusServiceUnavailable)
			unavailable("me", b.get(app+basePath+"/me"), http.StatusServiceUnavailable)
			asJSON := b.do(http.MethodGet, app+basePath+"/me", http.Header{"Accept": {"application/json"}}, nil)
			unavailable("me as JSON", asJSON, http.StatusServiceUnavailable)
			var answer struct{ Error string }
			if err := json.Unmarshal([]byte(asJSON.body), &answer); err != nil || answer.Error != "unsure" {
				t.Errorf("%s: %v", asJSON.body, err)
			}
			unavailable("the question before a sign-out", b.get(app+basePath+"/logout"), http.StatusServiceUnavailable)
			unavailable("logout", b.do(http.MethodGet, app+basePath+"/logout", click(), nil), http.StatusServiceUnavailable)
			unavailable("logout by a form", b.post(app+basePath+"/logout", "same-origin", url.Values{}), http.StatusServiceUnavailable)
			unavailable("ending one", b.post(app+basePath+"/me", "same-origin", url.Values{"session": {"000000000000"}}), http.StatusServiceUnavailable)
			code := http.StatusServiceUnavailable
			if kind == "panics" {
				code = http.StatusInternalServerError
			}
			resp := stranger.get(back)
			unavailable("callback", resp, code)
			if resp.Header.Get("Location") != "" {
				t.Errorf("callback: %q", resp.Header.Get("Location"))
			}
			// A reading may work and the writing not.
			f.set(func(op string) error {
				if op != "get" {
					return fault(op)
				}
				return nil
			})
			if resp := b.check(page, ""); resp.StatusCode != http.StatusAccepted {
				t.Errorf("it can be read: %d", resp.StatusCode)
			}
			unavailable("logout that cannot be written", b.do(http.MethodGet, app+basePath+"/logout", click(), nil), code)
			list := b.get(app + basePath + "/me")
			if kind == "down" && (list.StatusCode != http.StatusOK || !strings.Contains(list.body, "Adele Vance")) {
				t.Errorf("me without its list: %d", list.StatusCode)
			}
			f.set(nil)
			if b.cookie(p.a.cookies.Ticket.Name) == "" {
				t.Error("the cookie has gone")
			}
			p.passes(t, "afterwards", b, true)
			if resp := b.get(app + basePath + "/me"); resp.StatusCode != http.StatusOK {
				t.Errorf("me: %d", resp.StatusCode)
			}
			if resp := stranger.open(page, ""); resp.StatusCode != http.StatusAccepted {
				t.Errorf("the sign-in: %d", resp.StatusCode)
			}
			if resp := b.do(http.MethodGet, app+basePath+"/logout", click(), nil); resp.StatusCode != http.StatusFound {
				t.Errorf("the sign-out: %d", resp.StatusCode)
			}
			p.passes(t, "signed out", b, false)
			p.passes(t, "the other person", stranger, true)
		})
	}
}

// A use that cannot be noted lets the request pass all the same; a store that
// panics there makes it Unsure.
func TestAttack22TouchFails(t *testing.T) {
	f := &faultyStore{}
	p := newPair(t, options{faulty: f, noCache: true, idle: 10 * time.Minute})
	b := p.a.signedIn(emulator.Adele)
	p.advance(2 * time.Minute)
	f.fails("touch")
	if resp := b.check(page, ""); resp.StatusCode != http.StatusAccepted || len(resp.Header["Set-Cookie"]) != 0 {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
	f.set(func(op string) error {
		if op == "touch" {
			panic("a broken store")
		}
		return nil
	})
	resp := b.check(page, "")
	wellAnswered(t, resp.Response)
	if resp.StatusCode != http.StatusUnauthorized || p.a.lastReason() != "internal" {
		t.Errorf("%d %s", resp.StatusCode, p.a.lastReason())
	}
	f.set(nil)
	if resp := b.check(page, ""); resp.StatusCode != http.StatusAccepted { // on this replica first: the other's calls are not counted
		t.Errorf("afterwards: %d", resp.StatusCode)
	}
	p.passes(t, "afterwards", b, true)
	if f.count("touch") != 3 {
		t.Errorf("noted %d times", f.count("touch"))
	}
}
