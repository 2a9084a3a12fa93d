package main

import "testing"

// A ticket that was sent twice was offered once.
func TestOffered(t *testing.T) {
	l := newLoad("", []kind{{fills: "tickets", twice: true}, {fills: "tickets"}, {fills: "queries"}, {}}, nil, 1)
	for i, n := range []int64{7, 5, 3, 2} {
		l.sent[i].Store(n)
	}
	for cache, want := range map[string]int64{"tickets": 8, "queries": 3, "bearer": 0} {
		if got := l.offered(cache); got != want {
			t.Errorf("%s: %d, want %d", cache, got, want)
		}
	}
}

func TestCeiling(t *testing.T) {
	idle := sample{rss: 22 << 20, anon: 6 << 20, caches: map[string]cacheSize{"tickets": {limit: 3 << 20}, "queries": {limit: 1 << 20}}}
	if got, want := ceiling(idle, crowd{keeping: 10, opening: 3, leaving: 2, slow: 1}), float64((16+96+16)<<20); got != want {
		t.Errorf("%s, want %s", mb(got), mb(want))
	}
	idle.caches["tickets"] = cacheSize{limit: 63 << 20}
	if got, want := ceiling(idle, crowd{}), float64((16+6+2*64+16)<<20); got != want {
		t.Errorf("large caches: %s, want %s", mb(got), mb(want))
	}
}
