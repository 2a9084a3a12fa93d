package cache

import (
	"encoding/binary"
	"strings"
	"sync"
	"testing"
	"time"
)

// clock is moved by the test.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock {
	return &clock{now: time.Date(2026, time.May, 4, 9, 0, 0, 0, time.UTC)}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func numbered(n int) [32]byte {
	return Key(binary.AppendVarint(nil, int64(n)))
}

func has[V comparable](t *testing.T, c *Cache[V], n int, want V) {
	t.Helper()
	if got, ok := c.Get(numbered(n)); !ok || got != want {
		t.Errorf("key %d: got %v, %t, want %v", n, got, ok, want)
	}
}

func hasNot[V comparable](t *testing.T, c *Cache[V], n int) {
	t.Helper()
	var none V
	if got, ok := c.Get(numbered(n)); ok || got != none {
		t.Errorf("key %d: got %v, %t, want nothing", n, got, ok)
	}
}

func holds[V any](t *testing.T, c *Cache[V], entries int, bytes int64) {
	t.Helper()
	if c.Len() != entries || c.Bytes() != bytes {
		t.Errorf("got %d entries of %d bytes, want %d of %d", c.Len(), c.Bytes(), entries, bytes)
	}
}

func TestPutGetDeleteClear(t *testing.T) {
	now := newClock()
	c := New[string](1<<20, now.Now)
	later := now.Now().Add(time.Hour)
	hasNot(t, c, 1)
	c.Put(numbered(1), "one", 3, later)
	c.Put(numbered(2), "two", 100, later)
	has(t, c, 1, "one")
	has(t, c, 2, "two")
	holds(t, c, 2, 2*overhead+103)

	c.Put(numbered(1), "uno", 10, later)
	has(t, c, 1, "uno")
	holds(t, c, 2, 2*overhead+110)

	c.Delete(numbered(1))
	c.Delete(numbered(1))
	c.Delete(numbered(3))
	hasNot(t, c, 1)
	has(t, c, 2, "two")
	holds(t, c, 1, overhead+100)

	c.Clear()
	hasNot(t, c, 2)
	holds(t, c, 0, 0)
	c.Put(numbered(2), "again", 0, later)
	has(t, c, 2, "again")
}

func TestExpiry(t *testing.T) {
	now := newClock()
	c := New[string](1<<20, now.Now)
	c.Put(numbered(1), "short", 10, now.Now().Add(time.Minute))
	c.Put(numbered(2), "long", 20, now.Now().Add(time.Hour))

	now.move(time.Minute - 1)
	has(t, c, 1, "short")
	now.move(1)
	holds(t, c, 2, 2*overhead+30)
	hasNot(t, c, 1)
	holds(t, c, 1, overhead+20)
	has(t, c, 2, "long")

	now.move(-time.Hour) // a clock that was put right: what is gone stays gone
	hasNot(t, c, 1)
	has(t, c, 2, "long")
}

func TestWhatIsNotKept(t *testing.T) {
	now := newClock()
	const most = 80 * overhead
	later := now.Now().Add(time.Hour)
	for _, tt := range []struct {
		name    string
		size    int
		expires time.Time
		kept    bool
	}{
		{"an eighth of the whole", most/8 - overhead, later, true},
		{"one byte more", most/8 - overhead + 1, later, false},
		{"the whole", most, later, false},
		{"more than can be added up", int(^uint(0) >> 1), later, false},
		{"of no size", 0, later, true},
		{"of a negative size", -1, later, false},
		{"of the most negative size", -int(^uint(0)>>1) - 1, later, false},
		{"with a moment left", 1, now.Now().Add(1), true},
		{"expired now", 1, now.Now(), false},
		{"long expired", 1, now.Now().Add(-time.Hour), false},
		{"without a time", 1, time.Time{}, false},
		{"until the year 9999", 1, time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), true},
		{"beyond the nanoseconds of 64 bits", 1, time.Unix(1<<40, 0), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := New[string](most, now.Now)
			c.Put(numbered(1), "old", 7, later)
			c.Put(numbered(2), "other", 9, later)
			c.Put(numbered(1), "new", tt.size, tt.expires)
			if tt.kept {
				has(t, c, 1, "new")
				holds(t, c, 2, 2*overhead+int64(tt.size)+9)
			} else {
				hasNot(t, c, 1) // not the old value either
				holds(t, c, 1, overhead+9)
			}
			has(t, c, 2, "other")
		})
	}
}

