package ticket_test

import (
	"fmt"
	"testing"
)

// With 200 groups a ticket takes two cookies.
func BenchmarkSeal(b *testing.B) {
	for _, groups := range []int{0, 200} {
		b.Run(fmt.Sprintf("%d groups", groups), func(b *testing.B) {
			c, tk := codec(b), adele()
			tk.Identity.Groups = guids(groups)
			b.ReportAllocs()
			for b.Loop() {
				if _, dropped, err := c.Seal(&tk); err != nil || len(dropped) > 0 {
					b.Fatal(dropped, err)
				}
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, groups := range []int{0, 200} {
		b.Run(fmt.Sprintf("%d groups", groups), func(b *testing.B) {
			c, tk := codec(b), adele()
			tk.Identity.Groups = guids(groups)
			chunks, dropped, err := c.Seal(&tk)
			if err != nil || len(dropped) > 0 {
				b.Fatal(dropped, err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Open(chunks...); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
