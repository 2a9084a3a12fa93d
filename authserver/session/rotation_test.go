package session_test

import (
	"bytes"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

func keys(numbers ...byte) (list [][]byte) {
	for _, n := range numbers {
		list = append(list, bytes.Repeat([]byte{n}, seal.KeySize))
	}
	return list
}

// Keys are rotated one step and one replica after the other: nobody is signed out,
// sessions can be listed and ended whichever key they are of, until their key is
// dropped.
func TestRotation(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) ([]*replica, func()){
		"in a store": func(t *testing.T) ([]*replica, func()) {
			p := &provider{}
			return replicas(t, 2, p.with(), func(c *session.Config) { c.Idle = 20 * time.Hour })
		},
		"in cookies": func(t *testing.T) ([]*replica, func()) {
			r, _, stop := listed(t, 2, nil, nil)
			return r, stop
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, stop := open(t)
				defer stop()
				stored := r[0].CanList()
				time.Sleep(2 * time.Second)
				var browsers []http.Header
				all := func(step string) {
					t.Helper()
					for i := range r {
						browsers = append(browsers, r[i].signIn(person(), lasting(time.Now(), 20*time.Minute)))
						time.Sleep(time.Second)
					}
					for i := range r {
						for n, h := range browsers {
							s := r[i].must(step, h, access.ReasonOK)
							if stored && s != nil {
								if list, err := r[i].Sessions(t.Context(), s); err != nil || len(list) != len(browsers) || list[0].Label == "" {
									t.Errorf("%s: browser %d on replica %d sees %d of %d sessions, %v", step, n, i, len(list), len(browsers), err)
								}
							}
						}
					}
				}
				all("before")
				for _, step := range []struct {
					name       string
					keys, next [][]byte
				}{
					{"the new key opens", keys(1), keys(2)},
					{"the new key seals", keys(2, 1), nil},
				} {
					for i := range r {
						if err := r[i].ring.Replace(step.keys, step.next); err != nil {
							t.Fatal(err)
						}
						all(step.name)
					}
					time.Sleep(20 * time.Minute)
					all(step.name + ", after a refresh")
				}
				id := person()
				if err := r[0].EndUser(t.Context(), id.Key()); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
				for i := range r {
					for _, h := range browsers {
						if s, reason := r[i].ask(h); s != nil {
							t.Errorf("after the end of all: %s", reason)
						}
					}
				}
				browsers = nil
				time.Sleep(time.Second)
				all("signed in again")
				for i := range r {
					if err := r[i].ring.Replace(keys(2), nil); err != nil {
						t.Fatal(err)
					}
				}
				all("the old key has gone")
			})
		})
	}
}

// A session of a key that was dropped is no session, and nothing else ends.
func TestDroppedKey(t *testing.T) {
	r, stop := replicas(t, 2)
	defer stop()
	old := r[0].signIn(person(), nil)
	for i := range r {
		if err := r[i].ring.Replace(keys(2, 1), nil); err != nil {
			t.Fatal(err)
		}
	}
	fresh := r[0].signIn(person(), nil)
	r[1].must("both", old, access.ReasonOK)
	r[1].must("both", fresh, access.ReasonOK)
	if err := r[1].ring.Replace(keys(2), nil); err != nil {
		t.Fatal(err)
	}
	before := r[1].store.count()
	r[1].must("dropped", old, access.ReasonTicketInvalid)
	if r[1].store.count() != before {
		t.Error("the store was asked")
	}
	r[1].must("the new key's", fresh, access.ReasonOK)
	r[0].must("where it is still there", old, access.ReasonOK)
}
