package pgstore

import (
	"context"
	"fmt"
	"time"
)

// maxName bounds the names of leases, owners and Once, in bytes.
const maxName = 1024

const (
	acquireSQL = `
INSERT INTO easyauth_leases AS l (realm, lease, owner, expires)
VALUES ($1::text, $2::bytea, $3::bytea, now() + $4::bigint * interval '1 microsecond')
ON CONFLICT (realm, lease) DO UPDATE SET owner = excluded.owner, expires = excluded.expires
WHERE l.owner = excluded.owner OR l.expires <= now()`

	releaseSQL = `
DELETE FROM easyauth_leases WHERE realm = $1::text AND lease = $2::bytea AND owner = $3::bytea`

	onceSQL = `
INSERT INTO easyauth_once AS o (realm, name, expires) VALUES ($1::text, $2::bytea, $3::timestamptz)
ON CONFLICT (realm, name) DO UPDATE SET expires = excluded.expires
WHERE o.expires <= now()`
)

// Acquire takes a lease for an owner, or takes it again; false if another has it.
// ttl is at least a microsecond.
func (s *Store) Acquire(ctx context.Context, lease, owner string, ttl time.Duration) (bool, error) {
	const doing = "acquire a lease"
	if err := names(lease, owner); err != nil {
		return false, fmt.Errorf("%s: %w", doing, err)
	}
	if ttl < time.Microsecond {
		return false, fmt.Errorf("%s: it cannot last for %v", doing, ttl)
	}
	if err := s.ask(ctx); err != nil {
		return false, s.fault(doing, err)
	}
	tag, err := s.pool.Exec(ctx, acquireSQL, s.realm, []byte(lease), []byte(owner), ttl.Microseconds())
	if err != nil {
		return false, s.fault(doing, err)
	}
	return tag.RowsAffected() > 0, nil
}

// Release gives a lease back if the owner still has it.
func (s *Store) Release(ctx context.Context, lease, owner string) error {
	const doing = "release a lease"
	if err := names(lease, owner); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if err := s.ask(ctx); err != nil {
		return s.fault(doing, err)
	}
	if _, err := s.pool.Exec(ctx, releaseSQL, s.realm, []byte(lease), []byte(owner)); err != nil {
		return s.fault(doing, err)
	}
	return nil
}

// Once reports whether this name was not given before, and remembers it until the
// time given.
func (s *Store) Once(ctx context.Context, name string, until time.Time) (bool, error) {
	const doing = "note a name"
	if err := names(name); err != nil {
		return false, fmt.Errorf("%s: %w", doing, err)
	}
	if err := s.askRecords(ctx); err != nil {
		return false, s.fault(doing, err)
	}
	tag, err := s.pool.Exec(ctx, onceSQL, s.realm, []byte(name), milli(until))
	if err != nil {
		return false, s.fault(doing, err)
	}
	return tag.RowsAffected() > 0, nil
}

// names refuses names that no index holds.
func names(list ...string) error {
	for _, name := range list {
		if len(name) > maxName {
			return fmt.Errorf("a name has %d bytes, more than %d", len(name), maxName)
		}
	}
	return nil
}
