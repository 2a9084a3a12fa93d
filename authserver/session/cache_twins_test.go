package session_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/cookie"
	"github.com/easyauth-sidecar/easyauth/authserver/headers"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/session/memstore"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
	"github.com/easyauth-sidecar/easyauth/test/property"
)

// twins are two managers on the same keys, clock, list and rules: one remembers the
// tickets that it has opened, the other opens each anew.
type twins struct {
	t *testing.T
	r *property.Rand

	remembers, forgets *session.Manager
	counts             *prometheus.Registry // of the one that remembers
	cookies            cookie.Set
	ring               *seal.Ring
	list               *memstore.Log // nil: none
	names              *access.ScopeNames
	shared             bool

	later     atomic.Int64 // how far the clock has gone on by itself
	offset    atomic.Int64 // and by how much it is wrong
	forbidden map[string]bool
	tickets   [][]string // the cookies' values that were issued, one or two each
	people    []access.Key
	seen      []string // values of the idle cookie
	done      []string // what was done, for the record
}

func newTwins(t *testing.T, r *property.Rand) (w *twins, stop func()) {
	t.Helper()
	w = &twins{t: t, r: r, shared: r.Chance(3), forbidden: map[string]bool{}, names: access.NewScopeNames("client", nil, "https://graph.microsoft.com")}
	var err error
	if w.ring, err = seal.NewRing(keys(1), seal.Domain{}); err != nil {
		t.Fatal(err)
	}
	codec, err := ticket.New(ticket.Config{Ring: w.ring, Issuer: "https://i"})
	if err != nil {
		t.Fatal(err)
	}
	renderer, err := headers.New(headers.Config{Prefix: "x-injected-", Scopes: w.names})
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return time.Now().Add(time.Duration(w.later.Load() + w.offset.Load())) }
	var cookies cookie.Config
	if w.shared {
		cookies = cookie.Config{Domain: "example.com", BasePath: "/easyauth", ClientID: "client"}
	}
	w.cookies = cookie.New(cookies)
	cfg := session.Config{
		Codec: codec, Ring: w.ring, Cookies: w.cookies, Shared: w.shared, Lifetime: time.Hour, Now: now, Headers: renderer,
		Allowed: func(tenant string) bool { return !w.forbidden[tenant] },
	}
	if r.Chance(2) {
		cfg.Idle = 10 * time.Minute
	}
	if r.Chance(2) {
		w.list = memstore.NewLog(now)
		if cfg.Revoked, err = session.NewRevoked(session.RevokedConfig{Log: w.list, Now: now, Logger: slog.New(slog.DiscardHandler)}); err != nil {
			t.Fatal(err)
		}
	}
	if w.forgets, err = session.New(cfg); err != nil {
		t.Fatal(err)
	}
	w.counts = prometheus.NewRegistry()
	cfg.Metrics = metrics.New(w.counts, "test")
	cfg.CacheBytes = property.One(r, []int64{16 << 10, 64 << 10, 1 << 20})
	if w.remembers, err = session.New(cfg); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { w.remembers.Run(ctx) })
	synctest.Wait()
	return w, func() { cancel(); running.Wait() }
}

func (w *twins) did(format string, args ...any) {
	w.done = append(w.done, fmt.Sprintf(format, args...))
}

