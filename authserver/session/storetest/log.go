package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// RunLog runs the suite of revocation logs. open is as that of Run.
func RunLog(t *testing.T, open func(t *testing.T, realm string) session.RevocationLog) {
	t.Helper()
	t.Run("log", func(t *testing.T) {
		for _, tt := range logTests() {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				tt.run(&diary{T: t, realm: newRealm(), open: open})
			})
		}
	})
}

// logTest is one test of the suite.
type logTest struct {
	name string
	run  func(*diary)
}

func logTests() []logTest {
	return []logTest{
		{"append and follow", appendAndFollow},
		{"every scope and byte", everyScope},
		{"nothing to append", appendNothing},
		{"places", places},
		{"many followers", manyFollowers},
		{"at most 10,000 at a time", manyEntries},
		{"heard as soon as it was appended", heardAtOnce},
		{"waits no longer than wait", waits},
		{"wakes for what comes", wakes},
		{"waits that end with their context", waitsEnd},
		{"entries stay until their time", entriesStay},
		{"entries stay whatever comes after", entriesStayInAnyOrder},
		{"sids", sids},
		{"sids are forgotten", sidsForgotten},
		{"the longest time of a sid counts", sidsLongest},
		{"once", func(d *diary) { testOnce(d.T, d.log(), d.log()) }},
		{"once of many", func(d *diary) { testOnceOfMany(d.T, d.log(), d.log()) }},
		{"once more when its time is over", func(d *diary) { testOnceAgain(d.T, d.log(), d.log(), func() {}) }},
		{"realms", logRealms},
		{"contexts that are over", logContexts},
		{"close", logClosing},
	}
}

// diary is where one test of a log lives.
type diary struct {
	*testing.T
	realm string
	open  func(t *testing.T, realm string) session.RevocationLog
}

func (d *diary) log() session.RevocationLog {
	d.Helper()
	return d.logOf(d.realm)
}

func (d *diary) logOf(realm string) session.RevocationLog {
	d.Helper()
	l := d.open(d.T, realm)
	d.Cleanup(l.Close)
	if err := l.Ping(d.ctx()); err != nil { // connected before any time is taken
		d.Fatalf("ping: %v", err)
	}
	return l
}

func (d *diary) ctx() context.Context { return callContext(d.T) }

// revocation makes one of a user, to be kept for ttl.
func revocation(ttl time.Duration) session.Revocation {
	now := time.Now()
	return session.Revocation{
		Scope: session.OneUser, Handle: newHandle(),
		Issued: time.UnixMilli(now.UnixMilli()), Until: time.UnixMilli(now.Add(ttl).UnixMilli()),
	}
}

func revocations(n int, ttl time.Duration) []session.Revocation {
	list := make([]session.Revocation, n)
	for i := range list {
		list[i] = revocation(ttl)
	}
	return list
}

func (d *diary) add(l session.RevocationLog, list ...session.Revocation) {
	d.Helper()
	if err := l.Append(d.ctx(), list...); err != nil {
		d.Fatalf("append: %v", err)
	}
}

// follow asks once, without waiting.
func (d *diary) follow(l session.RevocationLog, after string) ([]session.Revocation, string) {
	d.Helper()
	return d.followFor(l, after, 0)
}

func (d *diary) followFor(l session.RevocationLog, after string, wait time.Duration) ([]session.Revocation, string) {
	d.Helper()
	list, place, err := l.Follow(d.ctx(), after, wait)
	if err != nil {
		d.Fatalf("follow: %v", err)
	}
	if len(list) > 10_000 {
		d.Errorf("follow returns %d revocations at a time", len(list))
	}
	return list, place
}

// all follows from a place until there is nothing more.
func (d *diary) all(l session.RevocationLog, after string) (all []session.Revocation, place string) {
	d.Helper()
	place = after
	for {
		list, next := d.follow(l, place)
		if len(list) == 0 {
			return all, next
		}
		if next == place {
			d.Fatal("follow returns something, but no new place")
		}
		all, place = append(all, list...), next
	}
}

// same wants two lists to be equal, order included.
func (d *diary) same(what string, got, want []session.Revocation) {
	d.Helper()
	if len(got) != len(want) {
		d.Errorf("%s: %d revocations, want %d", what, len(got), len(want))
		return
	}
	for i, w := range want {
		if g := got[i]; g.Scope != w.Scope || g.Handle != w.Handle || !g.Issued.Equal(w.Issued) || !g.Until.Equal(w.Until) {
			d.Errorf("%s: revocation %d is %v, want %v", what, i, got[i], w)
			return
		}
	}
}
