package entra

import "testing"

func BenchmarkBearer(b *testing.B) {
	c := bearerCall()
	rp := c.party(b)
	h := c.sends()
	b.Run("hit", func(b *testing.B) {
		for b.Loop() {
			if r := rp.Bearer(b.Context(), h); r.Identity == nil {
				b.Fatal(r.Err)
			}
		}
	})
	b.Run("miss", func(b *testing.B) {
		for b.Loop() {
			rp.verified.tokens.Clear()
			if r := rp.Bearer(b.Context(), h); r.Identity == nil || r.Cached {
				b.Fatal(r.Err)
			}
		}
	})
	b.Run("refused", func(b *testing.B) {
		c.key = otherRSA()
		h := c.sends()
		for b.Loop() {
			if r := rp.Bearer(b.Context(), h); r.Identity != nil {
				b.Fatal("accepted")
			}
		}
	})
}
