package seal

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"maps"
)

// minSecret is the length of the shortest secret that Mix takes, in bytes.
const minSecret = 16

// subName names a sub-key. MAC's and Mix's differ from each other and from those
// of boxes, also for one purpose.
type subName struct{ kind, purpose string }

// MAC returns HMAC-SHA256 over the parts, each with its length in front, under the
// sub-key of one ring key for a purpose. ok is false if the ring has no such key.
// Purposes are constants of the program: their sub-keys are kept.
func (r *Ring) MAC(id KeyID, purpose string, parts ...[]byte) (sum [sha256.Size]byte, ok bool) {
	sub, ok := r.set.Load().sub(id, subName{"mac", purpose})
	if !ok {
		return sum, false
	}
	h := hmac.New(sha256.New, sub[:])
	var length [binary.MaxVarintLen64]byte
	for _, part := range parts {
		h.Write(length[:binary.PutUvarint(length[:], uint64(len(part)))])
		h.Write(part)
	}
	h.Sum(sum[:0])
	return sum, true
}

// Mix returns a key that takes both to know: a secret of at least 16 bytes that
// somebody else keeps, and one ring key. It is HKDF-SHA256 of the secret, salted
// with the ring key's sub-key for the purpose. ok is false if the ring has no such
// key, or the secret is shorter.
func (r *Ring) Mix(id KeyID, purpose string, secret []byte) (key [KeySize]byte, ok bool) {
	if len(secret) < minSecret {
		return key, false
	}
	salt, ok := r.set.Load().sub(id, subName{"mix", purpose})
	if !ok {
		return key, false
	}
	mixed, err := hkdf.Key(sha256.New, secret, salt[:], version+purpose, KeySize)
	if err != nil {
		return key, false
	}
	return [KeySize]byte(mixed), true
}

// sub returns the sub-key of one key. The first call for a name derives those of
// all keys; two at once may both do so, with the same result.
func (s *keySet) sub(id KeyID, name subName) (sub [KeySize]byte, ok bool) {
	at := s.index(id)
	if at < 0 {
		return sub, false
	}
	known := s.subs.Load()
	if known != nil {
		if subs, ok := (*known)[name]; ok {
			return subs[at], true
		}
	}
	subs := make([][KeySize]byte, len(s.keys))
	for i := range s.keys {
		raw, err := s.derive(i, s.info(name.purpose, 0)+name.kind, KeySize)
		if err != nil {
			return sub, false
		}
		subs[i] = [KeySize]byte(raw)
	}
	more := map[subName][][KeySize]byte{name: subs}
	if known != nil {
		maps.Copy(more, *known)
	}
	s.subs.CompareAndSwap(known, &more) // whoever loses derives once more
	return subs[at], true
}