// signIn issues a ticket of somebody, now and then one of two cookies.
func (w *twins) signIn() {
	r := w.r
	id := access.Identity{
		Issuer: "https://i", Tenant: property.One(r, []string{"t1", "t2"}), Object: property.One(r, []string{"adele", "bob"}), Name: r.Text("abc ", 20),
		Roles: property.Some(r, []string{"Admin", "Owner"}), Scopes: property.Some(r, []string{"Mail.Read", "client/Orders.Read"}),
	}
	if r.Chance(2) {
		id.Claims = []access.Claim{{Name: "sid", Values: []string{property.One(r, []string{"one", "two"})}}}
	}
	if r.Chance(3) {
		for n := range 200 {
			id.Groups = append(id.Groups, fmt.Sprintf("%08x-0000-4000-8000-%012x", r.Uint32(), n))
		}
	}
	_, lines, _, err := property.One(r, []*session.Manager{w.remembers, w.forgets}).Issue(w.t.Context(), nil, &id, nil, nil, "")
	if err != nil {
		w.t.Fatal(err)
	}
	var values []string
	for _, line := range lines {
		pair, _, _ := strings.Cut(line, ";")
		_, value, _ := strings.Cut(pair, "=")
		values = append(values, value)
	}
	w.tickets, w.people = append(w.tickets, values), append(w.people, id.Key())
	w.did("ticket %d: %s of %s, %d cookies", len(w.tickets)-1, id.Object, id.Tenant, len(values))
}

// change does something on which a ticket's fate may hang.
func (w *twins) change() {
	r := w.r
	m := property.One(r, []*session.Manager{w.remembers, w.forgets})
	switch r.IntN(9) {
	case 0, 1:
		d := property.One(r, []time.Duration{time.Millisecond, time.Second, time.Minute, 5 * time.Minute, 11 * time.Minute, 30 * time.Minute, 61 * time.Minute})
		w.later.Add(int64(d))
		w.did("%s later", d)
	case 2:
		offset := property.One(r, []time.Duration{0, 0, -time.Second, -2 * time.Minute, -2 * time.Hour, 59 * time.Minute, 2 * time.Hour})
		w.offset.Store(int64(offset))
		w.did("the clock is off by %s", offset)
	case 3, 4:
		numbers := property.Shuffled(r, property.One(r, [][]byte{{1, 2}, {2, 3}, {1, 2, 3}, {3}}))
		next := r.IntN(len(numbers))
		if err := w.ring.Replace(keys(numbers[next:]...), keys(numbers[:next]...)); err != nil {
			w.t.Fatal(err)
		}
		w.did("keys %v, and then %v", numbers[next:], numbers[:next])
	case 5:
		tenant := property.One(r, []string{"t1", "t2"})
		w.forbidden[tenant] = !w.forbidden[tenant]
		w.did("tenants that are forbidden: %v", w.forbidden)
	case 6:
		names := property.Some(r, []string{"Mail.Read", "Orders.Read"})
		w.names.Learn(property.Some(r, []string{"api://ours"}), names)
		w.did("the registration exposes %v", names)
	default:
		w.revoke(m)
	}
}

