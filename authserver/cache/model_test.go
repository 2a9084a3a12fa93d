package cache

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// model is the cache as its documents describe it, without a thought of speed.
type model struct {
	most    int64
	entries []modelled // least recently used first
}

type modelled struct {
	key     byte
	value   int
	cost    int64
	expires time.Time
}

func (m *model) bytes() (sum int64) {
	for _, e := range m.entries {
		sum += e.cost
	}
	return sum
}

func (m *model) delete(key byte) {
	m.entries = slices.DeleteFunc(m.entries, func(e modelled) bool { return e.key == key })
}

func (m *model) get(key byte, now time.Time) (int, bool) {
	i := slices.IndexFunc(m.entries, func(e modelled) bool { return e.key == key })
	if i < 0 {
		return 0, false
	}
	e := m.entries[i]
	m.delete(key)
	if !now.Before(e.expires) {
		return 0, false
	}
	m.entries = append(m.entries, e)
	return e.value, true
}

func (m *model) put(e modelled, now time.Time) {
	m.delete(e.key)
	if e.cost > m.most/8 || !now.Before(e.expires) {
		return
	}
	byTime := slices.SortedFunc(slices.Values(m.entries), func(a, b modelled) int { return a.expires.Compare(b.expires) })
	for i, old := range byTime {
		if now.Before(old.expires) || i >= sweep && m.bytes()+e.cost <= m.most {
			break
		}
		m.delete(old.key)
	}
	for m.bytes()+e.cost > m.most {
		m.entries = m.entries[1:]
	}
	m.entries = append(m.entries, e)
}

// compare runs a program of four bytes a step in both worlds.
func compare(t *testing.T, program []byte) {
	t.Helper()
	const most = 12*overhead + 5
	now := newClock()
	c, m := New[int](most, now.Now), &model{most: most}
	for step := 0; len(program) >= 4; step++ {
		op, key, size, life := program[0]%16, program[1]%24, int(program[2]), program[3]
		program = program[4:]
		switch {
		case op < 7:
			// No two expire at the same instant: which leaves first then is not said.
			expires := now.Now().Add(time.Duration(life)*time.Second + time.Duration(step))
			c.Put(numbered(int(key)), step, size, expires)
			m.put(modelled{key: key, value: step, cost: overhead + int64(size), expires: expires}, now.Now())
		case op < 13:
			got, ok := c.Get(numbered(int(key)))
			want, wanted := m.get(key, now.Now())
			if got != want || ok != wanted {
				t.Fatalf("step %d: got %d, %t, want %d, %t", step, got, ok, want, wanted)
			}
		case op == 13:
			now.move(time.Duration(life) * time.Second / 4)
		case op == 14:
			c.Delete(numbered(int(key)))
			m.delete(key)
		case life < 8: // seldom
			c.Clear()
			m.entries = nil
		}
		if c.Len() != len(m.entries) || c.Bytes() != m.bytes() || c.Bytes() > most {
			t.Fatalf("step %d: got %d entries of %d bytes, want %d of %d, at most %d", step, c.Len(), c.Bytes(), len(m.entries), m.bytes(), most)
		}
		inspect(t, c)
	}
}

// inspect compares what the parts of a cache say of each other.
func inspect[V any](t *testing.T, c *Cache[V]) {
	t.Helper()
	var bytes int64
	listed, chained := 0, 0
	var newer *entry[V]
	for e := c.used.newest; e != nil; newer, e = e, e.older {
		bytes += e.cost
		listed++
		if e.newer != newer || c.queue[e.queued] != e || c.byKey.find(e.key) != e {
			t.Fatal("an entry is not where it says")
		}
	}
	for _, e := range c.byKey.buckets {
		for ; e != nil; e = e.chained {
			chained++
		}
	}
	if c.used.oldest != newer || listed != len(c.queue) || chained != listed || bytes != c.bytes {
		t.Fatalf("%d listed, %d queued, %d chained; %d bytes counted as %d", listed, len(c.queue), chained, bytes, c.bytes)
	}
	for i, e := range c.queue {
		if parent := c.queue[max(i-1, 0)/2]; e.expires.Before(parent.expires) {
			t.Fatal("the queue is out of order")
		}
	}
}

func TestModel(t *testing.T) {
	for seed := range uint64(80) {
		r := rand.New(rand.NewPCG(seed, 1))
		program := make([]byte, 4*400)
		for i := range program {
			program[i] = byte(r.UintN(256)) //nolint:gosec // fits
		}
		compare(t, program)
	}
}

func FuzzModel(f *testing.F) {
	f.Add([]byte{0, 1, 100, 60, 7, 1, 0, 0, 13, 0, 0, 255, 7, 1, 0, 0})
	f.Add([]byte{0, 1, 0, 1, 0, 2, 0, 2, 13, 0, 0, 8, 0, 3, 0, 9, 14, 3, 0, 0, 15, 0, 0, 0})
	f.Fuzz(func(t *testing.T, program []byte) {
		compare(t, program[:min(len(program), 4096)])
	})
}
