package pgstore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// Statements that change a record tell the watchers in the same breath: PostgreSQL
// delivers a notification if and when the statement is committed. What told returns
// has no meaning; asking for it makes sure that pg_notify is called. Records that
// are to be deleted are locked in the order of their keys, so that two who delete
// the same ones never wait for each other.
const (
	createSQL = `
WITH made AS (
	INSERT INTO easyauth_sessions AS s
		(realm, key, user_handle, sid_handle, version, issued, seen, expires, label, value)
	SELECT $1::text, $2::bytea, $3::bytea, $4::bytea, $5::bigint,
		$6::timestamptz, $7::timestamptz, $8::timestamptz, $9::bytea, $10::bytea
	WHERE $8::timestamptz > now()
	ON CONFLICT (realm, key) DO UPDATE SET user_handle = excluded.user_handle, sid_handle = excluded.sid_handle,
		version = excluded.version, issued = excluded.issued, seen = excluded.seen, expires = excluded.expires,
		label = excluded.label, value = excluded.value
	WHERE s.expires <= now()
	RETURNING s.realm
), held AS (
	SELECT s.realm, s.key FROM easyauth_sessions AS s JOIN made ON s.realm = made.realm
	WHERE s.key = ANY($11::bytea[]) ORDER BY s.key FOR UPDATE OF s
), gone AS (
	DELETE FROM easyauth_sessions AS s USING held WHERE s.realm = held.realm AND s.key = held.key
	RETURNING s.realm, s.key
), told AS (
	SELECT string_agg(pg_notify('easyauth_changed', realm || ':' || encode(key, 'hex'))::text, '') AS text FROM gone
)
SELECT (SELECT count(*) FROM made), text FROM told`

	getSQL = `
SELECT ` + columnsSQL + `, encode(value, 'hex') FROM easyauth_sessions
WHERE realm = $1::text AND key = $2::bytea AND expires > now()`

	updateSQL = `
WITH changed AS (
	UPDATE easyauth_sessions SET version = $3::bigint, value = $4::bytea
	WHERE realm = $1::text AND key = $2::bytea AND version = $5::bigint AND expires > now()
	RETURNING realm, key
)
SELECT count(*), string_agg(pg_notify('easyauth_changed', realm || ':' || encode(key, 'hex'))::text, '') FROM changed`

	thereSQL = `
SELECT count(*) FROM easyauth_sessions WHERE realm = $1::text AND key = $2::bytea AND expires > now()`

	touchSQL = `
UPDATE easyauth_sessions SET seen = $3::timestamptz, expires = $4::timestamptz
WHERE realm = $1::text AND key = $2::bytea AND expires > now()`

	deleteSQL = `
WITH held AS (
	SELECT realm, key FROM easyauth_sessions
	WHERE realm = $1::text AND key = ANY($2::bytea[]) ORDER BY key FOR UPDATE
), gone AS (
	DELETE FROM easyauth_sessions AS s USING held WHERE s.realm = held.realm AND s.key = held.key
	RETURNING s.realm, s.key, s.expires
)
SELECT count(*) FILTER (WHERE expires > now()),
	string_agg(pg_notify('easyauth_changed', realm || ':' || encode(key, 'hex'))::text, '') FROM gone`
)

// Create writes a new record and deletes those that it replaces, both or none.
func (s *Store) Create(ctx context.Context, r *session.Record, replaces ...session.Key) error {
	const doing = "create a session"
	if err := check(r); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if err := s.askRecords(ctx); err != nil {
		return s.fault(doing, err)
	}
	var made int
	var told *string
	version := int64(r.Version) //nolint:gosec // checked
	err := s.pool.QueryRow(ctx, createSQL, s.realm, r.Key[:], handle(r.User), handle(r.SID), version,
		milli(r.Issued), milli(r.Seen), milli(r.Expires), filled(r.Label), r.Value, raw(replaces)).Scan(&made, &told)
	if err != nil {
		return s.fault(doing, err)
	}
	if made == 0 {
		return s.fault(doing, errors.New("its key exists already, or it has expired"))
	}
	return nil
}

// Get returns a record, or session.ErrNoRecord.
func (s *Store) Get(ctx context.Context, key session.Key) (*session.Record, error) {
	const doing = "get a session"
	if err := s.askRecords(ctx); err != nil {
		return nil, s.fault(doing, err)
	}
	var w row
	err := s.pool.QueryRow(ctx, getSQL, s.realm, key[:]).Scan(append(w.dest(), &w.value)...)
	if errors.Is(err, pgx.ErrNoRows) {
		err = session.ErrNoRecord
	}
	if err != nil {
		return nil, s.fault(doing, err)
	}
	return w.record(), nil
}

// Update replaces version and value of a record whose version is still was. It
// returns session.ErrVersion or session.ErrNoRecord if it cannot.
func (s *Store) Update(ctx context.Context, r *session.Record, was uint64) error {
	const doing = "update a session"
	if err := checkContent(r); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if err := s.askRecords(ctx); err != nil {
		return s.fault(doing, err)
	}
	var changed int
	var told *string
	now, before := int64(r.Version), int64(was) //nolint:gosec // checked
	err := s.pool.QueryRow(ctx, updateSQL, s.realm, r.Key[:], now, r.Value, before).Scan(&changed, &told)
	if err != nil {
		return s.fault(doing, err)
	}
	if changed > 0 {
		return nil
	}
	var there int
	if err := s.pool.QueryRow(ctx, thereSQL, s.realm, r.Key[:]).Scan(&there); err != nil {
		return s.fault(doing, err)
	}
	if there == 0 {
		return s.fault(doing, session.ErrNoRecord)
	}
	return s.fault(doing, session.ErrVersion)
}

// Touch notes the last use of a record and moves its expiry. It does nothing to a
// record that has gone.
func (s *Store) Touch(ctx context.Context, key session.Key, seen, expires time.Time) error {
	const doing = "touch a session"
	if err := s.askRecords(ctx); err != nil {
		return s.fault(doing, err)
	}
	if _, err := s.pool.Exec(ctx, touchSQL, s.realm, key[:], milli(seen), milli(expires)); err != nil {
		return s.fault(doing, err)
	}
	return nil
}

// Delete removes records and returns how many there were that had not expired.
func (s *Store) Delete(ctx context.Context, keys ...session.Key) (int, error) {
	const doing = "delete sessions"
	if err := s.askRecords(ctx); err != nil {
		return 0, s.fault(doing, err)
	}
	if len(keys) == 0 {
		return 0, nil
	}
	var n int
	var told *string
	if err := s.pool.QueryRow(ctx, deleteSQL, s.realm, raw(keys)).Scan(&n, &told); err != nil {
		return 0, s.fault(doing, err)
	}
	return n, nil
}

// check refuses a record that is outside of its bounds.
func check(r *session.Record) error {
	if len(r.Label) > session.MaxLabel {
		return fmt.Errorf("its label has %d bytes, more than %d", len(r.Label), session.MaxLabel)
	}
	return checkContent(r)
}

func checkContent(r *session.Record) error {
	switch {
	case r.Key == session.Key{}:
		return errors.New("it has no key")
	case len(r.Value) == 0 || len(r.Value) > session.MaxValue:
		return fmt.Errorf("its value has %d bytes, not 1 to %d", len(r.Value), session.MaxValue)
	case r.Version == 0 || r.Version > math.MaxInt64:
		return fmt.Errorf("its version %d is not 1 to %d", r.Version, int64(math.MaxInt64))
	}
	return nil
}
