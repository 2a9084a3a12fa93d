package memstore

import (
	"context"
	"errors"
	"time"
)

// Acquire implements session.Store.
func (s *Store) Acquire(ctx context.Context, text, owner string, ttl time.Duration) (bool, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return false, err
	}
	defer end()
	if ttl <= 0 {
		return false, errors.New("acquire a lease: it would be over at once")
	}
	now, n := s.data.now(), name{s.realm, text}
	if l, taken := s.data.leases[n]; taken && l.owner != owner && now.Before(l.until) {
		return false, nil
	}
	s.data.leases[n] = lease{owner: owner, until: now.Add(ttl)}
	return true, nil
}

// Release implements session.Store.
func (s *Store) Release(ctx context.Context, text, owner string) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	n := name{s.realm, text}
	if s.data.leases[n].owner == owner {
		delete(s.data.leases, n)
	}
	return nil
}

// Once implements session.Store.
func (s *Store) Once(ctx context.Context, text string, until time.Time) (bool, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return false, err
	}
	defer end()
	n := name{s.realm, text}
	if kept, given := s.data.once[n]; given && s.data.now().Before(kept) {
		return false, nil
	}
	s.data.once[n] = until
	return true, nil
}

// Sweep implements session.Store.
func (s *Store) Sweep(ctx context.Context) (int, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer end()
	now, n := s.data.now(), 0
	ours := func(realm string) bool { return s.realm == "" || s.realm == realm }
	for at := range s.data.records {
		if ours(at.realm) && s.data.live(at) == nil {
			n++
		}
	}
	for at, l := range s.data.leases {
		if ours(at.realm) && !now.Before(l.until) {
			delete(s.data.leases, at)
			n++
		}
	}
	for at, until := range s.data.once {
		if ours(at.realm) && !now.Before(until) {
			delete(s.data.once, at)
			n++
		}
	}
	return n, nil
}
