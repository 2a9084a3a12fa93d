package session

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/cookie"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

// inCookies keeps a session as a ticket: one or two cookies hold all of it.
type inCookies struct {
	m      *Manager
	seen   *seal.Box
	opened *opened
}

func newInCookies(m *Manager) (*inCookies, error) {
	seen, err := m.cfg.Ring.Box(seal.Config{Purpose: "seen", MaxLength: 128})
	return &inCookies{m: m, seen: seen, opened: newOpened(m)}, err
}

func (p *inCookies) read(_ context.Context, h http.Header) (*Session, access.Reason, error) {
	s, reason, err := p.find(h)
	if s == nil {
		return nil, reason, err
	}
	if seen, ok := p.lastSeen(h, s.ID); ok && seen.After(s.lastSeen) {
		used := *s // what is remembered is everybody's
		used.lastSeen = seen
		return &used, access.ReasonOK, nil
	}
	return s, access.ReasonOK, nil
}

func (p *inCookies) find(h http.Header) (*Session, access.Reason, error) {
	cookies := p.m.cfg.Cookies
	firsts := cookie.Values(h, cookies.Ticket.Name, maxCombinations)
	if len(firsts) == 0 {
		return nil, access.ReasonNoTicket, nil
	}
	seconds := cookie.Values(h, cookies.Ticket1.Name, maxCombinations)
	if !p.m.cfg.Shared && (len(firsts) > 1 || len(seconds) > 1) {
		return nil, access.ReasonTicketAmbiguous, errors.New("several ticket cookies of one name")
	}
	var found *Session
	reason, firstErr := access.ReasonTicketInvalid, error(nil)
	for _, chunks := range combinations(firsts, seconds, maxCombinations) {
		s, r, err := p.open(chunks)
		if s == nil {
			if r.CouldNotTell() {
				return nil, r, err
			}
			if reason = r; r == access.ReasonTicketInvalid {
				firstErr = cmp.Or(firstErr, err)
			}
			continue
		}
		var ambiguous bool
		if found, ambiguous = best(found, s); ambiguous {
			return nil, access.ReasonTicketAmbiguous, errors.New("tickets of two identities")
		}
	}
	if found == nil {
		return nil, reason, firstErr
	}
	return found, access.ReasonOK, nil
}

// open opens one ticket and looks whether it is still good, also when it was opened
// before.
func (p *inCookies) open(chunks []string) (*Session, access.Reason, error) {
	s, err := p.opened.open(chunks)
	if err != nil {
		return nil, access.ReasonTicketInvalid, err
	}
	if r, err := p.good(s); r != access.ReasonOK {
		return nil, r, err
	}
	return s, access.ReasonOK, nil
}

// good looks whether a ticket that opened is still good.
func (p *inCookies) good(s *Session) (access.Reason, error) {
	if r := p.m.timely(&s.Ticket); r != access.ReasonOK {
		return r, nil
	}
	if p.m.cfg.Revoked != nil {
		return p.m.cfg.Revoked.check(s)
	}
	return access.ReasonOK, nil
}

// combinations pairs first and second chunks, at most limit.
func combinations(firsts, seconds []string, limit int) [][]string {
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
	return out[:min(len(out), limit)]
}

// lastSeen reads the idle cookie; false if there is none for this ticket.
func (p *inCookies) lastSeen(h http.Header, id ticket.ID) (time.Time, bool) {
	if p.m.cfg.Idle == 0 {
		return time.Time{}, false
	}
	c := p.m.cfg.Cookies.Seen
	value, ok := c.Only(h)
	if !ok {
		return time.Time{}, false
	}
	plain, err := p.seen.Open(c.Name, value)
	if err != nil || len(plain) != len(id)+8 || ticket.ID(plain[:len(id)]) != id {
		return time.Time{}, false
	}
	seen := time.Unix(int64(binary.BigEndian.Uint64(plain[len(id):])), 0) //nolint:gosec // sealed by us
	return seen, !seen.After(p.m.cfg.Now().Add(leeway))
}

func (p *inCookies) touch(_ context.Context, s *Session, now time.Time) string {
	c := p.m.cfg.Cookies.Seen
	plain := binary.BigEndian.AppendUint64(s.ID[:], uint64(now.Unix())) //nolint:gosec // after 1970
	sealed, err := p.seen.Seal(c.Name, plain)
	if err != nil {
		return "" // the session then ends early: never late
	}
	return c.Set(sealed, 0)
}

