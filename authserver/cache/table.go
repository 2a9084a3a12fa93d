package cache

import (
	"hash/maphash"
	"math/bits"
)

const (
	perBucket  = 1024    // bytes of the bound for each bucket; about what an entry costs
	mostBucket = 1 << 20 // a bound of 1 GB or more
)

// table finds entries by their keys: chains of entries, from a number of buckets
// that never changes. A map would do but for its memory: under steady coming and
// going it was measured to grow to eight slots for each entry that it holds, and
// it never shrinks. Here an entry costs one link.
type table[V any] struct {
	seed    maphash.Seed
	buckets []*entry[V]
}

func newTable[V any](maxBytes int64) table[V] {
	n := min(max(maxBytes, 0)/perBucket+1, mostBucket)
	return table[V]{seed: maphash.MakeSeed(), buckets: make([]*entry[V], n)}
}

// chain returns where the chain of a key begins. The seed keeps whoever chooses
// keys from choosing chains.
func (t table[V]) chain(key [32]byte) **entry[V] {
	high, _ := bits.Mul64(maphash.Bytes(t.seed, key[:]), uint64(len(t.buckets)))
	return &t.buckets[high]
}

// find returns nil when there is no entry for key.
func (t table[V]) find(key [32]byte) *entry[V] {
	e := *t.chain(key)
	for e != nil && e.key != key {
		e = e.chained
	}
	return e
}

// add puts in an entry whose key is not there.
func (t table[V]) add(e *entry[V]) {
	chain := t.chain(e.key)
	e.chained, *chain = *chain, e
}

// remove takes out an entry that is there.
func (t table[V]) remove(e *entry[V]) {
	link := t.chain(e.key)
	for *link != e {
		link = &(*link).chained
	}
	*link, e.chained = e.chained, nil
}
