package e2e

import (
	crand "crypto/rand"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// forger makes cookies that were never issued. It has the server's keys, which no
// stranger has: what it seals opens, and there must be no session behind it.
type forger struct{ own, other *seal.Box }

func newForger(t *testing.T, s *stand.Stand) *forger {
	t.Helper()
	domain := seal.Domain{BasePath: "/easyauth", Authority: authorityOf(s), ClientID: stand.ClientID}
	ring, err := seal.NewRing([][]byte{[]byte("another key of 32 bytes, not its")}, domain)
	if err != nil {
		t.Fatal(err)
	}
	return &forger{own: carrierBox(t, ringOf(t, s)), other: carrierBox(t, ring)}
}

// invented is a cookie for a session that never was.
func (f *forger) invented(box *seal.Box) string {
	c := carrier{version: 1}
	_, _ = crand.Read(c.id[:]) // never fails: crypto/rand
	_, _ = crand.Read(c.secret[:])
	value, _ := c.seal(box)
	return value
}

// changed is the cookie of a session, sealed again with something else in it; ""
// if the stand's key did not seal it.
func (f *forger) changed(value string, change func(*carrier)) string {
	plain, _, err := f.own.OpenKey(ticketCookie, value)
	if err != nil || len(plain) != 50 {
		return ""
	}
	c := carrier{version: uint64(plain[49])}
	copy(c.id[:], plain[1:])
	copy(c.secret[:], plain[17:])
	change(&c)
	out, _ := c.seal(f.own)
	return out
}

// attempts are what strangers send: a Cookie header, made of a living session's where
// there is one.
func (f *forger) attempts(value string) []string {
	garbage := make([]byte, 96)
	_, _ = crand.Read(garbage) // never fails: crypto/rand
	list := []string{
		"", ticketCookie + "=", "other=1",
		ticketCookie + "=" + base64.RawURLEncoding.EncodeToString(garbage),
		ticketCookie + "=" + f.invented(f.own),
		ticketCookie + "=" + f.invented(f.other),
	}
	if value == "" {
		return list
	}
	for _, forged := range []string{
		flip(value, rand.IntN(len(value)-1)), value[:len(value)-2], value + "A",
		f.changed(value, func(c *carrier) { _, _ = crand.Read(c.secret[:]) }), // the right id
		f.changed(value, func(c *carrier) { c.secret[rand.IntN(32)] ^= 1 << rand.IntN(8) }),
		f.changed(value, func(c *carrier) { _, _ = crand.Read(c.id[:]) }), // the right key
		f.changed(value, func(c *carrier) { c.version++ }),                // a record that is not there yet
	} {
		if forged != "" {
			list = append(list, ticketCookie+"="+forged)
		}
	}
	return append(list, ticketCookie+"="+value+"; "+ticketCookie+"="+value) // twice
}

// stranger tries what it has, at a page of the application and at one of ours.
func (c *crowd) stranger(i int) {
	client := c.browser()
	client.Jar = nil
	for !over(c.closed) {
		pause()
		var cookies string
		var since time.Time
		if old := c.any(false); old != nil && rand.IntN(3) == 0 {
			cookies, since = old.ticket, old.ended
		} else {
			value := ""
			if living := c.any(true); living != nil {
				_, value, _ = strings.Cut(living.ticket, "=")
			}
			list := c.forger.attempts(value)
			cookies = list[rand.IntN(len(list))]
		}
		target, h := []string{"/api/x", "/easyauth/me", "/public/../api/x", "/echo"}[rand.IntN(4)], http.Header{"Accept": {"application/json"}}
		if cookies != "" {
			h["Cookie"] = []string{cookies}
		}
		asked := time.Since(since)
		r, err := c.ask(client, target, h)
		switch {
		case c.nobody(r, err):
		case r.status < http.StatusOK || r.status >= http.StatusMultipleChoices:
			c.count(func(n *tally) { n.refused++ })
		case !since.IsZero() && asked <= law:
			c.count(func(n *tally) { n.latest = max(n.latest, asked) })
		default:
			why := "was never issued"
			if !since.IsZero() {
				why = fmt.Sprintf("was signed out %v ago", asked)
			}
			c.wrong(&c.tally.false2, "stranger %d passes at %s with %.60q, which %s", i, target, cookies, why)
		}
	}
}
