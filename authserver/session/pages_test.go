package session_test

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// oneIndex walks through one handle of a query after the other, as Redis does, and
// gives at most so many records a page; also none, although more follow.
type oneIndex struct {
	session.Store

	most int
}

func (o *oneIndex) List(ctx context.Context, q session.Query) ([]*session.Record, string, error) {
	if len(q.Users) == 0 {
		return o.Store.List(ctx, q)
	}
	number, after, _ := strings.Cut(q.After, ".")
	at, _ := strconv.Atoi(number) // "" begins
	one := session.Query{Users: q.Users[at : at+1], After: after, Limit: min(q.Limit, o.most)}
	list, next, err := o.Store.List(ctx, one)
	switch {
	case err != nil:
		return nil, "", err
	case next != "":
		return list, strconv.Itoa(at) + "." + next, nil
	case at+1 < len(q.Users):
		return list, strconv.Itoa(at + 1), nil
	}
	return list, "", nil
}

// After a rotation of the keys a person's sessions are under two handles: all are
// listed and can be ended, by whichever of them, however few a page has.
func TestAttack30ListsAfterARotation(t *testing.T) {
	for _, most := range []int{1000, 2, 1} {
		t.Run(strconv.Itoa(most), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, stop := replicas(t, 2)
				defer stop()
				time.Sleep(time.Second)
				var browsers []http.Header
				sign := func() {
					browsers = append(browsers, r[0].signIn(person(), nil))
					time.Sleep(time.Second)
				}
				sign()
				sign()
				sign()
				for i := range r {
					if err := r[i].ring.Replace(keys(2, 1), nil); err != nil {
						t.Fatal(err)
					}
					r[i].store.Store = &oneIndex{r[i].store.Store, most}
				}
				if s := r[0].must("before any new one", browsers[1], access.ReasonOK); s != nil {
					r[0].lists(s, 3, 1)
				}
				sign()
				sign()
				for n, h := range browsers {
					for i := range r {
						if s := r[i].must("each", h, access.ReasonOK); s != nil {
							r[i].lists(s, 5, 4-n)
						}
					}
				}
				// The newest ends the oldest, and the oldest left the newest.
				r[0].endsOne(browsers[4], 4)
				r[1].endsOne(browsers[1], 0)
				time.Sleep(time.Second)
				for n, h := range browsers {
					want := access.ReasonOK
					if n == 0 || n == 4 {
						want = access.ReasonSessionEnded
					}
					r[0].must("here, "+strconv.Itoa(n), h, want)
					r[1].must("there, "+strconv.Itoa(n), h, want)
				}
				id := person()
				if err := r[0].EndUser(t.Context(), id.Key()); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
				for _, h := range browsers {
					r[1].must("everywhere", h, access.ReasonSessionEnded)
				}
			})
		})
	}
}

// lists fails the test unless the list of s has so many, the newest first, and s at
// this place.
func (r *replica) lists(s *session.Session, want, current int) []session.Info {
	r.t.Helper()
	list, err := r.Sessions(r.t.Context(), s)
	if err != nil || len(list) != want {
		r.t.Fatalf("%d sessions are listed, want %d: %v", len(list), want, err)
	}
	for i, info := range list {
		if info.Current != (i == current) || info.Label == "" || i > 0 && info.Issued.After(list[i-1].Issued) {
			r.t.Errorf("%d: %+v", i, info)
		}
	}
	return list
}

// endsOne ends the session at a place of the list of h.
func (r *replica) endsOne(h http.Header, at int) {
	r.t.Helper()
	s, reason := r.ask(h)
	if s == nil {
		r.t.Fatal(reason)
	}
	list, err := r.Sessions(r.t.Context(), s)
	if err != nil || len(list) <= at {
		r.t.Fatal(len(list), err)
	}
	if found, err := r.EndOne(r.t.Context(), s, list[at].ID); !found || err != nil {
		r.t.Errorf("%v %v", found, err)
	}
}

// Of more than a hundred the newest are shown, wherever a store has them; one that is
// not shown can be ended all the same.
func TestListsTheNewestOfMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, stop := replicas(t, 1)
		defer stop()
		r[0].store.Store = &oneIndex{r[0].store.Store, 7}
		var browsers []http.Header
		for n := range 250 {
			if n == 120 {
				if err := r[0].ring.Replace(keys(2, 1), nil); err != nil {
					t.Fatal(err)
				}
			}
			browsers = append(browsers, r[0].signIn(person(), nil))
			time.Sleep(time.Second)
		}
		last := r[0].must("the last", browsers[249], access.ReasonOK)
		first := r[0].must("the first", browsers[0], access.ReasonOK)
		shown := r[0].lists(last, 100, 0)
		if oldest := shown[99].Issued; !oldest.Equal(shown[0].Issued.Add(-99 * time.Second)) {
			t.Errorf("shown are those from %v to %v", oldest, shown[0].Issued)
		}
		r[0].lists(first, 100, -1)
		// The id of one that is not shown, from a list of the administrator's.
		id := person()
		a, err := session.NewAdmin(session.AdminConfig{Store: r[0].store, Ring: r[0].ring})
		if err != nil {
			t.Fatal(err)
		}
		all, err := a.List(t.Context(), session.Who{User: id.Key()})
		if err != nil || len(all) != 250 {
			t.Fatalf("%d %v", len(all), err)
		}
		if found, err := r[0].EndOne(t.Context(), last, all[249].ID); !found || err != nil {
			t.Errorf("%v %v", found, err)
		}
		r[0].must("the first", browsers[0], access.ReasonSessionEnded)
		r[0].must("the second", browsers[1], access.ReasonOK)
	})
}
