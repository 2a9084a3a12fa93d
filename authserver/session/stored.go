package session

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/cache"
	"github.com/easyauth-sidecar/easyauth/authserver/cookie"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
)

// inStore keeps sessions in a Store. The cookie is sealed under the key ring, so
// that nothing that a client made up reaches the store, and holds a random id and
// a random key:
//
//	where the record is   HMAC(ring key, id)
//	what opens it         HKDF(cookie's key, ring key)
//
// so that neither the store with the ring, nor the ring with a list of ids opens
// a session. Only its own browser brings the rest.
type inStore struct {
	m       *Manager
	store   Store
	cookies *seal.Box
	tokens  *seal.Box
	recent  *recent
	loads   singleflight.Group
	flights singleflight.Group // of refreshes
	pauses  *cache.Cache[pause]
	slots   chan struct{} // holds one for each refresh under way
	running underway      // refreshes
	random  io.Reader
}

func newInStore(m *Manager) (*inStore, error) {
	box, err := m.cfg.Ring.Box(seal.Config{Purpose: purposeCookie, MaxLength: maxSessionCookie})
	if err != nil {
		return nil, err
	}
	tokens, err := m.cfg.Ring.Box(seal.Config{Purpose: purposeToken, MaxLength: maxToken})
	if err != nil {
		return nil, err
	}
	pauses := cache.New[pause](pauseBytes, m.cfg.Now)
	m.cfg.Metrics.Cache(metrics.CacheRefreshPauses, pauses)
	m.cfg.Metrics.Stores(opGet, opCreate, opUpdate, opTouch, opDelete, opList, opAcquire, opRelease, opOnce)
	return &inStore{m: m, store: m.cfg.Store, cookies: box, tokens: tokens, recent: newRecent(m.cfg), pauses: pauses, slots: make(chan struct{}, maxRefreshes), random: rand.Reader}, nil
}

// stored is what a session needs to be written again. It never changes.
type stored struct {
	record  Key
	secret  [32]byte // the cookie's key
	version uint64
}

func (p *inStore) read(ctx context.Context, h http.Header) (*Session, access.Reason, error) {
	values := cookie.Values(h, p.m.cfg.Cookies.Ticket.Name, maxCombinations)
	switch {
	case len(values) == 0:
		return nil, access.ReasonNoTicket, nil
	case len(values) > 1 && !p.m.cfg.Shared:
		return nil, access.ReasonTicketAmbiguous, errors.New("several session cookies of one name")
	}
	var found *Session
	reason, firstErr := access.ReasonTicketInvalid, error(nil)
	for _, value := range values {
		c, key, err := p.open(value)
		if err != nil {
			if firstErr == nil {
				firstErr = err
			}
			continue
		}
		s, r, err := p.load(ctx, c, key)
		if r.CouldNotTell() { // perhaps the session that counts
			return nil, r, err
		}
		if s == nil {
			reason = r
			continue
		}
		var ambiguous bool
		if found, ambiguous = best(found, s); ambiguous {
			return nil, access.ReasonTicketAmbiguous, errors.New("sessions of two identities")
		}
	}
	if found == nil {
		return nil, reason, firstErr
	}
	return found, access.ReasonOK, nil
}

// load gives the session of a cookie that was opened, from the records read a
// moment ago or from the store.
func (p *inStore) load(ctx context.Context, c *carrier, key Key) (*Session, access.Reason, error) {
	s := p.recent.get(key)
	if s == nil {
		var err error
		if s, err = p.fetch(ctx, c, key); err != nil {
			reason, err := notRead(err)
			return nil, reason, err
		}
	}
	switch {
	case !sameSecret(s.stored.secret, c.Key):
		return nil, access.ReasonTicketInvalid, errUnopened
	case s.stored.version < c.Version:
		return nil, access.ReasonSessionOld, nil
	}
	if r := p.m.timely(&s.Ticket); r != access.ReasonOK {
		return nil, r, nil
	}
	return s, access.ReasonOK, nil
}

