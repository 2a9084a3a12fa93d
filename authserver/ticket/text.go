package ticket

import (
	"fmt"

	"github.com/easyauth-sidecar/easyauth/authserver/seal"
)

// SealText is Seal for a place that takes one text, of at most MaxLength characters:
// a token of ours, or a code. name is that place: a text that was sealed for another,
// or a cookie, does not open there.
func (c *Codec) SealText(name string, t *Ticket) (text string, dropped []string, err error) {
	dropped, err = c.fit(t, func(plain []byte) (err error) {
		text, err = c.text.Seal(name, plain)
		return err
	})
	return text, dropped, err
}

// OpenText authenticates and decodes what SealText made for the same name, and tells
// under which key of the ring it was sealed.
func (c *Codec) OpenText(name, text string) (*Ticket, seal.KeyID, error) {
	plain, key, err := c.text.OpenKey(name, text)
	if err != nil {
		return nil, seal.KeyID{}, fmt.Errorf("open a ticket: %w", err)
	}
	t, err := c.enc.decode(plain)
	if err != nil {
		return nil, seal.KeyID{}, fmt.Errorf("decode a ticket: %w", err)
	}
	return t, key, nil
}
