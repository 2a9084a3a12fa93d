package session_test

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/cookie"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

func manager(t testing.TB, change func(*session.Config)) (*session.Manager, cookie.Set) {
	t.Helper()
	ring, err := seal.NewRing([][]byte{bytes.Repeat([]byte{1}, seal.KeySize)}, seal.Domain{})
	if err != nil {
		t.Fatal(err)
	}
	codec, err := ticket.New(ticket.Config{Ring: ring})
	if err != nil {
		t.Fatal(err)
	}
	cfg := session.Config{Codec: codec, Ring: ring, Cookies: cookie.New(cookie.Config{}), Lifetime: time.Hour, CacheBytes: 1 << 20}
	if change != nil {
		change(&cfg)
	}
	m, err := session.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m, cfg.Cookies
}

// request carries the cookies of Set-Cookie lines.
func request(lines []string) http.Header {
	var pairs []string
	for _, line := range lines {
		pair, _, _ := strings.Cut(line, ";")
		pairs = append(pairs, pair)
	}
	return http.Header{"Cookie": {strings.Join(pairs, "; ")}}
}

var adele = access.Identity{Tenant: "t", Object: "adele", Scopes: []string{"A", "B"}, Graph: []access.GraphResult{{Query: "/me", JSON: "1"}, {Query: "/x", JSON: "2"}}}