func (p *inCookies) issue(ctx context.Context, h http.Header, s *Session, kept []access.GraphResult, _ string) (lines, dropped []string, err error) {
	chunks, dropped, err := p.seal(&s.Ticket, kept)
	if err != nil {
		return nil, dropped, err
	}
	if p.m.cfg.Revoked != nil {
		if err := p.m.cfg.Revoked.note(ctx, p.m.cfg.Ring, s); err != nil {
			return nil, nil, err
		}
	}
	cookies := p.m.cfg.Cookies
	lines = append(lines, cookies.Ticket.Set(chunks[0], 0))
	switch {
	case len(chunks) > 1:
		lines = append(lines, cookies.Ticket1.Set(chunks[1], 0))
	case len(cookie.Values(h, cookies.Ticket1.Name, 1)) > 0:
		lines = append(lines, cookies.Ticket1.Delete())
	}
	return lines, dropped, nil
}

// seal adds as many kept graph results as fit, the newest first: they give way
// before anything that this sign-in brought.
func (p *inCookies) seal(t *ticket.Ticket, kept []access.GraphResult) (chunks, dropped []string, err error) {
	fresh := t.Identity.Graph
	with := func(n int) (whole bool) {
		t.Identity.Graph = slices.Concat(fresh, kept[:n])
		chunks, dropped, err = p.m.cfg.Codec.Seal(t)
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

// maxPresented bounds the cookies of one name that are looked at when sessions end:
// more do not fit into a request.
const maxPresented = 64

// end makes the tickets that a request presents die early, where there is a list
// of such. Their cookies are removed by the caller.
func (p *inCookies) end(ctx context.Context, h http.Header) error {
	if p.m.cfg.Revoked == nil {
		return nil
	}
	cookies := p.m.cfg.Cookies
	firsts, seconds := cookie.Values(h, cookies.Ticket.Name, maxPresented), cookie.Values(h, cookies.Ticket1.Name, maxPresented)
	var dead []Revocation
	for _, chunks := range combinations(firsts, seconds, maxPresented) {
		if s, err := p.opened.open(chunks); err == nil {
			dead = p.dead(dead, s)
		}
	}
	return p.m.cfg.Revoked.add(ctx, dead...)
}

// dead adds what ends one ticket, if it has not ended.
func (p *inCookies) dead(list []Revocation, s *Session) []Revocation {
	if !p.m.cfg.Now().Before(s.Expires) {
		return list // a ticket that is refused now may be good under the next configuration
	}
	if r, _ := p.m.cfg.Revoked.check(s); r == access.ReasonSessionRevoked {
		return list // one that is sent again and again makes no second entry
	}
	r := Revocation{Scope: OneTicket, Issued: s.Issued, Until: s.Expires}
	copy(r.Handle[:], s.ID[:])
	return append(list, r)
}

func (p *inCookies) endUser(ctx context.Context, who access.Key) error {
	if p.m.cfg.Revoked == nil {
		return errors.New("end sessions: those in cookies end by themselves alone")
	}
	// Also when it was done a moment ago: a sign-in in between ends too.
	return p.m.cfg.Revoked.add(ctx, revocations(OneUser, userHandles(p.m.cfg.Ring, who), p.m.cfg.Now(), p.m.cfg.Longest)...)
}

func (p *inCookies) endSID(ctx context.Context, sid string) (bool, error) {
	if p.m.cfg.Revoked == nil {
		return false, nil
	}
	handles := sidHandles(p.m.cfg.Ring, sid)
	known, err := p.m.cfg.Revoked.known(ctx, handles)
	if err != nil || !known {
		return false, err
	}
	return true, p.m.cfg.Revoked.addNew(ctx, revocations(OneSID, handles, p.m.cfg.Now(), p.m.cfg.Longest)...)
}

func (p *inCookies) once(ctx context.Context, name string, until time.Time) (bool, error) {
	if p.m.cfg.Revoked == nil {
		return false, errors.New("remember a name: nothing is kept")
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	return p.m.cfg.Revoked.cfg.Log.Once(ctx, name, until)
}
