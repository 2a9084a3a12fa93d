package session

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
)

// pause is when a session is refreshed again, after failures in a row.
type pause struct {
	until    time.Time
	failures int
}

// refresh refreshes a session if this replica gets the lease. Without an error it
// returns the session as it is now, or nil: another replica is at it, and s may be
// used as it is.
func (p *inStore) refresh(ctx context.Context, s *Session) (*Session, error) {
	lease, owner := "refresh:"+hex.EncodeToString(s.stored.record[:]), newOwner()
	var got bool
	err := p.ask(ctx, opAcquire, func(ctx context.Context) (err error) {
		got, err = p.store.Acquire(ctx, lease, owner, refreshLease)
		return err
	})
	if err != nil {
		return nil, p.failed(ctx, s, "", "", fmt.Errorf("take the lease of a refresh: %w", err))
	}
	if !got {
		p.m.cfg.Metrics.Refresh("elsewhere")
		return p.await(ctx, s)
	}
	latest, err := p.get(ctx, s.key, s.stored.secret, s.stored.record)
	switch {
	case errors.Is(err, ErrNoRecord):
		p.release(ctx, lease, owner)
		return nil, &endedError{access.ReasonSessionEnded, err}
	case err != nil:
		return nil, p.failed(ctx, s, lease, owner, err)
	}
	if due, _ := latest.Tokens.times(); p.m.cfg.Now().Before(due) {
		p.release(ctx, lease, owner) // another replica was faster
		p.recent.Changed(s.stored.record)
		return latest, nil
	}
	asking, cancel := context.WithTimeout(ctx, refreshTimeout)
	defer cancel()
	id, tokens, err := p.m.cfg.Refresher.Refresh(asking, latest)
	if err != nil {
		if tokens != nil {
			kept, updateErr := p.update(ctx, latest, &latest.Identity, tokens)
			var ended *endedError
			switch {
			case errors.As(updateErr, &ended): // signed out meanwhile
				p.release(ctx, lease, owner)
				return nil, updateErr
			case updateErr == nil:
				latest = kept
			}
		}
		return nil, p.refused(ctx, latest, lease, owner, err)
	}
	fresh, err := p.update(ctx, latest, id, tokens)
	var ended *endedError
	if err != nil && !errors.As(err, &ended) { // asking the provider again at once would not help
		return nil, p.failed(ctx, s, lease, owner, err)
	}
	p.release(ctx, lease, owner)
	if err != nil {
		p.m.cfg.Metrics.Refresh("not_kept")
		return nil, err
	}
	p.m.cfg.Metrics.Refresh("ok")
	p.pauses.Delete(s.stored.record)
	return fresh, nil
}

// await waits for another replica's refresh, if s cannot be used without.
func (p *inStore) await(ctx context.Context, s *Session) (*Session, error) {
	before, _ := p.pauses.Get(s.stored.record)
	if _, overdue := s.Tokens.times(); p.m.cfg.Now().Before(overdue) {
		p.rest(s, time.Second, before.failures)
		return nil, nil
	}
	for range int(leaseWait / leasePoll) {
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for another replica's refresh: %w", ctx.Err())
		case <-time.After(leasePoll):
		}
		latest, err := p.get(ctx, s.key, s.stored.secret, s.stored.record)
		switch {
		case errors.Is(err, ErrNoRecord):
			return nil, &endedError{access.ReasonSessionEnded, err}
		case err != nil:
			return nil, err
		case latest.stored.version > s.stored.version:
			return latest, nil
		}
	}
	p.rest(s, pauseAfter(before.failures), before.failures+1)
	return nil, errors.New("another replica's refresh takes long, or it waits after a failure")
}

