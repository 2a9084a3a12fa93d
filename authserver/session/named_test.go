package session_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// named issues a token under a name.
func (r *replica) named(what string, origin []byte, name session.Name) *session.Issued {
	r.t.Helper()
	id := person()
	issued, reason, err := r.IssueFrom(context.Background(), origin, name, &id, 10*time.Minute, "a script")
	if issued == nil {
		r.t.Fatalf("%s: %s %v", what, reason, err)
	}
	return issued
}

// A name ends its own session alone, on every replica, and also after others were ended.
func TestEndNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, stop := places(t)
		defer stop()
		time.Sleep(2 * time.Second)
		for place, r := range all {
			ended := access.ReasonSessionEnded
			if place == "in cookies" {
				ended = access.ReasonSessionRevoked
			}
			browser := r[0].signIn(person(), nil)
			s, _ := r[0].ask(browser)
			origin := r[0].Origin(s)
			name, other := session.Name{1, 16: 1}, session.Name{2, 16: 2}
			first, second, unnamed := r[0].named(place, origin, name), r[1].named(place, origin, other), r[0].named(place, origin, session.Name{})
			for _, absent := range []session.Name{{3, 16: 3}, {}} { // there is none of these
				if err := r[0].EndNamed(t.Context(), absent); err != nil {
					t.Errorf("%s: %v", place, err)
				}
			}
			r[0].mustRead(place+", another name", first.Access.Reveal(), access.ReasonOK)
			r[0].mustRead(place+", no name", unnamed.Access.Reveal(), access.ReasonOK)
			for range 2 {
				if err := r[1].EndNamed(t.Context(), name); err != nil {
					t.Errorf("%s: %v", place, err)
				}
			}
			time.Sleep(session.MaxAge + time.Second)
			for _, one := range r {
				one.mustRead(place, first.Access.Reveal(), ended)
				one.mustRead(place+", the sibling", second.Access.Reveal(), access.ReasonOK)
				one.mustRead(place+", the sibling without a name", unnamed.Access.Reveal(), access.ReasonOK)
				if s, _ := one.ask(browser); s == nil {
					t.Errorf("%s: the session that it came from has ended", place)
				}
			}
			if place == "in cookies" { // one that is still being made when its name comes again
				late := session.Name{4, 16: 4}
				if err := r[0].EndNamed(t.Context(), late); err != nil {
					t.Error(err)
				}
				r[0].mustRead(place+", made later", r[0].named(place, origin, late).Access.Reveal(), ended)
			}
		}
	})
}

func TestEndNamedCannot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _ := manager(t, nil)
		if err := m.EndNamed(t.Context(), session.Name{1}); !errors.Is(err, session.ErrCannotEnd) {
			t.Errorf("neither a store nor a list: %v", err)
		}
		r, stop := replicas(t, 1)
		defer stop()
		r[0].store.on("delete", func() error { return errDown })
		var down *session.StoreError
		if err := r[0].EndNamed(t.Context(), session.Name{1}); !errors.As(err, &down) {
			t.Errorf("the store is down: %v", err)
		}
	})
}
