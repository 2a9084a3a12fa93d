package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
	"github.com/easyauth-sidecar/easyauth/authserver/wire"
)

// An origin is a session that another one is to be made from: a person's, who let a
// program act for them. It tells which one it is, and opens nothing; whoever hands it
// around must seal it.
const originFormat = 1

// origin is the session itself, as far as it is known of it whether it goes on.
type origin struct {
	ring   seal.KeyID
	id     ticket.ID
	record Key // zero for a session in cookies
	issued time.Time
	ends   time.Time
}

// Origin tells a session, for IssueFrom.
func (m *Manager) Origin(s *Session) []byte {
	o := origin{ring: s.key, id: s.ID, issued: s.Issued, ends: m.Ends(s)}
	if s.stored != nil {
		o.record = s.stored.record
	}
	w := wire.Writer{originFormat}
	w = append(w, o.ring[:]...)
	w = append(w, o.id[:]...)
	w = append(w, o.record[:]...)
	w.Time(o.issued)
	w.Time(o.ends)
	return w
}

func decodeOrigin(text []byte) (*origin, error) {
	if len(text) == 0 || text[0] != originFormat {
		return nil, errors.New("an origin of no known form")
	}
	r, o := wire.NewReader(text[1:]), &origin{}
	copy(o.ring[:], r.Bytes(uint64(len(o.ring))))
	copy(o.id[:], r.Bytes(uint64(len(o.id))))
	copy(o.record[:], r.Bytes(uint64(len(o.record))))
	o.issued, o.ends = r.Time(), r.Time()
	if err := r.End(); err != nil {
		return nil, fmt.Errorf("an origin: %w", err)
	}
	return o, nil
}

// IssueFrom is IssueToken for a session that comes from another one of the same person. EndNamed finds it by
// its name; the zero Name is none. It ends when that would end by itself. If that has ended before its time,
// nothing is issued, and the reason says so; in cookies, without a list of revoked tickets, this is not known.
// What ends all sessions of a person ends this one too, also when it was said before, and is heard later.
func (m *Manager) IssueFrom(ctx context.Context, from []byte, name Name, id *access.Identity, life time.Duration, label string) (*Issued, access.Reason, error) {
	o, err := decodeOrigin(from)
	if err != nil {
		return nil, access.ReasonInternal, err
	}
	now := m.cfg.Now().UTC().Truncate(time.Millisecond)
	end := o.ends
	if last := o.issued.Add(m.cfg.Lifetime); last.Before(end) {
		end = last
	}
	life = min(life, end.Sub(now))
	if life < time.Second {
		return nil, access.ReasonSessionEnded, nil
	}
	if reason, err := m.place.goesOn(ctx, o, id); reason != access.ReasonOK {
		return nil, reason, err
	}
	s := &Session{name: name, lastSeen: now, Ticket: ticket.Ticket{ID: ticket.NewID(), Issued: now, Expires: end.Truncate(time.Second), Identity: *id}}
	if name != (Name{}) {
		s.ID = name.ticket()
	}
	if m.cfg.Store == nil {
		s.Issued = o.issued // so that the list ends it as it ends the other
	}
	issued, err := m.place.issueToken(ctx, s, now.Add(life).Truncate(time.Second), label)
	if err != nil {
		return nil, access.ReasonInternal, fmt.Errorf("issue a token: %w", err)
	}
	if m.cfg.Store == nil {
		return issued, access.ReasonOK, nil
	}
	// Whoever ended all sessions of the person meanwhile may not have seen this one.
	if reason, err := m.place.goesOn(ctx, o, id); reason != access.ReasonOK {
		_, endErr := m.EndToken(ctx, issued.Access.Reveal())
		return nil, reason, errors.Join(err, endErr)
	}
	return issued, access.ReasonOK, nil
}

func (p *inCookies) goesOn(_ context.Context, o *origin, id *access.Identity) (access.Reason, error) {
	if p.m.cfg.Revoked == nil {
		return access.ReasonOK, nil
	}
	s := &Session{Ticket: ticket.Ticket{ID: o.id, Issued: o.issued, Identity: *id}}
	var err error
	if s.handles, err = handlesOf(p.m.cfg.Ring, o.ring, &s.Ticket); err != nil {
		return access.ReasonTicketInvalid, err
	}
	return p.m.cfg.Revoked.check(s)
}

// goesOn asks the store, and not what is remembered of it.
func (p *inStore) goesOn(ctx context.Context, o *origin, _ *access.Identity) (access.Reason, error) {
	err := p.ask(ctx, opGet, func(ctx context.Context) error {
		_, err := p.store.Get(ctx, o.record)
		return err
	})
	switch {
	case errors.Is(err, ErrNoRecord):
		return access.ReasonSessionEnded, nil
	case err != nil:
		return access.ReasonStore, fmt.Errorf("look whether a session goes on: %w", err)
	}
	return access.ReasonOK, nil
}
