package signin

import (
	"fmt"
	"net/http"
	"testing"
)

// BenchmarkAdd is the state cookie of a 401: the first of a browser, and one that is
// put beside those of ten other pages.
func BenchmarkAdd(b *testing.B) {
	for _, bench := range []struct {
		name    string
		earlier int
	}{{"the first", 0}, {"beside ten", 10}} {
		b.Run(bench.name, func(b *testing.B) {
			c := newClock()
			d := denials(b, c)
			var h http.Header
			for n := range bench.earlier {
				line, err := d.Add(h, original(fmt.Sprintf("/page%d", n)), stepUp("Orders.Read"), true)
				if err != nil {
					b.Fatal(err)
				}
				h = carry(line)
			}
			if got := len(d.read(h)); got != bench.earlier {
				b.Fatalf("%d earlier ones, want %d", got, bench.earlier)
			}
			last := original("/orders?page=2")
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Add(h, last, stepUp("Orders.Read"), true); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
