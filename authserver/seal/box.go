package seal

import (
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Box seals and opens for one purpose. It is safe for concurrent use and
// implements securecookie.Codec for []byte values.
type Box struct {
	purpose string
	max     int
	hourly  bool
	now     func() time.Time

	ciphers *Derived[*ciphers]
}

// ciphers are those of one key set.
type ciphers struct {
	set   *keySet
	aeads []cipher.AEAD // by place of the key; nil for an hourly box

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

// Box returns the box for one purpose. It follows Replace.
func (r *Ring) Box(cfg Config) (*Box, error) {
	if cfg.Purpose == "" || cfg.MaxLength <= 0 {
		return nil, errors.New("make a box: purpose and maximal length are required")
	}
	b := &Box{purpose: cfg.Purpose, max: cfg.MaxLength, hourly: cfg.Hourly, now: cfg.Now}
	if b.now == nil {
		b.now = time.Now
	}
	var err error
	b.ciphers, err = derived(r, b.ciphersOf)
	if err != nil {
		return nil, err
	}
	return b, nil
}

func (b *Box) ciphersOf(set *keySet) (*ciphers, error) {
	c := &ciphers{set: set}
	if b.hourly {
		c.hours = make(map[hourKey]cipher.AEAD)
		return c, nil
	}
	for i := range set.keys {
		aead, err := set.aead(b.purpose, i, 0)
		if err != nil {
			return nil, err
		}
		c.aeads = append(c.aeads, aead)
	}
	return c, nil
}

func (s *keySet) aead(purpose string, key int, hour uint32) (cipher.AEAD, error) {
	sub, err := s.derive(key, s.info(purpose, hour), KeySize)
	if err != nil {
		return nil, fmt.Errorf("derive a key for %q: %w", purpose, err)
	}
	return AEAD([KeySize]byte(sub))
}

// Seal encrypts plain under the ring's first key. name is the place the value is
// for. It fails with ErrTooLong if the result would exceed the box's MaxLength.
func (b *Box) Seal(name string, plain []byte) (string, error) {
	c, err := b.ciphers.Current()
	if err != nil {
		return "", err
	}
	aead, hour, err := b.sealer(c)
	if err != nil {
		return "", err
	}
	out := make([]byte, 0, b.header()+nonceSize+len(plain)+tagSize)
	out = append(out, c.set.ids[0][:]...)
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
	plain, _, err := b.OpenKey(name, value)
	return plain, err
}

// OpenKey is Open, and tells under which key the value was sealed.
func (b *Box) OpenKey(name, value string) (plain []byte, id KeyID, err error) {
	if len(value) > b.max {
		return nil, KeyID{}, ErrTooLong
	}
	raw, err := strictBase64.DecodeString(value)
	// encoding/base64 skips line breaks: a value must have one spelling only.
	if err != nil || strings.ContainsAny(value, "\r\n") || len(raw) < b.header()+nonceSize+tagSize {
		return nil, KeyID{}, ErrMalformed
	}
	c, err := b.ciphers.Current()
	if err != nil {
		return nil, KeyID{}, err
	}
	id = KeyID(raw[:idSize])
	key := c.set.index(id)
	if key < 0 {
		return nil, KeyID{}, ErrUnknownKey
	}
	aead, err := b.opener(c, key, raw)
	if err != nil {
		return nil, KeyID{}, err
	}
	head := b.header()
	plain, err = aead.Open(nil, nil, raw[head:], b.associated(name, raw[:head]))
	if err != nil {
		return nil, KeyID{}, ErrForged
	}
	return plain, id, nil
}

//nolint:gochecknoglobals // a constant in all but syntax: Strict refuses stray trailing bits, so that each value has one spelling
var strictBase64 = base64.RawURLEncoding.Strict()

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

func (b *Box) sealer(c *ciphers) (cipher.AEAD, uint32, error) {
	if !b.hourly {
		return c.aeads[0], 0, nil
	}
	hour := b.hour()
	aead, err := b.hourAEAD(c, 0, hour)
	return aead, hour, err
}

func (b *Box) opener(c *ciphers, key int, raw []byte) (cipher.AEAD, error) {
	if !b.hourly {
		return c.aeads[key], nil
	}
	hour, now := binary.BigEndian.Uint32(raw[idSize:]), b.hour()
	if hour+1 < now || hour > now+1 {
		return nil, ErrStale
	}
	return b.hourAEAD(c, key, hour)
}

// hourAEAD keeps the ciphers of the present hours: at most three for each key,
// because opener and sealer ask for no others.
func (b *Box) hourAEAD(c *ciphers, key int, hour uint32) (cipher.AEAD, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := hourKey{key, hour}
	if aead, ok := c.hours[at]; ok {
		return aead, nil
	}
	now := b.hour()
	for old := range c.hours {
		if old.hour+1 < now || old.hour > now+1 {
			delete(c.hours, old)
		}
	}
	aead, err := c.set.aead(b.purpose, key, hour)
	if err != nil {
		return nil, err
	}
	c.hours[at] = aead
	return aead, nil
}
