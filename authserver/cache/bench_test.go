package cache

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// BenchmarkGet is the hot path: many callers, each asking for one of many keys
// that are there.
func BenchmarkGet(b *testing.B) {
	for _, entries := range []int{1, 100, 20_000} {
		b.Run(fmt.Sprintf("%d entries", entries), func(b *testing.B) {
			c := New[*int](64<<20, nil)
			keys := make([][32]byte, entries)
			expires := time.Now().Add(time.Hour)
			for i := range keys {
				keys[i] = numbered(i)
				c.Put(keys[i], &i, 500, expires)
			}
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				r := rand.New(rand.NewPCG(rand.Uint64(), 0))
				for pb.Next() {
					if _, ok := c.Get(keys[r.IntN(len(keys))]); !ok {
						b.Error("not there")
					}
				}
			})
		})
	}
}

// BenchmarkPut puts new keys into a full cache.
func BenchmarkPut(b *testing.B) {
	c := New[*int](16<<20, nil)
	keys := make([][32]byte, 1<<17)
	for i := range keys {
		keys[i] = numbered(i)
	}
	expires := time.Now().Add(time.Hour)
	var v int
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		c.Put(keys[n%len(keys)], &v, 500, expires.Add(time.Duration(n%1000)*time.Second))
		n++
	}
}

func BenchmarkKey(b *testing.B) {
	token := make([]byte, 1500)
	b.ReportAllocs()
	for b.Loop() {
		Key(token)
	}
}
