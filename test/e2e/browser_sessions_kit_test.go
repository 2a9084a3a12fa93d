package e2e

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// Paths of the pages, and the buttons of the one about a person.
const (
	mePath     = "/easyauth/me"
	logoutPath = "/easyauth/logout"

	endOther      = `button[name="session"]`
	endHere       = `.actions a[href="` + logoutPath + `"]`
	endEverywhere = `button[name="everywhere"]`
)

// Browsers that people have, as they call themselves, and as the page calls them.
const (
	firefoxAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
	firefoxLabel = "Firefox on Windows"
	safariAgent  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
	safariLabel  = "Safari on iPhone"
)

// calls lets a tab say that it is another browser.
func (b *tab) calls(agent string) {
	b.t.Helper()
	_, err := chromedp.Run(b.ctx, func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent})
		return chromedp.Void{}, err
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// inBrowser is a tab of a new browser in which a person has opened a page.
func inBrowser(t *testing.T, s *stand.Stand, agent, user string) *tab {
	t.Helper()
	b := newProfile(t).tab(t)
	if agent != "" {
		b.calls(agent)
	}
	b.isOn(b.enter(s.URL(appHost, "/page"), user), "/page")
	return b
}

// enter opens a page, and signs in where Entra ID asks for something.
func (b *tab) enter(page, user string) int {
	b.t.Helper()
	status := b.open(page)
	if b.mustStep() != "" {
		status = b.signInAs(user)
	}
	return status
}

// row is one session in the list.
type row struct {
	Label   string
	Current bool // it is marked as this one
	Button  bool // that ends it
}

// sessions is the list on the page, empty if there is none.
func (b *tab) sessions() []row {
	b.t.Helper()
	var list []row
	text := b.js(`JSON.stringify([...document.querySelectorAll(".sessions li")].map(li => ({
		label: li.querySelector("strong").textContent, current: !!li.querySelector(".mark"), button: !!li.querySelector("button")})))`)
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		b.t.Fatal(err)
	}
	return list
}

// lists opens the person's page and wants these sessions, this one first.
func (b *tab) lists(s *stand.Stand, want ...row) {
	b.t.Helper()
	if status := b.open(s.URL(appHost, mePath)); status != http.StatusOK {
		b.t.Errorf("me: %d\n%s", status, b.body())
	}
	b.shown(want...)
}

// shown is lists for the page that is open. Sessions that were last used at the
// same time may stand in any order.
func (b *tab) shown(want ...row) {
	b.t.Helper()
	got := b.sessions()
	if len(got) > 1 {
		slices.SortFunc(got[1:], func(a, z row) int { return strings.Compare(a.Label, z.Label) })
	}
	if !slices.Equal(got, want) {
		b.t.Errorf("sessions %+v, want %+v at %s\n%s", got, want, b.url(), b.body())
	}
}

// thisOne and another are rows of a list with buttons.
func thisOne(label string) row { return row{Label: label, Current: true} }
func another(label string) row { return row{Label: label, Button: true} }

// chromiumLabel is what the browser of the tests is called.
const chromiumLabel = "Chrome on Linux"

// hand is how a person uses a button. It returns the status of the page after it.
type hand func(b *tab, selector string) int

// byMouse clicks.
func byMouse(b *tab, selector string) int {
	b.t.Helper()
	return b.click(selector)
}

// byKeyboard goes to the button with Tab and presses Enter.
func byKeyboard(b *tab, selector string) int {
	b.t.Helper()
	for range 50 {
		b.press(kb.Tab)
		if b.js(`String(document.activeElement.matches(`+quote(selector)+`))`) != "true" {
			continue
		}
		if at := b.focused(); !at.Ring || !at.InView {
			b.t.Errorf("%s has the focus, and it does not show: %+v", selector, at)
		}
		ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
		defer cancel()
		resp, err := chromedp.RunResponse(ctx, chromedp.KeyEvent(kb.Enter))
		if err != nil {
			b.t.Fatalf("Enter on %s at %s: %v", selector, b.url(), err)
		}
		return int(resp.Status)
	}
	b.t.Fatalf("Tab does not reach %s at %s", selector, b.url())
	return 0
}

// isOut wants the browser's session to be over: the next page goes to the sign-in.
// Whoever is signed in at Entra ID comes back without being asked: so the browser's
// session there is forgotten first. Replicas hear of the end within the law.
func (b *tab) isOut(s *stand.Stand) {
	b.t.Helper()
	b.isOutAt(s.URL(appHost, "/page"), s.Entra)
}

// isOutAt is isOut at a page of any host.
func (b *tab) isOutAt(page string, idp *entra.Server) {
	b.t.Helper()
	b.forget(entra.SessionCookie, idp.BaseURL())
	for began := time.Now(); ; {
		if b.open(page); b.mustStep() == "pick" {
			return
		}
		if time.Since(began) > law {
			b.t.Fatalf("the session goes on at %s\n%s", b.url(), b.body())
		}
	}
}

// isIn wants the browser's session to be as good as before: no trip to Entra ID.
func (b *tab) isIn(s *stand.Stand) {
	b.t.Helper()
	trips := s.Entra.Requests(entra.EndpointAuthorize)
	b.isOn(b.open(s.URL(appHost, "/page")), "/page")
	if n := s.Entra.Requests(entra.EndpointAuthorize); n != trips {
		b.t.Errorf("%d trips to Entra ID", n-trips)
	}
}

// pollEvery is how often a test looks whether a page has changed.
const pollEvery = 50 * time.Millisecond

// insecureClient finds the hosts of the tests and takes their certificates.
func insecureClient(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // of the stand's own making
		DialContext:     dialTest,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: time.Minute}
}

// beside is another tab of the same browser.
func (b *tab) beside() *tab { return (&profile{b.ctx}).tab(b.t) }
