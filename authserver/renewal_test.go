package authserver_test

import (
	"net/http"
	"net/http/cookiejar"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// renews is a session of eight hours that is worth renewing in the last 30 minutes.
func renews() options { return options{lifetime: 8 * time.Hour, renewBefore: 30 * time.Minute} }

// endingSession signs Adele in and lets all but 25 minutes of her session pass.
func endingSession(t *testing.T, o options) (*kit, *browser) {
	t.Helper()
	k := newKit(t, o)
	b := k.browser(emulator.Adele)
	if resp := b.open(app+"/page", ""); resp.StatusCode != 202 {
		t.Fatal(resp.StatusCode)
	}
	k.advance(8*time.Hour - 25*time.Minute)
	k.idp.ResetCounts()
	return k, b
}

// forget drops a cookie of the application's hosts, as its Max-Age would: the
// test's clock is not the jar's.
func (b *browser) forget(name string) {
	b.k.t.Helper()
	fresh, err := cookiejar.New(nil)
	if err != nil {
		b.k.t.Fatal(err)
	}
	for _, at := range []string{app + "/", "https://login.example.com/", b.k.idp.BaseURL()} {
		u := parse(b.k.t, at)
		var kept []*http.Cookie
		for _, c := range b.client.Jar.Cookies(u) {
			if c.Name != name {
				kept = append(kept, &http.Cookie{Name: c.Name, Value: c.Value, Path: "/", Secure: u.Scheme == "https"})
			}
		}
		fresh.SetCookies(u, kept)
	}
	b.client.Jar = fresh
}

// A page that is opened near the end of a session renews it, and nothing is shown.
func TestRenewal(t *testing.T) {
	k, b := endingSession(t, renews())
	before := readSession(t, k, b)
	resp := b.check(app+"/another", "")
	wellAnswered(t, resp.Response)
	if resp.StatusCode != 401 || k.lastReason() != string(access.ReasonRenew) {
		t.Fatalf("%d, reason %s", resp.StatusCode, k.lastReason())
	}
	if resp := b.open(app+"/page", ""); resp.StatusCode != 202 {
		t.Fatalf("%d\n%s", resp.StatusCode, resp.text())
	}
	if q := k.idp.LastAuthorize(); q.Get("prompt") != "none" || q.Get("login_hint") != "adele@contoso.example" || k.idp.Requests(emulator.EndpointAuthorize) != 1 {
		t.Errorf("%d trips, prompt %q, login_hint %q", k.idp.Requests(emulator.EndpointAuthorize), q.Get("prompt"), q.Get("login_hint"))
	}
	if readSession(t, k, b) == before {
		t.Error("the ticket is the old one")
	}
	k.advance(7 * time.Hour) // long after the old one's end
	if resp := b.check(app+"/page", ""); resp.StatusCode != 202 {
		t.Errorf("seven hours later: %d", resp.StatusCode)
	}
}

// A location without auth-signin cannot lead to a sign-in: what is opened there
// comes again as it was, and then the session is used while it lasts.
func TestRenewalWithoutSignIn(t *testing.T) {
	k, b := endingSession(t, renews())
	for i, want := range []int{401, 202, 202} {
		if resp := b.check(app+"/api/report", ""); resp.StatusCode != want {
			t.Errorf("request %d: %d, want %d", i+1, resp.StatusCode, want)
		}
	}
	if resp := b.open(app+"/page", ""); resp.StatusCode != 202 || k.idp.Requests(emulator.EndpointAuthorize) != 1 {
		t.Errorf("another page: %d, %d trips", resp.StatusCode, k.idp.Requests(emulator.EndpointAuthorize))
	}
}

// Only opening a page renews, only near the end, and only if it is configured.
func TestRenewalOnNavigationsOnly(t *testing.T) {
	tests := []struct {
		name   string
		before time.Duration // RenewBefore
		left   time.Duration // of the session
		header http.Header
		query  string
		status int
	}{
		{"a page", 30 * time.Minute, 25 * time.Minute, nil, "", 401},
		{"just in time", 30 * time.Minute, 30 * time.Minute, nil, "", 401},
		{"too early", 30 * time.Minute, 30*time.Minute + time.Second, nil, "", 202},
		{"off", 0, time.Second, nil, "", 202},
		{"a form", 30 * time.Minute, 25 * time.Minute, http.Header{"X-Original-Method": {"POST"}}, "", 202},
		{"HEAD", 30 * time.Minute, 25 * time.Minute, http.Header{"X-Original-Method": {"HEAD"}}, "", 202},
		{"fetch", 30 * time.Minute, 25 * time.Minute, http.Header{"Sec-Fetch-Mode": {"cors"}}, "", 202},
		{"an image", 30 * time.Minute, 25 * time.Minute, http.Header{"Sec-Fetch-Mode": {"no-cors"}}, "", 202},
		{"a prefetched page", 30 * time.Minute, 25 * time.Minute, http.Header{"Sec-Purpose": {"prefetch"}}, "", 202},
		{"a web socket", 30 * time.Minute, 25 * time.Minute, http.Header{"Sec-Fetch-Mode": {"websocket"}}, "", 202},
		{"curl", 30 * time.Minute, 25 * time.Minute, http.Header{"Sec-Fetch-Mode": nil, "Accept": {"*/*"}}, "", 202},
		{"an old browser's page", 30 * time.Minute, 25 * time.Minute, http.Header{"Sec-Fetch-Mode": nil}, "", 401},
		{"a page with a role", 30 * time.Minute, 25 * time.Minute, nil, "role=Admin", 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := newKit(t, options{noDiscovery: true, lifetime: 8 * time.Hour, renewBefore: tt.before})
			cookies := k.issue(access.Identity{Roles: []string{"Admin"}})
			k.advance(8*time.Hour - tt.left)
			h := nginx(cookies)
			for name, values := range navigation() {
				h[name] = values
			}
			for name, values := range tt.header {
				h[name] = values
			}
			resp := k.ask("GET", tt.query, h)
			if resp.StatusCode != tt.status || tt.status == 401 && k.lastReason() != string(access.ReasonRenew) {
				t.Errorf("%d, reason %s", resp.StatusCode, k.lastReason())
			}
		})
	}
}

