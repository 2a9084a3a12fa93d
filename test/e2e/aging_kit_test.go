package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
	"github.com/easyauth-sidecar/easyauth/authserver/wire"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// The clock of a real server cannot be set. What it sealed can be opened with the
// stand's key and sealed again as it would be had it been made earlier.

func authorityOf(s *stand.Stand) string { return s.Entra.Authority() + "/v2.0" }

func ringOf(t *testing.T, s *stand.Stand) *seal.Ring {
	t.Helper()
	ring, err := seal.NewRing([][]byte{[]byte(stand.Key)}, seal.Domain{BasePath: "/easyauth", Authority: authorityOf(s), ClientID: stand.ClientID})
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// olderTicket is the ticket of the same session, had it begun earlier.
func olderTicket(t *testing.T, s *stand.Stand, value string, by time.Duration) string {
	t.Helper()
	codec, err := ticket.New(ticket.Config{Ring: ringOf(t, s), Issuer: authorityOf(s)})
	if err != nil {
		t.Fatal(err)
	}
	opened, err := codec.Open(value)
	if err != nil {
		t.Fatal(err)
	}
	opened.Issued, opened.Expires = opened.Issued.Add(-by), opened.Expires.Add(-by)
	chunks, dropped, err := codec.Seal(opened)
	if err != nil || len(chunks) != 1 || len(dropped) > 0 {
		t.Fatalf("%d cookies, %v dropped: %v", len(chunks), dropped, err)
	}
	return chunks[0]
}

// olderState is the state of the same attempt, had it begun earlier.
func olderState(t *testing.T, s *stand.Stand, state string, by time.Duration) string {
	t.Helper()
	box, err := ringOf(t, s).Box(seal.Config{Purpose: "attempt", MaxLength: 1200, Hourly: true})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := box.Open("state", state)
	if err != nil {
		t.Fatal(err)
	}
	const proof = 32 // the attempt's id, and what binds it to a browser
	r := wire.NewReader(plain[proof:])
	began := r.Time()
	var w wire.Writer
	w = append(w, plain[:proof]...)
	w.Time(began.Add(-by))
	w = append(w, r.Rest()...)
	if err := r.Err(); err != nil || time.Since(began).Abs() > time.Hour {
		t.Fatalf("a state that began at %v: %v", began, err)
	}
	sealed, err := box.Seal("state", w)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

// cookie is the value of a cookie that the page at url gets, "" if there is none.
func (b *tab) cookie(name, url string) string {
	b.t.Helper()
	stored, err := chromedp.Run(b.ctx, func(ctx context.Context, target *chromedp.Target) (network.GetCookiesResult, error) {
		return cdp.Call(ctx, target, network.GetCookies, network.GetCookiesParams{URLs: []string{url}})
	})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range stored.Cookies {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// setCookie replaces a cookie of the host of url.
func (b *tab) setCookie(name, value, url string) {
	b.t.Helper()
	yes := true
	_, err := chromedp.Run(b.ctx, func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, network.SetCookie, network.SetCookieParams{
			Name: name, Value: value, URL: url, Path: "/", Secure: &yes, HTTPOnly: &yes, SameSite: network.CookieSameSiteLax,
		})
		return chromedp.Void{}, err
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// age makes the browser's session older.
func (b *tab) age(s *stand.Stand, by time.Duration) (ticket string) {
	b.t.Helper()
	home := s.URL(appHost, "/")
	ticket = olderTicket(b.t, s, b.cookie(ticketCookie, home), by)
	b.setCookie(ticketCookie, ticket, home)
	return ticket
}
