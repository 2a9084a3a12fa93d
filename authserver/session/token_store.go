package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	"github.com/easyauth-sidecar/easyauth/authserver/wire"
)

const (
	purposeToken = "session token"
	tokenFormat  = 1
	maxToken     = 256 // characters, sealed
)

// tokenPlain is what a token holds: the carrier of its session, as a cookie would, the
// key of the ring that the session's record hangs on (a cookie's is the one that sealed
// it; a token that is renewed may be sealed under a newer one), and its own end. The
// carrier's version in a refresh token is that of the record that it was made for: the
// record's next version has used it up.
func tokenPlain(c *carrier, expires time.Time) []byte {
	w := wire.Writer{tokenFormat}
	w = append(w, c.ring[:]...)
	w.Text(string(c.encode()))
	w.Time(expires)
	return w
}

// openToken opens a token, whatever the time is.
func (p *inStore) openToken(name, text string) (c *carrier, key Key, expires time.Time, err error) {
	plain, _, err := p.tokens.OpenKey(name, text)
	if err != nil {
		return nil, Key{}, time.Time{}, fmt.Errorf("%s: %w", name, err)
	}
	if len(plain) == 0 || plain[0] != tokenFormat {
		return nil, Key{}, time.Time{}, fmt.Errorf("%s: not of a known form", name)
	}
	r := wire.NewReader(plain[1:])
	var ring seal.KeyID
	copy(ring[:], r.Bytes(uint64(len(ring))))
	inner := r.Text()
	expires = r.Time()
	if err := r.End(); err != nil {
		return nil, Key{}, time.Time{}, fmt.Errorf("%s: %w", name, err)
	}
	if c, err = decodeCarrier([]byte(inner)); err != nil {
		return nil, Key{}, time.Time{}, err
	}
	c.ring = ring
	key, ok := p.m.cfg.Ring.MAC(ring, purposeKey, c.ID[:])
	if !ok {
		return nil, Key{}, time.Time{}, seal.ErrUnknownKey
	}
	return c, key, expires, nil
}

// sealTokens gives both tokens of a session.
func (p *inStore) sealTokens(c *carrier, s *Session, expires time.Time) (*Issued, error) {
	accessToken, err := p.tokens.Seal(nameAccess, tokenPlain(c, expires))
	if err != nil {
		return nil, err
	}
	refresh, err := p.tokens.Seal(nameRefresh, tokenPlain(c, s.Expires))
	if err != nil {
		return nil, err
	}
	return &Issued{Session: s, Access: secret.New(AccessPrefix + accessToken), Expires: expires, Refresh: secret.New(RefreshPrefix + refresh)}, nil
}

func (p *inStore) issueToken(ctx context.Context, s *Session, expires time.Time, label string) (issued *Issued, err error) {
	s.Tokens = &Tokens{Obtained: s.Issued}
	err = p.create(ctx, s, label, nil, func(c *carrier) (err error) {
		issued, err = p.sealTokens(c, s, expires)
		return err
	})
	return issued, err
}

func (p *inStore) readToken(ctx context.Context, text string) (*Session, time.Time, access.Reason, error) {
	c, key, expires, err := p.openToken(nameAccess, text)
	switch {
	case err != nil:
		return nil, time.Time{}, access.ReasonTicketInvalid, err
	case !p.m.cfg.Now().Before(expires):
		return nil, time.Time{}, access.ReasonTicketExpired, nil
	}
	s, r, err := p.load(ctx, c, key)
	switch {
	case s == nil:
		return nil, time.Time{}, r, err
	case p.idle(s):
		return nil, time.Time{}, access.ReasonIdle, nil
	}
	if end := p.m.Ends(s); end.Before(expires) {
		expires = end
	}
	return s, expires, access.ReasonOK, nil
}

func (p *inStore) idle(s *Session) bool {
	return p.m.cfg.Idle > 0 && p.m.cfg.Now().Sub(s.lastSeen) > p.m.cfg.Idle
}

// renew uses a refresh token up by writing the record's next version. It reads the
// store and not what is remembered of it.
func (p *inStore) renew(ctx context.Context, text string, life time.Duration) (*Issued, access.Reason, error) {
	c, key, _, err := p.openToken(nameRefresh, text)
	if err != nil {
		return nil, access.ReasonTicketInvalid, err
	}
	ctx = context.WithoutCancel(ctx) // whoever asked may have gone: what is begun is finished
	s, err := p.get(ctx, c.ring, c.Key, key)
	if err != nil {
		reason, err := notRead(err)
		return nil, reason, err
	}
	switch {
	case s.stored.version < c.Version:
		return nil, access.ReasonSessionOld, nil
	case s.stored.version > c.Version:
		return p.reused(ctx, s)
	}
	if r := p.m.timely(&s.Ticket); r != access.ReasonOK {
		return nil, r, nil
	}
	if p.idle(s) {
		return nil, access.ReasonIdle, nil
	}
	return p.nextVersion(ctx, s, c, life)
}

// nextVersion writes a session's record once more and seals tokens for it.
func (p *inStore) nextVersion(ctx context.Context, s *Session, c *carrier, life time.Duration) (*Issued, access.Reason, error) {
	now := p.m.cfg.Now().UTC()
	next := *s
	next.stored = &stored{record: s.stored.record, secret: s.stored.secret, version: s.stored.version + 1}
	next.lastSeen = now
	value, err := p.seal(&next, next.stored.version)
	if err != nil {
		return nil, access.ReasonInternal, err
	}
	expires := now.Add(min(life, p.m.cfg.Lifetime)).Truncate(time.Second)
	if end := p.m.Ends(s); end.Before(expires) {
		expires = end
	}
	to := *c
	to.Version = next.stored.version
	issued, err := p.sealTokens(&to, &next, expires)
	if err != nil {
		return nil, access.ReasonInternal, err
	}
	r := &Record{Key: next.stored.record, Version: next.stored.version, Value: value}
	err = p.ask(ctx, opUpdate, func(ctx context.Context) error { return p.store.Update(ctx, r, c.Version) })
	p.recent.Changed(r.Key)
	switch {
	case errors.Is(err, ErrVersion):
		return p.reused(ctx, s)
	case errors.Is(err, ErrNoRecord):
		return nil, access.ReasonSessionEnded, nil
	case err != nil:
		return nil, access.ReasonStore, err
	}
	// If the use cannot be noted the session ends early, never late.
	_ = p.ask(ctx, opTouch, func(ctx context.Context) error { return p.store.Touch(ctx, r.Key, now, p.expires(&next, now)) })
	return issued, access.ReasonOK, nil
}

// reused ends a session of which a refresh token came twice.
func (p *inStore) reused(ctx context.Context, s *Session) (*Issued, access.Reason, error) {
	who := &ReusedError{s.Identity.Key()}
	if _, err := p.delete(ctx, s.stored.record); err != nil {
		return nil, access.ReasonStore, errors.Join(who, fmt.Errorf("its session could not be ended: %w", err))
	}
	return nil, access.ReasonTokenReused, who
}

func (p *inStore) endToken(ctx context.Context, name, text string) (bool, error) {
	_, key, _, err := p.openToken(name, text)
	if err != nil {
		return false, nil //nolint:nilerr // none of ours: there is nothing to end
	}
	n, err := p.delete(ctx, key)
	return n > 0, err
}
