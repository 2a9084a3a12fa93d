package cache

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// TestParallel has many callers at once; the race detector watches. Whatever is
// found is what was put in for that key.
func TestParallel(t *testing.T) {
	now := newClock()
	const most = 40 * overhead
	c := New[int](most, now.Now)
	var all sync.WaitGroup
	for worker := range uint64(8) {
		all.Go(func() {
			r := rand.New(rand.NewPCG(worker, 2))
			for range 3000 {
				n := r.IntN(60)
				switch r.IntN(20) {
				case 0:
					c.Delete(numbered(n))
				case 1:
					now.move(time.Second)
				case 2:
					if bytes := c.Bytes(); bytes > most || bytes < 0 {
						t.Errorf("%d bytes", bytes)
					}
				case 3:
					if r.IntN(50) == 0 {
						c.Clear()
					}
				case 4, 5, 6, 7, 8:
					c.Put(numbered(n), n, r.IntN(3*overhead), now.Now().Add(time.Duration(r.IntN(60))*time.Second))
				default:
					if got, ok := c.Get(numbered(n)); ok && got != n {
						t.Errorf("key %d: got %d", n, got)
					}
				}
			}
		})
	}
	all.Wait()
	inspect(t, c)
}

// TestClockIsAskedOutsideOfTheLock: a clock may use the cache.
func TestClockIsAskedOutsideOfTheLock(t *testing.T) {
	var c *Cache[int]
	start := time.Now()
	c = New[int](1<<20, func() time.Time { c.Len(); return start })
	c.Put(numbered(1), 1, 0, start.Add(time.Hour))
	has(t, c, 1, 1)
}
