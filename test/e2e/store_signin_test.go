package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// steps watches which of two EasyAuths did each step of a sign-in, by their logs.
type steps struct {
	v    *visitor
	last int      // who did the step before; -1: nobody did
	did  []string // what, and who
}

// lines counts the log lines of one kind that each EasyAuth has written; not those
// about /api/x, which this test asks past nginx.
func (st *steps) lines(kind string) (n [2]int) {
	for i := range n {
		for line := range strings.Lines(st.v.s.ReplicaLog(i)) {
			if strings.Contains(line, `"msg":"`+kind+`"`) && !strings.Contains(line, `"path":"/api/x"`) {
				n[i]++
			}
		}
	}
	return n
}

// step asks for a page, which must be one line of a kind in the log of the EasyAuth
// that did not do the step before.
func (st *steps) step(kind, target string, h http.Header) *reply {
	t := st.v.t
	t.Helper()
	before := st.lines(kind)
	r := st.v.do(http.MethodGet, target, h)
	after := before
	waitUntil(t, "the log of "+kind, func() bool {
		after = st.lines(kind)
		return after != before
	})
	who := 0
	if after[1] > before[1] {
		who = 1
	}
	if after[0]+after[1] != before[0]+before[1]+1 {
		t.Errorf("%s is %d lines in the logs", kind, after[0]+after[1]-before[0]-before[1])
	}
	if who == st.last {
		t.Errorf("%s was done by replica %d, as was the step before: the test proves nothing", kind, who)
	}
	st.last = who
	st.did = append(st.did, kind+" "+string(rune('0'+who)))
	return r
}

// Two replicas behind one nginx: every step of a sign-in lands on the other one.
func TestStoreEveryStepElsewhere(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, k *keeper) {
		s := start(t, k.replicas(map[string]string{"EASYAUTH_LOG_LEVEL": "debug"}))
		for _, user := range []string{entra.Adele, entra.Bob} { // an odd number of steps: Bob begins at the other one
			oid := map[string]string{entra.Adele: entra.AdeleOID, entra.Bob: entra.BobOID}[user]
			st := &steps{v: newVisitor(t, s, user), last: -1}
			if r := st.step("auth", "/echo?x=1", page()); r.status != http.StatusFound {
				t.Fatalf("%s: a page without a session: %d", user, r.status)
			} else if r = st.step("login", r.header.Get("Location"), page()); r.status != http.StatusFound {
				t.Fatalf("%s: login: %d\n%.300s", user, r.status, r.body)
			} else if r = st.step("callback", st.v.next(r), page()); r.status != http.StatusFound {
				t.Fatalf("%s: callback: %d\n%.300s", user, r.status, r.body)
			}
			for range 3 {
				if got := st.step("auth", "/echo?x=1", page()).echo(t).Headers.Get("X-Injected-Oid"); got != oid {
					t.Errorf("%s: the application saw %q", user, got)
				}
			}
			if r := st.step("me", "/easyauth/me", page()); r.status != http.StatusOK || !strings.Contains(r.body, oid) {
				t.Errorf("%s: /easyauth/me: %d", user, r.status)
			}
			kept, since := st.v.ticket(), time.Now()
			r := st.step("logout", "/easyauth/logout", clicked())
			if r.status != http.StatusFound || st.v.cookie(ticketCookie) != "" {
				t.Errorf("%s: sign-out: %d", user, r.status)
			}
			if r = st.step("signed_out", st.v.next(st.v.get(r.header.Get("Location"))), page()); r.status != http.StatusOK {
				t.Errorf("%s: after the sign-out: %d\n%.300s", user, r.status, r.body)
			}
			for i := range 2 {
				st.v.refused(i, kept, since)
			}
			t.Logf("%s: %s", user, strings.Join(st.did, ", "))
		}
	})
}

// A session that somebody else planted is not the one that the victim's sign-in
// makes; nor does it outlive that.
func TestAttack29Planted(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, k *keeper) {
		s := start(t, k.replicas(nil))
		mallory := signedIn(t, s, entra.Bob)
		planted := mallory.cookie(ticketCookie)
		victim := newVisitor(t, s, entra.Adele)
		victim.plant(ticketCookie, planted)
		if got := victim.get("/echo").echo(t).Headers.Get("X-Injected-Oid"); got != entra.BobOID {
			t.Fatalf("the planted session is of %q", got)
		}
		if r := victim.follow(victim.get("/easyauth/login?retry=1&rd=/echo")); r.status != http.StatusOK || r.echo(t).Headers.Get("X-Injected-Oid") != entra.AdeleOID {
			t.Fatalf("the victim's sign-in: %d", r.status)
		}
		own, since := victim.cookie(ticketCookie), time.Now()
		p, o := carrierOf(t, s, planted), carrierOf(t, s, own)
		if p.id == o.id || p.secret == o.secret {
			t.Errorf("the new session has the planted one's id (%v) or key (%v)", p.id == o.id, p.secret == o.secret)
		}
		for i := range 2 {
			victim.refused(i, ticketCookie+"="+planted, since)
			if r := victim.at(i, ticketCookie+"="+own); r.status != http.StatusAccepted {
				t.Errorf("replica %d: the victim's session: %d", i, r.status)
			}
		}
		// The same person, who is signed in already: again another session.
		if r := victim.follow(victim.get("/easyauth/login?retry=1&rd=/echo")); r.status != http.StatusOK {
			t.Fatalf("the second sign-in: %d", r.status)
		}
		if again := carrierOf(t, s, victim.cookie(ticketCookie)); again.id == o.id || again.secret == o.secret {
			t.Error("a second sign-in made no new session")
		}
		victim.refused(0, ticketCookie+"="+own, time.Now())
	})
}
