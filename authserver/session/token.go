package session

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

// What tokens begin with, so that grep and secret scanners find them.
const (
	AccessPrefix  = "ea_"
	RefreshPrefix = "ear_"
)

// Names that tokens are sealed for: what is one does not open as the other, nor as a
// cookie.
const (
	nameAccess  = "access token"
	nameRefresh = "refresh token"
)

// Issued is a session that a program carries.
type Issued struct {
	Session *Session
	Access  secret.String
	Expires time.Time     // of Access
	Refresh secret.String // empty without a store
	Dropped []string      // names of what did not fit
}

// ErrCannotEnd means that a token ends by itself alone: there is neither a store nor
// a list of revoked tickets.
var ErrCannotEnd = errors.New("tokens end by themselves alone: there is no store, and no list of revoked ones")

// ReusedError means that a refresh token came that was used up: of two who have it one
// is not its owner.
type ReusedError struct{ Who access.Key } // whose session it is

// Error does not say whose.
func (*ReusedError) Error() string { return "a refresh token came a second time" }

// IsToken reports whether a text says that it is an access token of ours.
func IsToken(text string) bool { return strings.HasPrefix(text, AccessPrefix) }

// IssueToken makes a session for an identity and returns it as tokens. The access token
// is good for life, the session at most. With a store there is a refresh token, which
// is good once and as long as the session; label is shown to the person in the list of
// their sessions. Idle times count with a store alone. It fails with ticket.ErrTooLarge
// if the identity cannot fit, and with a *StoreError if nothing could be written.
func (m *Manager) IssueToken(ctx context.Context, id *access.Identity, life time.Duration, label string) (*Issued, error) {
	if life <= 0 {
		return nil, errors.New("issue a token: it would be good for no time")
	}
	now := m.cfg.Now().UTC().Truncate(time.Millisecond)
	if m.cfg.Revoked != nil {
		now = m.cfg.Revoked.notBefore(m.cfg.Ring, id, now).UTC()
	}
	s := &Session{lastSeen: now, Ticket: ticket.Ticket{ID: ticket.NewID(), Issued: now, Expires: now.Add(m.cfg.Lifetime), Identity: *id}}
	issued, err := m.place.issueToken(ctx, s, now.Add(min(life, m.cfg.Lifetime)).Truncate(time.Second), label)
	if err != nil {
		return nil, fmt.Errorf("issue a token: %w", err)
	}
	return issued, nil
}

// ReadToken returns the session of an access token and when the token expires. Without
// a valid one it returns nil and the reason, as Read does; a token that is none of ours
// and one that has expired have the reasons of other bearer tokens.
func (m *Manager) ReadToken(ctx context.Context, token string) (s *Session, expires time.Time, reason access.Reason, err error) {
	text, ok := strings.CutPrefix(token, AccessPrefix)
	if !ok {
		return nil, time.Time{}, access.ReasonBearerInvalid, errToken
	}
	s, expires, reason, err = m.place.readToken(ctx, text)
	if s == nil {
		return nil, time.Time{}, ofBearer(reason), err
	}
	s.uses.Count()
	return s, expires, access.ReasonOK, nil
}

// Renew gives new tokens for a refresh token, which is used up by that. One that comes
// again ends its session with all tokens of it: somebody else may have it; the error is
// then, or has in it, a *ReusedError. It needs a store. Other errors are details for the
// log, and nil where the reason says all.
func (m *Manager) Renew(ctx context.Context, refresh string, life time.Duration) (*Issued, access.Reason, error) {
	text, ok := strings.CutPrefix(refresh, RefreshPrefix)
	if !ok {
		return nil, access.ReasonBearerInvalid, errToken
	}
	issued, reason, err := m.place.renew(ctx, text, life)
	if issued == nil {
		return nil, ofBearer(reason), err
	}
	return issued, access.ReasonOK, nil
}

// EndToken ends the session of an access or refresh token, and with it all of its
// tokens. It reports false if there was nothing to end. It fails with ErrCannotEnd, or
// with a *StoreError.
func (m *Manager) EndToken(ctx context.Context, token string) (bool, error) {
	name := nameRefresh
	text, ok := strings.CutPrefix(token, RefreshPrefix)
	if !ok {
		name = nameAccess
		if text, ok = strings.CutPrefix(token, AccessPrefix); !ok {
			return false, nil
		}
	}
	ended, err := m.place.endToken(ctx, name, text)
	if err != nil && !errors.Is(err, ErrCannotEnd) {
		return false, &StoreError{fmt.Errorf("end a token: %w", err)}
	}
	return ended, err
}

var errToken = errors.New("the token is none of ours")

// ofBearer gives the reasons of tickets the names that those of tokens have.
func ofBearer(r access.Reason) access.Reason {
	switch r {
	case access.ReasonTicketInvalid, access.ReasonTicketEarly:
		return access.ReasonBearerInvalid
	case access.ReasonTicketExpired:
		return access.ReasonBearerExpired
	}
	return r
}

func (p *inCookies) issueToken(ctx context.Context, s *Session, expires time.Time, _ string) (*Issued, error) {
	s.Expires = expires
	text, dropped, err := p.m.cfg.Codec.SealText(nameAccess, &s.Ticket)
	if err != nil {
		return nil, err
	}
	if p.m.cfg.Revoked != nil {
		if err := p.m.cfg.Revoked.note(ctx, p.m.cfg.Ring, s); err != nil {
			return nil, err
		}
	}
	return &Issued{Session: s, Access: secret.New(AccessPrefix + text), Expires: expires, Dropped: dropped}, nil
}

func (p *inCookies) readToken(_ context.Context, text string) (*Session, time.Time, access.Reason, error) {
	s, err := p.opened.openToken(text)
	if err != nil {
		return nil, time.Time{}, access.ReasonTicketInvalid, err
	}
	if r, err := p.good(s); r != access.ReasonOK {
		return nil, time.Time{}, r, err
	}
	return s, p.m.Ends(s), access.ReasonOK, nil
}

func (p *inCookies) renew(context.Context, string, time.Duration) (*Issued, access.Reason, error) {
	return nil, access.ReasonBearerInvalid, errors.New("without a store there are no refresh tokens")
}

func (p *inCookies) endToken(ctx context.Context, name, text string) (bool, error) {
	if p.m.cfg.Revoked == nil {
		return false, ErrCannotEnd
	}
	if name != nameAccess {
		return false, nil
	}
	s, err := p.opened.openToken(text)
	if err != nil {
		return false, nil //nolint:nilerr // none of ours: there is nothing to end
	}
	dead := p.dead(nil, s)
	return len(dead) > 0, p.m.cfg.Revoked.add(ctx, dead...)
}
