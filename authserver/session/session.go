// Package session reads, issues and ends the sessions that browsers and programs carry.
// In the order in which a request meets it:
//
//	session.go     Manager: what both kinds of sessions have in common
//	cookies.go     a session that is in its cookies alone: a ticket
//	opened.go      … which is opened once, and remembered
//	revoked.go     … and the tickets that ended before their time, as revocation.go lists them
//	stored.go      a session in a Store (store.go)
//	carrier.go     … of which the cookie has an id and half of the key; value.go: what the record holds
//	recent.go      … as it was less than 5 s ago
//	fresh.go       … and who asks the identity provider again when it is due; refresh.go: how
//	issue.go       makes a session after a sign-in, and what it keeps of the one before; making.go: in a Store
//	token.go       the same for programs, which carry a token; token_store.go: with a Store
//	bearer.go      … and where it is in their requests; origin.go: from a person's session; named.go: known by what it was made from
//	end.go         ends sessions; list.go lists a person's
//	admin.go       the same for administrators; worker.go removes what has expired
//	mark.go        tells what a session says from what it said before
//	handles.go     what people, and sessions at the provider, are called in a Store
//	asking.go      how a Store is asked
//
// It decides nothing about applications (package access does) and knows no
// handlers or pages.
package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/cookie"
	"github.com/easyauth-sidecar/easyauth/authserver/headers"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

// leeway is how far another replica's clock may be ahead of ours.
const leeway = time.Minute

// maxCombinations bounds how many cookies, or pairs of them, are tried as one session.
const maxCombinations = 4

// Config of a Manager.
type Config struct {
	Codec   *ticket.Codec // required
	Ring    *seal.Ring    // required
	Cookies cookie.Set

	// Shared says that the ticket's cookie has a Domain: a sibling host can plant
	// one of the same name, so several are looked at instead of refused.
	Shared bool

	Lifetime time.Duration // required: a session ends this long after its sign-in
	Idle     time.Duration // and this long after its last use; 0: does not

	// Longest is the longest Lifetime that a configuration before had or one to come
	// has, as far as is known: what is revoked stays so for that long, because a
	// ticket that is too old for a shorter Lifetime lives again under a longer one.
	// 0, or less than Lifetime: Lifetime.
	Longest time.Duration

	Now func() time.Time // nil means time.Now

	// RenewBefore is how long before its end a session is worth renewing; 0: never.
	RenewBefore time.Duration

	// Allowed says whether people of this tenant may still sign in; nil: all may.
	Allowed func(tenant string) bool

	// CacheBytes bounds the sessions that are remembered: opened tickets, or with a
	// Store its records, for 5 s; 0: none.
	CacheBytes int64
	// Headers renders what applications are told of a session; nil: nobody does.
	Headers *headers.Renderer

	// Store keeps sessions; nil: they are in the cookies alone.
	Store Store
	// Refresher asks the provider again when a session in Store is due; nil: nobody
	// does, and a session is as it was at sign-in.
	Refresher Refresher
	// StaleOK is how long after its access token has expired a session is still
	// believed while the provider cannot be asked; 0: not at all.
	StaleOK time.Duration

	// Revoked lists tickets that ended before their time; nil: they end by
	// themselves alone. It is for sessions in cookies, without a Store.
	Revoked *Revoked

	Metrics *metrics.Metrics // nil: nothing is counted
	Log     *slog.Logger     // nil: nothing is logged
}

// Manager is safe for concurrent use.
type Manager struct {
	cfg   Config
	place place
}

// place is where sessions are: inCookies or inStore.
type place interface {
	// read returns the request's session; see Manager.Read.
	read(ctx context.Context, h http.Header) (*Session, access.Reason, error)
	// issue writes a new session and returns its Set-Cookie lines; kept are graph
	// results that give way first.
	issue(ctx context.Context, h http.Header, s *Session, kept []access.GraphResult, label string) (lines, dropped []string, err error)
	// touch notes the use of a session; it may return a Set-Cookie line.
	touch(ctx context.Context, s *Session, now time.Time) string
	// issueToken makes the tokens of a new session; readToken, renew and endToken are
	// asked with them, without their prefixes.
	issueToken(ctx context.Context, s *Session, expires time.Time, label string) (*Issued, error)
	readToken(ctx context.Context, text string) (s *Session, expires time.Time, reason access.Reason, err error)
	renew(ctx context.Context, text string, life time.Duration) (*Issued, access.Reason, error)
	endToken(ctx context.Context, name, text string) (bool, error)
	endNamed(ctx context.Context, name Name) error
	// goesOn reports whether a session has not ended before its time, as far as that is
	// known.
	goesOn(ctx context.Context, o *origin, id *access.Identity) (access.Reason, error)
	// end ends every session that a request presents.
	end(ctx context.Context, h http.Header) error
	// endUser and endSID end all sessions of a person, or of one session at the
	// provider; endSID reports whether there may have been any.
	endUser(ctx context.Context, who access.Key) error
	endSID(ctx context.Context, sid string) (bool, error)
	// once: see Store.
	once(ctx context.Context, name string, until time.Time) (bool, error)
}

