package authserver_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session/memstore"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// Who asks to be signed out everywhere, but whose session here has ended already, is
// told that the others go on, instead of that all is done. The cookie goes.
func TestAttack30EverywhereWithoutASession(t *testing.T) {
	for mode, open := range map[string]func(t *testing.T) *pair{
		"in a store": func(t *testing.T) *pair { return newPair(t, options{idle: 10 * time.Minute}) },
		"in cookies": func(t *testing.T) *pair {
			p, _ := listedPair(t)
			return p
		},
	} {
		for _, row := range []struct {
			name string
			end  func(p *pair, b *browser)
			good bool
		}{
			{"it is good", func(*pair, *browser) {}, true},
			{"it was signed out elsewhere", func(p *pair, b *browser) {
				copied := p.b.browser("")
				copied.plant(b.cookie(p.a.cookies.Ticket.Name))
				copied.do("GET", logoutURL, click(), nil)
				time.Sleep(20 * time.Millisecond) // until the other replica has heard
				p.passes(p.a.t, "ended", b, false)
			}, false},
			{"it is somebody's text", func(_ *pair, b *browser) { b.plant("x") }, false},
			{"there is none", func(p *pair, b *browser) { b.forget(p.a.cookies.Ticket.Name) }, false},
		} {
			t.Run(mode+", "+row.name, func(t *testing.T) {
				p := open(t)
				p.a.t, p.b.t = t, t
				here, there := p.a.signedIn(emulator.Adele), p.b.signedIn(emulator.Adele)
				p.advance(time.Second)
				row.end(p, here)
				resp := here.post(logoutURL, "same-origin", everywhere)
				_, removed := resp.sessionCookie(p.a)
				if !removed || here.cookie(p.a.cookies.Ticket.Name) != "" {
					t.Error("the cookie stays")
				}
				if row.good {
					if resp.StatusCode != http.StatusFound || !strings.HasPrefix(resp.Header.Get("Location"), p.a.idp.BaseURL()) {
						t.Errorf("%d %q", resp.StatusCode, resp.Header.Get("Location"))
					}
				} else if resp.StatusCode != http.StatusUnauthorized || resp.Header.Get("Location") != "" || !strings.Contains(resp.body, "Your other sessions go on") {
					t.Errorf("%d %q\n%s", resp.StatusCode, resp.Header.Get("Location"), resp.text())
				}
				p.advance(time.Second)
				p.passes(t, "the other browser", there, !row.good)
			})
		}
	}
}

// The other sessions were in use while this one was not: it ended by itself.
func TestAttack30EverywhereAfterIdling(t *testing.T) {
	p := newPair(t, options{idle: 10 * time.Minute})
	here, there := p.a.signedIn(emulator.Adele), p.b.signedIn(emulator.Adele)
	for range 12 {
		p.advance(time.Minute)
		p.passes(t, "the other browser", there, true)
	}
	resp := here.post(logoutURL, "same-origin", everywhere)
	_, removed := resp.sessionCookie(p.a)
	if resp.StatusCode != http.StatusUnauthorized || resp.Header.Get("Location") != "" || !removed {
		t.Errorf("%d %q, removed %v", resp.StatusCode, resp.Header.Get("Location"), removed)
	}
	p.passes(t, "the other browser", there, true)
	// As the page says: sign in again, and then sign out everywhere.
	if resp := here.open(page, ""); resp.StatusCode != http.StatusAccepted {
		t.Fatal(resp.StatusCode)
	}
	if resp := here.post(logoutURL, "same-origin", everywhere); resp.StatusCode != http.StatusFound {
		t.Errorf("%d", resp.StatusCode)
	}
	p.passes(t, "the other browser, then", there, false)
}

// With neither a store nor a list other sessions cannot be ended, and nothing is.
func TestEverywhereWithoutAStore(t *testing.T) {
	k := newKit(t, options{})
	b := k.signedIn(emulator.Adele)
	for name, one := range map[string]*browser{"signed in": b, "not signed in": k.browser("")} {
		resp := one.post(logoutURL, "same-origin", everywhere)
		if _, removed := resp.sessionCookie(k); removed || resp.StatusCode != http.StatusBadRequest || resp.Header.Get("Location") != "" {
			t.Errorf("%s: %d %q, removed %v", name, resp.StatusCode, resp.Header.Get("Location"), removed)
		}
	}
	if resp := b.check(page, ""); resp.StatusCode != http.StatusAccepted {
		t.Errorf("%d", resp.StatusCode)
	}
	if resp := b.post(logoutURL, "same-origin", nil); resp.StatusCode != http.StatusFound {
		t.Errorf("this browser alone: %d", resp.StatusCode)
	}
}

// A replayed logout token ends nothing that was issued more than a minute after it,
// and in cookie mode too it can be used once, and again when it did nothing because
// the list was down.
func TestAttack30BackChannelReplays(t *testing.T) {
	for mode, open := range map[string]func(t *testing.T) (*pair, *memstore.Log){
		"in a store": func(t *testing.T) (*pair, *memstore.Log) { return newPair(t, options{}), nil },
		"in cookies": func(t *testing.T) (*pair, *memstore.Log) {
			p, logs := listedPair(t)
			return p, logs[0]
		},
	} {
		t.Run(mode, func(t *testing.T) {
			p, log := open(t)
			p.a.t, p.b.t = t, t
			b := p.a.signedIn(emulator.Adele)
			sid := b.sid()
			p.advance(5 * time.Second)
			token := p.a.logoutToken(emulator.Adele, sid)
			fail := func(err error) {
				if log != nil {
					log.Fail(err)
				} else {
					p.stores[0].Fail(err)
				}
			}
			fail(errDown)
			backAnswer(t, "down", p.a.send("POST", backPath, form, token), 503)
			fail(nil)
			waitFor(t, "the store", func() bool { return b.at(p.a).check(page, "").StatusCode == http.StatusAccepted })
			backAnswer(t, "up again", p.a.send("POST", backPath, form, token), 200)
			p.passes(t, "the session", b, false)
			p.advance(61 * time.Second)
			again := p.sameSID(sid)
			backAnswer(t, "replayed", p.a.send("POST", backPath, form, token), 400)
			backAnswer(t, "replayed at the other", p.b.send("POST", backPath, form, token), 400)
			p.advance(time.Second)
			time.Sleep(20 * time.Millisecond)
			p.passes(t, "what was issued more than a minute later", again, true)
			p.passes(t, "what it ended", b, false)
		})
	}
}

// sameSID is a browser that signed in again within the same session at the provider.
func (p *pair) sameSID(sid string) *browser {
	b := p.a.browser("")
	pair := p.a.issueSID(sid).Get("Cookie")
	_, value, _ := strings.Cut(pair, "=")
	b.plant(value)
	return b
}
