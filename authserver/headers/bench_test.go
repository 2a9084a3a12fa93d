package headers

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// twenty has 20 claims, as an Entra ID token with the usual optional ones.
func twenty() *access.Identity {
	id := person()
	id.Groups = nil
	for i := range 10 {
		id.Claims = append(id.Claims, access.Claim{Name: fmt.Sprintf("optional_claim_%d", i), Values: []string{"Some Value"}})
	}
	return id
}

func BenchmarkRender(b *testing.B) {
	for _, format := range []Format{Separate, Combined} {
		b.Run(format.String(), func(b *testing.B) {
			r, id := newRenderer(b, Config{Format: format}), twenty()
			b.ReportAllocs()
			for b.Loop() {
				r.Render(id)
			}
		})
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, format := range []Format{Separate, Combined} {
		for _, queries := range [][]string{nil, {"/me"}} {
			b.Run(fmt.Sprintf("%s/%d queries", format, len(queries)), func(b *testing.B) {
				v, h := newRenderer(b, Config{Format: format}).Render(twenty()), http.Header{}
				b.ReportAllocs()
				for b.Loop() {
					v.Write(h, queries)
				}
			})
		}
	}
}
