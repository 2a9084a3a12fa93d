package cache

import (
	"container/heap"
	"sync"
	"time"
)

const (
	// overhead is what an entry costs besides its value, in bytes: the key, the
	// links, the time, the place in the queue and the room that the queue keeps free.
	// Measured: TestOverhead.
	overhead = 144

	// share is the part of the whole that one entry may take at most, so that no
	// single value empties the cache.
	share = 8

	// sweep is how many expired entries a Put throws out beyond those whose room it
	// needs: enough that they leave faster than they come, few enough that no Put
	// takes long.
	sweep = 4
)

// Cache holds values of one type. It is safe for concurrent use. Make it with New.
type Cache[V any] struct {
	max int64
	now func() time.Time

	// One lock: a Get holds it for 0.1 µs, with twenty thousand entries 0.5 µs
	// (BenchmarkGet), a hundredth of what a request takes. Eight locks gained less
	// than that, and would make the bound and the order of leaving inexact.
	mu    sync.Mutex
	byKey table[V]
	used  recency[V]
	queue expiries[V]
	bytes int64
}

// entry is a value and its places.
type entry[V any] struct {
	key          [32]byte
	value        V
	cost         int64
	expires      time.Time
	chained      *entry[V] // in table
	newer, older *entry[V] // in recency
	queued       int       // in expiries
}

// New returns an empty cache for at most maxBytes, the fixed cost of its entries
// (144 bytes each) included. With less than 8 times that it keeps nothing. now
// is the clock; nil means time.Now. A table of a 128th of maxBytes, at most 8 MB,
// comes on top and is there from the start.
func New[V any](maxBytes int64, now func() time.Time) *Cache[V] {
	if now == nil {
		now = time.Now
	}
	return &Cache[V]{max: maxBytes, now: now, byKey: newTable[V](maxBytes)}
}

// Get returns the value that was put in for a key, unless it has expired or had
// to make room. All callers are given the same value: what it points to must not
// be changed.
func (c *Cache[V]) Get(key [32]byte) (V, bool) {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.byKey.find(key)
	if e != nil && e.expired(now) {
		c.remove(e)
		e = nil
	}
	if e == nil {
		var none V
		return none, false
	}
	c.used.touch(e)
	return e.value, true
}

// Put keeps a value for a key, in place of what was there, until expires by the
// wall clock; at that instant it is gone. size is how many bytes the value takes,
// itself and all that it alone points to; the cache cannot check it. Room is made
// by throwing out what has expired, then what has not been asked for the longest.
//
// Nothing is kept, and what was there is gone, when the value has expired
// already (a zero time has), takes more than an eighth of the whole with its
// fixed cost, or has a negative size.
func (c *Cache[V]) Put(key [32]byte, value V, size int, expires time.Time) {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.byKey.find(key); old != nil {
		c.remove(old)
	}
	// Without the monotonic clock, which stands still while a machine sleeps.
	e := &entry[V]{key: key, value: value, cost: overhead + int64(size), expires: expires.Round(0)}
	if size < 0 || int64(size) > c.max/share-overhead || e.expired(now) {
		return
	}
	c.makeRoom(e.cost, now)
	c.byKey.add(e)
	c.used.add(e)
	heap.Push(&c.queue, e)
	c.bytes += e.cost
}

// Delete forgets what is kept for a key, if anything.
func (c *Cache[V]) Delete(key [32]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.byKey.find(key); e != nil {
		c.remove(e)
	}
}

// Clear forgets everything, and gives the memory of all entries back.
func (c *Cache[V]) Clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.byKey.buckets)
	c.used, c.queue, c.bytes = recency[V]{}, nil, 0
}

// Len returns how many entries there are. Some may have expired: they are never
// returned, and leave when they are asked for or when others come.
func (c *Cache[V]) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.queue)
}

// Bytes returns what the entries of Len cost, never more than New was given.
func (c *Cache[V]) Bytes() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bytes
}

// Limit returns what New was given.
func (c *Cache[V]) Limit() int64 { return c.max }

// makeRoom leaves at least cost bytes free; c.max is larger than that.
func (c *Cache[V]) makeRoom(cost int64, now time.Time) {
	for n := 0; len(c.queue) > 0 && c.queue[0].expired(now) && (n < sweep || c.bytes > c.max-cost); n++ {
		c.remove(c.queue[0])
	}
	for c.bytes > c.max-cost {
		c.remove(c.used.oldest)
	}
}

func (c *Cache[V]) remove(e *entry[V]) {
	c.byKey.remove(e)
	c.used.remove(e)
	heap.Remove(&c.queue, e.queued)
	c.bytes -= e.cost
}

func (e *entry[V]) expired(now time.Time) bool { return !now.Before(e.expires) }
