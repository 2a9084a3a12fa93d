package entra_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// ears is an application that hears of sessions that end.
type ears struct {
	*httptest.Server
	mu    sync.Mutex
	heard []*http.Request // with their forms
}

func listen(t *testing.T, answer http.HandlerFunc) *ears {
	t.Helper()
	e := &ears{}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		e.mu.Lock()
		e.heard = append(e.heard, r)
		e.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(e.Close)
	return e
}

func ok(http.ResponseWriter, *http.Request) {}

// urls are path and query of what was heard, sorted.
func (e *ears) urls() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var list []string
	for _, r := range e.heard {
		list = append(list, r.URL.String())
	}
	slices.Sort(list)
	return list
}

func (e *ears) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = nil
}

// endSession is a request to sign out; edits as in authorizeURL.
func (w *world) endSession(pairs ...string) string {
	v := url.Values{"post_logout_redirect_uri": {goodbye}, "client_id": {webID}, "state": {"s&1"}}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			v.Del(pairs[i])
		}
	}
	return w.Authority() + "/oauth2/v2.0/logout?" + v.Encode()
}

const goodbyeWithState = goodbye + "?state=s%261"

// signInToBoth signs in to two clients and returns the ID token of the first.
func (w *world) signInToBoth(user string) (raw, sid string) {
	w.t.Helper()
	tok := w.tokens(user, lasting)
	w.signIn(user, w.authorizeURL("openid profile", "client_id", otherID, "redirect_uri", "https://other.test/cb"))
	raw, _ = tok.Extra("id_token").(string)
	sid, _ = decode(w.t, raw)["sid"].(string)
	return raw, sid
}

func TestFrontChannelLogout(t *testing.T) {
	app := listen(t, ok)
	for name, row := range map[string]struct {
		edit func(*entra.Config)
		want []string // SID and ISS stand for the session's
	}{
		"nobody wants it": {func(*entra.Config) {}, nil},
		"one client":      {func(c *entra.Config) { c.Clients[0].FrontChannelLogoutURI = app.URL + "/web" }, []string{"/web?sid=SID"}},
		"with a query": {
			func(c *entra.Config) { c.Clients[0].FrontChannelLogoutURI = app.URL + "/web?a=b" },
			[]string{"/web?a=b&sid=SID"},
		},
		"with iss": {func(c *entra.Config) {
			c.Clients[0].FrontChannelLogoutURI, c.Clients[0].FrontChannelIss = app.URL+"/web", true
		}, []string{"/web?iss=ISS&sid=SID"}},
		"every client of the session": {func(c *entra.Config) {
			c.Clients[0].FrontChannelLogoutURI, c.Clients[1].FrontChannelLogoutURI, c.Clients[2].FrontChannelLogoutURI = app.URL+"/web", app.URL+"/other", app.URL+"/spa"
		}, []string{"/other?sid=SID", "/web?sid=SID"}},
		"a plain provider names itself": {func(c *entra.Config) {
			c.Plain, c.Clients[0].FrontChannelLogoutURI = true, app.URL+"/web"
		}, []string{"/web?iss=ISS&sid=SID"}},
	} {
		t.Run(name, func(t *testing.T) {
			app.forget()
			w := startWith(t, row.edit)
			raw, sid := w.signInToBoth(entra.Adele)
			back, err := entra.SignOut(t.Context(), w.browser, w.endSession("id_token_hint", raw))
			if err != nil || back != goodbyeWithState {
				t.Errorf("back %q, %v", back, err)
			}
			var want []string
			for _, path := range row.want {
				want = append(want, strings.NewReplacer("SID", sid, "ISS", url.QueryEscape(w.Issuer())).Replace(path))
			}
			if got := app.urls(); !slices.Equal(got, want) {
				t.Errorf("heard %q, want %q", got, want)
			}
			last := w.LastLogout()
			if len(last.Frames) != len(want) || last.User != entra.AdeleOID || last.Returned != goodbyeWithState || last.Asked {
				t.Errorf("last %+v", last)
			}
			// The session is gone: nothing is left to tell.
			app.forget()
			if back, err := entra.SignOut(t.Context(), w.browser, w.endSession()); err != nil || back != goodbyeWithState || len(app.urls()) != 0 || w.LastLogout().User != "" {
				t.Errorf("again: %q %v, heard %q", back, err, app.urls())
			}
		})
	}
}

