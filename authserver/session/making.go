package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/cookie"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

// issue writes a new record under a new id and key, and deletes the records of
// the sessions that the request presented.
func (p *inStore) issue(ctx context.Context, h http.Header, s *Session, kept []access.GraphResult, label string) (lines, dropped []string, err error) {
	s.Identity.Graph = slices.Concat(s.Identity.Graph, kept)
	if s.Tokens == nil {
		s.Tokens = &Tokens{Obtained: s.Issued}
	}
	var value string
	cookies := p.m.cfg.Cookies
	err = p.create(ctx, s, label, p.presented(h), func(c *carrier) (err error) {
		value, err = p.cookies.Seal(cookies.Ticket.Name, c.encode())
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	lines = append(lines, cookies.Ticket.Set(value, 0))
	for _, surplus := range []cookie.Cookie{cookies.Ticket1, cookies.Seen} { // of a time without a store
		if len(cookie.Values(h, surplus.Name, 1)) > 0 {
			lines = append(lines, surplus.Delete())
		}
	}
	return lines, nil, nil
}

// create writes the record of a new session in place of others. carry seals what its
// bearer is given; nothing is written before it could.
func (p *inStore) create(ctx context.Context, s *Session, label string, replaced []Key, carry func(*carrier) error) error {
	r, err := p.newRecord(s, label, carry)
	for try := 1; errors.Is(err, errKeysChanged) && try < 3; try++ {
		r, err = p.newRecord(s, label, carry)
	}
	if err != nil {
		return err
	}
	err = p.ask(context.WithoutCancel(ctx), opCreate, func(ctx context.Context) error { return p.store.Create(ctx, r, replaced...) })
	if err != nil {
		return &StoreError{fmt.Errorf("write a session: %w", err)}
	}
	p.recent.Changed(replaced...)
	return nil
}

// errKeysChanged means that the ring was replaced in between: nothing has been
// written yet.
var errKeysChanged = errors.New("the keys changed during a sign-in")

// newRecord gives the record of a new session, and has its carrier sealed.
func (p *inStore) newRecord(s *Session, label string, carry func(*carrier) error) (*Record, error) {
	ring := p.m.cfg.Ring
	c, err := newCarrier(ring.Current(), p.random)
	if err != nil {
		return nil, err
	}
	if s.name != (Name{}) {
		c.ID = s.name.record()
	}
	key, ok := ring.MAC(c.ring, purposeKey, c.ID[:])
	if !ok {
		return nil, errKeysChanged
	}
	s.key, s.stored = c.ring, &stored{record: key, secret: c.Key, version: c.Version}
	r := &Record{Key: key, Version: c.Version, Issued: s.Issued, Seen: s.Issued, Expires: p.expires(s, s.Issued)}
	r.User, _ = userHandle(ring, c.ring, s.Identity.Key())
	r.SID, _ = sidHandle(ring, c.ring, ticket.SID(&s.Identity))
	if r.Value, err = p.seal(s, r.Version); err != nil {
		return nil, err
	}
	if r.Label, err = p.sealLabel(c.ring, s.Identity.Key(), key, label); err != nil {
		return nil, err
	}
	if err = carry(c); err != nil {
		return nil, err
	}
	if c.ring != ring.Current() {
		return nil, errKeysChanged
	}
	return r, nil
}

// expires is when the store may forget a session that was used at this time.
func (p *inStore) expires(s *Session, used time.Time) time.Time {
	end := p.m.Ends(s)
	if idle := used.Add(p.m.cfg.Idle); p.m.cfg.Idle > 0 && idle.Before(end) {
		return idle
	}
	return end
}

// A label is sealed under a key that hangs on the person: the ring alone does not
// tell, of a record whose person is not known, which browser it belongs to.
func (p *inStore) sealLabel(ring seal.KeyID, who access.Key, record Key, label string) ([]byte, error) {
	const aside = 64 // of nonce and tag, and some
	if label == "" || len(label) > MaxLabel-aside {
		return nil, nil
	}
	key, ok := p.m.cfg.Ring.MAC(ring, purposeLabel, []byte(who.Authority), []byte(who.ID))
	if !ok {
		return nil, errKeysChanged
	}
	aead, err := seal.AEAD(key)
	if err != nil {
		return nil, err
	}
	return aead.Seal(nil, nil, []byte(label), record[:]), nil //nolint:gosec // no nonce is given: this AEAD makes a random one
}

// openLabel returns "" if there is none, or it is of a key that has gone.
func openLabel(ring *seal.Ring, who access.Key, r *Record) string {
	for _, id := range ring.IDs() {
		key, ok := ring.MAC(id, purposeLabel, []byte(who.Authority), []byte(who.ID))
		if !ok {
			continue
		}
		aead, err := seal.AEAD(key)
		if err != nil {
			return ""
		}
		if plain, err := aead.Open(nil, nil, r.Label, r.Key[:]); err == nil {
			return string(plain)
		}
	}
	return ""
}
