package authserver_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver"
	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/session/memstore"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// shown is what a request brings to say who it is.
type shown struct {
	name        string
	cookies     string
	bearer      string
	oid         string    // whom it lets in; "": nobody
	from, until time.Time // when: from is included
	recent      time.Time // until when its sign-in is not older than 15 minutes
	opens       []string  // these queries alone
	told        map[string]map[string]string
}

func (s *shown) headers() http.Header {
	h := nginx(s.cookies)
	if s.bearer != "" {
		h["Authorization"] = []string{"Bearer " + s.bearer}
	}
	return h
}

// passes reports whether it opens a query at a time.
func (s *shown) passes(query string, now time.Time) bool {
	return s.oid != "" && slices.Contains(s.opens, query) && !now.Before(s.from) && now.Before(s.until) &&
		(query != maxAgeQuery || now.Before(s.recent))
}

// mayPass is passes for a clock that said all this during one request, and of which
// nobody knows what was compared with what.
func (s *shown) mayPass(query string, clock []time.Time) bool {
	some := func(good func(time.Time) bool) bool { return slices.ContainsFunc(clock, good) }
	return s.oid != "" && slices.Contains(s.opens, query) &&
		some(func(now time.Time) bool { return !now.Before(s.from) }) && some(func(now time.Time) bool { return now.Before(s.until) }) &&
		(query != maxAgeQuery || some(func(now time.Time) bool { return now.Before(s.recent) }))
}

const (
	maxAgeQuery = "max_age=15m"
	badQuery    = "roles=Admin"
)

// stageQueries are those that requests are asked about.
func stageQueries() []string {
	return []string{"", "role=Admin", "role=Owner", "scope=Mail.Read", "scope=Mail.Send", "graph=/me", "acr=c1", maxAgeQuery, "role=Admin&scope=Mail.Read&graph=/me", badQuery}
}

// stage is a server on which faults are tried, and everybody who asks it.
type stage struct {
	*kit

	time   *falseClock
	store  *lyingStore // nil: sessions are in cookies
	server *authserver.Server
	shown  []*shown
	tried  map[string]int // answers by status
}

func newStage(t *testing.T, kind string) *stage {
	t.Helper()
	st := &stage{time: &falseClock{now: time.Now().UTC().Truncate(time.Second)}, tried: map[string]int{}}
	o := options{clock: st.time.read, bearer: true, emulator: tellsAuthTime().emulator}
	switch kind {
	case "a store", "a store without a cache":
		st.store = &lyingStore{Store: memstore.New("0123456789abcdef", st.time.honest)}
		o.store, o.noCache = st.store, kind != "a store"
	case "cookies with a list":
		o.revoked = memstore.NewLog(st.time.honest)
	}
	st.kit = newKit(t, o)
	if o.revoked != nil {
		waitFor(t, "the list", st.listRead)
	}
	st.server = st.kit.server
	st.everybody()
	for _, s := range st.shown {
		s.told = map[string]map[string]string{}
		for _, query := range stageQueries() {
			a := st.try(query, s.headers())
			passes := s.passes(query, st.time.honest())
			if passes != (a.status == http.StatusAccepted) || passes && a.told["X-Injected-Oid"] != s.oid {
				t.Fatalf("%s, %q: %d as %v before any fault", s.name, query, a.status, a.told)
			}
			if s.told[query] = a.told; !passes && s.oid != "" && slices.Contains(s.opens, query) { // out of its time: Adele's
				s.told[query] = st.shown[0].told[query]
			}
		}
	}
	return st
}

// everybody makes who asks: those who may pass, and more of those who may not.
func (st *stage) everybody() {
	now := st.time.honest()
	person := func(oid string, roles, scopes []string) access.Identity {
		return access.Identity{
			Tenant: emulator.DefaultTenantID, Object: oid, Roles: roles, Scopes: scopes, AuthTime: now.Add(-14 * time.Minute), Contexts: []string{"c1"},
			Graph: []access.GraphResult{{Query: "/me", JSON: `{"of":"` + oid + `"}`}},
		}
	}
	adele, bob := person(emulator.AdeleOID, []string{"Admin"}, []string{"Mail.Read"}), person(emulator.BobOID, nil, nil)
	all := []string{"", "role=Admin", "scope=Mail.Read", "graph=/me", "acr=c1", maxAgeQuery, "role=Admin&scope=Mail.Read&graph=/me"}
	ticket := func(name string, id access.Identity, issued time.Time, opens ...string) *shown {
		st.time.set(issued)
		defer st.time.set(now)
		return &shown{
			name: name, cookies: st.issue(id), oid: id.Object, from: issued.Add(-time.Minute), until: issued.Add(8 * time.Hour),
			recent: id.AuthTime.Add(15*time.Minute + 1), opens: opens,
		}
	}
	one, other := ticket("Adele's ticket", adele, now, all...), ticket("Bob's ticket", bob, now, "", "graph=/me", "acr=c1", maxAgeQuery)
	value := one.cookies[:len(one.cookies)-40]
	nobody := func(name, cookies, bearer string) *shown { return &shown{name: name, cookies: cookies, bearer: bearer} }
	st.shown = []*shown{
		one, other, ticket("an expired ticket", adele, now.Add(-9*time.Hour), all...), ticket("a ticket of the future", adele, now.Add(2*time.Hour), all...),
		nobody("nothing", "", ""), nobody("a broken ticket", value+flip(one.cookies[len(value)])+one.cookies[len(value)+1:], ""),
		nobody("two people's tickets", one.cookies+"; "+other.cookies, ""), nobody("an empty ticket", st.cookies.Ticket.Name+"=", ""),
		nobody("a ticket of other keys", newKit(st.t, options{noDiscovery: true, idp: st.idp, keys: [][]byte{key(7)}}).issue(adele), ""),
	}
	st.bearers(one.cookies)
}

func (st *stage) bearers(adelesTicket string) {
	token := func(user string, fault emulator.TokenFault) string {
		st.idp.SetFaults(emulator.Faults{AccessToken: fault})
		defer st.idp.ClearFaults()
		token, err := st.idp.UserToken(user, clientID, "api://"+clientID+"/Orders.Read")
		if err != nil {
			st.t.Fatal(err)
		}
		return token
	}
	good := func(name, cookies, user, oid string, opens ...string) *shown {
		s := &shown{name: name, cookies: cookies, bearer: token(user, ""), oid: oid, opens: append(opens, "")}
		s.from, s.until = tokenTimes(st.t, s.bearer)
		return s
	}
	st.shown = append(st.shown,
		good("Adele's token", "", emulator.Adele, emulator.AdeleOID, "role=Admin"), good("Bob's token beside Adele's ticket", adelesTicket, emulator.Bob, emulator.BobOID),
		&shown{name: "a token for another API beside Adele's ticket", cookies: adelesTicket, bearer: token(emulator.Adele, emulator.WrongAudience)},
		&shown{name: "a token with a wrong signature", bearer: token(emulator.Adele, emulator.WrongSignature)},
		&shown{name: "a token without an end", bearer: token(emulator.Adele, emulator.MissingExpiry)},
	)
}

// tokenTimes are from when until when a token is good, leeway included.
func tokenTimes(t testing.TB, token string) (from, until time.Time) {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims struct{ Exp, Nbf, Iat int64 }
	if err := json.Unmarshal(payload, &claims); err != nil || claims.Exp == 0 {
		t.Fatalf("%v: %s", err, payload)
	}
	return time.Unix(max(claims.Nbf, claims.Iat), 0).Add(-time.Minute), time.Unix(claims.Exp, 0).Add(time.Minute)
}
