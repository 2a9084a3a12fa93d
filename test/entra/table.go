package entra

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"sync"
)

// tableLimit bounds a table, unless it has a limit of its own; the oldest row goes first.
const tableLimit = 20_000

// table is a bounded map from random ids to values. It knows nothing of time:
// values carry their own end.
type table[V any] struct {
	limit int
	mu    sync.Mutex
	rows  map[string]*V
	order []string
}

func newTable[V any]() *table[V] { return newTableOf[V](tableLimit) }

func newTableOf[V any](limit int) *table[V] { return &table[V]{limit: limit, rows: map[string]*V{}} }

func (t *table[V]) put(id string, v V) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.set(id, v)
}

// claim puts the zero value under an id and reports whether nothing was there before.
func (t *table[V]) claim(id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, taken := t.rows[id]; taken {
		return false
	}
	var zero V
	t.set(id, zero)
	return true
}

// set writes a row. The caller holds mu.
func (t *table[V]) set(id string, v V) {
	if _, ok := t.rows[id]; !ok {
		t.order = append(t.order, id)
	}
	t.rows[id] = &v
	for len(t.order) > t.limit {
		delete(t.rows, t.order[0])
		t.order = t.order[1:]
	}
}

func (t *table[V]) get(id string) (V, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if v, ok := t.rows[id]; ok {
		return *v, true
	}
	var none V
	return none, false
}

func (t *table[V]) has(id string) bool {
	_, ok := t.get(id)
	return ok
}

// swap applies edit to the row and returns what it was before.
func (t *table[V]) swap(id string, edit func(*V)) (V, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v, ok := t.rows[id]
	if !ok {
		var none V
		return none, false
	}
	before := *v
	edit(v)
	return before, true
}

func (t *table[V]) each(edit func(*V)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, v := range t.rows {
		edit(v)
	}
}

func (t *table[V]) delete(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.rows, id)
}

func (t *table[V]) deleteFunc(drop func(V) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, v := range t.rows {
		if drop(*v) {
			delete(t.rows, id)
		}
	}
}

// token returns n random bytes as base64url text.
func token(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// newGUID returns a random GUID.
func newGUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return formatGUID(b)
}

func formatGUID(b [16]byte) string {
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
