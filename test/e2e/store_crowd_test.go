package e2e

import (
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// crowd is people who sign in, open pages and sign out all the time, each with
// browsers of their own, and strangers who try whatever they have meanwhile. It keeps
// account of what came of it.
type crowd struct {
	t         *testing.T
	s         *stand.Stand
	transport *http.Transport
	forger    *forger
	stopped   chan struct{} // people stop
	closed    chan struct{} // and strangers
	people    sync.WaitGroup
	strangers sync.WaitGroup

	mu    sync.Mutex
	alive map[*seat]bool // their callbacks have answered, and nobody signed them out
	ended []*seat        // their sign-out has answered
	tally tally
	notes []string // what must not be, the first of each kind
	odd   []string // sign-ins and requests that came to no end: why
}

// tally counts.
type tally struct {
	requests    int // to our host, of people and strangers
	sessions    int // whose callback had answered
	signOuts    int // that had answered
	passed      int // pages of people with a session
	refused     int // requests of strangers
	unsure      int // pages of people that said that the session could not be checked
	unavailable int // 500 and 502 of nginx: nobody answered it
	notIn       int // sign-ins that did not end with a session
	notOut      int // sign-outs that did not answer that it is done

	lost    int // a session of which a page said that there is none
	false2  int // a 2xx for somebody without a session
	foreign int // a pass as somebody else
	deleted int // a cookie of a living session that an answer took away
	mute    int // an answer that should say what is the matter, and does not
	latest  time.Duration
}

// seat is a browser in which somebody signed in.
type seat struct {
	client *http.Client
	person int
	ticket string    // Cookie header
	ended  time.Time // when the sign-out had answered
}

func userOf(person int) entra.User {
	return entra.User{
		ID: fmt.Sprintf("person-%d", person), ObjectID: fmt.Sprintf("00000000-0000-4000-8000-%012d", person), Username: fmt.Sprintf("p%d@contoso.example", person),
		Name: fmt.Sprintf("Person %d", person), Email: fmt.Sprintf("p%d@contoso.example", person), Roles: []string{fmt.Sprintf("Role.%d", person)},
	}
}

// startCrowd lets people and strangers in.
func startCrowd(t *testing.T, s *stand.Stand, people, strangers int) *crowd {
	t.Helper()
	c := &crowd{
		t: t, s: s, forger: newForger(t, s), alive: map[*seat]bool{}, stopped: make(chan struct{}), closed: make(chan struct{}),
		transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DialContext: dialTest, MaxIdleConnsPerHost: 16},
	}
	t.Cleanup(c.transport.CloseIdleConnections)
	for i := range people {
		s.Entra.SetUser(userOf(i))
		c.people.Go(func() { c.person(i) })
	}
	for i := range strangers {
		c.strangers.Go(func() { c.stranger(i) })
	}
	t.Cleanup(c.close)
	return c
}

// stop lets people finish what they do; strangers go on until close.
func (c *crowd) stop() {
	if !over(c.stopped) {
		close(c.stopped)
	}
	c.people.Wait()
}

func (c *crowd) close() {
	c.stop()
	if !over(c.closed) {
		close(c.closed)
	}
	c.strangers.Wait()
}

func over(ch chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

// count changes the account.
func (c *crowd) count(change func(*tally)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.tally)
}

// wrong counts what must not be, and keeps a few words of it.
func (c *crowd) wrong(n *int, format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if *n++; *n <= 5 {
		c.notes = append(c.notes, fmt.Sprintf(format, args...))
	}
}

func (c *crowd) counts() tally {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tally
}

// goOn waits until so much more has happened.
func (c *crowd) goOn(what string, n int, of func(tally) int) {
	c.t.Helper()
	want := of(c.counts()) + n
	waitUntil(c.t, fmt.Sprintf("%d more %s", n, what), func() bool { return of(c.counts()) >= want })
}

func passes(n tally) int   { return n.passed }
func sessions(n tally) int { return n.sessions }
func signOuts(n tally) int { return n.signOuts }
func unsures(n tally) int  { return n.unsure }

// pause keeps the crowd from taking the whole machine.
func pause() { time.Sleep(time.Duration(2+rand.IntN(8)) * time.Millisecond) }

// ask is one request to our host that a person makes in a browser; the body is read.
func (c *crowd) ask(client *http.Client, target string, h http.Header) (*reply, error) {
	c.count(func(n *tally) { n.requests++ })
	v := visitor{t: c.t, s: c.s, client: client}
	return v.ask(http.MethodGet, target, h, "")
}

// nobody reports whether nobody answered nginx, and counts it.
func (c *crowd) nobody(r *reply, err error) bool {
	if err == nil && r.status != http.StatusInternalServerError && r.status != http.StatusBadGateway {
		return false
	}
	c.count(func(n *tally) { n.unavailable++ })
	c.because(r, err)
	return true
}

// because notes an answer that is no answer.
func (c *crowd) because(r *reply, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case len(c.odd) >= 20:
	case err != nil:
		c.odd = append(c.odd, err.Error())
	default:
		at, _, _ := strings.Cut(r.url, "?")
		title := regexp.MustCompile(`(?s)<h1[^>]*>.*?</p>`).FindString(r.body)
		c.odd = append(c.odd, fmt.Sprintf("%s: %d %s", at, r.status, title))
	}
}

func (c *crowd) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // it never fails without options
	}
	return &http.Client{
		Jar: jar, Transport: c.transport, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// any returns a session that lives, or one that has ended; nil if there is none.
func (c *crowd) any(living bool) *seat {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !living {
		if len(c.ended) == 0 {
			return nil
		}
		return c.ended[rand.IntN(len(c.ended))]
	}
	for s := range c.alive {
		return s
	}
	return nil
}