// Session is an open, valid session. It is shared by all who ask for it at once,
// and never changes.
type Session struct {
	ticket.Ticket

	// Tokens are those of the provider, nil for a session in cookies.
	Tokens *Tokens
	// Headers are the identity's, nil without Config.Headers and for a session that was
	// just issued.
	Headers *headers.Rendered

	lastSeen time.Time
	token    bool       // a program's, in its token alone: there is no cookie of it
	key      seal.KeyID // of the ring: it sealed the cookie
	uses     *metrics.TicketsOpened
	handles  handles // with a list of revoked tickets
	stored   *stored // nil for a session in cookies
	name     Name    // of one that is being made; zero: it has none
}

// New returns a manager.
func New(cfg Config) (*Manager, error) {
	switch {
	case cfg.Codec == nil || cfg.Ring == nil || cfg.Lifetime <= 0 || cfg.Idle < 0 || cfg.StaleOK < 0:
		return nil, errors.New("make a session manager: codec, key ring and a positive lifetime are required")
	case cfg.Store != nil && cfg.Revoked != nil:
		return nil, errors.New("make a session manager: a list of revoked tickets is for sessions in cookies")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.Longest = max(cfg.Longest, cfg.Lifetime)
	m := &Manager{cfg: cfg}
	var err error
	if cfg.Store != nil {
		m.place, err = newInStore(m)
	} else {
		m.place, err = newInCookies(m)
	}
	if err != nil {
		return nil, fmt.Errorf("make a session manager: %w", err)
	}
	return m, nil
}

// Run does what has to be done beside requests until ctx ends: it hears what other
// replicas changed. Without a store or a list of revoked tickets it returns at
// once.
func (m *Manager) Run(ctx context.Context) {
	switch p := m.place.(type) {
	case *inStore:
		m.cfg.Store.Watch(ctx, p.recent)
	case *inCookies:
		if m.cfg.Revoked != nil {
			m.cfg.Revoked.Run(ctx)
		}
	}
}

// render makes the headers of a session that was opened, once for all requests that
// are given it.
func (m *Manager) render(s *Session) {
	if m.cfg.Headers != nil {
		s.Headers = m.cfg.Headers.Render(&s.Identity)
	}
}

// Now is the manager's clock.
func (m *Manager) Now() time.Time { return m.cfg.Now() }

// Read returns the request's session. Without a valid one it returns nil and
// the reason; err is then a detail for the log and may be nil. With a reason that
// CouldNotTell there may be a valid session, and it stays. It never looks at more
// than maxCombinations sessions, and of two identities it takes neither. Nothing
// goes to the store for a cookie that we did not seal.
func (m *Manager) Read(ctx context.Context, h http.Header) (s *Session, reason access.Reason, err error) {
	s, reason, err = m.place.read(ctx, h)
	if s == nil {
		return nil, reason, err
	}
	if m.cfg.Idle > 0 && m.cfg.Now().Sub(s.lastSeen) > m.cfg.Idle {
		return nil, access.ReasonIdle, nil
	}
	s.uses.Count()
	return s, access.ReasonOK, nil
}

// timely compares a session with the clock. The configured lifetime counts too,
// so that shortening it ends sessions that were issued for longer.
func (m *Manager) timely(t *ticket.Ticket) access.Reason {
	now := m.cfg.Now()
	switch {
	case t.Issued.After(now.Add(leeway)):
		return access.ReasonTicketEarly
	case !now.Before(t.Expires), now.Sub(t.Issued) >= m.cfg.Lifetime:
		return access.ReasonTicketExpired
	case t.Identity.Key() == access.Key{}:
		return access.ReasonTicketInvalid
	case m.cfg.Allowed != nil && !m.cfg.Allowed(t.Identity.Tenant):
		return access.ReasonTenant
	}
	return access.ReasonOK
}

// Touch notes the session's use where that is due, at most every tenth of the
// idle time. It returns a Set-Cookie line, empty when there is none; for a session that
// came by a token there never is.
func (m *Manager) Touch(ctx context.Context, s *Session) string {
	now := m.cfg.Now()
	if m.cfg.Idle == 0 || s.token || now.Sub(s.lastSeen) <= m.cfg.Idle/10 {
		return ""
	}
	return m.place.touch(ctx, s, now)
}

// EndsSoon reports whether a session is in the last part of its life, in which a
// page that is being opened may renew it, and this browser has not tried lately.
func (m *Manager) EndsSoon(h http.Header, s *Session) bool {
	if m.cfg.RenewBefore == 0 || m.Ends(s).Sub(m.cfg.Now()) > m.cfg.RenewBefore {
		return false
	}
	return len(cookie.Values(h, m.cfg.Cookies.Renewal.Name, 1)) == 0
}

// Ends is when a session ends, used or not. A lifetime that was shortened counts,
// as in timely.
func (m *Manager) Ends(s *Session) time.Time {
	end := s.Issued.Add(m.cfg.Lifetime)
	if s.Expires.Before(end) {
		end = s.Expires
	}
	return end
}

// renewalPause is how long a browser waits after it tried to renew a session.
const renewalPause = 10 * time.Minute

// Renewing returns the Set-Cookie line that notes that this browser tries.
func (m *Manager) Renewing() string { return m.cfg.Cookies.Renewal.Set("1", renewalPause) }

// best chooses among sessions of several cookies: the one issued last, none if
// they are of two identities.
func best(a, b *Session) (s *Session, ambiguous bool) {
	switch {
	case a == nil:
		return b, false
	case a.Identity.Key() != b.Identity.Key():
		return nil, true
	case b.Issued.After(a.Issued):
		return b, false
	}
	return a, false
}
