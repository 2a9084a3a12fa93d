package exchange

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// shown is the page that asks the person.
type shown struct {
	form   url.Values
	action string
	text   string
}

func readPage(t testing.TB, w *httptest.ResponseRecorder) *shown {
	t.Helper()
	root, err := html.Parse(strings.NewReader(w.Body.String()))
	if err != nil {
		t.Fatal(err)
	}
	s := &shown{form: url.Values{}}
	for n := range root.Descendants() {
		attr := func(name string) string {
			for _, a := range n.Attr {
				if a.Key == name {
					return a.Val
				}
			}
			return ""
		}
		switch {
		case n.Type == html.TextNode && n.Parent.Data != "style":
			s.text += n.Data
		case n.Data == "form":
			s.action = attr("action")
		case n.Data == "input":
			s.form.Set(attr("name"), attr("value"))
		}
	}
	return s
}

// confirmation opens a link in a browser with a session.
func (k *kit) confirmation(link, cookies string) *shown {
	k.t.Helper()
	w := k.open(link, cookies).do()
	page := readPage(k.t, w)
	if w.Code != http.StatusOK || page.action == "" || page.form.Get("token") == "" {
		k.t.Fatalf("no confirmation: %d %.300s", w.Code, page.text)
	}
	return page
}

// press is the form of a page as a button sends it.
func (k *kit) press(page *shown, decision, cookies string) *call {
	form := url.Values{"decision": {decision}}
	for name, values := range page.form {
		form[name] = values
	}
	c := post(k.h.Authorize(), page.action, form)
	c.header.Set("Accept", "text/html")
	c.header.Set("Cookie", cookies)
	c.header.Set("Sec-Fetch-Site", "same-origin")
	c.header.Set("Origin", "null") // as browsers do from a page without a referrer
	return c
}

// sentTo is where a browser goes after a form; nil if nowhere.
func sentTo(t testing.TB, w *httptest.ResponseRecorder) *url.URL {
	t.Helper()
	if w.Code != http.StatusSeeOther {
		return nil
	}
	u, err := url.Parse(w.Header().Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// code goes the whole way to a code.
func (k *kit) code(query url.Values, cookies string) string {
	k.t.Helper()
	w := k.press(k.confirmation(k.link(query), cookies), decisionAllow, cookies).do()
	u := sentTo(k.t, w)
	if u == nil || u.Query().Get("code") == "" {
		k.t.Fatalf("no code: %d %.300s", w.Code, w.Body)
	}
	return u.Query().Get("code")
}
