package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// Refresher asks the identity provider for new tokens of a session, and gives the
// identity as it is now. An *entra.Error that Ends the session is the provider's
// last word; every other error means that it could not be asked. Tokens that come
// with an error are kept for the next time: the provider replaced the old ones.
type Refresher interface {
	Refresh(ctx context.Context, s *Session) (*access.Identity, *Tokens, error)
}

// Times of a refresh.
const (
	refreshMargin  = 5 * time.Minute  // before the access token ends, a session is due
	refreshEvery   = time.Hour        // at the latest, however long the access token lives
	refreshTimeout = 20 * time.Second // of what the provider and Graph are asked
	refreshLease   = 30 * time.Second // longer than all of a refresh takes
	dueWait        = time.Second      // that a request waits for it …
	overdueWait    = 5 * time.Second  // … when the access token has ended
	leaseWait      = 3 * time.Second  // that a refresh waits for another replica's
	leasePoll      = 100 * time.Millisecond
	updateTries    = 3
	updatePause    = 300 * time.Millisecond

	maxRefreshes = 64 // at once, so that not all come at a provider that hangs
	slotWait     = 3 * time.Second

	firstPause = 2 * time.Second // after a failure; doubles
	maxPause   = time.Minute
	pauseBytes = 8 << 20
)

// times are from when a session should be refreshed, and from when it must be: when
// the access token ends, and in any case an hour after the last time.
func (t *Tokens) times() (due, overdue time.Time) {
	overdue = t.Obtained.Add(refreshEvery)
	if !t.Expires.IsZero() && t.Expires.Before(overdue) {
		overdue = t.Expires
	}
	life := overdue.Sub(t.Obtained)
	return overdue.Add(-min(refreshMargin, life/4)), overdue
}

// Fresh returns a session as the provider sees it now: where it is due, the
// provider is asked again, once for all requests of all replicas; those who lost
// the race get the same answer. It returns nil and a reason if the provider ended
// the session, or could not be asked for longer than StaleOK (then the reason
// CouldNotTell, and the session stays). It waits a few seconds at most, and a
// refresh goes on when the request that began it has gone.
func (m *Manager) Fresh(ctx context.Context, s *Session) (*Session, access.Reason, error) {
	p, ok := m.place.(*inStore)
	if !ok || m.cfg.Refresher == nil || s.Tokens.Refresh.Empty() {
		return s, access.ReasonOK, nil
	}
	now := m.cfg.Now()
	due, overdue := s.Tokens.times()
	if now.Before(due) {
		return s, access.ReasonOK, nil
	}
	if paused, ok := p.pauses.Get(s.stored.record); ok && now.Before(paused.until) {
		return p.asItIs(s, now, errors.New("the last refresh was not successful; it is tried again in a moment"))
	}
	flight := p.flights.DoChan(string(s.stored.record[:]), func() (any, error) {
		p.running.begin()
		defer p.running.end()
		// Once more around it: noting that a refresh broke can break too.
		return recovered(func() (*Session, error) { return p.refreshInTurn(context.WithoutCancel(ctx), s) })
	})
	wait := dueWait
	if !now.Before(overdue) {
		wait = overdueWait
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case r := <-flight:
		fresh, _ := r.Val.(*Session)
		var ended *endedError
		switch {
		case errors.As(r.Err, &ended):
			return nil, ended.reason, r.Err
		case r.Err != nil || fresh == nil:
			return p.asItIs(s, now, r.Err)
		case !sameSecret(fresh.stored.secret, s.stored.secret):
			return nil, access.ReasonTicketInvalid, errUnopened
		}
		return fresh, access.ReasonOK, nil
	case <-timer.C:
		return p.asItIs(s, now, errors.New("a refresh takes long"))
	case <-ctx.Done():
		return p.asItIs(s, now, fmt.Errorf("wait for a refresh: %w", ctx.Err()))
	}
}

// refreshInTurn refreshes a session when fewer than maxRefreshes are at it.
func (p *inStore) refreshInTurn(ctx context.Context, s *Session) (*Session, error) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-time.After(slotWait):
		before, _ := p.pauses.Get(s.stored.record)
		p.rest(s, time.Second, before.failures)
		return nil, errors.New("too many sessions are being refreshed at once")
	}
	fresh, err := recovered(func() (*Session, error) { return p.refresh(ctx, s) })
	if errors.Is(err, errPanic) {
		err = p.failed(ctx, s, "", "", err)
	}
	return fresh, err
}

// Wait waits for refreshes that are under way, because a provider may have
// replaced a token that is not written yet; until ctx ends at most. No request may
// be answered any more.
func (m *Manager) Wait(ctx context.Context) error {
	p, ok := m.place.(*inStore)
	if !ok {
		return nil
	}
	if err := p.running.wait(ctx); err != nil {
		return fmt.Errorf("refreshes of sessions did not end in time: %w", err)
	}
	return nil
}

// asItIs believes a session that could not be refreshed, for a while.
func (p *inStore) asItIs(s *Session, now time.Time, err error) (*Session, access.Reason, error) {
	if _, overdue := s.Tokens.times(); now.Before(overdue.Add(p.m.cfg.StaleOK)) {
		return s, access.ReasonOK, nil
	}
	return nil, access.ReasonNotRefreshed, err
}

// endedError means that a session is over.
type endedError struct {
	reason access.Reason
	err    error
}

func (e *endedError) Error() string { return string(e.reason) + ": " + e.err.Error() }

func (e *endedError) Unwrap() error { return e.err }