// update writes what the provider said.
func (p *inStore) update(ctx context.Context, s *Session, id *access.Identity, tokens *Tokens) (*Session, error) {
	fresh := *s
	fresh.Identity, fresh.Tokens = *id, tokens
	p.m.render(&fresh)
	fresh.stored = &stored{record: s.stored.record, secret: s.stored.secret, version: s.stored.version + 1}
	value, err := p.seal(&fresh, fresh.stored.version)
	if err != nil {
		return nil, fmt.Errorf("write a refreshed session: %w", err)
	}
	r := &Record{Key: s.stored.record, Version: fresh.stored.version, Value: value}
	for try := 1; ; try++ {
		err = p.ask(ctx, opUpdate, func(ctx context.Context) error { return p.store.Update(ctx, r, s.stored.version) })
		switch {
		case err == nil:
			p.recent.Changed(r.Key)
			return &fresh, nil
		case errors.Is(err, ErrNoRecord): // signed out or revoked meanwhile: it stays so
			return nil, &endedError{access.ReasonSessionEnded, err}
		case errors.Is(err, ErrVersion): // our own try before, whose answer was lost; or a replica whose lease ended
			p.recent.Changed(r.Key)
			latest, err := p.get(ctx, s.key, s.stored.secret, s.stored.record)
			if errors.Is(err, ErrNoRecord) {
				return nil, &endedError{access.ReasonSessionEnded, err}
			}
			return latest, err
		case try == updateTries:
			// A provider that gives each refresh token once will refuse the next
			// refresh: then the person signs in again.
			p.m.cfg.Log.Warn("a refreshed session could not be written", "error", err.Error())
			return nil, fmt.Errorf("write a refreshed session: %w", err)
		}
		time.Sleep(updatePause)
	}
}

// refused ends the session if that is what the provider says, else notes a
// failure.
func (p *inStore) refused(ctx context.Context, s *Session, lease, owner string, err error) error {
	var e *entra.Error
	if !errors.As(err, &e) || !e.Ends() {
		return p.failed(ctx, s, lease, owner, err)
	}
	reason := access.ReasonSessionRefused
	if e.Reason == entra.ReasonInteraction || e.Reason == entra.ReasonConsent {
		reason = access.ReasonInteraction
	}
	p.m.cfg.Metrics.Refresh("ended")
	p.m.cfg.Log.Info("the identity provider ended a session", "reason", string(reason), "user", s.Identity.Key().ID, "error", err.Error())
	_, deleteErr := p.delete(ctx, s.stored.record)
	p.recent.Changed(s.stored.record)
	p.release(ctx, lease, owner) // if the record is still there, the next request asks again
	return &endedError{reason, errors.Join(err, deleteErr)}
}

// failed keeps the lease for a while, so that no replica asks again at once.
func (p *inStore) failed(ctx context.Context, s *Session, lease, owner string, err error) error {
	p.m.cfg.Metrics.Refresh("failed")
	before, _ := p.pauses.Get(s.stored.record)
	wait := pauseAfter(before.failures)
	var e *entra.Error
	if errors.As(err, &e) {
		wait = max(wait, e.RetryAfter)
	}
	p.rest(s, wait, before.failures+1)
	p.m.cfg.Log.Warn("a session could not be refreshed", "failures", before.failures+1, "again_in", wait.String(), "user", s.Identity.Key().ID, "error", err.Error())
	if lease != "" {
		_ = p.ask(ctx, opAcquire, func(ctx context.Context) error { // else it ends by itself, and another replica asks
			_, err := p.store.Acquire(ctx, lease, owner, wait)
			return err
		})
	}
	return err
}

// pauseAfter is how long a session is left as it is after failures in a row.
func pauseAfter(failures int) time.Duration { return min(firstPause<<min(failures, 8), maxPause) }

// rest makes this replica leave a session as it is for a while.
func (p *inStore) rest(s *Session, wait time.Duration, failures int) {
	until := p.m.cfg.Now().Add(wait)
	p.pauses.Put(s.stored.record, pause{until, failures}, 32, until.Add(maxPause))
}

func (p *inStore) release(ctx context.Context, lease, owner string) {
	_ = p.ask(ctx, opRelease, func(ctx context.Context) error { return p.store.Release(ctx, lease, owner) }) // it ends by itself too
}
