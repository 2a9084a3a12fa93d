package session_test

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

func withSID(object, issuer, sid string) access.Identity {
	id := access.Identity{Issuer: issuer, Tenant: "t", Object: object}
	if sid != "" {
		id.Claims = []access.Claim{{Name: "sid", Values: []string{sid}}}
	}
	return id
}

// endUser and endSID end all that there is.
func endUser(object string) func(*replica, map[string]http.Header) error {
	return func(r *replica, _ map[string]http.Header) error {
		return r.EndUser(r.t.Context(), access.Key{Authority: "t", ID: object})
	}
}

func endSID(sid string) func(*replica, map[string]http.Header) error {
	return func(r *replica, _ map[string]http.Header) error { return r.endSID(sid) }
}

// endSID ends the sessions of a sid, if there are any.
func (r *replica) endSID(sid string) error {
	_, err := r.EndSID(r.t.Context(), sid)
	return err
}

// Who is signed out by what, on every replica.
func TestEnding(t *testing.T) {
	const i, j = "https://i", "https://j"
	people := map[string]access.Identity{
		"adele":                        withSID("adele", i, "one"),
		"adele elsewhere":              withSID("adele", i, "two"),
		"bob":                          withSID("bob", i, "three"),
		"bob with adele's sid":         withSID("bob", i, "one"),
		"the sid at another issuer":    withSID("carol", j, "one"),
		"the object in another tenant": {Issuer: i, Tenant: "t2", Object: "adele"},
		"without a sid":                withSID("dave", i, ""),
	}
	for _, row := range []struct {
		name string
		end  func(r *replica, browsers map[string]http.Header) error
		out  []string
	}{
		{"this browser", func(r *replica, b map[string]http.Header) error {
			_, err := r.End(r.t.Context(), b["adele"])
			return err
		}, []string{"adele"}},
		{"a person", endUser("adele"), []string{"adele", "adele elsewhere"}},
		{"nobody", endUser("x"), nil},
		{"a sid", endSID("one"), []string{"adele", "bob with adele's sid", "the sid at another issuer"}},
		{"a sid in another case", endSID("ONE"), nil},
		{"an unknown sid", endSID("four"), nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, stop := replicas(t, 2)
				defer stop()
				browsers := map[string]http.Header{}
				for name, id := range people {
					browsers[name] = r[0].signIn(id, nil)
					r[1].must("before", browsers[name], access.ReasonOK)
				}
				if err := row.end(r[0], browsers); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				for name, h := range browsers {
					want := access.ReasonOK
					if slices.Contains(row.out, name) {
						want = access.ReasonSessionEnded
					}
					r[0].must(name+", here", h, want)
					r[1].must(name+", there", h, want)
				}
			})
		})
	}
}

// Everybody's sessions are never what nobody's are.
func TestEndingOfNobody(t *testing.T) {
	r, stop := replicas(t, 1)
	defer stop()
	h := r[0].signIn(person(), nil)
	for name, err := range map[string]error{
		"no person": r[0].EndUser(t.Context(), access.Key{}),
		"no sid":    r[0].endSID(""),
	} {
		var store *session.StoreError
		if !errors.As(err, &store) {
			t.Errorf("%s: %v", name, err)
		}
	}
	r[0].must("it goes on", h, access.ReasonOK)
}

// More sessions than one page of a list has.
func TestEndingOfMany(t *testing.T) {
	r, stop := replicas(t, 1, func(c *session.Config) { c.CacheBytes = 0 })
	defer stop()
	var last http.Header
	for range 603 {
		last = r[0].signIn(person(), nil)
	}
	bob := r[0].signIn(withSID("bob", "https://i", ""), nil)
	id := person()
	if err := r[0].EndUser(t.Context(), id.Key()); err != nil {
		t.Fatal(err)
	}
	r[0].must("the last", last, access.ReasonSessionEnded)
	r[0].must("another person", bob, access.ReasonOK)
}

