package access_test

import (
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// BenchmarkParse is what remembering queries buys: a query that was parsed before,
// and the same by a parser that has seen none, its making included.
func BenchmarkParse(b *testing.B) {
	for _, query := range []string{"", "role=Admin|Owner", "role-any=Admin,Owner&scope=User.Read&graph=/me?$select=displayName,id"} {
		name := query
		if name == "" {
			name = "nothing"
		}
		names := access.NewScopeNames("client", nil, "https://graph.microsoft.com")
		p := access.NewParser(access.ParserConfig{Scopes: names, Entra: true})
		b.Run(name+"/known", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Parse(query); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/new", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				fresh := access.NewParser(p.ParserConfig)
				if _, err := fresh.Parse(query); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
