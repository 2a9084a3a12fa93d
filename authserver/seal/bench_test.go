package seal_test

import (
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/seal"
)

func BenchmarkBox(b *testing.B) {
	for _, hourly := range []bool{false, true} {
		name := map[bool]string{false: "plain", true: "hourly"}[hourly]
		bx := box(b, domain, seal.Config{Hourly: hourly}, key(1), key(2))
		sealed, err := bx.Seal("c", make([]byte, 1000))
		if err != nil {
			b.Fatal(err)
		}
		b.Run("seal "+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = bx.Seal("c", make([]byte, 1000))
			}
		})
		b.Run("open "+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = bx.Open("c", sealed)
			}
		})
	}
}

func BenchmarkMAC(b *testing.B) {
	r := ring(b, [][]byte{key(1)})
	current, part := r.Current(), make([]byte, 16)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = r.MAC(current, "record", part)
	}
}
