package pgstore

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// A page begins after the last key of the one before, so that what is created or
// deleted meanwhile moves nothing else.
const (
	listAllSQL = `
SELECT ` + columnsSQL + ` FROM easyauth_sessions
WHERE realm = $1::text AND key > $2::bytea AND expires > now()
ORDER BY key LIMIT $3::int`

	listSomeSQL = `
SELECT ` + columnsSQL + ` FROM easyauth_sessions
WHERE realm = $1::text AND key > $2::bytea AND expires > now() AND key IN (
	SELECT key FROM easyauth_sessions WHERE realm = $1::text AND user_handle = ANY($4::bytea[])
	UNION
	SELECT key FROM easyauth_sessions WHERE realm = $1::text AND sid_handle = ANY($5::bytea[])
)
ORDER BY key LIMIT $3::int`
)

// List returns a page of at most q.Limit records in the order of their keys.
func (s *Store) List(ctx context.Context, q session.Query) (records []*session.Record, next string, err error) {
	const doing = "list sessions"
	if q.Limit < 1 || q.Limit > 1000 {
		return nil, "", fmt.Errorf("%s: the limit must be 1 to 1000, not %d", doing, q.Limit)
	}
	after, err := hex.DecodeString(q.After)
	if err != nil || (len(after) != 0 && len(after) != len(session.Key{})) {
		return nil, "", fmt.Errorf("%s: %w", doing, errors.New("there is no such place to go on from"))
	}
	if err := s.askRecords(ctx); err != nil {
		return nil, "", s.fault(doing, err)
	}
	sql, args := listAllSQL, []any{s.realm, after, q.Limit + 1} // one more, to see whether any follow
	if len(q.Users)+len(q.SIDs) > 0 {
		sql, args = listSomeSQL, append(args, raw(q.Users), raw(q.SIDs))
	}
	records, err = s.page(ctx, sql, args)
	if err != nil {
		return nil, "", s.fault(doing, err)
	}
	if len(records) > q.Limit {
		records = records[:q.Limit]
		next = hex.EncodeToString(records[q.Limit-1].Key[:])
	}
	return records, next, nil
}

func (s *Store) page(ctx context.Context, sql string, args []any) ([]*session.Record, error) {
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var records []*session.Record
	for rows.Next() {
		var w row
		if err := rows.Scan(w.dest()...); err != nil {
			return nil, err
		}
		records = append(records, w.record())
	}
	return records, rows.Err()
}
