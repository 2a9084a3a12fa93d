package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// CanEnd reports whether a session can be ended other than by its own browser:
// with a store, or a list of revoked tickets.
func (m *Manager) CanEnd() bool { return m.cfg.Store != nil || m.cfg.Revoked != nil }

// CanList reports whether a person's sessions can be listed: with a store.
func (m *Manager) CanList() bool { return m.cfg.Store != nil }

// End ends the sessions that a request presents and returns the Set-Cookie lines
// that remove their cookies. With an error, a *StoreError, they may live on, and
// there are no lines.
func (m *Manager) End(ctx context.Context, h http.Header) ([]string, error) {
	if err := m.place.end(ctx, h); err != nil {
		return nil, &StoreError{fmt.Errorf("end a session: %w", err)}
	}
	c := m.cfg.Cookies
	return []string{c.Ticket.Delete(), c.Ticket1.Delete(), c.Seen.Delete()}, nil
}

// EndUser ends all sessions of a person. Errors are *StoreError.
func (m *Manager) EndUser(ctx context.Context, who access.Key) error {
	if err := m.place.endUser(ctx, who); err != nil {
		return &StoreError{fmt.Errorf("end a person's sessions: %w", err)}
	}
	return nil
}

// EndSID ends what came from one session at the identity provider, and reports
// whether there may have been anything: with a list of revoked tickets it is not
// known whether it had ended. Errors are *StoreError.
func (m *Manager) EndSID(ctx context.Context, sid string) (bool, error) {
	found, err := m.place.endSID(ctx, sid)
	if err != nil {
		return false, &StoreError{fmt.Errorf("end the sessions of a sid: %w", err)}
	}
	return found, nil
}

// Once reports whether a name was not given before, on any replica, and remembers
// it until the time given. It needs a store or a list of revoked tickets. Errors are
// *StoreError.
func (m *Manager) Once(ctx context.Context, name string, until time.Time) (bool, error) {
	first, err := m.place.once(ctx, name, until)
	if err != nil {
		return false, &StoreError{fmt.Errorf("remember a name: %w", err)}
	}
	return first, nil
}

func (m *Manager) delete(ctx context.Context, keys ...Key) error {
	p, ok := m.place.(*inStore)
	if !ok {
		return &StoreError{errors.New("end sessions: there is no store")}
	}
	if _, err := p.delete(ctx, keys...); err != nil {
		return &StoreError{fmt.Errorf("end sessions: %w", err)}
	}
	return nil
}

// delete returns how many of the records there were.
func (p *inStore) delete(ctx context.Context, keys ...Key) (n int, err error) {
	if len(keys) == 0 {
		return 0, nil
	}
	// Whoever asked may have gone: it happens all the same.
	err = p.ask(context.WithoutCancel(ctx), opDelete, func(ctx context.Context) (err error) {
		n, err = p.store.Delete(ctx, keys...)
		return err
	})
	if err == nil {
		p.recent.Changed(keys...)
	}
	return n, err
}

func (p *inStore) end(ctx context.Context, h http.Header) error {
	_, err := p.delete(ctx, p.presented(h)...)
	return err
}

func (p *inStore) endUser(ctx context.Context, who access.Key) error {
	_, err := p.deleteAll(ctx, Query{Users: userHandles(p.m.cfg.Ring, who)})
	return err
}

func (p *inStore) endSID(ctx context.Context, sid string) (bool, error) {
	n, err := p.deleteAll(ctx, Query{SIDs: sidHandles(p.m.cfg.Ring, sid)})
	return n > 0, err
}

func (p *inStore) once(ctx context.Context, name string, until time.Time) (first bool, err error) {
	err = p.ask(context.WithoutCancel(ctx), opOnce, func(ctx context.Context) (err error) {
		first, err = p.store.Once(ctx, name, until)
		return err
	})
	return first, err
}

// deleteAll deletes what a query finds.
func (p *inStore) deleteAll(ctx context.Context, q Query) (int, error) {
	if len(q.Users)+len(q.SIDs) == 0 {
		return 0, errors.New("end sessions: of nobody") // an empty query is everybody's
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*storeTimeout)
	defer cancel()
	began := time.Now()
	n, err := deleteAll(ctx, p.store, q, p.recent.Changed)
	p.m.count(opDelete, began, err)
	return n, err
}

// deleteAll deletes what a query finds, page by page, and tells of each page.
func deleteAll(ctx context.Context, store Store, q Query, done func(...Key)) (total int, err error) {
	q.Limit = 500
	for {
		records, next, err := store.List(ctx, q)
		if err != nil {
			return total, err
		}
		keys := make([]Key, len(records))
		for i, r := range records {
			keys[i] = r.Key
		}
		if len(keys) > 0 {
			n, err := store.Delete(ctx, keys...)
			if err != nil {
				return total, err
			}
			total += n
			done(keys...)
		}
		if next == "" {
			return total, nil
		}
		q.After = next
	}
}
