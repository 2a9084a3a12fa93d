package celexpr

import (
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/policy"
)

// The same rules, as conditions and as an expression.
func BenchmarkTwins(b *testing.B) {
	for _, c := range []struct{ name, rule string }{
		{"conditions", `all: [{role: {is: Editor}}, {method: {in: [GET, HEAD]}}, {path: {starts_with: /reports}}, {claim: {path: dept, is: sales}}]`},
		{"expression", `expr: '"Editor" in identity.roles && request.method in ["GET", "HEAD"] && (request.path == "/reports" || request.path.startsWith("/reports/")) && "sales" in identity.claims["dept"]'`},
		{"loop", `expr: 'identity.groups.exists(g, g == "g2")'`},
	} {
		b.Run(c.name, func(b *testing.B) {
			set, err := policy.Parse([]byte("policies: {p: {allow: [{"+c.rule+"}]}}"), policy.Options{Expressions: compiler(b), Entra: true})
			if err != nil {
				b.Fatal(err)
			}
			p, in := set.Find("p"), ann()
			b.ReportAllocs()
			for b.Loop() {
				if v := p.Decide(in); v.Decision.Outcome != access.Allow {
					b.Fatal(v)
				}
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	c := compiler(b)
	for b.Loop() {
		if _, err := c.Compile(`"Editor" in identity.roles && request.method in ["GET", "HEAD"] && identity.groups.exists(g, g == "g2")`); err != nil {
			b.Fatal(err)
		}
	}
}