func (w *twins) revoke(m *session.Manager) {
	if w.list == nil || len(w.tickets) == 0 {
		return
	}
	r, ctx := w.r, w.t.Context()
	var err error
	switch n := r.IntN(len(w.tickets)); r.IntN(5) {
	case 0, 1:
		_, err = m.End(ctx, w.header(w.tickets[n]))
		w.did("ticket %d is signed out", n)
	case 2:
		err = m.EndUser(ctx, w.people[n])
		w.did("all of %v are ended", w.people[n])
	case 3:
		_, err = m.EndSID(ctx, "one")
		w.did("all of the sid one are ended")
	case 4:
		if r.Chance(3) {
			err = w.list.Append(ctx, session.Revocation{Scope: session.AllTickets, Issued: m.Now(), Until: m.Now().Add(time.Hour)})
			time.Sleep(2 * time.Second)
			w.did("everybody is ended")
		}
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// header carries a ticket's chunks.
func (w *twins) header(values []string) http.Header {
	pairs := []string{w.cookies.Ticket.Name + "=" + values[0]}
	if len(values) > 1 {
		pairs = append(pairs, w.cookies.Ticket1.Name+"="+values[1])
	}
	return http.Header{"Cookie": {strings.Join(pairs, "; ")}}
}

// presented is a request that shows some ticket, whole or not.
func (w *twins) presented() (h http.Header, what string) {
	r := w.r
	if len(w.tickets) == 0 || r.Chance(20) {
		return http.Header{}, "nothing"
	}
	n, other := max(r.IntN(len(w.tickets)), r.IntN(len(w.tickets))), r.IntN(len(w.tickets)) // the newer ones more often
	values := slices.Clone(w.tickets[n])
	what = fmt.Sprintf("ticket %d", n)
	kind := r.IntN(20)
	at := r.IntN(len(values))
	switch v := values[at]; kind {
	case 0:
		i := r.IntN(len(v))
		values[at] = v[:i] + property.One(r, []string{"A", "b", "-", ".", "\x00", "1", "2"}) + v[i+1:]
		what += ", a character changed"
	case 1:
		values[at] = v[:r.IntN(len(v))]
		what += ", cut"
	case 2:
		values[at] = v + "A"
		what += ", longer"
	case 3:
		slices.Reverse(values)
		what += ", chunks swapped"
	case 4:
		values = append(values[:1:1], w.tickets[other][len(w.tickets[other])-1])
		what += fmt.Sprintf(", with the last chunk of %d", other)
	case 5:
		whole := strings.Join(values, "")
		i := r.Between(1, len(whole))
		values = []string{whole[:i], whole[i:]}
		what += ", split elsewhere"
	case 6:
		values = []string{property.One(r, []string{"1", "2", "3"}) + strings.Join(values, "")[1:]}
		what += ", in one, with another number in front"
	case 7:
		values = values[:1]
		what += ", its first chunk"
	}
	h = w.header(values)
	line := h["Cookie"][0]
	switch kind {
	case 8:
		line = strings.Replace(line, w.cookies.Ticket.Name+"=", property.One(r, []string{"x=", "__Host-easyauth-state=", "__host-easyauth=", w.cookies.Ticket1.Name + "="}), 1)
		what += ", under another name"
	case 9:
		line += "; " + w.header(w.tickets[other])["Cookie"][0]
		what += fmt.Sprintf(" and %d", other)
	case 10:
		line = strings.Repeat(w.cookies.Ticket.Name+"=1junk; ", r.Between(1, 4)) + line
		what += ", junk of the name before it"
	}
	if len(w.seen) > 0 && r.Chance(2) {
		line += "; " + w.cookies.Seen.Name + "=" + property.One(r, w.seen)
		what += ", used"
	}
	return http.Header{"Cookie": {line}}, what
}

// told is all that a manager says of a request.
type told struct {
	Reason   access.Reason
	Failed   bool
	ID       ticket.ID
	Identity access.Identity
	Issued   time.Time
	Expires  time.Time
	Touched  bool
	Headers  map[string]string
}

func (w *twins) ask(m *session.Manager, h http.Header) told {
	s, reason, err := m.Read(w.t.Context(), h)
	a := told{Reason: reason, Failed: err != nil}
	if s == nil {
		return a
	}
	a.ID, a.Identity, a.Issued, a.Expires = s.ID, s.Identity, s.Issued, s.Expires
	rendered := http.Header{}
	s.Headers.Write(rendered, nil)
	a.Headers = map[string]string{}
	for name, values := range rendered {
		a.Headers[name] = strings.Join(values, " AND ")
	}
	if line := m.Touch(w.t.Context(), s); line != "" {
		a.Touched = true
		pair, _, _ := strings.Cut(line, ";")
		_, value, _ := strings.Cut(pair, "=")
		w.seen = append(w.seen, value)
	}
	return a
}

func (t told) same(o told) bool {
	return t.Reason == o.Reason && t.Failed == o.Failed && t.ID == o.ID && t.Issued.Equal(o.Issued) && t.Expires.Equal(o.Expires) &&
		t.Touched == o.Touched && maps.Equal(t.Headers, o.Headers) && reflect.DeepEqual(t.Identity, o.Identity)
}
