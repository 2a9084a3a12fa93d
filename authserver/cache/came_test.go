package cache_test

import (
	"encoding/binary"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/cache"
)

func TestCame(t *testing.T) {
	key := func(n uint64) [32]byte { return cache.Key(binary.BigEndian.AppendUint64(nil, n)) }
	var c cache.Came
	for _, want := range []bool{false, true, true} {
		if got := c.Again(key(1)); got != want {
			t.Errorf("the first key came before: %v", got)
		}
	}
	// Those that come once leave again, and are not taken for others.
	mistaken := 0
	for n := range uint64(100_000) {
		if c.Again(key(n + 2)) {
			mistaken++
		}
	}
	if mistaken > 1 {
		t.Errorf("%d keys of 100,000 were taken for others", mistaken)
	}
	if c.Again(key(1)) {
		t.Error("a key is remembered beyond 100,000 others")
	}
	// Of a few hundred that come in turn nearly all are known in the second turn.
	known := 0
	for turn := range 2 {
		for n := range uint64(500) {
			if c.Again(key(200_000+n)) && turn == 1 {
				known++
			}
		}
	}
	if known < 400 {
		t.Errorf("%d of 500 keys were known in the second turn", known)
	}
}

func BenchmarkCame(b *testing.B) {
	var c cache.Came
	k := cache.Key([]byte("x"))
	b.ReportAllocs()
	for b.Loop() {
		c.Again(k)
	}
}