// A person's own list: newest first, with the browser's name, and one of them ended.
func TestSessionsOfAPerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, stop := replicas(t, 2, func(c *session.Config) { c.Idle = time.Hour })
		defer stop()
		var browsers []http.Header
		for range 3 {
			browsers = append(browsers, r[0].signIn(person(), nil))
			time.Sleep(time.Minute)
		}
		bob := r[0].signIn(withSID("bob", "https://i", ""), nil)
		s := r[1].must("the second", browsers[1], access.ReasonOK)
		list, err := r[1].Sessions(t.Context(), s)
		if err != nil || len(list) != 3 {
			t.Fatalf("%+v %v", list, err)
		}
		for i, info := range list {
			if info.Label != "Firefox on Linux" || info.Current != (i == 1) || len(info.ID) != 12 || info.User != list[0].User || info.Expires.Sub(info.Issued) != time.Hour || !info.Seen.IsZero() {
				t.Errorf("%d: %+v", i, info)
			}
			if i > 0 && !info.Issued.Before(list[i-1].Issued) {
				t.Errorf("not the newest first: %+v", list)
			}
		}
		his := r[0].must("bob", bob, access.ReasonOK)
		for name, id := range map[string]string{"adele's": list[0].ID, "none": "", "unknown": "000000000000", "a prefix": list[0].ID[:6]} {
			if found, err := r[0].EndOne(t.Context(), his, id); found || err != nil {
				t.Errorf("bob ends %s: %v %v", name, found, err)
			}
		}
		if found, err := r[0].EndOne(t.Context(), s, list[0].ID); !found || err != nil {
			t.Errorf("%v %v", found, err)
		}
		synctest.Wait()
		r[1].must("the newest", browsers[2], access.ReasonSessionEnded)
		r[1].must("the current one", browsers[1], access.ReasonOK)
		r[1].must("the oldest", browsers[0], access.ReasonOK)
		if found, err := r[0].EndOne(t.Context(), s, list[0].ID); found || err != nil {
			t.Errorf("again: %v %v", found, err)
		}
		r[1].store.on("list", func() error { return errDown })
		var down *session.StoreError
		if _, err := r[1].Sessions(t.Context(), s); !errors.As(err, &down) {
			t.Errorf("%v", err)
		}
		if _, err := r[1].EndOne(t.Context(), s, list[1].ID); !errors.As(err, &down) {
			t.Errorf("%v", err)
		}
		r[1].must("nothing ended", browsers[1], access.ReasonOK)
	})
}

// A name counts once, on all replicas, until its time.
func TestOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, stop := replicas(t, 2)
		defer stop()
		until := time.Now().Add(time.Minute)
		for _, row := range []struct {
			r     *replica
			name  string
			first bool
		}{{r[0], "a", true}, {r[0], "a", false}, {r[1], "a", false}, {r[1], "b", true}} {
			if first, err := row.r.Once(t.Context(), row.name, until); first != row.first || err != nil {
				t.Errorf("%s: %v %v", row.name, first, err)
			}
		}
		time.Sleep(time.Minute)
		if first, err := r[1].Once(t.Context(), "a", until.Add(time.Hour)); !first || err != nil {
			t.Errorf("later: %v %v", first, err)
		}
		var down *session.StoreError
		r[0].store.memory.Fail(errDown)
		if first, err := r[0].Once(t.Context(), "c", until.Add(time.Hour)); first || !errors.As(err, &down) {
			t.Errorf("the store is down: %v %v", first, err)
		}
	})
}

// Without a store or a list nothing can be ended from outside.
func TestNothingToEndWith(t *testing.T) {
	m, _ := manager(t, nil)
	var store *session.StoreError
	id := person()
	if err := m.EndUser(t.Context(), id.Key()); !errors.As(err, &store) {
		t.Errorf("%v", err)
	}
	if _, err := m.Once(t.Context(), "a", time.Now()); !errors.As(err, &store) {
		t.Errorf("%v", err)
	}
	if m.CanEnd() || m.CanList() {
		t.Error("it can")
	}
	m.Run(t.Context()) // returns at once
}

