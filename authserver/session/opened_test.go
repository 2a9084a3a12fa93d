package session_test

import (
	"bytes"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/headers"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

// remembering is a manager with a cache of opened tickets, and what it counts.
type remembering struct {
	*session.Manager

	t     *testing.T
	ring  *seal.Ring
	names *access.ScopeNames
	reg   *prometheus.Registry
	now   time.Time

	refused string // a tenant
}

func newRemembering(t *testing.T, change func(*session.Config)) *remembering {
	t.Helper()
	r := &remembering{t: t, reg: prometheus.NewRegistry(), now: time.Now(), names: access.NewScopeNames("client", nil, "https://graph.microsoft.com")}
	renderer, err := headers.New(headers.Config{Prefix: "x-injected-", Scopes: r.names})
	if err != nil {
		t.Fatal(err)
	}
	r.ring, err = seal.NewRing([][]byte{bytes.Repeat([]byte{1}, seal.KeySize), bytes.Repeat([]byte{2}, seal.KeySize)}, seal.Domain{})
	if err != nil {
		t.Fatal(err)
	}
	codec, err := ticket.New(ticket.Config{Ring: r.ring})
	if err != nil {
		t.Fatal(err)
	}
	r.Manager, _ = manager(t, func(c *session.Config) {
		c.Ring, c.Codec, c.Headers, c.Metrics = r.ring, codec, renderer, metrics.New(r.reg, "test")
		c.Now = func() time.Time { return r.now }
		c.Allowed = func(tenant string) bool { return tenant != r.refused }
		if change != nil {
			change(c)
		}
	})
	return r
}

func (r *remembering) issue(id access.Identity) http.Header {
	r.t.Helper()
	_, lines, _, err := r.Issue(r.t.Context(), nil, &id, nil, nil, "")
	if err != nil {
		r.t.Fatal(err)
	}
	return request(lines)
}

// must reads a session and compares the reason, and how many look-ups were hits and
// misses until now.
func (r *remembering) must(what string, h http.Header, want access.Reason, hits, misses int) *session.Session {
	r.t.Helper()
	s, reason, err := r.Read(r.t.Context(), h)
	if reason != want || (s != nil) != (want == access.ReasonOK) {
		r.t.Errorf("%s: %v (%v), want %v", what, reason, err, want)
	}
	for result, n := range map[string]int{"hit": hits, "miss": misses} {
		if got := r.looked(result); got != n {
			r.t.Errorf("%s: %d times %s, want %d", what, got, result, n)
		}
	}
	return s
}

func (r *remembering) looked(result string) int {
	r.t.Helper()
	return looked(r.t, r.reg, result)
}

// looked is how many look-ups among tickets had a result.
func looked(t *testing.T, reg *prometheus.Registry, result string) int {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if labels := fmt.Sprint(m.GetLabel()); family.GetName() == "easyauth_cache_requests_total" && strings.Contains(labels, `"tickets"`) && strings.Contains(labels, `"`+result+`"`) {
				return int(m.GetCounter().GetValue())
			}
		}
	}
	return 0
}

// held is how many tickets are remembered.
func (r *remembering) held(want int) {
	r.t.Helper()
	if err := testutil.GatherAndCompare(r.reg, strings.NewReader(fmt.Sprintf(`
# HELP easyauth_cache_entries Entries of a cache.
# TYPE easyauth_cache_entries gauge
easyauth_cache_entries{cache="tickets"} %d
`, want)), "easyauth_cache_entries"); err != nil {
		r.t.Error(err)
	}
}

