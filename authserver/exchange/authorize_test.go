package exchange

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// The whole road: a program asks, a person confirms, the program redeems.
func TestSignInOfAProgram(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, where := range everyPlace() {
			k := newKit(t, where)
			stop := k.run()
			synctest.Wait()
			cookies := k.signIn(person())
			query := ask()
			query.Set("state", state)
			w := k.open(k.link(query), cookies).do()
			page := readPage(t, w)
			for _, want := range []string{"On this computer, http://127.0.0.1:8123", appHost, "Adele Vance", "adele@example.com"} {
				if !strings.Contains(page.text, want) {
					t.Errorf("%s: %q is not on the page", name, want)
				}
			}
			policy := w.Header().Get("Content-Security-Policy")
			if !strings.Contains(policy, "form-action 'self' http://127.0.0.1:8123; frame-ancestors 'none'") || w.Header().Get("X-Frame-Options") != "DENY" {
				t.Errorf("%s: %s", name, policy)
			}
			w = k.press(page, decisionAllow, cookies).do()
			u := sentTo(t, w)
			if u == nil || u.Host != "127.0.0.1:8123" || u.Path != "/back" || len(u.Query()) != 2 || u.Query().Get("state") != state {
				t.Fatalf("%s: %d %v", name, w.Code, u)
			}
			if strings.HasPrefix(u.Query().Get("code"), "ea_") || w.Header().Get("Referrer-Policy") != "no-referrer" || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %v %v", name, u, w.Header())
			}
			a := k.mustPass(name, k.redeem(u.Query().Get("code")))
			if who := k.send(k.whoami(a.Access)); who.Object != "adele" {
				t.Errorf("%s: %+v", name, who)
			}
			stop()
		}
	})
}

func TestSignInOfAProgramElsewhere(t *testing.T) {
	k := newKit(t, inStore)
	cookies := k.signIn(person())
	query := ask()
	query.Set("redirect_uri", tool)
	query.Del("state")
	page := k.confirmation(k.link(query), cookies)
	if strings.Contains(page.text, "this computer") || !strings.Contains(page.text, "https://tool.example.com") {
		t.Errorf("page %q", page.text)
	}
	u := sentTo(t, k.press(page, decisionAllow, cookies).do())
	if u == nil || u.Host != "tool.example.com" || u.Query().Get("x") != "1" || u.Query().Has("state") {
		t.Fatalf("%v", u)
	}
	c := k.redeem(u.Query().Get("code"))
	k.mustFail("at another redirect URI", c, 400, codeInvalidGrant, "code_invalid")
	c.form.Set("redirect_uri", tool)
	k.mustPass("at its own", c)
	// An address that is no longer configured gets no code any more.
	link := k.link(query)
	k.h.redirects.allowed = nil
	if w := k.open(link, cookies).do(); w.Code != 400 {
		t.Errorf("an address that was taken out: %d", w.Code)
	}
}

// A code is good for 60 seconds, once.
func TestCodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, where := range everyPlace() {
			k := newKit(t, where)
			stop := k.run()
			synctest.Wait()
			cookies := k.signIn(person())
			first, second, third := k.code(ask(), cookies), k.code(ask(), cookies), k.code(ask(), cookies)
			k.mustPass(name, k.redeem(first))
			k.mustFail(name+", replayed", k.redeem(first), 400, codeInvalidGrant, "code_used")
			wrong := k.redeem(second)
			wrong.form.Set("code_verifier", "x"+verifier[1:])
			k.mustFail(name+", a wrong verifier", wrong, 400, codeInvalidGrant, "code_invalid")
			time.Sleep(codeLifetime - 2*time.Second)
			k.mustPass(name+", which does not use it up, after 58 s", k.redeem(second))
			time.Sleep(2 * time.Second)
			k.mustFail(name+", after 60 s", k.redeem(third), 400, codeInvalidGrant, "code_expired")
			k.mustPass(name+", a new one", k.redeem(k.code(ask(), cookies)))
			stop()
		}
	})
}

