// Package session reads, issues and ends the session that a browser carries:
// which cookies make a ticket, whether it is still good, when it was last used,
// and whether it ends soon (session.go); what a new one keeps of the one before
// (issue.go). Everything is in the cookies; nothing is stored here.
package session

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/cookie"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

// leeway is how far another replica's clock may be ahead of ours.
const leeway = time.Minute

// maxCombinations bounds how many pairs of cookies are tried as one ticket.
const maxCombinations = 4

// Config of a Manager.
type Config struct {
	Codec   *ticket.Codec // required
	Ring    *seal.Ring    // required
	Cookies cookie.Set

	// Shared says that the ticket's cookie has a Domain: a sibling host can plant
	// one of the same name, so several are looked at instead of refused.
	Shared bool

	Lifetime time.Duration    // required: a session ends this long after its sign-in
	Idle     time.Duration    // and this long after its last use; 0: does not
	Now      func() time.Time // nil means time.Now

	// RenewBefore is how long before its end a session is worth renewing; 0: never.
	RenewBefore time.Duration

	// Allowed says whether people of this tenant may still sign in; nil: all may.
	Allowed func(tenant string) bool
}

// Manager is safe for concurrent use.
type Manager struct {
	cfg  Config
	seen *seal.Box
}

// Session is an open, valid session.
type Session struct {
	ticket.Ticket

	lastSeen time.Time
}

// New returns a manager.
func New(cfg Config) (*Manager, error) {
	if cfg.Codec == nil || cfg.Ring == nil || cfg.Lifetime <= 0 || cfg.Idle < 0 {
		return nil, errors.New("make a session manager: codec, key ring and a positive lifetime are required")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	seen, err := cfg.Ring.Box(seal.Config{Purpose: "seen", MaxLength: 128})
	if err != nil {
		return nil, fmt.Errorf("make a session manager: %w", err)
	}
	return &Manager{cfg: cfg, seen: seen}, nil
}

// Now is the manager's clock.
func (m *Manager) Now() time.Time { return m.cfg.Now() }

// Read returns the request's session. Without a valid one it returns nil and
// the reason; err is then a detail for the log and may be nil. It never reads
// more than maxCombinations tickets, and of two identities it takes neither.
func (m *Manager) Read(h http.Header) (s *Session, reason access.Reason, err error) {
	found, reason, err := m.find(h)
	if found == nil {
		return nil, reason, err
	}
	s = &Session{Ticket: *found, lastSeen: found.Issued}
	if m.cfg.Idle > 0 {
		if seen, ok := m.lastSeen(h, found.ID); ok && seen.After(s.lastSeen) {
			s.lastSeen = seen
		}
		if m.cfg.Now().Sub(s.lastSeen) > m.cfg.Idle {
			return nil, access.ReasonIdle, nil
		}
	}
	return s, access.ReasonOK, nil
}

func (m *Manager) find(h http.Header) (*ticket.Ticket, access.Reason, error) {
	firsts := cookie.Values(h, m.cfg.Cookies.Ticket.Name, maxCombinations)
	if len(firsts) == 0 {
		return nil, access.ReasonNoTicket, nil
	}
	seconds := cookie.Values(h, m.cfg.Cookies.Ticket1.Name, maxCombinations)
	if !m.cfg.Shared && (len(firsts) > 1 || len(seconds) > 1) {
		return nil, access.ReasonTicketAmbiguous, errors.New("several ticket cookies of one name")
	}
	var best *ticket.Ticket
	reason, firstErr := access.ReasonTicketInvalid, error(nil)
	for _, chunks := range combinations(firsts, seconds) {
		t, err := m.cfg.Codec.Open(chunks...)
		if err != nil {
			firstErr = cmp.Or(firstErr, err)
			continue
		}
		if r := m.timely(t); r != access.ReasonOK {
			reason = r
			continue
		}
		if best != nil && best.Identity.Key() != t.Identity.Key() {
			return nil, access.ReasonTicketAmbiguous, errors.New("tickets of two identities")
		}
		if best == nil || t.Issued.After(best.Issued) {
			best = t
		}
	}
	if best == nil {
		return nil, reason, firstErr
	}
	return best, access.ReasonOK, nil
}

// combinations pairs first and second chunks, at most maxCombinations.
func combinations(firsts, seconds []string) [][]string {
	var out [][]string
	for _, first := range firsts {
		switch ticket.Chunks(first) {
		case 1:
			out = append(out, []string{first})
		case 2:
			for _, second := range seconds {
				out = append(out, []string{first, second})
			}
		}
	}
	return out[:min(len(out), maxCombinations)]
}

// timely compares a ticket with the clock. The configured lifetime counts too,
// so that shortening it ends tickets that were issued for longer.
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

// lastSeen reads the idle cookie; false if there is none for this ticket.
func (m *Manager) lastSeen(h http.Header, id ticket.ID) (time.Time, bool) {
	value, ok := m.cfg.Cookies.Seen.Only(h)
	if !ok {
		return time.Time{}, false
	}
	plain, err := m.seen.Open(m.cfg.Cookies.Seen.Name, value)
	if err != nil || len(plain) != len(id)+8 || ticket.ID(plain[:len(id)]) != id {
		return time.Time{}, false
	}
	seen := time.Unix(int64(binary.BigEndian.Uint64(plain[len(id):])), 0) //nolint:gosec // sealed by us
	return seen, !seen.After(m.cfg.Now().Add(leeway))
}

// Touch returns the Set-Cookie line that notes the session's use, empty when
// none is due. It is due at most every tenth of the idle time.
func (m *Manager) Touch(s *Session) string {
	now := m.cfg.Now()
	if m.cfg.Idle == 0 || now.Sub(s.lastSeen) <= m.cfg.Idle/10 {
		return ""
	}
	plain := binary.BigEndian.AppendUint64(s.ID[:], uint64(now.Unix())) //nolint:gosec // after 1970
	sealed, err := m.seen.Seal(m.cfg.Cookies.Seen.Name, plain)
	if err != nil {
		return "" // the session then ends early: never late
	}
	return m.cfg.Cookies.Seen.Set(sealed, 0)
}

// EndsSoon reports whether a session is in the last part of its life, in which a
// page that is being opened may renew it, and this browser has not tried lately.
func (m *Manager) EndsSoon(h http.Header, s *Session) bool {
	end := s.Issued.Add(m.cfg.Lifetime) // a lifetime that was shortened counts, as in timely
	if s.Expires.Before(end) {
		end = s.Expires
	}
	if m.cfg.RenewBefore == 0 || end.Sub(m.cfg.Now()) > m.cfg.RenewBefore {
		return false
	}
	return len(cookie.Values(h, m.cfg.Cookies.Renewal.Name, 1)) == 0
}

// renewalPause is how long a browser waits after it tried to renew a session.
const renewalPause = 10 * time.Minute

// Renewing returns the Set-Cookie line that notes that this browser tries.
func (m *Manager) Renewing() string { return m.cfg.Cookies.Renewal.Set("1", renewalPause) }

// End returns the Set-Cookie lines that remove the session's cookies.
func (m *Manager) End() []string {
	c := m.cfg.Cookies
	return []string{c.Ticket.Delete(), c.Ticket1.Delete(), c.Seen.Delete()}
}