// A ticket that comes again is opened no more; whether it is still good is asked each time.
func TestOpenedOnce(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(*session.Config)
		happen func(r *remembering)
		want   access.Reason
		hits   int // with the look-up after what happened; before it were two misses and a hit
		misses int
	}{
		{"nothing", nil, func(*remembering) {}, access.ReasonOK, 2, 2},
		{"its last moment", nil, func(r *remembering) { r.now = r.now.Add(time.Hour - time.Second) }, access.ReasonOK, 2, 2},
		{"its end", nil, func(r *remembering) { r.now = r.now.Add(time.Hour) }, access.ReasonTicketExpired, 1, 3},
		{"the clock goes back", nil, func(r *remembering) { r.now = r.now.Add(-2 * time.Minute) }, access.ReasonTicketEarly, 2, 2},
		{"its tenant is refused", nil, func(r *remembering) { r.refused = "10000000-0000-4000-8000-000000000000" }, access.ReasonTenant, 2, 2},
		{"not used for too long", func(c *session.Config) { c.Idle = time.Minute }, func(r *remembering) { r.now = r.now.Add(2 * time.Minute) }, access.ReasonIdle, 2, 2},
		{"its key is dropped", nil, func(r *remembering) { r.keys(2) }, access.ReasonTicketInvalid, 1, 3},
		{"another key is dropped", nil, func(r *remembering) { r.keys(1) }, access.ReasonOK, 1, 3},
		{"a key is added", nil, func(r *remembering) { r.keys(3, 1, 2) }, access.ReasonOK, 1, 3},
		{"scopes are named otherwise", nil, func(r *remembering) { r.names.Learn(nil, []string{"User.Read"}) }, access.ReasonOK, 1, 3},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := newRemembering(t, row.change)
			h := r.issue(full(1, 0))
			r.must("the first time", h, access.ReasonOK, 0, 1)
			second := r.must("the second time", h, access.ReasonOK, 0, 2)
			if third := r.must("the third time", h, access.ReasonOK, 1, 2); third != second {
				t.Error("what is remembered was not used")
			}
			row.happen(r)
			r.must("afterwards", h, row.want, row.hits, row.misses)
		})
	}
}

func (r *remembering) keys(of ...byte) {
	r.t.Helper()
	var keys [][]byte
	for _, b := range of {
		keys = append(keys, bytes.Repeat([]byte{b}, seal.KeySize))
	}
	if err := r.ring.Replace(keys, nil); err != nil {
		r.t.Fatal(err)
	}
}

// What was rendered under other names of scopes is not shown.
func TestOpenedNamesOfScopes(t *testing.T) {
	r := newRemembering(t, nil)
	h := r.issue(full(1, 0))
	for _, want := range []string{"openid|profile|email|User.Read", "openid|profile|email|https%3A%2F%2Fgraph.microsoft.com%2FUser.Read"} {
		out := http.Header{}
		r.must("", h, access.ReasonOK, r.looked("hit"), r.looked("miss")+1).Headers.Write(out, nil)
		if got := out.Get("X-Injected-Scp"); got != want {
			t.Errorf("scp is %q, want %q", got, want)
		}
		r.names.Learn(nil, []string{"User.Read"})
	}
}

// Nothing that did not authenticate is remembered, and nothing is, without a cache.
func TestAttack15NothingForgedIsRemembered(t *testing.T) {
	r := newRemembering(t, nil)
	h := r.issue(full(1, 200))
	good := h["Cookie"][0]
	at := strings.Index(good, "=") + 40
	other := "A"
	if good[at] == 'A' {
		other = "B"
	}
	for name, cookies := range map[string]string{
		"a changed letter": good[:at] + other + good[at+1:], "cut off": good[:len(good)-1], "one letter more": good + "A",
		"another count": strings.Replace(good, "=2", "=1", 1), "chunks changed about": strings.NewReplacer("__Host-easyauth=", "__Host-easyauth-1=", "__Host-easyauth-1=", "__Host-easyauth=").Replace(good),
	} {
		for range 3 {
			if s, reason, _ := r.Read(t.Context(), http.Header{"Cookie": {cookies}}); s != nil || reason != access.ReasonTicketInvalid {
				t.Errorf("%s: %v", name, reason)
			}
		}
	}
	misses := r.looked("miss")
	if r.looked("hit") != 0 || misses == 0 {
		t.Errorf("%d hits, %d misses", r.looked("hit"), misses)
	}
	r.held(0)
	r.must("as it was", h, access.ReasonOK, 0, misses+1)
	r.must("as it was", h, access.ReasonOK, 0, misses+2)
	r.held(1)
	r.keys(2)
	r.must("its key is gone", h, access.ReasonTicketInvalid, 0, misses+3)
	r.held(0)

	r = newRemembering(t, func(c *session.Config) { c.CacheBytes = 0 })
	h = r.issue(full(1, 0))
	for n := range 3 {
		r.must("without a cache", h, access.ReasonOK, 0, n+1)
	}
	r.held(0)
}

