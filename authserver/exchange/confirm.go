package exchange

import (
	"encoding/hex"
	"errors"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/cache"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/wire"
)

// confirmations proves that a person was shown the page about a request: a form carries
// the proof back. It is for one request, in one session, of one person.
type confirmations struct {
	box *seal.Box
	now func() time.Time
}

func newConfirmations(ring *seal.Ring, now func() time.Time) (*confirmations, error) {
	const longest = 128 // characters
	box, err := ring.Box(seal.Config{Purpose: "program confirmation", MaxLength: longest, Hourly: true, Now: now})
	return &confirmations{box, now}, err
}

func confirmationName(s *session.Session, sealed string) string {
	who := s.Identity.Key()
	of := cache.Key([]byte(sealed), s.ID[:], []byte(who.Authority), []byte(who.ID))
	return hex.EncodeToString(of[:])
}

// seal makes the proof for a page that is shown now.
func (c *confirmations) seal(s *session.Session, sealed string) (string, error) {
	var w wire.Writer
	w.Time(c.now())
	return c.box.Seal(confirmationName(s, sealed), w)
}

// check returns nil for a proof of the same request and session that is not too old.
func (c *confirmations) check(s *session.Session, sealed, proof string) error {
	plain, err := c.box.Open(confirmationName(s, sealed), proof)
	if err != nil {
		return err
	}
	r := wire.NewReader(plain)
	at := r.Time()
	if err := r.End(); err != nil {
		return err
	}
	if age := c.now().Sub(at); age >= requestLifetime || age < -time.Minute {
		return errors.New("the page was shown more than 10 minutes ago")
	}
	return nil
}
