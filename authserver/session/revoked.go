package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

// RevokedConfig of a Revoked.
type RevokedConfig struct {
	Log     RevocationLog    // required
	Now     func() time.Time // nil means time.Now
	Metrics *metrics.Metrics // nil: nothing is counted
	Logger  *slog.Logger     // nil: nothing is logged

	// MaxEntries bounds the list in memory; 0 means 500,000, some 60 MB when full.
	// Beyond it the older half is forgotten, and every ticket as old as those ends
	// with them.
	MaxEntries int
}

// Revoked is the list of tickets that ended before their time, as this replica has
// heard it. It asks nobody when a ticket is checked.
type Revoked struct {
	cfg RevokedConfig

	mu     sync.RWMutex
	dead   map[revokedKey]revokedEntry
	before time.Time // every ticket issued then or before is dead
	heard  time.Time // up to when the log was heard, by the process's own clock; zero: not yet to its end
	next   time.Time // when entries that have run out are removed
}

type revokedKey struct {
	scope  Scope
	handle Handle
}

type revokedEntry struct{ issued, until time.Time }

// Times of a Revoked.
const (
	followWait   = time.Second
	maxUnheard   = 5 * time.Second // then nobody knows whether a ticket is still good
	firstRetry   = 200 * time.Millisecond
	lastRetry    = 2 * time.Second
	tidyEvery    = time.Minute
	revokedLimit = 500_000
)