// A change of the configuration makes a new handler: what the one before has redeemed
// stays used, as long as both are given the same memory.
func TestCodesOfAHandlerBefore(t *testing.T) {
	k := newKit(t, alone)
	code := k.code(ask(), k.signIn(person()))
	k.mustPass("the handler before", k.redeem(code))
	for name, used := range map[string]*UsedCodes{"the same memory": k.h.Used, "another": NewUsedCodes(nil)} {
		cfg := k.h.Config
		cfg.Used = used
		next, err := New(cfg)
		k.must(err)
		c := k.redeem(code)
		c.handler = next.Token()
		if used == k.h.Used {
			k.mustFail(name, c, 400, codeInvalidGrant, "code_used")
		} else {
			k.mustPass(name, c)
		}
	}
}

// What comes of a session's code is good for no longer than the session.
func TestCodesOfOldSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, alone)
		cookies := k.signIn(person())
		time.Sleep(8*time.Hour - 30*time.Minute)
		if a := k.mustPass("half an hour is left", k.redeem(k.code(ask(), cookies))); a.ExpiresIn > 1800 || a.ExpiresIn < 1790 {
			t.Errorf("good for %d s", a.ExpiresIn)
		}
		time.Sleep(30*time.Minute - 20*time.Second)
		code := k.code(ask(), cookies)
		time.Sleep(30 * time.Second)
		k.mustFail("nothing is left", k.redeem(code), 400, codeInvalidGrant, "session_ended")
	})
}

