package hosts

import "testing"

// The second has a letter beyond ASCII, for which each character is looked at.
func BenchmarkParseOriginal(b *testing.B) {
	for _, bench := range []struct{ name, url string }{
		{"plain", "https://app.example.com/orders?page=2&name=andre"},
		{"with UTF-8", "https://app.example.com/orders?page=2&name=andré"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			values := []string{bench.url}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ParseOriginal(values); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkReturnURL(b *testing.B) {
	set, from := house(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := set.ReturnURL("/orders?page=2", from); !ok {
			b.Fatal("it was refused")
		}
	}
}
