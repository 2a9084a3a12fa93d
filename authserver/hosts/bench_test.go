package hosts

import "testing"

func BenchmarkParseOriginal(b *testing.B) {
	values := []string{"https://app.example.com/orders?page=2"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseOriginal(values); err != nil {
			b.Fatal(err)
		}
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
