package cookie

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// BenchmarkOnly finds a ticket among the cookies of other programs.
func BenchmarkOnly(b *testing.B) {
	set := New(Config{BasePath: "/easyauth", ClientID: "11111111-2222-4333-8444-555555555555"})
	value := strings.Repeat("x", 500)
	for _, kind := range []struct{ name, line string }{
		{"alone", set.Ticket.Name + "=" + value},
		{"among others", "theme=dark; _ga=GA1.1.1234567890.1700000000; " + set.Ticket.Name + "=" + value + "; lang=en"},
	} {
		b.Run(kind.name, func(b *testing.B) {
			h := http.Header{"Cookie": {kind.line}}
			b.ReportAllocs()
			for b.Loop() {
				if got, ok := set.Ticket.Only(h); !ok || len(got) != len(value) {
					b.Fatal("it was not found")
				}
			}
		})
	}
}

func BenchmarkSet(b *testing.B) {
	c := New(Config{BasePath: "/easyauth", ClientID: "11111111-2222-4333-8444-555555555555"}).Denial
	value := strings.Repeat("x", 300)
	b.ReportAllocs()
	for b.Loop() {
		if len(c.Set(value, 5*time.Minute)) < len(value) {
			b.Fatal("the value is not there")
		}
	}
}