// What a rule refuses is refused as ever: the end of the session does not hide it.
func TestRenewalComesAfterTheRule(t *testing.T) {
	k, b := endingSession(t, renews())
	if resp := b.check(app+"/admin", "role=Owner"); resp.StatusCode != 401 || k.lastReason() != string(access.ReasonRoleMissing) {
		t.Errorf("a role: %d, reason %s", resp.StatusCode, k.lastReason())
	}
	if resp := b.open(app+"/mail", "scope=Mail.Read"); resp.StatusCode != 202 || k.idp.LastAuthorize().Get("prompt") != "" || k.idp.Requests(emulator.EndpointAuthorize) != 1 {
		t.Errorf("a scope: %d after %d trips, prompt %q", resp.StatusCode, k.idp.Requests(emulator.EndpointAuthorize), k.idp.LastAuthorize().Get("prompt"))
	}
	if resp := b.check(app+"/page", ""); resp.StatusCode != 202 {
		t.Errorf("that sign-in renewed the session too: %d, reason %s", resp.StatusCode, k.lastReason())
	}
}

// When the IdP would have to show something, the page opens with the session as
// it is, and for ten minutes nothing is tried again.
func TestRenewalNeedsAPerson(t *testing.T) {
	session := map[string]func(t *testing.T, k *kit, b *browser){
		"signed out there": func(t *testing.T, _ *kit, b *browser) { b.client.Jar = keepOnlyOurs(t, b) },
		"signed in there as somebody else": func(t *testing.T, k *kit, b *browser) {
			b.client.Jar = keepOnlyOurs(t, b)
			other := k.browser(emulator.Bob)
			other.open(app+"/", "")
			at := parse(t, k.idp.BaseURL())
			b.client.Jar.SetCookies(at, other.client.Jar.Cookies(at))
			k.idp.ResetCounts()
		},
		"disabled": func(_ *testing.T, k *kit, _ *browser) {
			u, _ := k.idp.User(emulator.Adele)
			u.Disabled = true
			k.idp.SetUser(u)
		},
		"the answer is about somebody else": func(_ *testing.T, k *kit, _ *browser) {
			k.idp.SetFaults(emulator.Faults{EditClaims: func(claims map[string]any) { claims["oid"] = emulator.BobOID }})
		},
		"more is needed": func(_ *testing.T, k *kit, _ *browser) {
			k.idp.SetFaults(emulator.Faults{CallbackError: "interaction_required"})
		},
	}
	for name, prepare := range session {
		t.Run(name, func(t *testing.T) {
			k, b := endingSession(t, renews())
			prepare(t, k, b)
			before := readSession(t, k, b)
			if resp := b.open(app+"/page", ""); resp.StatusCode != 202 || resp.Header.Get("X-Injected-Oid") != emulator.AdeleOID {
				t.Fatalf("%d, oid %q\n%s", resp.StatusCode, resp.Header.Get("X-Injected-Oid"), resp.text())
			}
			if readSession(t, k, b) != before || k.idp.LastAuthorize().Get("prompt") != "none" {
				t.Errorf("the session is another one; prompt %q", k.idp.LastAuthorize().Get("prompt"))
			}
			for range 10 {
				k.advance(time.Minute)
				if resp := b.check(app+"/page", ""); resp.StatusCode != 202 {
					t.Fatalf("tried again too soon: %d", resp.StatusCode)
				}
			}
			if n := k.idp.Requests(emulator.EndpointAuthorize); n != 1 {
				t.Errorf("%d trips", n)
			}
			b.forget(k.cookies.Renewal.Name)
			if resp := b.check(app+"/page", ""); resp.StatusCode != 401 || k.lastReason() != string(access.ReasonRenew) {
				t.Errorf("after ten minutes: %d, reason %s", resp.StatusCode, k.lastReason())
			}
		})
	}
}