// The sid of a session that began anew in the same browser is left behind, but
// the clients that hold it are told all the same.
func TestFrontChannelLogoutAfterAnotherSignIn(t *testing.T) {
	app := listen(t, ok)
	w := startWith(t, func(c *entra.Config) { c.Clients[0].FrontChannelLogoutURI = app.URL + "/web" })
	first := idClaims(t, w.tokens(entra.Adele, lasting))["sid"].(string)
	silent := idClaims(t, w.tokens(entra.Adele, lasting))["sid"].(string)
	anew := idClaims(t, w.redeem(w.signIn(entra.Adele, w.authorizeURL(lasting, "prompt", "login"))))["sid"].(string)
	if first != silent || first == anew {
		t.Fatalf("sids %q %q %q", first, silent, anew)
	}
	if _, err := entra.SignOut(t.Context(), w.browser, w.endSession()); err != nil {
		t.Fatal(err)
	}
	want := []string{"/web?sid=" + first, "/web?sid=" + anew}
	slices.Sort(want)
	if got := app.urls(); !slices.Equal(got, want) {
		t.Errorf("heard %q, want %q", got, want)
	}
	// Another user in the same browser has nothing to do with it.
	app.forget()
	w.tokens(entra.Adele, lasting)
	bob := idClaims(t, w.redeem(w.signIn(entra.Bob, w.authorizeURL(lasting, "prompt", "login"))))["sid"].(string)
	if _, err := entra.SignOut(t.Context(), w.browser, w.endSession()); err != nil {
		t.Fatal(err)
	}
	if got := app.urls(); !slices.Equal(got, []string{"/web?sid=" + bob}) {
		t.Errorf("heard %q", got)
	}
}

func TestSignedOutPage(t *testing.T) {
	w := startWith(t, func(c *entra.Config) {
		c.Sessions.LogoutWait = 30 * time.Second
		c.Clients[0].FrontChannelLogoutURI = `https://app.test/out?x="><script>`
	})
	w.RegisterFrontChannelLogoutURI(otherID, "http://127.0.0.1:9/out")
	w.signInToBoth(entra.Adele)
	got := w.get(w.endSession())
	_, script, _ := strings.Cut(got.body, "<script>")
	script, _, _ = strings.Cut(script, "</script>")
	sum := sha256.Sum256([]byte(script))
	policy := got.header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "; frame-src https://app.test http://127.0.0.1:9; ", "script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("policy %q lacks %q", policy, want)
		}
	}
	for _, want := range []string{`data-step="signed-out"`, `data-next="` + goodbyeWithState + `"`, `data-wait="30000"`, `id="continue" href="` + goodbyeWithState + `"`, `<iframe src="http://127.0.0.1:9/out?sid=`} {
		if !strings.Contains(got.body, want) {
			t.Errorf("no %s in\n%s", want, got.body)
		}
	}
	if got.status != http.StatusOK || len(script) < 50 || strings.Count(got.body, "<script") != 1 || strings.Count(got.body, "<iframe") != 2 {
		t.Errorf("%d\n%s", got.status, got.body)
	}
	// Without an address to return to it stays, and needs no script.
	w.signInToBoth(entra.Adele)
	stays := w.get(w.endSession("post_logout_redirect_uri", callback))
	if strings.Contains(stays.body, "<script") || strings.Contains(stays.header.Get("Content-Security-Policy"), "script-src") || strings.Contains(stays.body, "data-next") || strings.Count(stays.body, "<iframe") != 2 {
		t.Errorf("%v\n%s", stays.header, stays.body)
	}
	if last := w.LastLogout(); last.Returned != "" || len(last.Frames) != 2 {
		t.Errorf("last %+v", last)
	}
}

func TestSignOutFails(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"status 404":      func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) },
		"X-Frame-Options": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Frame-Options", "SAMEORIGIN") },
		"Content-Security-Policy": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		},
		"": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors *")
			http.SetCookie(w, &http.Cookie{Name: "x", Value: "y"})
			if r.Header.Get("Cookie") != "" {
				w.WriteHeader(http.StatusTeapot)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			app := listen(t, answer)
			w := startWith(t, func(c *entra.Config) { c.Clients[0].FrontChannelLogoutURI = app.URL })
			for range 2 {
				w.tokens(entra.Adele, lasting)
				back, err := entra.SignOut(t.Context(), w.browser, w.endSession())
				if back != goodbyeWithState || (err == nil) != (name == "") || err != nil && !strings.Contains(err.Error(), name) {
					t.Errorf("%q %v", back, err)
				}
			}
			if len(app.urls()) != 2 {
				t.Errorf("heard %q", app.urls())
			}
		})
	}
	w := start(t)
	for name, address := range map[string]string{"no URL": "http://a b/", "nothing there": "http://127.0.0.1:1/", "a sign-in page": w.authorizeURL(oidcScopes), "an error page": w.BaseURL() + "/error?code=50011"} {
		if back, err := entra.SignOut(t.Context(), nil, address); err == nil || back != "" {
			t.Errorf("%s: %q %v", name, back, err)
		}
	}
}