// What a new sign-in of the same person keeps of the old session.
func TestIssueKeeps(t *testing.T) {
	m, _ := manager(t, nil)
	old, _, _, err := m.Issue(t.Context(), nil, &adele, nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	fresh := access.Identity{Tenant: "t", Object: "adele", Scopes: []string{"B", "C"}, Graph: []access.GraphResult{{Query: "/me", JSON: "3"}}}
	otherPerson, otherTenant, noKey := fresh, fresh, fresh
	otherPerson.Object, otherTenant.Tenant = "bob", "t2"
	noKey.Tenant, noKey.Object = "", ""
	tests := []struct {
		name   string
		id     access.Identity
		old    *session.Session
		scopes []string
		graph  map[string]string
	}{
		{"the same person", fresh, old, []string{"B", "C", "A"}, map[string]string{"/me": "3", "/x": "2"}},
		{"another person", otherPerson, old, []string{"B", "C"}, map[string]string{"/me": "3"}},
		{"the same oid in another tenant", otherTenant, old, []string{"B", "C"}, map[string]string{"/me": "3"}},
		{"no old session", fresh, nil, []string{"B", "C"}, map[string]string{"/me": "3"}},
		{"an identity without a key", noKey, old, []string{"B", "C"}, map[string]string{"/me": "3"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, lines, dropped, err := m.Issue(t.Context(), nil, &tt.id, tt.old, nil, "")
			if err != nil || len(dropped) > 0 || len(lines) != 1 {
				t.Fatalf("%d lines, dropped %q, %v", len(lines), dropped, err)
			}
			if !slices.Equal(s.Identity.Scopes, tt.scopes) || len(s.Identity.Graph) != len(tt.graph) {
				t.Errorf("scopes %q, graph %v", s.Identity.Scopes, s.Identity.Graph)
			}
			for _, g := range s.Identity.Graph {
				if tt.graph[g.Query] != g.JSON {
					t.Errorf("%s: %s, want %s", g.Query, g.JSON, tt.graph[g.Query])
				}
			}
			read, reason, err := m.Read(t.Context(), request(lines))
			if tt.name == "an identity without a key" {
				if read != nil || reason != access.ReasonTicketInvalid {
					t.Errorf("nobody's ticket was accepted: %s", reason)
				}
				return
			}
			if read == nil || read.ID != s.ID || !read.Issued.Equal(s.Issued) {
				t.Errorf("read back %+v, %s, %v", read, reason, err)
			}
		})
	}
}

func TestIssueDeletesASurplusChunk(t *testing.T) {
	m, cookies := manager(t, nil)
	stale := http.Header{"Cookie": {cookies.Ticket1.Name + "=x"}}
	_, lines, _, err := m.Issue(t.Context(), stale, &adele, nil, nil, "")
	if err != nil || len(lines) != 2 || lines[1] != cookies.Ticket1.Delete() {
		t.Errorf("%q, %v", lines, err)
	}
	large := adele
	for i := range 200 {
		large.Groups = append(large.Groups, strings.Repeat(string(rune('a'+i%26)), 18)+strings.Repeat("x", i%7))
	}
	large.Name = "an identity of two cookies " + noise(4200)
	_, lines, _, err = m.Issue(t.Context(), stale, &large, nil, nil, "")
	if err != nil || len(lines) != 2 || lines[1] == cookies.Ticket1.Delete() {
		t.Errorf("%d lines, %v", len(lines), err)
	}
	if s, reason, err := m.Read(t.Context(), request(lines)); s == nil {
		t.Errorf("two cookies: %s, %v", reason, err)
	}
	large.Name = noise(8000)
	if _, _, _, err := m.Issue(t.Context(), nil, &large, nil, nil, ""); !errors.Is(err, ticket.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
}

// noise does not compress well.
func noise(n int) string {
	b, x := make([]byte, n), uint32(n) //nolint:gosec // another row for each length
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[x>>26]
	}
	return string(b)
}

func TestEndRemovesEveryCookie(t *testing.T) {
	m, cookies := manager(t, nil)
	lines, err := m.End(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []cookie.Cookie{cookies.Ticket, cookies.Ticket1, cookies.Seen} {
		if !slices.Contains(lines, c.Delete()) {
			t.Errorf("%s stays", c.Name)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	m, _ := manager(t, nil)
	if m == nil {
		t.Fatal("the good one")
	}
	ring, err := seal.NewRing([][]byte{bytes.Repeat([]byte{1}, seal.KeySize)}, seal.Domain{})
	if err != nil {
		t.Fatal(err)
	}
	codec, err := ticket.New(ticket.Config{Ring: ring})
	if err != nil {
		t.Fatal(err)
	}
	for name, cfg := range map[string]session.Config{
		"no codec":           {Ring: ring, Lifetime: time.Hour},
		"no ring":            {Codec: codec, Lifetime: time.Hour},
		"no lifetime":        {Codec: codec, Ring: ring},
		"negative idle time": {Codec: codec, Ring: ring, Lifetime: time.Hour, Idle: -1},
	} {
		if _, err := session.New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// Kept graph results give way before anything that the new sign-in brought.
func TestKeptGraphGivesWay(t *testing.T) {
	m, _ := manager(t, nil)
	old := adele
	old.Graph = []access.GraphResult{{Query: "/newest", JSON: noise(1500)}, {Query: "/older", JSON: noise(1501)}, {Query: "/oldest", JSON: noise(1502)}}
	session1, _, dropped, err := m.Issue(t.Context(), nil, &old, nil, nil, "")
	if err != nil || len(dropped) > 0 {
		t.Fatalf("dropped %q, %v", dropped, err)
	}
	fresh := adele
	fresh.Graph, fresh.Claims = nil, []access.Claim{{Name: "department", Values: []string{noise(2503)}}}
	session2, _, dropped, err := m.Issue(t.Context(), nil, &fresh, session1, nil, "")
	if err != nil || len(dropped) > 0 {
		t.Errorf("dropped %q, %v", dropped, err)
	}
	id := &session2.Identity
	if len(id.Claims) != 1 || id.GraphResult("/newest") == nil || id.GraphResult("/oldest") != nil {
		t.Errorf("%d claims, graph results %d", len(id.Claims), len(id.Graph))
	}
}

// FuzzRead joins the cookies of a request, whatever they are, into tickets.
func FuzzRead(f *testing.F) {
	one := adele
	two := adele
	two.Name = noise(5000)
	var managers []*session.Manager
	for _, shared := range []bool{false, true} {
		m, _ := manager(f, func(c *session.Config) {
			c.Shared = shared
			c.Now = func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) } // what was found stays good
		})
		managers = append(managers, m)
		for _, id := range []access.Identity{one, two} {
			_, lines, _, err := m.Issue(f.Context(), nil, &id, nil, nil, "")
			if err != nil {
				f.Fatal(err)
			}
			header := request(lines)["Cookie"][0]
			f.Add(header)
			f.Add(header + "; " + header)
		}
	}
	f.Add("__Host-easyauth=1; __Host-easyauth-1=")
	f.Fuzz(func(t *testing.T, header string) {
		for _, m := range managers {
			if s, _, _ := m.Read(t.Context(), http.Header{"Cookie": {header}}); s != nil && s.Identity.Object != "adele" {
				t.Errorf("a session that was never issued: %+v", s.Identity)
			}
		}
	})
}