// NewRevoked returns a list that knows nothing until Run has heard the log.
func NewRevoked(cfg RevokedConfig) (*Revoked, error) {
	if cfg.Log == nil || cfg.MaxEntries < 0 {
		return nil, errors.New("make a list of revoked tickets: a log is required")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.MaxEntries == 0 {
		cfg.MaxEntries = revokedLimit
	}
	r := &Revoked{cfg: cfg, dead: make(map[revokedKey]revokedEntry)}
	cfg.Metrics.Cache(metrics.CacheRevocations, r)
	cfg.Metrics.Stores(opAppend, opFollow)
	return r, nil
}

// Run follows the log until ctx ends.
func (r *Revoked) Run(ctx context.Context) {
	place, wait, retry, failing := "", time.Duration(0), firstRetry, false
	for ctx.Err() == nil {
		asked := time.Now()
		following, cancel := context.WithTimeout(ctx, wait+storeTimeout)
		list, next, err := r.cfg.Log.Follow(following, place, wait)
		cancel()
		if ctx.Err() != nil {
			return
		}
		r.cfg.Metrics.StoreOperation(opFollow, storeResult(err)) // not its time: it waits for something to say
		switch {
		case err != nil:
			if !failing {
				r.cfg.Logger.Warn("the list of revoked tickets cannot be read", "error", err.Error())
				failing = true
			}
			select {
			case <-ctx.Done():
			case <-time.After(retry):
			}
			retry = min(2*retry, lastRetry)
			continue
		case failing:
			r.cfg.Logger.Info("the list of revoked tickets can be read again")
		}
		retry, failing, place = firstRetry, false, next
		if r.learn(list, asked) {
			wait = followWait
		}
	}
}

// learn takes over what the log said when it was asked, and reports whether its
// end was ever heard. It is when the log says less than it could at once; that it has
// nothing to say may never happen.
func (r *Revoked) learn(list []Revocation, asked time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, v := range list {
		r.enter(v)
	}
	if len(list) < MaxFollow {
		r.heard = asked
	}
	if now := r.cfg.Now(); !now.Before(r.next) {
		r.next = now.Add(tidyEvery)
		for key, e := range r.dead {
			if !now.Before(e.until) {
				delete(r.dead, key)
			}
		}
	}
	return !r.heard.IsZero()
}

// enter notes one revocation. The caller holds the lock.
func (r *Revoked) enter(v Revocation) {
	if !r.cfg.Now().Before(v.Until) {
		return
	}
	// One of a clock that is as far ahead as may be says the same on all replicas. Of one
	// that is further ahead nobody could sign in until then.
	if last := r.cfg.Now().Add(2 * skew); v.Issued.After(last) {
		v.Issued = last
	}
	if v.Scope == AllTickets {
		if v.Issued.After(r.before) {
			r.before = v.Issued
		}
		return
	}
	key := revokedKey{v.Scope, v.Handle}
	e := r.dead[key]
	if v.Issued.After(e.issued) {
		e.issued = v.Issued
	}
	if v.Until.After(e.until) {
		e.until = v.Until
	}
	r.dead[key] = e
	if len(r.dead) > r.cfg.MaxEntries {
		r.halve()
	}
}

// halve forgets the older half: all tickets issued before the youngest of it end.
func (r *Revoked) halve() {
	times := make([]time.Time, 0, len(r.dead))
	for _, e := range r.dead {
		times = append(times, e.issued)
	}
	slices.SortFunc(times, time.Time.Compare)
	middle := times[len(times)/2]
	for key, e := range r.dead {
		if !e.issued.After(middle) {
			delete(r.dead, key)
		}
	}
	if middle.After(r.before) {
		r.before = middle
	}
	r.cfg.Logger.Warn("the list of revoked tickets is full: sessions from before this time have ended, and their people sign in again", "before", middle)
}

// handles are what a ticket is called in the list.
type handles struct {
	one, user, sid Handle
	hasSID         bool
}

// handlesOf names a ticket that was sealed under a key of the ring. It fails when the
// key is in it no more.
func handlesOf(ring *seal.Ring, key seal.KeyID, t *ticket.Ticket) (h handles, err error) {
	copy(h.one[:], t.ID[:])
	who, sid := t.Identity.Key(), ticket.SID(&t.Identity)
	var named bool
	h.user, named = userHandle(ring, key, who)
	h.sid, h.hasSID = sidHandle(ring, key, sid)
	if !named && who != (access.Key{}) || !h.hasSID && sid != "" {
		return h, seal.ErrUnknownKey
	}
	return h, nil
}

// check says whether a ticket is still good: ReasonOK, ReasonSessionRevoked, or
// ReasonStore when the log was not heard for more than 5 seconds.
func (r *Revoked) check(s *Session) (access.Reason, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	switch {
	case r.heard.IsZero():
		return access.ReasonStore, errors.New("the list of revoked tickets has not been read yet")
	case time.Since(r.heard) > maxUnheard:
		return access.ReasonStore, errors.New("the list of revoked tickets could not be read for more than 5 seconds")
	case !s.Issued.After(r.before),
		r.isDead(OneTicket, s.handles.one, s.Issued), r.isDead(OneUser, s.handles.user, s.Issued),
		s.handles.hasSID && r.isDead(OneSID, s.handles.sid, s.Issued):
		return access.ReasonSessionRevoked, nil
	}
	return access.ReasonOK, nil
}

func (r *Revoked) isDead(scope Scope, handle Handle, issued time.Time) bool {
	e, ok := r.dead[revokedKey{scope, handle}]
	return ok && !issued.After(e.issued)
}

// add appends to the log, and to this replica's list at once.
func (r *Revoked) add(ctx context.Context, list ...Revocation) error {
	if len(list) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	began := time.Now()
	err := r.cfg.Log.Append(ctx, list...)
	r.cfg.Metrics.StoreOperation(opAppend, storeResult(err))
	r.cfg.Metrics.StoreTook(opAppend, began)
	if err != nil {
		return fmt.Errorf("revoke tickets: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, v := range list {
		r.enter(v)
	}
	return nil
}

// addNew adds what is not on the list already, but for the last second: who asks
// for the same again and again makes it no longer.
func (r *Revoked) addNew(ctx context.Context, list ...Revocation) error {
	r.mu.RLock()
	list = slices.DeleteFunc(list, func(v Revocation) bool {
		return r.isDead(v.Scope, v.Handle, v.Issued.Add(-time.Second))
	})
	r.mu.RUnlock()
	return r.add(ctx, list...)
}

// notBefore is when a new ticket for an identity is issued: now, or after the
// revocations that have been heard and would end it at once.
func (r *Revoked) notBefore(ring *seal.Ring, id *access.Identity, now time.Time) time.Time {
	key := ring.Current()
	user, _ := userHandle(ring, key, id.Key())
	sid, hasSID := sidHandle(ring, key, ticket.SID(id))
	r.mu.RLock()
	defer r.mu.RUnlock()
	last := r.before
	for handle, counts := range map[revokedKey]bool{{OneUser, user}: true, {OneSID, sid}: hasSID} {
		if e, ok := r.dead[handle]; ok && counts && e.issued.After(last) {
			last = e.issued
		}
	}
	if now.After(last) {
		return now
	}
	return last.Add(time.Millisecond)
}

// note remembers that a session of this sid exists, so that only such ones can be
// put on the list from outside.
func (r *Revoked) note(ctx context.Context, ring *seal.Ring, s *Session) error {
	sid := ticket.SID(&s.Identity)
	if sid == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	for _, handle := range sidHandles(ring, sid) {
		if err := r.cfg.Log.NoteSID(ctx, handle, s.Expires); err != nil {
			return &StoreError{fmt.Errorf("note a session's sid: %w", err)}
		}
	}
	return nil
}

func (r *Revoked) known(ctx context.Context, sids []Handle) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return r.cfg.Log.KnownSID(ctx, sids...)
}

// revokedBytes is what an entry of the list takes.
const revokedBytes = 120

// Bytes is about how much memory the list takes.
func (r *Revoked) Bytes() int64 { return int64(r.Len()) * revokedBytes }

// Limit is how much it takes at most.
func (r *Revoked) Limit() int64 { return int64(r.cfg.MaxEntries) * revokedBytes }

// Len is the number of entries that have not been forgotten.
func (r *Revoked) Len() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.dead)
}
