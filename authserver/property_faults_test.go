package authserver_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/test/property"
)

// Whatever breaks: nobody passes who may not, nobody is taken for somebody else, no
// session is removed, each answer is one that nginx understands; and when it is
// mended all is as before.
func TestNoFaultOpens(t *testing.T) {
	for _, kind := range []string{"cookies", "cookies with a list", "a store", "a store without a cache"} {
		t.Run(kind, func(t *testing.T) {
			st := newStage(t, kind)
			faults := append(clockFaults(), keyFaults()...)
			faults = append(faults, brokenParts(st)...)
			if st.store != nil {
				faults = append(faults, storeFaults(st.recordOf(st.shown[1]))...)
			}
			property.Try(t, 1, func(t *testing.T, r *property.Rand) {
				for _, f := range property.Shuffled(r, faults) {
					// Some of them: with the next seed the others.
					for _, s := range append(property.Some(r, st.shown[1:]), st.shown[0]) {
						if st.tryFault(t, r, &f, s); t.Failed() {
							return
						}
					}
				}
			})
			t.Logf("answers: %v", st.tried)
			if os.Getenv(property.Variable) == "" && (st.tried["202"] == 0 || st.tried["401"] == 0) {
				t.Error("not all kinds of answers came")
			}
		})
	}
}

// recordOf is the record of somebody's session.
func (st *stage) recordOf(s *shown) (found *session.Record) {
	st.time.set(st.time.honest().Add(time.Minute)) // nothing of before is remembered
	st.store.lies(func(_ context.Context, r *session.Record, err error) (*session.Record, error) {
		found = r
		return r, err
	})
	defer st.store.lies(nil)
	if a := st.try("", s.headers()); a.status != http.StatusAccepted || found == nil {
		st.t.Fatalf("%s: %v", s.name, a)
	}
	return found
}

// tryFault asks during a fault and after it.
func (st *stage) tryFault(t *testing.T, r *property.Rand, f *stageFault, s *shown) {
	t.Helper()
	// A moment later, so that what is remembered has sometimes ended.
	st.time.set(st.time.honest().Add(property.One(r, []time.Duration{0, time.Second, 6 * time.Second})))
	now := st.time.honest()
	query := property.One(r, stageQueries())
	if r.Chance(2) {
		query = ""
	}
	f.begin(st, r)
	for range 2 {
		a := st.try(query, s.headers())
		st.tried[fmt.Sprint(a.status)]++
		st.check(t, fmt.Sprintf("%s, %s, %q", f.name, s.name, query), f, s, query, a)
	}
	st.mend()
	for again := range 2 {
		a := st.try(query, s.headers())
		if want := s.passes(query, now); want != (a.status == http.StatusAccepted) || want && !a.sameAs(s.told[query]) {
			t.Errorf("%s, %s, %q: mended, request %d: %v", f.name, s.name, query, again, a)
		}
		wellAnswered(t, &http.Response{StatusCode: a.status, Header: a.header})
	}
}

// check judges an answer given during a fault.
func (st *stage) check(t *testing.T, what string, f *stageFault, s *shown, query string, a *answered) {
	t.Helper()
	may := s.mayPass(query, a.clock)
	if a.aborted != nil {
		t.Errorf("%s: a panic left the handler: %v", what, a)
		return
	}
	wellAnswered(t, &http.Response{StatusCode: a.status, Header: a.header})
	for _, line := range a.header["Set-Cookie"] {
		if !strings.HasPrefix(line, st.cookies.Denial.Name+"=") || strings.Contains(line, "Max-Age=0") {
			t.Errorf("%s: a cookie that is no denial: %s", what, line)
		}
	}
	switch {
	case a.status == http.StatusAccepted && !may:
		t.Errorf("%s: passed: %v", what, a)
	case a.status == http.StatusAccepted && !a.sameAs(s.told[query]):
		t.Errorf("%s: passed as %v, not as %v", what, a.told, s.told[query])
	case a.status == http.StatusForbidden && query != badQuery:
		t.Errorf("%s: a broken configuration: %v", what, a)
	case a.status == http.StatusUnauthorized && may && f.tells && !st.unsure(a):
		t.Errorf("%s: refused, though nobody can tell: %v, %s", what, a, st.lastReason())
	}
}

// unsure reports whether the denial of an answer says that nobody can tell. One
// that could not be sealed says nothing, and does no harm.
func (st *stage) unsure(a *answered) bool {
	line := a.header.Get("Set-Cookie")
	if line == "" {
		return true
	}
	pair, _, _ := strings.Cut(line, ";")
	d := st.kit.server.Denials.Find(http.Header{"Cookie": {pair}}, "app.example.com", "/page")
	return d != nil && d.Outcome == access.Unsure
}
