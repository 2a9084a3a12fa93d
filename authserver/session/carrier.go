package session

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/easyauth-sidecar/easyauth/authserver/cookie"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/wire"
)

// Purposes of what is derived from the ring.
const (
	purposeCookie = "session"
	purposeKey    = "session key"
	purposeValue  = "session value"
	purposeLabel  = "session label"
	purposeUser   = "session user"
	purposeSID    = "session sid"
)

const (
	maxSessionCookie = 256 // characters
	carrierFormat    = 1
)

// carrier is what the cookie holds.
type carrier struct {
	ID      [16]byte
	Key     [32]byte
	Version uint64 // an older record is never taken
	ring    seal.KeyID
}

func newCarrier(ring seal.KeyID, random io.Reader) (*carrier, error) {
	c := &carrier{Version: 1, ring: ring}
	for _, b := range [][]byte{c.ID[:], c.Key[:]} {
		if _, err := io.ReadFull(random, b); err != nil {
			return nil, fmt.Errorf("make a session's id and key: %w", err)
		}
	}
	return c, nil
}

func (c *carrier) encode() []byte {
	w := wire.Writer{carrierFormat}
	w = append(w, c.ID[:]...)
	w = append(w, c.Key[:]...)
	w.Number(c.Version)
	return w
}

func decodeCarrier(plain []byte) (*carrier, error) {
	if len(plain) == 0 || plain[0] != carrierFormat {
		return nil, errors.New("session cookie: not of a known form")
	}
	r := wire.NewReader(plain[1:])
	c := &carrier{}
	copy(c.ID[:], r.Bytes(uint64(len(c.ID))))
	copy(c.Key[:], r.Bytes(uint64(len(c.Key))))
	c.Version = r.Number()
	if err := r.End(); err != nil {
		return nil, fmt.Errorf("session cookie: %w", err)
	}
	return c, nil
}

// open opens one cookie's value.
func (p *inStore) open(value string) (*carrier, Key, error) {
	plain, ring, err := p.cookies.OpenKey(p.m.cfg.Cookies.Ticket.Name, value)
	if err != nil {
		return nil, Key{}, fmt.Errorf("session cookie: %w", err)
	}
	c, err := decodeCarrier(plain)
	if err != nil {
		return nil, Key{}, err
	}
	c.ring = ring
	key, ok := p.m.cfg.Ring.MAC(ring, purposeKey, c.ID[:])
	if !ok {
		return nil, Key{}, seal.ErrUnknownKey
	}
	return c, key, nil
}

// presented are the records of all sessions that a request presents, valid or not.
func (p *inStore) presented(h http.Header) []Key {
	var keys []Key
	for _, value := range cookie.Values(h, p.m.cfg.Cookies.Ticket.Name, maxPresented) {
		if _, key, err := p.open(value); err == nil {
			keys = append(keys, key)
		}
	}
	return keys
}
