package session

import (
	"context"
	"fmt"

	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

// Name tells one session by what it was made from, on every replica and without anything
// being remembered. It is as good as random, and no two things have the same: a hash of
// what nobody else knows. With it a session can be ended, and not be opened.
type Name [32]byte

// record is the id that the session's record hangs on, in a store.
func (n Name) record() [16]byte { return [16]byte(n[:16]) }

// ticket is the id of its ticket.
func (n Name) ticket() ticket.ID { return ticket.ID(n[16:24]) }

// EndNamed ends the session that IssueFrom made with this name, if there is one. In a
// store it must be there already; a list of revoked tickets also ends one that is still
// being made. It fails with ErrCannotEnd, or with a *StoreError.
func (m *Manager) EndNamed(ctx context.Context, name Name) error {
	if !m.CanEnd() {
		return ErrCannotEnd
	}
	if err := m.place.endNamed(ctx, name); err != nil {
		return &StoreError{fmt.Errorf("end a session by its name: %w", err)}
	}
	return nil
}

// endNamed does not know which key of the ring the session was made under.
func (p *inStore) endNamed(ctx context.Context, name Name) error {
	id := name.record()
	var keys []Key
	for _, ring := range p.m.cfg.Ring.IDs() {
		if key, ok := p.m.cfg.Ring.MAC(ring, purposeKey, id[:]); ok {
			keys = append(keys, key)
		}
	}
	_, err := p.delete(ctx, keys...)
	return err
}

func (p *inCookies) endNamed(ctx context.Context, name Name) error {
	var h Handle
	id := name.ticket()
	copy(h[:], id[:])
	return p.m.cfg.Revoked.addNew(ctx, revocations(OneTicket, []Handle{h}, p.m.cfg.Now(), p.m.cfg.Longest)...)
}
