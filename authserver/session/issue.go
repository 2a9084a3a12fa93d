package session

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/cookie"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

// Issue makes a session for an identity and returns it with its Set-Cookie
// lines and the names of what did not fit. If old is a session of the same
// person, its scopes, authentication contexts and graph results are kept where
// the new sign-in did not replace them, as far as they leave room for the identity
// itself; of another person's nothing is. What is kept lives no longer for that:
// the new session ends when the oldest part of it is as old as a session may be,
// and nothing is kept that would end it at once. Groups are not kept: each sign-in asks for them anew. It fails with
// ticket.ErrTooLarge if the identity cannot fit.
func (m *Manager) Issue(h http.Header, id *access.Identity, old *Session) (s *Session, lines, dropped []string, err error) {
	now := m.cfg.Now().UTC().Truncate(time.Millisecond)
	t := ticket.Ticket{ID: ticket.NewID(), Issued: now, Expires: now.Add(m.cfg.Lifetime), Identity: *id}
	var kept []access.GraphResult
	if old != nil && old.Identity.Key() == id.Key() {
		if end := old.learned().Add(m.cfg.Lifetime); end.Sub(now) > m.cfg.RenewBefore {
			kept = keep(&t, old)
			if !t.KeptSince.IsZero() && end.Before(t.Expires) {
				t.Expires = end
			}
		}
	}
	chunks, dropped, err := m.seal(&t, kept)
	if err != nil {
		return nil, nil, dropped, fmt.Errorf("issue a session: %w", err)
	}
	lines = append(lines, m.cfg.Cookies.Ticket.Set(chunks[0], 0))
	switch {
	case len(chunks) > 1:
		lines = append(lines, m.cfg.Cookies.Ticket1.Set(chunks[1], 0))
	case len(cookie.Values(h, m.cfg.Cookies.Ticket1.Name, 1)) > 0:
		lines = append(lines, m.cfg.Cookies.Ticket1.Delete())
	}
	return &Session{Ticket: t, lastSeen: now}, lines, dropped, nil
}

// seal adds as many kept graph results as fit, the newest first: they give way
// before anything that this sign-in brought.
func (m *Manager) seal(t *ticket.Ticket, kept []access.GraphResult) (chunks, dropped []string, err error) {
	fresh := t.Identity.Graph
	with := func(n int) (whole bool) {
		t.Identity.Graph = slices.Concat(fresh, kept[:n])
		chunks, dropped, err = m.cfg.Codec.Seal(t)
		return err == nil && len(dropped) == 0
	}
	// An identity that is too large by itself is cut to size once, not once for
	// each kept result.
	if with(len(kept)) || len(kept) == 0 || !with(0) {
		return chunks, dropped, err
	}
	for n := len(kept) - 1; n >= 0; n-- {
		if with(n) {
			break
		}
	}
	return chunks, dropped, err
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