// Admin sees all replicas' sessions and opens none.
func TestAdmin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, stop := replicas(t, 1)
		defer stop()
		admin, err := session.NewAdmin(session.AdminConfig{Store: r[0].store, Ring: r[0].ring})
		if err != nil {
			t.Fatal(err)
		}
		adele := access.Key{Authority: "t", ID: "adele"}
		start := func() map[string]http.Header {
			b := map[string]http.Header{}
			for n, id := range []access.Identity{withSID("adele", "https://i", "one"), withSID("adele", "https://i", "two"), withSID("bob", "https://j", "one")} {
				b[strconv.Itoa(n)] = r[0].signIn(id, nil)
				time.Sleep(time.Second)
			}
			return b
		}
		for _, row := range []struct {
			name string
			who  session.Who
			want []string // that it is about
		}{
			{"a person", session.Who{User: adele}, []string{"0", "1"}},
			{"nobody", session.Who{User: access.Key{Authority: "t", ID: "x"}}, nil},
			{"a sid, of every issuer", session.Who{SID: "one"}, []string{"0", "2"}},
			{"all", session.Who{All: true}, []string{"0", "1", "2"}},
		} {
			b := start()
			list, err := admin.List(t.Context(), row.who)
			if err != nil || len(list) != len(row.want) {
				t.Errorf("%s: %+v %v", row.name, list, err)
			}
			for i, info := range list {
				if info.Label != "" || info.Current || i > 0 && info.Issued.After(list[i-1].Issued) {
					t.Errorf("%s: %+v", row.name, list)
				}
			}
			if n, err := admin.Revoke(t.Context(), row.who); n != len(row.want) || err != nil {
				t.Errorf("%s: revoked %d, %v", row.name, n, err)
			}
			synctest.Wait()
			for name, h := range b {
				want := access.ReasonOK
				if slices.Contains(row.want, name) {
					want = access.ReasonSessionEnded
				}
				r[0].must(row.name+": "+name, h, want)
			}
			if _, err := admin.Revoke(t.Context(), session.Who{All: true}); err != nil {
				t.Fatal(err)
			}
		}
		h := r[0].signIn(person(), nil)
		for name, who := range map[string]session.Who{
			"nobody said": {},
			"two things":  {User: adele, SID: "one"},
			"all and one": {All: true, SID: "one"},
		} {
			if _, err := admin.List(t.Context(), who); err == nil {
				t.Errorf("%s: listed", name)
			}
			if _, err := admin.Revoke(t.Context(), who); err == nil {
				t.Errorf("%s: revoked", name)
			}
		}
		r[0].must("it goes on", h, access.ReasonOK)
	})
}

func TestNewAdminRefuses(t *testing.T) {
	r, stop := replicas(t, 1)
	defer stop()
	log := newLog()
	for name, row := range map[string]struct {
		cfg session.AdminConfig
		ok  bool
	}{
		"a store":                   {session.AdminConfig{Store: r[0].store, Ring: r[0].ring}, true},
		"a list":                    {session.AdminConfig{Log: log, Ring: r[0].ring, Lifetime: time.Hour}, true},
		"a list without a lifetime": {session.AdminConfig{Log: log, Ring: r[0].ring}, false},
		"both":                      {session.AdminConfig{Store: r[0].store, Log: log, Ring: r[0].ring, Lifetime: time.Hour}, false},
		"neither":                   {session.AdminConfig{Ring: r[0].ring}, false},
		"no keys":                   {session.AdminConfig{Store: r[0].store}, false},
	} {
		if _, err := session.NewAdmin(row.cfg); (err == nil) != row.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
