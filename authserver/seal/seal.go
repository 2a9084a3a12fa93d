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
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
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

// Domain separates deployments that share keys: a value sealed in one does not
// open in another.
type Domain struct {
	BasePath  string
	Authority string // the issuer
	ClientID  string
}

// Ring is an ordered set of keys, newest first. It is immutable and safe for
// concurrent use.
type Ring struct {
	keys   [][]byte
	ids    [][idSize]byte
	domain Domain
}

// NewRing makes a ring of 1 to MaxKeys different keys of KeySize bytes.
func NewRing(keys [][]byte, domain Domain) (*Ring, error) {
	if len(keys) == 0 || len(keys) > MaxKeys {
		return nil, fmt.Errorf("make a key ring: want 1 to %d keys, got %d", MaxKeys, len(keys))
	}
	r := &Ring{domain: domain}
	for i, key := range keys {
		if len(key) != KeySize {
			return nil, fmt.Errorf("make a key ring: key %d has %d bytes, want %d", i+1, len(key), KeySize)
		}
		raw, err := hkdf.Key(sha256.New, key, nil, version+" key id", idSize)
		if err != nil {
			return nil, fmt.Errorf("derive the id of key %d: %w", i+1, err)
		}
		id := [idSize]byte(raw)
		for _, other := range r.ids {
			if other == id {
				return nil, fmt.Errorf("make a key ring: key %d is there twice", i+1)
			}
		}
		r.keys, r.ids = append(r.keys, append([]byte(nil), key...)), append(r.ids, id)
	}
	return r, nil
}

// Derive returns n bytes (at most 8,160) per ring key, newest first, for a
// purpose that has its own codec. No two purposes share a byte.
func (r *Ring) Derive(purpose string, n int) ([][]byte, error) {
	out := make([][]byte, 0, len(r.keys))
	for _, key := range r.keys {
		sub, err := hkdf.Key(sha256.New, key, nil, r.info(purpose, 0), n)
		if err != nil {
			return nil, fmt.Errorf("derive a key for %q: %w", purpose, err)
		}
		out = append(out, sub)
	}
	return out, nil
}

// info is HKDF's context. Each part carries its length, so that no two
// different domains or purposes give the same text.
func (r *Ring) info(purpose string, hour uint32) string {
	b := []byte(version)
	for _, part := range []string{purpose, r.domain.BasePath, r.domain.Authority, r.domain.ClientID} {
		b = binary.AppendUvarint(b, uint64(len(part)))
		b = append(b, part...)
	}
	return string(binary.BigEndian.AppendUint32(b, hour))
}

// Box seals and opens for one purpose. It is safe for concurrent use and
// implements securecookie.Codec for []byte values.
type Box struct {
	ring    *Ring
	purpose string
	max     int
	hourly  bool
	now     func() time.Time

	aeads []cipher.AEAD // by ring index; nil for an hourly box

	mu    sync.Mutex
	hours map[hourKey]cipher.AEAD // hourly: at most a few
}

type hourKey struct {
	key  int
	hour uint32
}

// Config of a Box.
type Config struct {
	Purpose   string // required, one per kind of value
	MaxLength int    // required: sealed values longer than this many characters are refused, both ways

	// Hourly changes the key every hour and refuses values sealed more than an
	// hour before or after the present one. It is for values that anybody can
	// make us seal without limit: GCM's bound of 2³² random nonces a key stays far.
	Hourly bool
	Now    func() time.Time // nil means time.Now
}

// Box returns the box for one purpose.
func (r *Ring) Box(cfg Config) (*Box, error) {
	if cfg.Purpose == "" || cfg.MaxLength <= 0 {
		return nil, errors.New("make a box: purpose and maximal length are required")
	}
	b := &Box{ring: r, purpose: cfg.Purpose, max: cfg.MaxLength, hourly: cfg.Hourly, now: cfg.Now}
	if b.now == nil {
		b.now = time.Now
	}
	if cfg.Hourly {
		b.hours = make(map[hourKey]cipher.AEAD)
		return b, nil
	}
	for i := range r.keys {
		aead, err := r.aead(cfg.Purpose, i, 0)
		if err != nil {
			return nil, err
		}
		b.aeads = append(b.aeads, aead)
	}
	return b, nil
}