// notRead is why there is no session: its record has gone, which says all, does not open,
// or could not be asked for.
func notRead(err error) (access.Reason, error) {
	switch {
	case errors.Is(err, ErrNoRecord):
		return access.ReasonSessionEnded, nil
	case errors.Is(err, errUnopened):
		return access.ReasonTicketInvalid, err
	}
	return access.ReasonStore, err
}

// errUnopened means that a record does not open with what the cookie brought.
var errUnopened = errors.New("the record in the store does not open")

// fetch reads a record and opens it, once for all that ask at the same time with
// the same cookie. Whoever asks after a change was heard does not join a reading
// that began before it.
func (p *inStore) fetch(ctx context.Context, c *carrier, key Key) (*Session, error) {
	began := p.recent.begin(key)
	flight := p.loads.DoChan(fmt.Sprintf("%s%s%d.%d", key[:], c.Key[:], began.epoch, began.changes), func() (any, error) {
		return recovered(func() (*Session, error) {
			s, err := p.get(context.WithoutCancel(ctx), c.ring, c.Key, key)
			if err == nil {
				p.recent.put(key, s, began)
			}
			return s, err
		})
	})
	select {
	case r := <-flight:
		s, _ := r.Val.(*Session)
		return s, r.Err
	case <-ctx.Done():
		return nil, fmt.Errorf("read a session: %w", ctx.Err())
	}
}

// get reads a record from the store and opens it.
func (p *inStore) get(ctx context.Context, ring seal.KeyID, secret [32]byte, key Key) (*Session, error) {
	var r *Record
	err := p.ask(ctx, opGet, func(ctx context.Context) (err error) {
		r, err = p.store.Get(ctx, key)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read a session: %w", err)
	}
	return p.unseal(ring, secret, r)
}

// unseal opens a record. The version is under the seal too.
func (p *inStore) unseal(ring seal.KeyID, secret [32]byte, r *Record) (*Session, error) {
	plain, err := p.value(ring, secret, r.Key, r.Version, nil, r.Value)
	if err != nil {
		return nil, errUnopened
	}
	s, err := decodeValue(p.m.cfg.Codec, plain)
	if err != nil { // of another version of this program
		return nil, fmt.Errorf("%w: %w", errUnopened, err)
	}
	s.key, s.lastSeen, s.uses = ring, r.Seen, p.m.cfg.Metrics.TicketsOpened(ring.String())
	p.m.render(s)
	s.stored = &stored{record: r.Key, secret: secret, version: r.Version}
	return s, nil
}

// seal writes a session's value for a version of its record.
func (p *inStore) seal(s *Session, version uint64) ([]byte, error) {
	plain, err := encodeValue(p.m.cfg.Codec, s)
	if err != nil {
		return nil, err
	}
	return p.value(s.key, s.stored.secret, s.stored.record, version, plain, nil)
}

// value seals plain, or opens sealed if plain is nil.
func (p *inStore) value(ring seal.KeyID, secret [32]byte, record Key, version uint64, plain, sealed []byte) ([]byte, error) {
	key, ok := p.m.cfg.Ring.Mix(ring, purposeValue, secret[:])
	if !ok {
		return nil, errKeysChanged
	}
	aead, err := seal.AEAD(key)
	if err != nil {
		return nil, err
	}
	associated := strconv.AppendUint(record[:], version, 10)
	if plain == nil {
		return aead.Open(nil, nil, sealed, associated)
	}
	return aead.Seal(nil, nil, plain, associated), nil //nolint:gosec // no nonce is given: this AEAD makes a random one
}

// touch notes the use in the store. If it cannot, the session ends early, never
// late. What is remembered of the session is forgotten then, and not replaced: it
// may have changed, or ended, since it was read.
func (p *inStore) touch(ctx context.Context, s *Session, now time.Time) string {
	_, _, _ = p.loads.Do("touch"+string(s.stored.record[:]), func() (any, error) {
		err := p.ask(context.WithoutCancel(ctx), opTouch, func(ctx context.Context) error {
			return p.store.Touch(ctx, s.stored.record, now, p.expires(s, now))
		})
		if err == nil {
			p.recent.Changed(s.stored.record)
		}
		return nil, nil
	})
	return ""
}
