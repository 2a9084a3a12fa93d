package memstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// Create implements session.Store.
func (s *Store) Create(ctx context.Context, r *session.Record, replaces ...session.Key) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if err := s.acceptable(r); err != nil {
		return fmt.Errorf("create a session: %w", err)
	}
	at := place{s.realm, r.Key}
	if s.data.live(at) != nil {
		return errors.New("create a session: its key exists already")
	}
	kept := clone(r)
	for _, t := range []*time.Time{&kept.Issued, &kept.Seen, &kept.Expires} {
		*t = milliseconds(*t)
	}
	s.data.records[at] = kept
	s.remove(replaces)
	return nil
}

// acceptable refuses what no store takes.
func (s *Store) acceptable(r *session.Record) error {
	switch {
	case r.Key == session.Key{}:
		return errors.New("it has no key")
	case r.Version == 0:
		return errors.New("it has no version")
	case len(r.Label) > session.MaxLabel:
		return fmt.Errorf("its label has %d bytes, more than %d", len(r.Label), session.MaxLabel)
	case !s.data.now().Before(milliseconds(r.Expires)):
		return errors.New("it has expired")
	}
	return acceptableValue(r.Value)
}

func acceptableValue(value []byte) error {
	if len(value) == 0 || len(value) > session.MaxValue {
		return fmt.Errorf("its value has %d bytes, not 1 to %d", len(value), session.MaxValue)
	}
	return nil
}

// Get implements session.Store.
func (s *Store) Get(ctx context.Context, key session.Key) (*session.Record, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	r := s.data.live(place{s.realm, key})
	if r == nil {
		return nil, session.ErrNoRecord
	}
	return clone(r), nil
}

// Update implements session.Store.
func (s *Store) Update(ctx context.Context, r *session.Record, was uint64) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if err := acceptableValue(r.Value); err != nil {
		return fmt.Errorf("update a session: %w", err)
	}
	if r.Version <= was {
		return errors.New("update a session: its version does not rise")
	}
	kept := s.data.live(place{s.realm, r.Key})
	switch {
	case kept == nil:
		return session.ErrNoRecord
	case kept.Version != was:
		return session.ErrVersion
	}
	kept.Version, kept.Value = r.Version, slices.Clone(r.Value)
	s.tell(r.Key)
	return nil
}

// Touch implements session.Store.
func (s *Store) Touch(ctx context.Context, key session.Key, seen, expires time.Time) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if r := s.data.live(place{s.realm, key}); r != nil {
		r.Seen, r.Expires = milliseconds(seen), milliseconds(expires)
	}
	return nil
}

// Delete implements session.Store.
func (s *Store) Delete(ctx context.Context, keys ...session.Key) (int, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer end()
	return s.remove(keys), nil
}

// remove deletes records, tells the watchers, and returns how many there were.
func (s *Store) remove(keys []session.Key) int {
	var removed []session.Key
	for _, key := range keys {
		at := place{s.realm, key}
		if s.data.live(at) != nil {
			removed = append(removed, key)
		}
		delete(s.data.records, at)
	}
	s.tell(removed...)
	return len(removed)
}

// live returns the record itself at a place; nil if none is there, or it has
// expired, which ends it for good.
func (d *data) live(at place) *session.Record {
	r := d.records[at]
	if r != nil && !d.now().Before(r.Expires) {
		delete(d.records, at)
		return nil
	}
	return r
}

func clone(r *session.Record) *session.Record {
	c := *r
	c.Label, c.Value = slices.Clone(r.Label), slices.Clone(r.Value)
	return &c
}

// milliseconds is t as a store keeps it.
func milliseconds(t time.Time) time.Time { return time.UnixMilli(t.UnixMilli()) }