// The times of use of one browser are not another's that has a copy of its ticket.
func TestOpenedIsNobodysUse(t *testing.T) {
	r := newRemembering(t, func(c *session.Config) { c.Idle = 10 * time.Minute })
	idle := r.issue(full(1, 0))
	r.now = r.now.Add(5 * time.Minute)
	r.must("in use", idle, access.ReasonOK, 0, 1)
	s := r.must("in use", idle, access.ReasonOK, 0, 2)
	seen, _, _ := strings.Cut(r.Touch(t.Context(), s), ";")
	used := http.Header{"Cookie": {idle["Cookie"][0] + "; " + seen}}
	r.now = r.now.Add(9 * time.Minute)
	r.must("with its last use", used, access.ReasonOK, 1, 2)
	r.must("without", idle, access.ReasonIdle, 2, 2)
	r.must("with its last use", used, access.ReasonOK, 3, 2)
}

// A revocation counts for a ticket that is remembered.
func TestAttack30RememberedTickets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, stop := listed(t, 2, nil, nil)
		defer stop()
		time.Sleep(2 * time.Second)
		for name, end := range map[string]func(h http.Header, who access.Key) error{
			"the cookie": func(h http.Header, _ access.Key) error { _, err := r[1].End(t.Context(), h); return err },
			"the person": func(_ http.Header, who access.Key) error { return r[1].EndUser(t.Context(), who) },
			"the sid":    func(http.Header, access.Key) error { return r[1].endSID("sid of the sid") },
		} {
			id := withSID("adele of "+name, "https://i", "sid of "+name)
			h := r[0].signIn(id, nil)
			for range 3 {
				r[0].must(name+" is remembered", h, access.ReasonOK)
			}
			if err := end(h, id.Key()); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			r[0].must(name+" was ended", h, access.ReasonSessionRevoked)
		}
	})
}

// The bytes that are counted are about those that are taken, and never much fewer.
func TestOpenedBytes(t *testing.T) {
	for _, groups := range []int{0, 200} {
		const n = 400
		r := newRemembering(t, func(c *session.Config) { c.CacheBytes = 64 << 20 })
		requests := make([]http.Header, n)
		for i := range requests {
			requests[i] = r.issue(full(i, groups))
		}
		before := heap()
		for range 2 {
			for _, h := range requests {
				if s, reason, _ := r.Read(t.Context(), h); s == nil {
					t.Fatal(reason)
				}
			}
		}
		taken := (heap() - before) / n
		counted := r.bytes() / n
		t.Logf("%d groups: %d bytes a ticket, counted as %d", groups, taken, counted)
		if counted < taken*9/10 || counted > taken*2 {
			t.Errorf("%d groups: %d bytes a ticket, counted as %d", groups, taken, counted)
		}
		runtime.KeepAlive(requests)
	}
}

func heap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc) //nolint:gosec // small
}

func (r *remembering) bytes() int {
	r.t.Helper()
	families, err := r.reg.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == "easyauth_cache_bytes" {
			return int(family.GetMetric()[0].GetGauge().GetValue())
		}
	}
	return 0
}
