package session_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/headers"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// full has 20 claims, as a token of Entra ID with the usual optional ones; with groups
// it takes two cookies.
func full(n, groups int) access.Identity {
	id := access.Identity{
		Issuer: "https://i", Tenant: "10000000-0000-4000-8000-000000000000", Object: fmt.Sprintf("20000000-0000-4000-8000-%012d", n),
		Subject: "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ", Name: "Adele Vance", PreferredUsername: "adelev@contoso.example", Email: "adelev@contoso.example",
		Roles: []string{"Admin", "Orders.Write"}, Scopes: []string{"openid", "profile", "email", "User.Read"},
	}
	for i := range 11 {
		id.Claims = append(id.Claims, access.Claim{Name: fmt.Sprintf("optional_claim_%d", i), Values: []string{fmt.Sprintf("Value %d of %d", i, n)}})
	}
	for i := range groups {
		id.Groups = append(id.Groups, fmt.Sprintf("%08x-1111-4111-8111-%012x", i*7919, n*104729+i))
	}
	return id
}

// BenchmarkRead is what the cache of opened tickets buys: the same ticket with and
// without it. A miss is one of tickets that are put in when they come again, and
// pushed out before they come once more.
func BenchmarkRead(b *testing.B) {
	renderer, err := headers.New(headers.Config{Prefix: "x-injected-"})
	if err != nil {
		b.Fatal(err)
	}
	for _, groups := range []int{0, 200} {
		for _, bench := range []struct {
			name    string
			bytes   int64
			tickets int
		}{{"hit", 16 << 20, 1}, {"without a cache", 0, 1}, {"miss", 1 << 20, 2000}} {
			b.Run(fmt.Sprintf("%d groups, %s", groups, bench.name), func(b *testing.B) {
				m, _ := manager(b, func(c *session.Config) { c.CacheBytes, c.Headers = bench.bytes, renderer })
				requests := make([]http.Header, 0, bench.tickets)
				for n := range bench.tickets {
					id := full(n, groups)
					_, lines, _, err := m.Issue(b.Context(), nil, &id, nil, nil, "")
					if err != nil {
						b.Fatal(err)
					}
					requests = append(requests, request(lines))
				}
				b.ReportAllocs()
				n := 0
				for b.Loop() {
					if s, reason, err := m.Read(b.Context(), requests[n%len(requests)]); s == nil {
						b.Fatal(reason, err)
					}
					n++
				}
			})
		}
	}
}
