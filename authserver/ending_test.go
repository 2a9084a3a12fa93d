package authserver_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session/memstore"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

var (
	logoutURL  = app + basePath + "/logout"
	meURL      = app + basePath + "/me"
	everywhere = url.Values{"everywhere": {"1"}}
)

// How a person signs out, here or everywhere, and what cannot do it.
func TestEnding(t *testing.T) {
	for _, row := range []struct {
		name        string
		end         func(b *browser) *response
		status      int
		here, there bool // signed out: this browser, the person's other one
	}{
		{"click", func(b *browser) *response { return b.do("GET", logoutURL, click(), nil) }, 302, true, false},
		{"click, and everywhere in the address", func(b *browser) *response { return b.do("GET", logoutURL+"?everywhere=1", click(), nil) }, 302, true, false},
		{"link, and everywhere in the address", func(b *browser) *response { return b.get(logoutURL + "?everywhere=1") }, 200, false, false},
		{"form", func(b *browser) *response { return b.post(logoutURL, "same-origin", nil) }, 302, true, false},
		{"form, everywhere in the address alone", func(b *browser) *response { return b.post(logoutURL+"?everywhere=1", "same-origin", nil) }, 302, true, false},
		{"form, everywhere", func(b *browser) *response { return b.post(logoutURL, "same-origin", everywhere) }, 302, true, true},
		{"form, everywhere is something else", func(b *browser) *response { return b.post(logoutURL, "same-origin", url.Values{"everywhere": {"yes"}}) }, 302, true, false},
		{"form of another site, everywhere", func(b *browser) *response { return b.post(logoutURL, "cross-site", everywhere) }, 403, false, false},
		{"form of a sibling host, everywhere", func(b *browser) *response { return b.post(logoutURL, "same-site", everywhere) }, 403, false, false},
		{"page of the person, everywhere", func(b *browser) *response { return b.post(meURL, "same-origin", everywhere) }, 302, true, true},
		{"page of the person, from another site", func(b *browser) *response { return b.post(meURL, "cross-site", everywhere) }, 403, false, false},
		{"page of the person, from a sibling host", func(b *browser) *response { return b.post(meURL, "same-site", everywhere) }, 403, false, false},
		{"page of the person, opened", func(b *browser) *response { return b.get(meURL + "?everywhere=1") }, 200, false, false},
		{"page of the person, nothing said", func(b *browser) *response { return b.post(meURL, "same-origin", url.Values{"x": {"1"}}) }, 400, false, false},
		{"page of the person, too large", func(b *browser) *response {
			return b.post(meURL, "same-origin", url.Values{"everywhere": {"1"}, "x": {strings.Repeat("a", 20<<10)}})
		}, 400, false, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := newPair(t, options{})
			here, there, bob := p.a.signedIn(emulator.Adele), p.b.signedIn(emulator.Adele), p.b.signedIn(emulator.Bob)
			copied := p.a.browser("")
			copied.plant(here.cookie(p.a.cookies.Ticket.Name))
			resp := row.end(here)
			if resp.StatusCode != row.status {
				t.Fatalf("%d, want %d\n%s", resp.StatusCode, row.status, resp.text())
			}
			if gone := here.cookie(p.a.cookies.Ticket.Name) == ""; gone != row.here {
				t.Errorf("the cookie has gone: %v", gone)
			}
			p.passes(t, "this browser", here, !row.here)
			p.passes(t, "a copy of its cookie", copied, !row.here)
			p.passes(t, "the person's other browser", there, !row.there)
			p.passes(t, "another person", bob, true)
		})
	}
}

// Where the browser goes at a sign-out, and what the provider is told.
func TestHintsAtTheProvider(t *testing.T) {
	for _, row := range []struct {
		name  string
		edit  func(*emulator.Config)
		store bool
		hint  string
	}{
		{"Entra, with the claim login_hint", func(c *emulator.Config) { c.Clients[0].OptionalClaims = []string{"login_hint", "sid"} }, true, "logout_hint"},
		{"Entra, without it", nil, true, "id_token_hint"},
		{"Entra, with the claim, in cookies", func(c *emulator.Config) { c.Clients[0].OptionalClaims = []string{"login_hint", "sid"} }, false, "logout_hint"},
		{"Entra, without it, in cookies", nil, false, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := options{emulator: row.edit}
			if row.store {
				o.store = memstore.New("0123456789abcdef", nil)
			}
			k := newKit(t, o)
			b := k.signedIn(emulator.Adele)
			target := b.do("GET", logoutURL+"?rd=/bye", click(), nil).Header.Get("Location")
			q := parse(t, target).Query()
			for _, name := range []string{"logout_hint", "id_token_hint"} {
				if (q.Get(name) != "") != (name == row.hint) {
					t.Errorf("%s: %.30q", name, q.Get(name))
				}
			}
			if q.Get("client_id") != clientID || q.Get("post_logout_redirect_uri") != app+basePath+"/signout-callback-oidc" {
				t.Errorf("%v", q)
			}
			back, err := emulator.SignOut(t.Context(), b.client, target)
			if err != nil {
				t.Fatal(err)
			}
			if last := k.idp.LastLogout(); last.HintProblem != "" || row.hint != "" && last.Hinted != emulator.AdeleOID {
				t.Errorf("%+v", last)
			}
			if got := b.get(back).Header.Get("Location"); got != app+"/bye" {
				t.Errorf("ended at %q", got)
			}
			if strings.Contains(k.log.String(), "eyJ") {
				t.Error("a token in the log")
			}
		})
	}
}