// The note of a try says nothing but that: it is good for ten minutes, and opens
// no session.
func TestRenewalNote(t *testing.T) {
	k, b := endingSession(t, renews())
	b.check(app+"/page", "")
	resp := b.get(loginURL(app + "/page"))
	i := slices.IndexFunc(resp.Header["Set-Cookie"], func(line string) bool { return strings.HasPrefix(line, k.cookies.Renewal.Name+"=") })
	if i < 0 || !strings.Contains(resp.Header["Set-Cookie"][i], "Max-Age=600") {
		t.Errorf("cookies %q", resp.Header["Set-Cookie"])
	}
	wellSized(t, "login", resp)
	if resp := k.ask("GET", "", nginx(k.cookies.Renewal.Name+"=1")); resp.StatusCode != 401 {
		t.Errorf("with nothing else: %d", resp.StatusCode)
	}
}

// Faults of the IdP are no reason to keep anybody from a page that is allowed.
func TestRenewalWhileTheIDPFails(t *testing.T) {
	fails := func(e emulator.Endpoint, f emulator.EndpointFault) emulator.Faults {
		return emulator.Faults{Endpoints: map[emulator.Endpoint]emulator.EndpointFault{e: f}}
	}
	for name, f := range map[string]emulator.Faults{
		"token endpoint down":    fails(emulator.EndpointToken, emulator.EndpointFault{Status: 503}),
		"too many requests":      fails(emulator.EndpointToken, emulator.EndpointFault{Status: 429, RetryAfter: 60}),
		"token endpoint drops":   fails(emulator.EndpointToken, emulator.EndpointFault{Drop: true}),
		"a token that is wrong":  {IDToken: emulator.WrongNonce},
		"a server error":         {CallbackError: "server_error"},
		"temporarily not there":  {CallbackError: "temporarily_unavailable"},
		"an error of its own":    {CallbackError: "made_up"},
		"another issuer's reply": {CallbackIssuer: "https://evil.example/"},
	} {
		t.Run(name, func(t *testing.T) {
			k, b := endingSession(t, renews())
			k.idp.SetFaults(f)
			if resp := b.open(app+"/page", ""); resp.StatusCode != 202 || k.idp.Requests(emulator.EndpointAuthorize) != 1 {
				t.Errorf("%d after %d trips\n%s", resp.StatusCode, k.idp.Requests(emulator.EndpointAuthorize), resp.text())
			}
			k.idp.ClearFaults()
			b.forget(k.cookies.Renewal.Name)
			b.forget(k.cookies.Denial.Name)
			before := readSession(t, k, b)
			if resp := b.open(app+"/page", ""); resp.StatusCode != 202 || readSession(t, k, b) == before {
				t.Errorf("when it is well again: %d, renewed %v", resp.StatusCode, readSession(t, k, b) != before)
			}
		})
	}
}

