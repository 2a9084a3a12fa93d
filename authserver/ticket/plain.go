package ticket

import "fmt"

// MaxPlain bounds what Marshal returns, in bytes.
const MaxPlain = 200 << 10

// Marshal returns a ticket as it is before it is sealed, for a store, where a
// cookie's bound does not hold. What makes it longer than MaxPlain is dropped as Seal
// drops it, and marked in the identity. nil means that even the rest is longer.
func (c *Codec) Marshal(t *Ticket) []byte {
	kept := *t
	for {
		plain := c.enc.encode(&kept)
		if len(plain) <= MaxPlain {
			return plain
		}
		if _, ok := shrink(&kept.Identity); !ok {
			return nil
		}
	}
}

// Unmarshal reads what Marshal returned. It authenticates nothing: the caller must
// have opened the value.
func (c *Codec) Unmarshal(plain []byte) (*Ticket, error) {
	if len(plain) > MaxPlain {
		return nil, errFormat
	}
	t, err := c.enc.decode(plain)
	if err != nil {
		return nil, fmt.Errorf("decode a ticket: %w", err)
	}
	return t, nil
}
