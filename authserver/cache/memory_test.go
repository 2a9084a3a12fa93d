package cache

import (
	"runtime"
	"testing"
	"time"
)

// TestOverhead holds the fixed cost of an entry to what the heap says of full
// caches, while they fill and while many more entries go through. Too little would
// break the bound; much too much would waste what the operator gave.
func TestOverhead(t *testing.T) {
	expires := time.Now().Add(time.Hour)
	var worst float64
	for _, entries := range []int{500, 1000, 3000, 9000} {
		empty := heapInUse()
		c := New[*int](int64(entries)*overhead, nil)
		before := heapInUse()
		for n := range 12 * entries {
			c.Put(numbered(n), nil, 0, expires)
			if n%(entries/3) == 0 && n > 200 {
				worst = max(worst, float64(heapInUse()-before)/float64(c.Len()))
			}
		}
		if c.Len() != entries {
			t.Errorf("got %d entries, want %d", c.Len(), entries)
		}
		c.Clear()
		if table, most := heapInUse()-empty, int64(entries)*overhead/128; table > most+16<<10 {
			t.Errorf("after Clear %d bytes are still held, the table is %d", table, most)
		}
		runtime.KeepAlive(c)
	}
	t.Logf("up to %.1f bytes", worst)
	if worst > overhead*1.02 || worst < overhead*0.8 { // the runtime allocates a little beside it: 1 KB are 2 bytes of each of 500
		t.Errorf("an entry costs up to %.1f bytes besides its value, counted are %d", worst, overhead)
	}
}

// TestQueueGivesRoomBack shrinks a cache of many small entries to few large ones.
func TestQueueGivesRoomBack(t *testing.T) {
	const most = 8 << 20
	expires := time.Now().Add(time.Hour)
	c := New[*int](most, nil)
	for n := range most / overhead {
		c.Put(numbered(n), nil, 0, expires)
	}
	long := cap(c.queue)
	for n := range 8 {
		c.Put(numbered(-1-n), nil, most/share-overhead, expires)
	}
	if c.Len() != 8 || long < most/overhead || cap(c.queue) > 16 {
		t.Errorf("got a queue for %d with %d entries, formerly for %d", cap(c.queue), c.Len(), long)
	}
}

func heapInUse() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc) //nolint:gosec // far from the end
}