// An IdP that was never reached: login does not send the browser there.
func TestRenewalBeforeDiscovery(t *testing.T) {
	o := renews()
	o.noDiscovery = true
	k := newKit(t, o)
	b := k.browser(emulator.Adele)
	var cookies []*http.Cookie
	for pair := range strings.SplitSeq(k.issue(access.Identity{}), "; ") {
		name, value, _ := strings.Cut(pair, "=")
		cookies = append(cookies, &http.Cookie{Name: name, Value: value, Path: "/", Secure: true})
	}
	b.client.Jar.SetCookies(parse(t, app+"/"), cookies)
	k.advance(8*time.Hour - 25*time.Minute)
	if resp := b.open(app+"/page", ""); resp.StatusCode != 202 {
		t.Errorf("%d\n%s", resp.StatusCode, resp.text())
	}
	k.advance(25 * time.Minute)
	if resp := b.open(app+"/page", ""); resp.StatusCode != 503 {
		t.Errorf("after its end: %d", resp.StatusCode)
	}
}

// The session ends while the browser is on its way: an ordinary sign-in.
func TestSessionEndsDuringItsRenewal(t *testing.T) {
	t.Run("before login", func(t *testing.T) {
		k, b := endingSession(t, renews())
		k.advance(24 * time.Minute)
		if resp := b.check(app+"/page", ""); k.lastReason() != string(access.ReasonRenew) {
			t.Fatalf("%d, reason %s", resp.StatusCode, k.lastReason())
		}
		k.advance(time.Minute)
		if q := parse(t, b.toEntra(app+"/page")).Query(); q.Get("prompt") != "" || q.Get("login_hint") != "" {
			t.Errorf("prompt %q, login_hint %q", q.Get("prompt"), q.Get("login_hint"))
		}
	})
	t.Run("at the IdP", func(t *testing.T) {
		k, b := endingSession(t, renews())
		b.client.Jar = keepOnlyOurs(t, b)
		k.advance(24 * time.Minute)
		b.check(app+"/page", "")
		back := b.atEntra(b.toEntra(app + "/page"))
		if !strings.Contains(back, "error=login_required") {
			t.Fatalf("the IdP answered %q", back)
		}
		k.advance(time.Minute)
		resp := b.get(back)
		target := resp.Header.Get("Location")
		if !strings.HasPrefix(target, k.idp.BaseURL()) || parse(t, target).Query().Get("prompt") != "" {
			t.Fatalf("%d %q\n%s", resp.StatusCode, target, resp.text())
		}
		if resp := b.get(b.atEntra(target)); resp.Header.Get("Location") != app+"/page" {
			t.Errorf("%d %q", resp.StatusCode, resp.Header.Get("Location"))
		}
		if resp := b.check(app+"/page", ""); resp.StatusCode != 202 {
			t.Errorf("afterwards: %d", resp.StatusCode)
		}
	})
}

