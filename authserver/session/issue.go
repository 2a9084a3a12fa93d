package session

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

// Issue makes a session for an identity and returns it with its Set-Cookie
// lines and the names of what did not fit. If old is a session of the same
// person, its scopes, authentication contexts and graph results are kept where
// the new sign-in did not replace them, as far as they leave room for the identity
// itself; of another person's nothing is. What is kept lives no longer for that:
// the new session ends when the oldest part of it is as old as a session may be,
// and nothing is kept that would end it at once. Groups are not kept: each sign-in
// asks for them anew.
//
// With a store the session has an id and a key of its own, whatever the request
// presents; that is deleted. tokens are kept with it (without one they are not looked
// at), and label, the browser's name. It fails with ticket.ErrTooLarge if the
// identity cannot fit, and with a *StoreError if nothing could be written.
func (m *Manager) Issue(ctx context.Context, h http.Header, id *access.Identity, old *Session, tokens *Tokens, label string) (s *Session, lines, dropped []string, err error) {
	now := m.cfg.Now().UTC().Truncate(time.Millisecond)
	if m.cfg.Revoked != nil {
		now = m.cfg.Revoked.notBefore(m.cfg.Ring, id, now).UTC()
	}
	s = &Session{lastSeen: now, Ticket: ticket.Ticket{ID: ticket.NewID(), Issued: now, Expires: now.Add(m.cfg.Lifetime), Identity: *id}}
	if m.cfg.Store != nil {
		s.Tokens = tokens
	}
	var kept []access.GraphResult
	if old != nil && old.Identity.Key() == id.Key() {
		if end := old.learned().Add(m.cfg.Lifetime); end.Sub(now) > m.cfg.RenewBefore {
			kept = keep(&s.Ticket, old)
			if !s.KeptSince.IsZero() && end.Before(s.Expires) {
				s.Expires = end
			}
		}
	}
	lines, dropped, err = m.place.issue(ctx, h, s, kept, label)
	if err != nil {
		return nil, nil, dropped, fmt.Errorf("issue a session: %w", err)
	}
	return s, lines, dropped, nil
}

// learned is when the oldest part of a session was learned.
func (s *Session) learned() time.Time {
	if s.KeptSince.IsZero() {
		return s.Issued
	}
	return s.KeptSince
}

// keep adds the old session's scopes and authentication contexts to a ticket and
// returns its graph results that the ticket does not have. Contexts were met by
// an earlier proof of who the person is: a later one that did not meet them does
// not make them fresh.
func keep(t *ticket.Ticket, old *Session) []access.GraphResult {
	id, before := &t.Identity, len(t.Identity.Scopes)+len(t.Identity.Contexts)
	id.Scopes = union(id.Scopes, old.Identity.Scopes)
	if !id.AuthTime.After(old.Identity.AuthTime) {
		id.Contexts = union(id.Contexts, old.Identity.Contexts)
	}
	var kept []access.GraphResult
	for _, g := range old.Identity.Graph {
		if !g.Dropped && id.GraphResult(g.Query) == nil {
			kept = append(kept, g)
		}
	}
	if len(kept) > 0 || len(id.Scopes)+len(id.Contexts) > before {
		t.KeptSince = old.learned()
	}
	return kept[:min(len(kept), access.MaxGraphQueries)]
}

func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