// The list on the person's page, as JSON, and a session that is ended there.
func TestMeLists(t *testing.T) {
	p := newPair(t, options{idle: 4 * time.Hour})
	type list struct {
		Sessions []struct {
			ID, Browser   string
			Current       bool
			SignedIn      time.Time `json:"signed_in"`
			Seen, Expires time.Time
		}
	}
	sign := func(agent string) *browser {
		b := p.a.browser(emulator.Adele)
		b.client.Transport = withAgent{b.client.Transport, agent}
		if resp := b.open(page, ""); resp.StatusCode != http.StatusAccepted {
			t.Fatal(resp.StatusCode)
		}
		p.advance(time.Minute)
		return b
	}
	const linux, mac = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
	one, two, odd := sign(linux), sign(mac), sign("<script>alert(1)</script>")
	bob := p.b.signedIn(emulator.Bob)
	read := func(b *browser) (l list) {
		t.Helper()
		resp := b.do("GET", meURL, http.Header{"Accept": {"application/json"}}, nil)
		if err := json.Unmarshal([]byte(resp.body), &l); err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%d %s: %v", resp.StatusCode, resp.body, err)
		}
		return l
	}
	all := read(two)
	if len(all.Sessions) != 3 {
		t.Fatalf("%+v", all)
	}
	for i, want := range []string{"", "Chrome on macOS", "Firefox on Linux"} {
		if s := all.Sessions[i]; s.Browser != want || s.Current != (i == 1) || s.SignedIn.IsZero() || s.Expires.IsZero() || !s.Seen.IsZero() { // uses are noted with an idle time only
			t.Errorf("%d: %+v", i, s)
		}
	}
	if his := read(bob); len(his.Sessions) != 1 || !his.Sessions[0].Current {
		t.Errorf("bob sees %+v", his)
	}
	shown := two.get(meURL)
	if strings.Contains(shown.body, "<script>") || !strings.Contains(shown.body, "Firefox on Linux") || strings.Count(shown.body, `name="session"`) != 2 {
		t.Errorf("the page:\n%s", shown.text())
	}
	first, current := all.Sessions[2].ID, all.Sessions[1].ID
	end := func(b *browser, site, id string, want int) {
		t.Helper()
		resp := b.post(meURL, site, url.Values{"session": {id}})
		if resp.StatusCode != want || want == http.StatusSeeOther && resp.Header.Get("Location") != meURL {
			t.Errorf("%q: %d %q, want %d", id, resp.StatusCode, resp.Header.Get("Location"), want)
		}
	}
	end(bob, "same-origin", first, http.StatusSeeOther) // as if it had ended by itself
	end(two, "cross-site", first, http.StatusForbidden)
	end(two, "same-site", first, http.StatusForbidden)
	end(two, "same-origin", "", http.StatusBadRequest)
	end(two, "same-origin", "../x", http.StatusSeeOther)
	end(p.a.browser(""), "same-origin", first, http.StatusUnauthorized)
	for _, b := range []*browser{one, two, odd, bob} {
		p.passes(t, "nothing has ended", b, true)
	}
	end(two, "same-origin", first, http.StatusSeeOther)
	p.passes(t, "the first", one, false)
	p.passes(t, "the one that asked", two, true)
	p.passes(t, "the third", odd, true)
	end(two, "same-origin", current, http.StatusSeeOther)
	p.passes(t, "its own", two, false)
	if resp := two.get(meURL); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("me of a session that ended: %d", resp.StatusCode)
	}
}

type withAgent struct {
	http.RoundTripper

	agent string
}

func (w withAgent) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", w.agent)
	return w.RoundTripper.RoundTrip(r)
}

// Without a store or a list there is nothing to offer, and nothing more is done.
func TestMeWithoutAStore(t *testing.T) {
	for name, o := range map[string]options{"in cookies": {}, "in cookies, with a list": {revoked: memstore.NewLog(nil)}} {
		k := newKit(t, o)
		if o.revoked != nil {
			waitFor(t, "the list", func() bool { return k.ask("GET", "", nginx("")).StatusCode == 401 && k.listRead() })
		}
		b, other := k.signedIn(emulator.Adele), k.signedIn(emulator.Adele)
		k.advance(time.Second)
		resp := b.get(meURL)
		if offered := strings.Contains(resp.body, `name="everywhere"`); offered != (o.revoked != nil) || strings.Contains(resp.body, `name="session"`) {
			t.Errorf("%s: everywhere is offered: %v\n%s", name, offered, resp.text())
		}
		if resp := b.post(meURL, "same-origin", url.Values{"session": {"000000000000"}}); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
		want := http.StatusBadRequest
		if o.revoked != nil {
			want = http.StatusFound
		}
		if resp := b.post(meURL, "same-origin", everywhere); resp.StatusCode != want || (b.cookie(k.cookies.Ticket.Name) == "") != (o.revoked != nil) {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
		if code := other.check(page, "").StatusCode; (code == http.StatusAccepted) != (o.revoked == nil) {
			t.Errorf("%s: the other browser: %d", name, code)
		}
	}
}

// listRead reports whether tickets can be believed: the list of revoked ones was read.
func (k *kit) listRead() bool {
	_, reason, _ := k.sessions.Read(k.t.Context(), nginx(k.issueQuietly()))
	return !reason.CouldNotTell()
}
