package cache

import (
	"encoding/binary"
	"sync/atomic"
)

// cameSlots is how many keys a Came remembers at most: 32 KB.
const cameSlots = 8 << 10

// Came tells which keys came before, so that a cache can leave out those that come
// once: to put them in, to throw others out for them, and to let the garbage collector
// look through them costs more than it brings. It remembers some bits of the last
// few thousand keys; it may forget one, and take one for another, so nothing may hang
// on it but what is worth keeping. The zero value knows none. It is safe for
// concurrent use.
type Came struct{ slots [cameSlots]atomic.Uint32 }

// Again notes that a key came, and reports whether it came before, as far as is
// known. Keys must be hashes.
func (c *Came) Again(key [32]byte) bool {
	slot, mark := binary.LittleEndian.Uint32(key[:4])%cameSlots, binary.LittleEndian.Uint32(key[4:8])
	return c.slots[slot].Swap(mark) == mark
}
