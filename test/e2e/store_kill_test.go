package e2e

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// killer kills parts of a stand with SIGKILL and notes how long they were away.
type killer struct {
	t     *testing.T
	s     *stand.Stand
	k     *keeper
	kills int
	away  time.Duration // of the store alone
}

func (x *killer) replica(i int) {
	x.t.Helper()
	if err := x.s.Replica(i).Signal(os.Kill); err != nil {
		x.t.Fatal(err)
	}
	<-x.s.Replica(i).Done()
	x.kills++
}

func (x *killer) restart() {
	x.t.Helper()
	if err := x.s.RestartEasyAuth(x.t.Context()); err != nil {
		x.t.Fatal(err)
	}
}

// store kills the store, does what is to be done meanwhile, and starts it again.
func (x *killer) store(meanwhile func()) {
	x.t.Helper()
	begun := time.Now()
	x.k.Kill()
	x.kills++
	meanwhile()
	x.k.Restart()
	x.away += time.Since(begun)
}

// kill -9 of EasyAuths and of the store, one after the other and together, while
// people sign in, open pages and sign out, and strangers try to get in: no session whose
// callback had answered is lost, nobody passes who must not, and who cannot be
// checked is told so and stays signed in.
func TestAttack22And24StoreKilled(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, k *keeper) {
		s := start(t, k.replicas(map[string]string{"EASYAUTH_SESSION_IDLE": "1m"}))
		c := startCrowd(t, s, 5, 2)
		x := &killer{t: t, s: s, k: k}
		c.goOn("sessions", 8, sessions)
		c.goOn("sign-outs", 2, signOuts)

		x.replica(1)
		c.goOn("sessions", 4, sessions)
		x.restart()
		x.store(func() { c.goOn("pages that say so", 25, unsures) })
		c.goOn("sessions", 4, sessions)
		c.goOn("passes", 30, passes)
		x.replica(0)
		c.goOn("passes", 30, passes)
		x.restart()
		x.store(func() {}) // and at once again
		x.store(func() { c.goOn("pages that say so", 5, unsures) })
		c.goOn("sessions", 4, sessions)
		x.store(func() { // both at once, and an EasyAuth that starts without a store
			x.replica(0)
			x.restart()
			c.goOn("pages that say so", 5, unsures)
		})
		c.goOn("sessions", 4, sessions)
		c.goOn("sign-outs", 2, signOuts)
		k.Pause() // no kill, but silence
		c.goOn("pages that say so", 5, unsures)
		k.Resume()
		c.goOn("sessions", 4, sessions)
		c.goOn("passes", 30, passes)

		c.stop()
		c.verify(signedIn(t, s, userOf(0).ID))
		c.close()
		c.report(x.kills, x.away)
	})
}

// verify asks every EasyAuth about every session, when all is well again.
func (c *crowd) verify(v *visitor) {
	c.t.Helper()
	for i := range 2 {
		waitUntil(c.t, "all to be well", func() bool { return v.at(i, v.ticket()).status == http.StatusAccepted })
	}
	for s := range c.alive {
		for i := range 2 {
			r := v.at(i, s.ticket)
			if r.status != http.StatusAccepted {
				c.wrong(&c.tally.lost, "person %d's session is not known to replica %d: %d", s.person, i, r.status)
			} else if got := r.header.Get("X-Injected-Oid"); got != userOf(s.person).ObjectID {
				c.wrong(&c.tally.foreign, "person %d is %q at replica %d", s.person, got, i)
			}
		}
	}
	for _, s := range c.ended {
		for i := range 2 {
			if r := v.at(i, s.ticket); r.status != http.StatusUnauthorized && time.Since(s.ended) > law {
				c.wrong(&c.tally.false2, "person %d signed out %v ago and passes at replica %d: %d", s.person, time.Since(s.ended), i, r.status)
			}
		}
	}
}

// report notes the figures, and fails for what must not be.
func (c *crowd) report(kills int, away time.Duration) {
	t := c.t
	t.Helper()
	n := c.counts()
	attr(t, "requests", n.requests)
	attr(t, "sessions", n.sessions)
	attr(t, "sign-outs", n.signOuts)
	attr(t, "passes", n.passed)
	attr(t, "refused-strangers", n.refused)
	attr(t, "could-not-tell", n.unsure)
	attr(t, "kills", kills)
	attr(t, "seconds-down", fmt.Sprintf("%.1f", away.Seconds()))
	attr(t, "losses", n.lost)
	attr(t, "false-passes", n.false2+n.foreign)
	attr(t, "latest-replay-ms", n.latest.Milliseconds())
	c.mu.Lock()
	defer c.mu.Unlock()
	t.Logf("no end: %q", c.odd)
	t.Logf("nobody answered %d times; %d sign-ins and %d sign-outs did not come to an end", n.unavailable, n.notIn, n.notOut)
	if n.lost+n.false2+n.foreign+n.deleted+n.mute > 0 {
		t.Errorf("%d sessions lost, %d false passes, %d passes as somebody else, %d cookies taken away, %d answers that do not say what is the matter:\n%s",
			n.lost, n.false2, n.foreign, n.deleted, n.mute, strings.Join(c.notes, "\n"))
	}
	if n.passed == 0 || n.refused == 0 || len(c.alive) == 0 || len(c.ended) == 0 {
		t.Error("nobody did anything: the test proves nothing")
	}
}