// Tabs that are opened together each may ask; whatever the order, all of them open.
func TestRenewalInSeveralTabs(t *testing.T) {
	pages := []string{app + "/one", app + "/two", app + "/three"}
	t.Run("side by side", func(t *testing.T) {
		k, b := endingSession(t, renews())
		var backs []string
		for _, page := range pages {
			if resp := b.check(page, ""); resp.StatusCode != 401 {
				t.Fatal(resp.StatusCode)
			}
		}
		for _, page := range pages {
			backs = append(backs, b.atEntra(b.toEntra(page)))
		}
		for i := range pages {
			k.advance(time.Second)
			if resp := b.get(backs[i]); resp.Header.Get("Location") != pages[i] {
				t.Errorf("tab %d: %d %q", i, resp.StatusCode, resp.Header.Get("Location"))
			}
			if resp := b.check(pages[i], ""); resp.StatusCode != 202 {
				t.Errorf("tab %d: %d", i, resp.StatusCode)
			}
		}
	})
	t.Run("one is quicker", func(t *testing.T) {
		k, b := endingSession(t, renews())
		for _, page := range pages {
			b.check(page, "")
		}
		k.advance(time.Second)
		b.get(b.atEntra(b.toEntra(pages[0])))
		for _, page := range pages[1:] {
			if resp := b.get(loginURL(page)); resp.Header.Get("Location") != page {
				t.Errorf("%s: %d %q", page, resp.StatusCode, resp.Header.Get("Location"))
			}
		}
		if n := k.idp.Requests(emulator.EndpointAuthorize); n != 1 {
			t.Errorf("%d trips", n)
		}
	})
	t.Run("signed in elsewhere meanwhile", func(t *testing.T) {
		k, b := endingSession(t, renews())
		b.check(pages[0], "")
		back := b.atEntra(b.toEntra(pages[0]))
		b.open(pages[1], "scope=Mail.Read")
		if resp := b.get(back); resp.Header.Get("Location") != pages[0] {
			t.Errorf("%d %q", resp.StatusCode, resp.Header.Get("Location"))
		}
		if resp := b.check(pages[1], "scope=Mail.Read"); resp.StatusCode != 202 {
			t.Errorf("the scope is lost: %d, reason %s", resp.StatusCode, k.lastReason())
		}
	})
}

// With one sign-in host for many, the renewal goes there and comes back.
func TestRenewalAtTheCallbackHost(t *testing.T) {
	o := manyHosts()
	o.lifetime, o.renewBefore = 8*time.Hour, 30*time.Minute
	t.Run("renewed", func(t *testing.T) {
		k, b := endingSession(t, o)
		if resp := b.open(app+"/page", ""); resp.StatusCode != 202 || k.idp.Requests(emulator.EndpointAuthorize) != 1 {
			t.Fatalf("%d after %d trips\n%s", resp.StatusCode, k.idp.Requests(emulator.EndpointAuthorize), resp.text())
		}
		if q := k.idp.LastAuthorize(); q.Get("prompt") != "none" || q.Get("login_hint") != "adele@contoso.example" {
			t.Errorf("prompt %q, login_hint %q", q.Get("prompt"), q.Get("login_hint"))
		}
		k.advance(time.Hour)
		if resp := b.check("https://other.example.com/two", ""); resp.StatusCode != 202 {
			t.Errorf("for the other host too: %d", resp.StatusCode)
		}
	})
	t.Run("not renewed", func(t *testing.T) {
		k, b := endingSession(t, o)
		k.idp.SetFaults(emulator.Faults{CallbackError: "login_required"})
		if resp := b.open(app+"/page", ""); resp.StatusCode != 202 {
			t.Fatalf("%d\n%s", resp.StatusCode, resp.text())
		}
		if resp := b.check(app+"/page", ""); resp.StatusCode != 202 || k.idp.Requests(emulator.EndpointAuthorize) != 1 {
			t.Errorf("tried again: %d", resp.StatusCode)
		}
	})
}

// A lifetime that was changed counts: the end that matters is the earlier one.
func TestRenewalOfAnotherLifetime(t *testing.T) {
	for name, lifetimes := range map[string][2]time.Duration{"shortened": {8 * time.Hour, time.Hour}, "lengthened": {time.Hour, 8 * time.Hour}} {
		t.Run(name, func(t *testing.T) {
			before := newKit(t, options{lifetime: lifetimes[0], renewBefore: 10 * time.Minute})
			after := newKit(t, options{idp: before.idp, lifetime: lifetimes[1], renewBefore: 10 * time.Minute})
			b := before.browser(emulator.Adele)
			b.open(app+"/page", "")
			b.client.Transport = inProcess{after}
			for _, tt := range []struct {
				later  time.Duration
				status int
			}{{45 * time.Minute, 202}, {10 * time.Minute, 401}} {
				after.advance(tt.later)
				if resp := b.check(app+"/page", ""); resp.StatusCode != tt.status {
					t.Errorf("%v later: %d, reason %s", tt.later, resp.StatusCode, after.lastReason())
				}
			}
		})
	}
}
