package wire_test

import (
	"fmt"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/wire"
)

// BenchmarkReader reads 40 texts, as many as the names and values of 20 claims.
func BenchmarkReader(b *testing.B) {
	const texts = 40
	var w wire.Writer
	for n := range texts {
		w.Text(fmt.Sprintf("text %d of %d", n, texts))
	}
	b.ReportAllocs()
	for b.Loop() {
		r := wire.NewReader(w)
		for range texts {
			r.Text()
		}
		if err := r.End(); err != nil {
			b.Fatal(err)
		}
	}
}
