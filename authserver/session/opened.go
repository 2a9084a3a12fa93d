package session

import (
	"crypto/sha256"

	"github.com/easyauth-sidecar/easyauth/authserver/cache"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

// opened remembers the tickets that this replica has opened twice, with what
// applications are told of them, so that the next request of a page costs a hash
// and not the opening, unpacking and rendering (BenchmarkRead).
//
// It holds what a ticket says and no decision: whether it is still good is asked for
// every request (inCookies.open). Only what authenticated is in it. It begins
// anew whenever the keys are replaced, and what was rendered with other names of
// scopes is rendered again.
type opened struct {
	m     *Manager
	known *seal.Derived[*cache.Cache[*Session]]
	came  cache.Came
	looks *metrics.LookUps
}

func newOpened(m *Manager) *opened {
	o := &opened{m: m, looks: m.cfg.Metrics.LookUps(metrics.CacheTickets)}
	o.known = seal.Following(m.cfg.Ring, func() *cache.Cache[*Session] {
		known := cache.New[*Session](m.cfg.CacheBytes, m.cfg.Now)
		m.cfg.Metrics.Cache(metrics.CacheTickets, known)
		return known
	})
	return o
}

// open gives the session of a ticket's chunks, whatever the time is.
func (o *opened) open(chunks []string) (*Session, error) {
	return o.once("ticket:", chunks, o.m.cfg.Codec.OpenKey)
}

// openToken gives the session of a token, likewise.
func (o *opened) openToken(text string) (*Session, error) {
	return o.once(tokenPurpose, []string{text}, o.openText)
}

const tokenPurpose = "token:"

func (o *opened) openText(parts ...string) (*ticket.Ticket, seal.KeyID, error) {
	return o.m.cfg.Codec.OpenText(nameAccess, parts[0])
}

func (o *opened) once(purpose string, parts []string, open func(parts ...string) (*ticket.Ticket, seal.KeyID, error)) (*Session, error) {
	// Asked for before the ticket is opened: what opened under keys that were replaced
	// meanwhile goes into a cache that nobody asks any more.
	known, err := o.known.Current()
	if err != nil {
		return nil, err
	}
	key, err := ticketHash(purpose, parts)
	if err != nil {
		return nil, err
	}
	s, ok := known.Get(key)
	if ok && (s.Headers == nil || s.Headers.Current()) {
		o.looks.Count(true)
		return s, nil
	}
	o.looks.Count(false)
	t, id, err := open(parts...)
	if err != nil {
		return nil, err
	}
	s = &Session{Ticket: *t, lastSeen: t.Issued, token: purpose == tokenPurpose, key: id, uses: o.m.cfg.Metrics.TicketsOpened(id.String())}
	if o.m.cfg.Revoked != nil {
		if s.handles, err = handlesOf(o.m.cfg.Ring, id, t); err != nil {
			return nil, err
		}
	}
	o.m.render(s)
	// One that comes for the first time may never come again, and would push another out.
	if o.came.Again(key) {
		known.Put(key, s, s.size(), s.Expires)
	}
	return s, nil
}

// ticketHash is the SHA-256 of a purpose and a ticket's chunks, joined as they are when
// the ticket is opened: the first character says how many there are, and where one
// ends makes no difference to what opens.
func ticketHash(purpose string, chunks []string) (hash [sha256.Size]byte, err error) {
	n := 0
	for _, c := range chunks {
		n += len(c)
	}
	if n > ticket.MaxLength { // none of ours, and not worth a hash
		return hash, seal.ErrTooLong
	}
	var room [1024]byte // on the stack, and enough for most
	text := room[:0]
	if len(purpose)+n > len(room) {
		text = make([]byte, 0, len(purpose)+n)
	}
	text = append(text, purpose...)
	for _, c := range chunks {
		text = append(text, c...)
	}
	return sha256.Sum256(text), nil
}
