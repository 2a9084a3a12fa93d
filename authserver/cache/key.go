package cache

import (
	"crypto/sha256"
	"encoding/binary"
)

// Key returns the SHA-256 of parts, each behind its length, so that two lists of
// parts have one key only when they are the same list: Key("ab", "c"),
// Key("a", "bc") and Key("ab", "c", "") are three keys.
//
// The key of something that can be guessed tells whoever sees it what it was;
// that of a token or of a sealed cookie does not.
func Key(parts ...[]byte) [32]byte {
	digest := sha256.New()
	var length [8]byte
	for _, part := range parts {
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		_, _ = digest.Write(length[:]) // hash.Hash never fails
		_, _ = digest.Write(part)
	}
	var key [32]byte
	digest.Sum(key[:0])
	return key
}
