package session_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// What ends a person's sessions, or those of a session at the provider, reaches tokens
// that a replica has opened before, those that came of a browser's session, and their
// refresh tokens.
func TestAttack30TokensAreReached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, stop := places(t)
		defer stop()
		time.Sleep(2 * time.Second)
		for place, r := range all {
			ended := access.ReasonSessionEnded
			if place == "in cookies" {
				ended = access.ReasonSessionRevoked
			}
			for name, end := range map[string]func(who access.Key, sid string) error{
				"the person": func(who access.Key, _ string) error { return r[1].EndUser(t.Context(), who) },
				"the sid":    func(_ access.Key, sid string) error { return r[1].endSID(sid) },
			} {
				id := withSID("adele of "+name, "https://i", "sid of "+name)
				browser := r[0].must(place, r[0].signIn(id, nil), access.ReasonOK)
				from, reason, err := r[0].IssueFrom(t.Context(), r[0].Origin(browser), session.Name{}, &id, 10*time.Minute, "")
				if reason != access.ReasonOK {
					t.Fatalf("%s, %s: %s %v", place, name, reason, err)
				}
				issued := map[string]*session.Issued{"exchanged": r[0].token(id), "of a browser": from}
				for what, one := range issued {
					for range 3 {
						r[0].mustRead(place+", "+name+", "+what+", remembered", one.Access.Reveal(), access.ReasonOK)
					}
				}
				time.Sleep(20 * time.Second) // beyond what clocks may differ
				if err := end(id.Key(), "sid of "+name); err != nil {
					t.Fatal(err)
				}
				time.Sleep(session.MaxAge + time.Second)
				for what, one := range issued {
					for _, replica := range r {
						replica.mustRead(place+", "+name+", "+what+", ended", one.Access.Reveal(), ended)
						if !one.Refresh.Empty() {
							replica.mustRenew(place+", "+name+", "+what+", refreshed", one.Refresh.Reveal(), ended)
						}
					}
				}
				r[0].mustRead(place+", a token of afterwards", r[1].token(id).Access.Reveal(), access.ReasonOK)
			}
		}
	})
}

// However often a token is refreshed, nothing is good for longer than its session, nor
// longer than an access token may be.
func TestAttack17RefreshNeverProlongs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, stop := replicas(t, 1, func(c *session.Config) { c.Lifetime = 30 * time.Minute })
		defer stop()
		began := time.Now()
		issued := r[0].token(person())
		for range 6 {
			time.Sleep(4*time.Minute + 30*time.Second)
			issued = r[0].mustRenew("in time", issued.Refresh.Reveal(), access.ReasonOK)
			if issued.Expires.After(began.Add(30*time.Minute)) || issued.Expires.After(time.Now().Add(10*time.Minute)) {
				t.Errorf("after %v it is good until %v", time.Since(began), issued.Expires.Sub(began))
			}
		}
		time.Sleep(time.Until(began.Add(30*time.Minute)) + time.Second)
		r[0].mustRead("at the end", issued.Access.Reveal(), access.ReasonBearerExpired)
		if _, reason, _ := r[0].Renew(t.Context(), issued.Refresh.Reveal(), 10*time.Minute); reason == access.ReasonOK {
			t.Error("refreshed after the end")
		}
	})
}
