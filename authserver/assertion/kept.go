package assertion

import (
	"encoding/binary"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// kept is a token, and all that it was made for. It does not change once it is kept.
type kept struct {
	person   access.Key
	audience string
	keys     *keySet

	jwt      string // "": it is longer than longest
	complete bool
	longest  int   // the greatest length that was asked for
	issued   int64 // iat
}

// placeOf is where a token is kept: of, with a digest of the audience mixed in. For one
// audience no two tickets have the same place. Two of different audiences may, and then
// take it from each other; see kept.is.
func placeOf(of [32]byte, audience string) [32]byte {
	const offset, prime = 14695981039346656037, 1099511628211 // FNV-1a
	digest := uint64(offset)
	for i := range len(audience) {
		digest = (digest ^ uint64(audience[i])) * prime
	}
	binary.LittleEndian.PutUint64(of[:8], binary.LittleEndian.Uint64(of[:8])^digest)
	return of
}

// is reports whether what is at a place was made for this person and audience, with keys
// that are still in use.
func (k *kept) is(person access.Key, audience string, keys *keySet) bool {
	return k.keys == keys && k.person == person && k.audience == audience
}

// serves reports whether this is what would be made for longest now: not one that is too long,
// nor one that left out what would fit, nor, after a clock was put back, one of the future.
func (k *kept) serves(longest int, now time.Time) bool {
	if now.Unix() < k.issued {
		return false
	}
	return k.jwt != "" && len(k.jwt) <= longest && (k.complete || longest <= k.longest) || k.jwt == "" && longest <= k.longest
}

func (k *kept) answer() (jwt string, complete bool, err error) {
	if k.jwt == "" {
		return "", false, ErrTooLong
	}
	return k.jwt, k.complete, nil
}

// size is about how many bytes of memory this takes.
func (k *kept) size() int {
	const fixed = 128
	return fixed + len(k.jwt) + len(k.person.Authority) + len(k.person.ID) + len(k.audience)
}

// cloned shares no memory with key, which may be part of something large.
func cloned(key access.Key) access.Key {
	return access.Key{Authority: strings.Clone(key.Authority), ID: strings.Clone(key.ID)}
}