func TestTooSmallForAnything(t *testing.T) {
	for name, tt := range map[string]struct {
		most int64
		kept int
	}{
		"negative": {-1, 0}, "nothing": {0, 0}, "smallest number": {-1 << 63, 0},
		"one byte too few": {8*overhead - 1, 0}, "just enough": {8 * overhead, 1}, "largest number": {1<<63 - 1, 1},
	} {
		c := New[int](tt.most, nil)
		c.Put(numbered(1), 1, 0, time.Now().Add(time.Hour))
		if c.Len() != tt.kept || c.Bytes() != int64(tt.kept)*overhead {
			t.Errorf("%s: got %d entries of %d bytes, want %d", name, c.Len(), c.Bytes(), tt.kept)
		}
	}
}

func TestLeastRecentlyUsedLeavesFirst(t *testing.T) {
	now := newClock()
	later := now.Now().Add(time.Hour)
	c := New[int](10*overhead, now.Now)
	for n := range 10 {
		c.Put(numbered(n), n, 0, later)
	}
	holds(t, c, 10, 10*overhead)
	has(t, c, 0, 0)                  // asked for
	c.Put(numbered(1), 11, 0, later) // replaced
	c.Put(numbered(10), 10, 0, later)
	c.Put(numbered(11), 11, 0, later)
	hasNot(t, c, 2)
	hasNot(t, c, 3)
	for _, n := range []int{0, 4, 5, 6, 7, 8, 9, 10, 11} {
		has(t, c, n, n)
	}
	has(t, c, 1, 11)

	c.Put(numbered(12), 12, overhead/4, later) // costs more than one entry has
	hasNot(t, c, 0)
	hasNot(t, c, 4)
	has(t, c, 5, 5)
	holds(t, c, 9, 9*overhead+overhead/4)
}

func TestExpiredLeaveBeforeOthers(t *testing.T) {
	now := newClock()
	c := New[int](10*overhead, now.Now)
	for n := range 10 { // 0 is the least recently used, 8 and 9 expire
		expires := time.Hour
		if n >= 8 {
			expires = time.Minute
		}
		c.Put(numbered(n), n, 0, now.Now().Add(expires))
	}
	now.move(time.Minute)
	c.Put(numbered(10), 10, 0, now.Now().Add(time.Hour))
	holds(t, c, 9, 9*overhead)
	has(t, c, 0, 0)
	has(t, c, 10, 10)
}

func TestExpiredLeaveWithoutNeed(t *testing.T) {
	now := newClock()
	c := New[int](1<<20, now.Now)
	for n := range 100 {
		c.Put(numbered(n), n, 0, now.Now().Add(time.Minute))
	}
	now.move(time.Minute)
	later := now.Now().Add(time.Hour)
	for n := range 25 {
		c.Put(numbered(1000+n), n, 0, later)
	}
	holds(t, c, 25, 25*overhead)
}

// The monotonic clock stands still while a machine sleeps, tokens do not.
func TestExpiryIsByTheWallClock(t *testing.T) {
	start := time.Now() // has a monotonic reading
	c := New[int](1<<20, func() time.Time { return start })
	c.Put(numbered(1), 1, 0, start.Add(time.Hour))
	if kept := c.queue[0].expires; !kept.Equal(start.Add(time.Hour)) || strings.Contains(kept.String(), " m=") {
		t.Errorf("kept until %v", kept)
	}
}

func TestKey(t *testing.T) {
	b := func(parts ...string) [][]byte {
		var out [][]byte
		for _, p := range parts {
			out = append(out, []byte(p))
		}
		return out
	}
	seen := map[[32]byte]int{}
	for i, parts := range [][][]byte{
		b(), b(""), b("", ""), b("abc"), b("ab", "c"), b("a", "bc"), b("ab", "c", ""), b("", "ab", "c"), b("c", "ab"),
		b("\x00\x00\x00\x00\x00\x00\x00\x01a"), b("a"), b("\x00"),
	} {
		key := Key(parts...)
		if other, ok := seen[key]; ok {
			t.Errorf("lists %d and %d have one key", other, i)
		}
		seen[key] = i
		if key != Key(parts...) {
			t.Errorf("list %d has two keys", i)
		}
	}
	if Key(nil) != Key([]byte{}) {
		t.Error("nil and empty are not the same")
	}
}
