package authserver_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// sink is an answer that nobody reads.
type sink struct {
	h      http.Header
	status int
}

func (s *sink) Header() http.Header         { return s.h }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }

// unreadLog formats what is logged, as in production, and writes it nowhere.
func unreadLog() *slog.Logger {
	return slog.New(slog.NewJSONHandler(io.Discard, nil)) //nolint:sloglint // slog.DiscardHandler formats nothing
}

// twenty has the claims of a usual token of Entra ID with optional ones, 20 in all.
func twenty(n int) access.Identity {
	id := access.Identity{
		Tenant: emulator.DefaultTenantID, Object: fmt.Sprintf("20000000-0000-4000-8000-%012d", n), Subject: "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
		Name: "Adele Vance", PreferredUsername: "adelev@contoso.example", Email: "adelev@contoso.example",
		Roles: []string{"Admin", "Orders.Write"}, Scopes: []string{"openid", "profile", "email", "User.Read"},
	}
	for i := range 11 {
		id.Claims = append(id.Claims, access.Claim{Name: fmt.Sprintf("optional_claim_%d", i), Values: []string{fmt.Sprintf("Value %d of %d", i, n)}})
	}
	return id
}

// BenchmarkAuth is the whole of what the server does with a question of nginx, but
// for net/http's own work.
func BenchmarkAuth(b *testing.B) {
	for _, bench := range []struct {
		name    string
		options options
		tickets int
		query   string
		status  int
	}{
		{"hit", options{}, 1, "role=Admin|Owner", http.StatusAccepted},
		{"hit with policy", options{policies: somePolicies}, 1, "role=Admin|Owner&policy=admins", http.StatusAccepted},
		{"hit with assertion", signs(), 1, "role=Admin|Owner&app=" + orders, http.StatusAccepted},
		{"hit with tokens for programs", options{programs: true}, 1, "role=Admin|Owner", http.StatusAccepted},
		{"hit with idle", options{idle: time.Hour}, 1, "role=Admin|Owner", http.StatusAccepted},
		{"without a cache", options{noCache: true}, 1, "role=Admin|Owner", http.StatusAccepted},
		{"no cookie", options{}, 0, "role=Admin|Owner", http.StatusUnauthorized},
		{"forbidden", options{}, 1, "role=Owner", http.StatusUnauthorized},
	} {
		b.Run(bench.name, func(b *testing.B) {
			k := newKit(b, bench.options)
			k.server.Log = unreadLog()
			cookies := make([]string, 0, bench.tickets)
			for n := range bench.tickets {
				cookies = append(cookies, k.issue(twenty(n)))
			}
			if bench.options.idle > 0 {
				k.advance(bench.options.idle / 2)
				for n := range cookies {
					cookies[n] += "; " + seen(b, k, cookies[n])
				}
			}
			benchAuth(b, k, bench.query, bench.status, func(n int, h http.Header) {
				if len(cookies) > 0 {
					h["Cookie"] = []string{"theme=dark; " + cookies[n%len(cookies)]}
				}
			})
		})
	}
}

// seen is the cookie that says when a session was last used: now.
func seen(b *testing.B, k *kit, ticket string) string {
	b.Helper()
	s, reason, err := k.sessions.Read(b.Context(), http.Header{"Cookie": {ticket}})
	if s == nil {
		b.Fatal(reason, err)
	}
	pair, _, _ := strings.Cut(k.sessions.Touch(b.Context(), s), ";")
	if pair == "" {
		b.Fatal("the use was not noted")
	}
	return pair
}

// BenchmarkAuthBearer is the same with a token that was verified before.
func BenchmarkAuthBearer(b *testing.B) {
	k := newKit(b, options{bearer: true})
	k.server.Log = unreadLog()
	authorization := k.bearerOf(emulator.Adele)["Authorization"]
	benchAuth(b, k, "", http.StatusAccepted, func(_ int, h http.Header) { h["Authorization"] = authorization })
}

// BenchmarkAuthToken is the same with a token of ours.
func BenchmarkAuthToken(b *testing.B) {
	k := newKit(b, options{programs: true})
	k.server.Log = unreadLog()
	authorization := []string{"Bearer " + k.token(twenty(1), time.Hour).Access.Reveal()}
	benchAuth(b, k, "role=Admin|Owner", http.StatusAccepted, func(_ int, h http.Header) { h["Authorization"] = authorization })
}

func benchAuth(b *testing.B, k *kit, query string, status int, prepare func(n int, h http.Header)) {
	b.Helper()
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "http://auth.internal"+authPath, nil)
	r.URL.RawQuery = query
	w := &sink{h: http.Header{}}
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		r.Header = http.Header{
			"X-Original-Url": {app + "/orders/4711?view=all"}, "X-Original-Method": {"GET"}, "Accept": {"text/html,application/xhtml+xml"}, "Sec-Fetch-Mode": {"navigate"},
			"User-Agent": {"Mozilla/5.0"}, "X-Real-Ip": {"192.0.2.1"}, "X-Forwarded-For": {"192.0.2.1"},
		}
		prepare(n, r.Header)
		clear(w.h)
		k.server.ServeHTTP(w, r)
		n++
	}
	if w.status != status {
		b.Fatalf("the answer is %d, want %d", w.status, status)
	}
}