// A code that waits for its program gives nothing when its person has signed out
// meanwhile, of this browser or everywhere.
func TestCodesOfEndedSessions(t *testing.T) {
	for name, where := range everyPlace() {
		for what, end := range map[string]func(*kit, http.Header) error{
			"nothing": func(*kit, http.Header) error { return nil },
			"here": func(k *kit, h http.Header) error {
				_, err := k.sessions.End(t.Context(), h)
				return err
			},
			"everywhere": func(k *kit, _ http.Header) error {
				id := person()
				return k.sessions.EndUser(t.Context(), id.Key())
			},
		} {
			k := newKit(t, where)
			cookies := k.signIn(person())
			stop := k.run()
			for range 1000 { // until the list is heard
				if s, _, _ := k.sessions.Read(t.Context(), http.Header{"Cookie": {cookies}}); s != nil {
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
			code := k.code(ask(), cookies)
			if where == alone && what == "everywhere" {
				stop()
				continue // nobody can
			}
			k.must(end(k, http.Header{"Cookie": {cookies}}))
			switch {
			case what == "nothing" || where == alone:
				k.mustPass(name+", "+what, k.redeem(code))
			case where == inStore:
				k.mustFail(name+", "+what, k.redeem(code), 400, codeInvalidGrant, "session_ended")
			default:
				k.mustFail(name+", "+what, k.redeem(code), 400, codeInvalidGrant, "session_revoked")
			}
			stop()
		}
	}
}

// Both halves of a code are of one code.
func TestCodesAreWhole(t *testing.T) {
	k := newKit(t, alone)
	adele, bob := k.signIn(person()), person()
	bob.Object = "bob"
	one, two := k.code(ask(), adele), k.code(ask(), k.signIn(bob))
	cut := func(code string) (string, string) {
		first, second, _ := strings.Cut(code, ".")
		return first, second
	}
	first, ofFirst := cut(one)
	second, ofSecond := cut(two)
	for what, code := range map[string]string{
		"without the second half": first, "with an empty one": first + ".", "of another code": first + "." + ofSecond, "the other way round": second + "." + ofFirst,
		"the second alone": "." + ofFirst, "three halves": one + "." + ofFirst, "in another order": ofFirst + "." + first,
	} {
		k.mustFail(what, k.redeem(code), 400, codeInvalidGrant, "code_invalid")
	}
	k.mustPass("whole", k.redeem(one))
	k.mustPass("the other", k.redeem(two))
}

// Without a session a navigation begins a sign-in that comes back, and nothing else does.
func TestAuthorizeWithoutASession(t *testing.T) {
	k := newKit(t, inStore)
	link := k.link(ask())
	for _, row := range []struct {
		name    string
		edit    func(*call)
		status  int
		signIns int
	}{
		{"a navigation", func(*call) {}, 302, 1},
		{"a navigation that says so", both(header("Sec-Fetch-Mode", "navigate"), header("Sec-Fetch-Site", "cross-site")), 302, 1},
		{"a prefetch", both(header("Sec-Fetch-Mode", "navigate"), header("Sec-Purpose", "prefetch")), 403, 0},
		{"a script", header("Sec-Fetch-Mode", "cors"), 403, 0},
		{"an image", both(header("Sec-Fetch-Mode", "no-cors"), header("Accept", "image/*")), 403, 0},
		{"a program", header("Accept", "*/*"), 401, 0},
		{"HEAD", func(c *call) { c.method = http.MethodHead }, 401, 0},
		{"a cookie that is none", header("Cookie", "__Host-easyauth=x"), 302, 1},
	} {
		k.signIns = nil
		c := k.open(link, "")
		row.edit(c)
		w := c.do()
		if w.Code != row.status || len(k.signIns) != row.signIns || w.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: %d, %d sign-ins", row.name, w.Code, len(k.signIns))
		}
		if row.signIns == 1 && len(k.signIns) == 1 && k.signIns[0] != link {
			t.Errorf("%s: back to %s", row.name, k.signIns[0])
		}
	}
	// The same addresses without a request that holds begin nothing.
	k.signIns = nil
	if w := k.open(link+"A", "").do(); w.Code != 400 || len(k.signIns) != 0 {
		t.Errorf("a forged link: %d, %d sign-ins", w.Code, len(k.signIns))
	}
	page := k.confirmation(link, k.signIn(person()))
	if w := k.press(page, decisionAllow, "").do(); w.Code != 401 || w.Header().Get("Location") != "" {
		t.Errorf("a form without a session: %d", w.Code)
	}
}

// A script of the application, which has our cookies too, is not shown the proof that a
// person is; a page that says it is opened by a person is.
func TestAuthorizeScripts(t *testing.T) {
	k := newKit(t, inStore)
	cookies, link := k.signIn(person()), k.link(ask())
	for _, mode := range []string{"cors", "no-cors", "same-origin", "websocket", "Navigate"} {
		c := k.open(link, cookies)
		both(header("Sec-Fetch-Mode", mode), header("Sec-Fetch-Site", "same-origin"))(c)
		if w := c.do(); w.Code != 403 || strings.Contains(w.Body.String(), "token") {
			t.Errorf("%s: %d", mode, w.Code)
		}
	}
	c := k.open(link, cookies)
	header("Sec-Fetch-Mode", "navigate")(c)
	if page := readPage(t, c.do()); page.form.Get("token") == "" {
		t.Error("no page for a person")
	}
}

// Only the form of the page itself, of the same person's session and request, sends a
// browser anywhere.
func TestAuthorizeForms(t *testing.T) {
	k := newKit(t, inStore)
	mine, again := k.signIn(person()), k.signIn(person())
	other := person()
	other.Object = "megan"
	theirs := k.signIn(other)
	link := k.link(ask())
	foreign := k.confirmation(link, theirs).form.Get("token")
	renewed := k.confirmation(link, again).form.Get("token")
	elsewhere := k.confirmation(k.link(ask()), mine).form.Get("token")
	for _, row := range []struct {
		name   string
		edit   func(*call)
		status int // 200: the page again
	}{
		{"no proof", without("token"), 200},
		{"a proof that is none", set("token", "x"), 200},
		{"another person's proof", set("token", foreign), 200},
		{"the proof of another session of the same person", set("token", renewed), 200},
		{"the proof of another request", set("token", elsewhere), 200},
		{"another person's browser", header("Cookie", theirs), 200},
		{"no cookie", header("Cookie"), 401},
		{"two cookies", header("Cookie", mine+"; "+theirs), 401},
		{"no decision", without("decision"), 400},
		{"another decision", set("decision", "yes"), 400},
		{"two decisions", set("decision", "allow", "cancel"), 400},
		{"no request", without("request"), 400},
		{"a forged request", set("request", "x"), 400},
		{"two requests", func(c *call) { c.form.Add("request", "x") }, 400},
		{"a page of another site", header("Sec-Fetch-Site", "cross-site"), 403},
		{"a sibling", header("Sec-Fetch-Site", "same-site"), 403},
		{"an old browser, from another site", both(header("Sec-Fetch-Site"), header("Origin", "https://evil.example")), 403},
		{"a script of the same host", header("Sec-Fetch-Mode", "cors"), 403},
		{"a script that wants no answer", header("Sec-Fetch-Mode", "no-cors"), 403},
		{"a script that says same-origin", header("Sec-Fetch-Mode", "same-origin"), 403},
		{"JSON", header("Content-Type", "application/json"), 400},
		{"plain text", header("Content-Type", "text/plain"), 400},
		{"a body above 32 KB", func(c *call) { c.body = c.form.Encode() + "&x=" + strings.Repeat("a", maxForm) }, 400},
		{"PUT", func(c *call) { c.method = http.MethodPut }, 405},
		{"another host", func(c *call) { c.target = strings.Replace(c.target, appHost, "other.example.com", 1) }, 400},
		{"a host that is not served", func(c *call) { c.target = strings.Replace(c.target, appHost, "elsewhere.example.com", 1) }, 421},
	} {
		page := k.confirmation(link, mine)
		c := k.press(page, decisionAllow, mine)
		row.edit(c)
		w := c.do()
		if w.Code != row.status || w.Header().Get("Location") != "" || strings.Contains(w.Body.String(), "code=") {
			t.Errorf("%s: %d %q", row.name, w.Code, w.Header().Get("Location"))
		}
		if again := readPage(t, w); (again.action != "") != (row.status == 200) {
			t.Errorf("%s: form %q", row.name, again.action)
		}
		if u := sentTo(t, k.press(page, decisionAllow, mine).do()); u == nil || u.Query().Get("code") == "" {
			t.Errorf("%s: as it was: %v", row.name, u)
		}
	}
}

func TestCancel(t *testing.T) {
	k := newKit(t, inStore)
	cookies := k.signIn(person())
	u := sentTo(t, k.press(k.confirmation(k.link(ask()), cookies), decisionCancel, cookies).do())
	if u == nil || u.Query().Get("error") != "access_denied" || u.Query().Get("state") != "st 1" || u.Query().Has("code") {
		t.Errorf("%v", u)
	}
	if !strings.Contains(k.audited.String(), `"event":"token_refused","reason":"cancelled"`) {
		t.Errorf("%s", k.audited)
	}
}

// A store that is down is no sign-out, and lets nobody in.
func TestStoreDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t, inStore)
		cookies := k.signIn(person())
		issued := k.mustPass("exchange", k.exchange("good"))
		code, page := k.code(ask(), cookies), k.confirmation(k.link(ask()), cookies)
		time.Sleep(10 * time.Second) // nothing is remembered any more
		k.store.Fail(errors.New("down"))
		for name, c := range map[string]*call{
			"exchange": k.exchange("good"), "refresh": k.refresh(issued.Refresh), "code": k.redeem(code), "revoke": k.revoke(issued.Access),
			"session": k.whoami(issued.Access),
		} {
			if a := k.mustFail(name, c, 503, codeUnavailable, "store"); a.header.Get("Retry-After") != "5" {
				t.Errorf("%s: Retry-After %q", name, a.header.Get("Retry-After"))
			}
		}
		k.signIns = nil
		for name, c := range map[string]*call{"page": k.open(k.link(ask()), cookies), "form": k.press(page, decisionAllow, cookies)} {
			if w := c.do(); w.Code != 503 || w.Header().Get("Retry-After") != "5" || w.Header().Get("Location") != "" || len(k.signIns) != 0 {
				t.Errorf("%s: %d", name, w.Code)
			}
		}
		k.store.Fail(nil)
		k.mustPass("the code was not used up", k.redeem(code))
		k.mustPass("nor was the refresh token", k.refresh(issued.Refresh))
	})
}

func TestErrorPages(t *testing.T) {
	k := newKit(t, inStore)
	w := k.open(app+paths().Authorize+"?request="+url.QueryEscape("<script>alert(1)</script>"), "").do()
	if body := w.Body.String(); w.Code != 400 || strings.Contains(body, "<script") || !strings.Contains(body, "Start again in the program") {
		t.Errorf("%d %s", w.Code, body)
	}
	c := get(k.h.Authorize(), app+paths().Authorize+"?request=x")
	k.mustFail("for a program", c, 400, codeInvalidRequest, "state_invalid")
}
