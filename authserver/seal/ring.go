package seal

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"sync/atomic"
)

// Ring is an ordered set of keys: the one that seals, then those that only open.
// It is safe for concurrent use.
type Ring struct {
	domain Domain
	set    atomic.Pointer[keySet]
}

// keySet is what a ring holds between two calls of Replace. Only its cache changes.
type keySet struct {
	domain Domain
	keys   [][]byte
	ids    []KeyID

	subs atomic.Pointer[map[subName][][KeySize]byte] // sub-keys of MAC and Mix, by place in keys
}

// NewRing makes a ring of 1 to MaxKeys different keys of KeySize bytes, the newest
// first, which seals. The keys of next open what another ring has sealed
// already; they count among the MaxKeys.
func NewRing(keys [][]byte, domain Domain, next ...[]byte) (*Ring, error) {
	set, err := newSet(keys, next, domain)
	if err != nil {
		return nil, fmt.Errorf("make a key ring: %w", err)
	}
	r := &Ring{domain: domain}
	r.set.Store(set)
	return r, nil
}

// Replace gives the ring other keys, under the rules of NewRing. Everything made of
// the ring follows at once: whatever begins after Replace has returned uses the new
// keys, and nothing ever uses some of these and some of those. On an error the
// keys stay as they were.
func (r *Ring) Replace(keys, next [][]byte) error {
	set, err := newSet(keys, next, r.domain)
	if err != nil {
		return fmt.Errorf("replace the keys of a ring: %w", err)
	}
	if old := r.set.Load(); !slices.Equal(old.ids, set.ids) {
		r.set.Store(set)
	}
	return nil
}

func newSet(keys, next [][]byte, domain Domain) (*keySet, error) {
	if len(keys) == 0 {
		return nil, fmt.Errorf("want 1 to %d keys, got none that seals", MaxKeys)
	}
	if n := len(keys) + len(next); n > MaxKeys {
		return nil, fmt.Errorf("want 1 to %d keys, got %d", MaxKeys, n)
	}
	s := &keySet{domain: domain}
	for i, key := range slices.Concat(keys, next) {
		if len(key) != KeySize {
			return nil, fmt.Errorf("key %d has %d bytes, want %d", i+1, len(key), KeySize)
		}
		raw, err := hkdf.Key(sha256.New, key, nil, version+" key id", idSize)
		if err != nil {
			return nil, fmt.Errorf("derive the id of key %d: %w", i+1, err)
		}
		id := KeyID(raw)
		if slices.Contains(s.ids, id) {
			return nil, fmt.Errorf("key %d is there twice", i+1)
		}
		s.keys, s.ids = append(s.keys, slices.Clone(key)), append(s.ids, id)
	}
	return s, nil
}

// Current returns the id of the key that seals.
func (r *Ring) Current() KeyID { return r.set.Load().ids[0] }

// IDs returns the ids of all keys: the one that seals first, then the others as
// they were given, those of next last.
func (r *Ring) IDs() []KeyID { return slices.Clone(r.set.Load().ids) }

// index returns the place of a key, -1 if it is not in the set.
func (s *keySet) index(id KeyID) int { return slices.Index(s.ids, id) }

// derive returns n bytes of one key for a purpose.
func (s *keySet) derive(key int, info string, n int) ([]byte, error) {
	return hkdf.Key(sha256.New, s.keys[key], nil, info, n)
}

// info is HKDF's context. Each part carries its length, so that no two
// different domains or purposes give the same text.
func (s *keySet) info(purpose string, hour uint32) string {
	b := []byte(version)
	for _, part := range []string{purpose, s.domain.BasePath, s.domain.Authority, s.domain.ClientID} {
		b = binary.AppendUvarint(b, uint64(len(part)))
		b = append(b, part...)
	}
	return string(binary.BigEndian.AppendUint32(b, hour))
}
