package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// person signs in, opens pages in all browsers that are signed in, and signs out of
// some.
func (c *crowd) person(i int) {
	var mine []*seat
	for !over(c.stopped) {
		if s := c.signIn(i); s != nil {
			mine = append(mine, s)
		}
		for range 6 {
			if pause(); len(mine) > 0 && !over(c.stopped) {
				c.visit(mine[rand.IntN(len(mine))])
			}
		}
		if len(mine) > 1 && rand.IntN(3) == 0 {
			at := rand.IntN(len(mine))
			c.signOut(mine[at])
			mine = append(mine[:at], mine[at+1:]...)
		}
	}
}

// signIn opens a page in a new browser and goes where it leads. It returns nil
// unless the callback answered with a session.
func (c *crowd) signIn(person int) *seat {
	client := c.browser()
	s, why := c.trySignIn(client, person)
	if s == nil {
		c.count(func(n *tally) { n.notIn++ })
		if why != "" {
			c.wrong(&c.tally.mute, "sign-in of person %d: %s", person, why)
		}
		time.Sleep(30 * time.Millisecond)
	}
	return s
}

func (c *crowd) trySignIn(client *http.Client, person int) (s *seat, why string) {
	r, err := c.ask(client, "/echo", page())
	for _, step := range []string{"login", "callback"} {
		if c.nobody(r, err) {
			return nil, ""
		}
		if r.status == http.StatusServiceUnavailable && tellsOf(r, "again") {
			c.because(r, nil)
			return nil, ""
		}
		if r.status != http.StatusFound {
			return nil, fmt.Sprintf("before %s: %d %.300s", step, r.status, r.body)
		}
		target := r.header.Get("Location")
		if step == "callback" {
			if target, err = entra.SignIn(c.t.Context(), client, target, userOf(person).ID); err != nil {
				return nil, err.Error()
			}
		}
		r, err = c.ask(client, target, page())
	}
	switch {
	case c.nobody(r, err):
		return nil, ""
	case r.status == http.StatusServiceUnavailable && tellsOf(r, "again"),
		r.status == http.StatusForbidden || r.status == http.StatusBadRequest: // a replica died with the code in its hands
		c.because(r, nil)
		return nil, ""
	case r.status != http.StatusFound:
		return nil, fmt.Sprintf("callback: %d %.300s", r.status, r.body)
	}
	value, _ := setCookie(r, ticketCookie)
	if value == "" {
		return nil, "a callback without a session"
	}
	s = &seat{client: client, person: person, ticket: ticketCookie + "=" + value}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tally.sessions++
	c.alive[s] = true
	return s, ""
}

// tellsOf reports whether an answer says when to come again, and why in words.
func tellsOf(r *reply, word string) bool {
	return r.header.Get("Retry-After") != "" && strings.Contains(r.body, word)
}

// setCookie is what an answer sets a cookie to.
func setCookie(r *reply, name string) (value string, set bool) {
	for _, cookie := range (&http.Response{Header: r.header}).Cookies() {
		if cookie.Name == name {
			return cookie.Value, true
		}
	}
	return "", false
}

// visit opens a page in a browser that is signed in. Each has an address of its
// own: what login knows of it is about this visit.
func (c *crowd) visit(s *seat) {
	spoofed := joined(page(), http.Header{"X-Injected-Oid": {entra.AdeleOID}, "X-Injected-Roles": {"Admin"}, "X-Injected-Name": {"Somebody Else"}})
	r, err := c.ask(s.client, fmt.Sprintf("/echo?n=%d", rand.Uint64()), spoofed)
	if c.nobody(r, err) {
		return
	}
	c.keepsCookie(s, r)
	switch {
	case r.status == http.StatusOK:
		c.own(s, r)
		return
	case r.status != http.StatusFound:
		c.wrong(&c.tally.mute, "a page: %d %.300s", r.status, r.body)
		return
	}
	r, err = c.ask(s.client, r.header.Get("Location"), page())
	if c.nobody(r, err) {
		return
	}
	c.keepsCookie(s, r)
	switch {
	case r.status == http.StatusServiceUnavailable && tellsOf(r, "You are still signed in"):
		c.count(func(n *tally) { n.unsure++ })
	case r.status == http.StatusServiceUnavailable:
		c.wrong(&c.tally.mute, "login says %.600s", r.body)
	case r.status == http.StatusFound && strings.HasPrefix(r.header.Get("Location"), c.s.Entra.BaseURL()):
		c.wrong(&c.tally.lost, "person %d has to sign in again", s.person)
	default:
		c.wrong(&c.tally.mute, "login: %d to %.100s", r.status, r.header.Get("Location"))
	}
}

// own checks that the application was told who this is.
func (c *crowd) own(s *seat, r *reply) {
	var e echoed
	if err := json.Unmarshal([]byte(r.body), &e); err != nil {
		c.wrong(&c.tally.mute, "not the application's answer: %.300s", r.body)
		return
	}
	u := userOf(s.person)
	for name, want := range map[string]string{"Oid": u.ObjectID, "Name": url.QueryEscape(u.Name), "Roles": u.Roles[0]} {
		if got := e.Headers["X-Injected-"+name]; len(got) != 1 || got[0] != want {
			c.wrong(&c.tally.foreign, "person %d passes with %s %q", s.person, name, got)
			return
		}
	}
	c.count(func(n *tally) { n.passed++ })
}

// keepsCookie checks that an answer takes no session away.
func (c *crowd) keepsCookie(s *seat, r *reply) {
	if value, set := setCookie(r, ticketCookie); set {
		c.wrong(&c.tally.deleted, "%s: %d sets the session's cookie of person %d to %d characters", r.url, r.status, s.person, len(value))
	}
}

// signOut signs out by a click. What did not answer may have happened or not.
func (c *crowd) signOut(s *seat) {
	r, err := c.ask(s.client, "/easyauth/logout", clicked())
	c.mu.Lock()
	delete(c.alive, s)
	c.mu.Unlock()
	if c.nobody(r, err) {
		c.count(func(n *tally) { n.notOut++ })
		return
	}
	value, set := setCookie(r, ticketCookie)
	switch {
	case r.status == http.StatusFound && set && value == "":
		c.mu.Lock()
		defer c.mu.Unlock()
		s.ended = time.Now()
		c.ended = append(c.ended, s)
		c.tally.signOuts++
	case r.status == http.StatusServiceUnavailable && !set && tellsOf(r, "You are still signed in"):
		c.count(func(n *tally) { n.notOut++ })
	default:
		c.wrong(&c.tally.mute, "sign-out: %d, cookie set %v\n%.300s", r.status, set, r.body)
	}
}
