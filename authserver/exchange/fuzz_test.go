package exchange

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzForm: whatever a client posts is answered, with a token only for what the provider
// knows, and never with what came. What is read has each parameter once.
func FuzzForm(f *testing.F) {
	k := newKit(f, alone)
	for _, s := range []string{
		k.exchange("good").form.Encode(), k.classic("good").form.Encode(), k.refresh("ear_x").form.Encode(), k.redeem("x").form.Encode(),
		"a=1&a=2", "a=%zz", "a;b", "&&=&=", "%67rant_type=password", "grant_type=\x00", "id_token=good\xff", "a=" + strings.Repeat("x", maxForm),
	} {
		f.Add(s, "application/x-www-form-urlencoded")
	}
	f.Add("id_token=good", "application/x-www-form-urlencoded; charset=utf-8")
	f.Add("id_token=good", "application/x-www-form-urlencoded; charset=utf-7")
	f.Fuzz(func(t *testing.T, body, contentType string) {
		h := http.Header{"Content-Type": {contentType}}
		if p, err := decode(body, "the body"); err == nil {
			values, err := url.ParseQuery(body)
			if err != nil {
				t.Fatalf("%q is read and malformed", body)
			}
			for name, value := range p {
				if value == "" || len(values[name]) != 1 || values[name][0] != value {
					t.Errorf("%q: %q is %q of %q", body, name, value, values[name])
				}
			}
		}
		k.h.limits = newLimiter(k.h.Now)
		c := &call{handler: k.h.Token(), method: http.MethodPost, target: app + paths().Token, header: h, body: body, peer: peer}
		w := c.do()
		var a reply
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
			t.Fatalf("%d %q", w.Code, w.Body)
		}
		switch {
		case w.Code == http.StatusOK && a.Access != "" && strings.Contains(body, "good") && isForm(h):
		case w.Code >= 400 && a.Access == "" && a.Error != "" && a.Description != "" && descriptive(a.Description) == a.Description:
		default:
			t.Errorf("%q (%q): %d %s", body, contentType, w.Code, w.Body)
		}
	})
}

// FuzzState: a state that is accepted comes back as it was; any other is refused before
// anything is asked.
func FuzzState(f *testing.F) {
	for _, s := range []string{"", "x", state, "a b", "a+b", "%20", "&code=x", "#", `"'<>`, "\x00", "é", strings.Repeat("~", 512), strings.Repeat("~", 513)} {
		f.Add(s)
	}
	k := newKit(f, inStore)
	cookies := k.signIn(person())
	f.Fuzz(func(t *testing.T, state string) {
		query := ask()
		query.Set("state", state)
		w := k.login(query).do()
		if len(state) > maxClientState || !printable(state) {
			if w.Code != 400 {
				t.Errorf("%q: %d", state, w.Code)
			}
			return
		}
		var a reply
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != 200 {
			t.Fatalf("%q: %d %s", state, w.Code, w.Body)
		}
		page := readPage(t, k.open(a.LoginURL, cookies).do())
		u := sentTo(t, k.press(page, decisionAllow, cookies).do())
		if u == nil || u.Query().Get("state") != state || len(u.Query()["state"]) > 1 || u.Query().Get("code") == "" || u.Host != "127.0.0.1:8123" || u.Path != "/back" || u.Fragment != "" {
			t.Errorf("%q came back in %v", state, u)
		}
	})
}

// FuzzAuthorize: no query of the page does more than show one, and none leads away.
func FuzzAuthorize(f *testing.F) {
	k := newKit(f, inStore)
	cookies := k.signIn(person())
	f.Add("request=" + linkRequest(f, k.link(ask())))
	f.Add("request=x&request=y")
	f.Add("%")
	f.Fuzz(func(t *testing.T, query string) {
		for _, c := range []*call{k.open(app+paths().Authorize, cookies), post(k.h.Authorize(), paths().Authorize, nil)} {
			r := httptest.NewRequestWithContext(t.Context(), c.method, c.target, strings.NewReader(query))
			r.URL.RawQuery, r.Header = query, c.header
			if c.method == http.MethodPost {
				r.URL.RawQuery = ""
			}
			r.Header.Set("Cookie", cookies)
			w := httptest.NewRecorder()
			k.h.Authorize().ServeHTTP(w, r)
			if w.Header().Get("Location") != "" || w.Code != 200 && w.Code != 400 {
				t.Errorf("%s %q: %d %s", c.method, query, w.Code, w.Header().Get("Location"))
			}
		}
	})
}
