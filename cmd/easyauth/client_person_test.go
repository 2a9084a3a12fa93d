package main

import (
	"errors"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// person is somebody with a browser.
type person struct {
	t      *testing.T
	shop   *shop
	client *http.Client
}

func newPerson(s *shop) *person {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &person{s.t, s, &http.Client{
		Jar: jar, Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (p *person) send(method, target string, form url.Values, header http.Header) *response {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, target, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header = header
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := p.client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		p.t.Fatal(err)
	}
	return &response{resp, string(body)}
}

// visit opens an address, as a browser does.
func (p *person) visit(target string) *response {
	p.t.Helper()
	return p.send(http.MethodGet, target, nil, navigation())
}

// decide opens the address of a program, signs Adele in on the way, presses a button of
// the page and gives the address that the browser is sent to, without going there.
func decide(p *person, target, decision string) (back string) {
	p.t.Helper()
	page := p.visit(target)
	for range 6 {
		if page.StatusCode == http.StatusOK {
			break
		}
		next, err := page.Location()
		if err != nil {
			p.t.Fatalf("%d\n%s", page.StatusCode, page.body)
		}
		if strings.HasPrefix(next.String(), p.shop.idp.BaseURL()) {
			callback, err := entra.SignIn(p.t.Context(), p.client, next.String(), entra.Adele)
			if err != nil {
				p.t.Fatal(err)
			}
			page = p.visit(callback)
			continue
		}
		page = p.visit(next.String())
	}
	form := url.Values{"decision": {decision}}
	for _, field := range regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`).FindAllStringSubmatch(page.body, -1) {
		form.Set(field[1], html.UnescapeString(field[2]))
	}
	if len(form) < 3 {
		p.t.Fatalf("no page that asks: %d\n%s", page.StatusCode, page.body)
	}
	action, _, _ := strings.Cut(target, "?")
	header := navigation()
	header.Set("Sec-Fetch-Site", "same-origin")
	sent := p.send(http.MethodPost, action, form, header)
	if sent.StatusCode != http.StatusSeeOther {
		p.t.Fatalf("%d\n%s", sent.StatusCode, sent.body)
	}
	return sent.Header.Get("Location")
}
