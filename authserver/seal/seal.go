// Package seal keeps the key ring and seals what a browser carries for us:
// AES-256-GCM under keys derived for one purpose each. It knows neither what
// it seals nor how it travels.
//
// A sealed value is base64url (no padding) of
//
//	key id (4) | hour (4, hourly purposes only) | nonce (12) | ciphertext | tag (16)
//
// The first key of the ring seals, every key opens. The associated data holds
// the purpose and the name that the value goes by (a cookie's name), so that a
// value moved to another place does not open.
//
// The keys of a ring may be replaced while it serves. A key that is to seal next
// comes into every ring first as one that only opens; once all have it, it seals.
// The key before it goes when nothing that it sealed is left.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"fmt"
)

const (
	// KeySize is the length of a ring key in bytes.
	KeySize = 32
	// MaxKeys bounds a ring.
	MaxKeys = 8

	idSize    = 4
	hourSize  = 4
	nonceSize = 12
	tagSize   = 16
	version   = "easyauth seal 1"
)

// KeyID names a key of a ring. It is derived from the key and no secret.
type KeyID [idSize]byte

// String returns the id as 8 hexadecimal digits.
func (id KeyID) String() string { return hex.EncodeToString(id[:]) }

// Domain separates deployments that share keys: a value sealed in one does not
// open in another.
type Domain struct {
	BasePath  string
	Authority string // the issuer
	ClientID  string
}

// AEAD returns AES-256-GCM under a key, as boxes use it: Seal makes a random nonce
// of 12 bytes and puts it in front, Open finds it there; the nonce that they are
// given must be empty. One key is good for 2³² values.
func AEAD(key [KeySize]byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("make a cipher: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}
