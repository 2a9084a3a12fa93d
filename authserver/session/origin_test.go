package session_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

// from issues a token of ten minutes from another session.
func (r *replica) from(what string, origin []byte, want access.Reason) *session.Issued {
	r.t.Helper()
	id := person()
	issued, reason, err := r.IssueFrom(context.Background(), origin, session.Name{}, &id, 10*time.Minute, "a script")
	if reason != want || (issued != nil) != (want == access.ReasonOK) {
		r.t.Errorf("%s: %s (%v), want %s", what, reason, err, want)
	}
	return issued
}

// What comes of a session ends when it does, also one that ends early, because a part
// of it was kept from another.
func TestIssueFromEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _ := manager(t, func(c *session.Config) { c.Lifetime = time.Hour })
		now := time.Now().UTC()
		for _, row := range []struct {
			issued, expires, want time.Duration // from now; 0: nothing is left
		}{
			{0, time.Hour, 10 * time.Minute},
			{0, 2 * time.Hour, 10 * time.Minute},
			{0, time.Minute, time.Minute},
			{0, time.Second, time.Second},
			{0, time.Millisecond, 0},
			{-55 * time.Minute, 5 * time.Minute, 5 * time.Minute},
			{-55 * time.Minute, time.Hour, 5 * time.Minute},
			{-55 * time.Minute, time.Minute, time.Minute},
			{-time.Hour, time.Hour, 0},
			{-2 * time.Hour, time.Hour, 0},
		} {
			id := person()
			s := &session.Session{Ticket: ticket.Ticket{Issued: now.Add(row.issued), Expires: now.Add(row.expires), Identity: id}}
			issued, reason, err := m.IssueFrom(t.Context(), m.Origin(s), session.Name{}, &id, 10*time.Minute, "")
			switch {
			case row.want == 0 && reason != access.ReasonSessionEnded, row.want != 0 && issued == nil:
				t.Errorf("%v to %v: %s, %v", row.issued, row.expires, reason, err)
			case issued == nil:
			case time.Until(issued.Expires).Round(time.Second) != row.want:
				t.Errorf("%v to %v: good for %v, want %v", row.issued, row.expires, time.Until(issued.Expires), row.want)
			}
		}
	})
}

// A session that has ended gives no other; one of somebody else has no say.
func TestIssueFromEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, stop := places(t)
		defer stop()
		time.Sleep(2 * time.Second)
		for name, r := range all {
			ended := access.ReasonSessionEnded
			if name == "in cookies" {
				ended = access.ReasonSessionRevoked
			}
			bob := person()
			bob.Object = "bob"
			one, two, three := r[0].signIn(person(), nil), r[0].signIn(person(), nil), r[0].signIn(bob, nil)
			origin := func(h map[string][]string) []byte {
				s, _ := r[0].ask(h)
				return r[0].Origin(s)
			}
			ofOne, ofTwo, ofThree := origin(one), origin(two), origin(three)
			issued := r[1].from(name, ofOne, access.ReasonOK)
			r[0].mustRead(name, issued.Access.Reveal(), access.ReasonOK)
			if _, err := r[0].End(t.Context(), one); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			r[1].from(name+", signed out", ofOne, ended)
			r[0].mustRead(name+", a program goes on", issued.Access.Reveal(), access.ReasonOK)
			r[1].from(name+", another browser", ofTwo, access.ReasonOK)
			who := person()
			if err := r[0].EndUser(t.Context(), who.Key()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			r[1].from(name+", everywhere", ofTwo, ended)
			r[1].mustRead(name+", everywhere", issued.Access.Reveal(), ended)
			if name == "in a store" { // a list knows persons, and this one is said to be Adele
				r[1].from(name+", somebody else's", ofThree, access.ReasonOK)
			}
			for what, text := range map[string][]byte{"nothing": nil, "another form": append([]byte{2}, ofThree[1:]...), "cut": ofThree[:len(ofThree)-1], "longer": append(ofThree[:len(ofThree):len(ofThree)], 0)} {
				r[0].from(name+", "+what, text, access.ReasonInternal)
			}
		}
	})
}

// Everything of a person was ended on one replica, and another, which has not heard of
// it, makes a session of one that ended: it ends as soon as that hears.
func TestIssueFromUnheard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, logs, stop := listed(t, 2, nil, nil)
		defer stop()
		time.Sleep(2 * time.Second)
		s, _ := r[0].ask(r[0].signIn(person(), nil))
		origin, who := r[0].Origin(s), person()
		logs[1].Fail(errDown)
		time.Sleep(100 * time.Millisecond)
		if err := r[0].EndUser(t.Context(), who.Key()); err != nil {
			t.Fatal(err)
		}
		late := r[1].from("unheard", origin, access.ReasonOK)
		r[1].mustRead("unheard", late.Access.Reveal(), access.ReasonOK)
		r[0].mustRead("where it was said", late.Access.Reveal(), access.ReasonSessionRevoked)
		logs[1].Fail(nil)
		time.Sleep(4 * time.Second)
		r[1].mustRead("heard", late.Access.Reveal(), access.ReasonSessionRevoked)
		// The sibling: whoever signs in after that is in.
		fresh, _ := r[1].ask(r[1].signIn(person(), nil))
		r[0].mustRead("signed in again", r[1].from("signed in again", r[1].Origin(fresh), access.ReasonOK).Access.Reveal(), access.ReasonOK)
	})
}

// While a store makes a session all others of the person end: so does this one.
func TestIssueFromWhileEnding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, stop := replicas(t, 1)
		defer stop()
		s, _ := r[0].ask(r[0].signIn(person(), nil))
		origin, who := r[0].Origin(s), person()
		r[0].store.on("create", func() error {
			r[0].store.on("create", nil)
			return r[0].EndUser(context.Background(), who.Key())
		})
		r[0].from("ended meanwhile", origin, access.ReasonSessionEnded)
		if list, err := r[0].Sessions(t.Context(), s); err != nil || len(list) != 0 {
			t.Errorf("%d sessions are left, %v", len(list), err)
		}
		r[0].store.on("get", func() error { return errDown })
		r[0].from("it cannot be told", origin, access.ReasonStore)
	})
}