func (r *Ring) aead(purpose string, key int, hour uint32) (cipher.AEAD, error) {
	sub, err := hkdf.Key(sha256.New, r.keys[key], nil, r.info(purpose, hour), KeySize)
	if err != nil {
		return nil, fmt.Errorf("derive a key for %q: %w", purpose, err)
	}
	block, err := aes.NewCipher(sub)
	if err != nil {
		return nil, fmt.Errorf("make a cipher for %q: %w", purpose, err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// Seal encrypts plain under the newest key. name is the place the value is for.
// It fails with ErrTooLong if the result would exceed the box's MaxLength.
func (b *Box) Seal(name string, plain []byte) (string, error) {
	aead, hour, err := b.sealer()
	if err != nil {
		return "", err
	}
	out := make([]byte, 0, b.header()+nonceSize+len(plain)+tagSize)
	out = append(out, b.ring.ids[0][:]...)
	if b.hourly {
		out = binary.BigEndian.AppendUint32(out, hour)
	}
	if base64.RawURLEncoding.EncodedLen(cap(out)) > b.max {
		return "", ErrTooLong
	}
	out = aead.Seal(out, nil, plain, b.associated(name, out)) //nolint:gosec // no nonce is given: this AEAD makes a random one
	return base64.RawURLEncoding.EncodeToString(out), nil
}

// Open authenticates and decrypts a value that Seal made for the same purpose
// and name. Whatever is wrong with it, the error is one of this package's, and
// nothing of the value was used.
func (b *Box) Open(name, value string) ([]byte, error) {
	if len(value) > b.max {
		return nil, ErrTooLong
	}
	raw, err := strictBase64.DecodeString(value)
	// encoding/base64 skips line breaks: a value must have one spelling only.
	if err != nil || strings.ContainsAny(value, "\r\n") || len(raw) < b.header()+nonceSize+tagSize {
		return nil, ErrMalformed
	}
	key := b.ring.index([idSize]byte(raw[:idSize]))
	if key < 0 {
		return nil, ErrUnknownKey
	}
	aead, err := b.opener(key, raw)
	if err != nil {
		return nil, err
	}
	head := b.header()
	plain, err := aead.Open(nil, nil, raw[head:], b.associated(name, raw[:head]))
	if err != nil {
		return nil, ErrForged
	}
	return plain, nil
}

//nolint:gochecknoglobals // a constant in all but syntax: Strict refuses stray trailing bits, so that each value has one spelling
var strictBase64 = base64.RawURLEncoding.Strict()

func (r *Ring) index(id [idSize]byte) int {
	for i := range r.ids {
		if r.ids[i] == id {
			return i
		}
	}
	return -1
}

func (b *Box) header() int {
	if b.hourly {
		return idSize + hourSize
	}
	return idSize
}

// associated binds purpose, name and the clear header to the ciphertext. The
// purpose is in the key already; it stands here too so that a change of the
// derivation cannot quietly undo the separation.
func (b *Box) associated(name string, header []byte) []byte {
	ad := make([]byte, 0, len(b.purpose)+len(name)+len(header)+2)
	ad = append(ad, b.purpose...)
	ad = append(ad, 0)
	ad = append(ad, name...)
	ad = append(ad, 0)
	return append(ad, header...)
}

func (b *Box) hour() uint32 {
	return uint32(b.now().Unix() / 3600) //nolint:gosec // hours since 1970 fit for 490,000 years
}

func (b *Box) sealer() (cipher.AEAD, uint32, error) {
	if !b.hourly {
		return b.aeads[0], 0, nil
	}
	hour := b.hour()
	aead, err := b.hourAEAD(0, hour)
	return aead, hour, err
}

func (b *Box) opener(key int, raw []byte) (cipher.AEAD, error) {
	if !b.hourly {
		return b.aeads[key], nil
	}
	hour, now := binary.BigEndian.Uint32(raw[idSize:]), b.hour()
	if hour+1 < now || hour > now+1 {
		return nil, ErrStale
	}
	return b.hourAEAD(key, hour)
}

// hourAEAD keeps the ciphers of the present hours: at most three for each key,
// because opener and sealer ask for no others.
func (b *Box) hourAEAD(key int, hour uint32) (cipher.AEAD, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := hourKey{key, hour}
	if aead, ok := b.hours[at]; ok {
		return aead, nil
	}
	now := b.hour()
	for old := range b.hours {
		if old.hour+1 < now || old.hour > now+1 {
			delete(b.hours, old)
		}
	}
	aead, err := b.ring.aead(b.purpose, key, hour)
	if err != nil {
		return nil, err
	}
	b.hours[at] = aead
	return aead, nil
}
