package pgstore

import "context"

// sweepBatch is how many rows one statement removes.
const sweepBatch = 1000

// sweepSQL returns one statement for each table. Rows that somebody holds are left
// for the next time. An empty realm stands for all. Rows are named by their place
// (ctid) alone, so that no plan looks at every expired row once more; a row that has
// changed meanwhile has another place and stays.
func sweepSQL() []string {
	var list []string
	for _, table := range []string{"easyauth_sessions", "easyauth_leases", "easyauth_once"} {
		list = append(list, `
DELETE FROM `+table+` WHERE ctid = ANY(ARRAY(
	SELECT ctid FROM `+table+`
	WHERE expires <= now() AND ($1::text = '' OR realm = $1::text)
	ORDER BY expires LIMIT $2::int FOR UPDATE SKIP LOCKED
))`)
	}
	return list
}

// Sweep removes expired records, leases and names of the realm, or of all realms if
// the Store has none. Each statement removes at most 1,000 rows. With an error it
// returns how many it had removed.
func (s *Store) Sweep(ctx context.Context) (int, error) {
	const doing = "sweep sessions"
	if err := s.ask(ctx); err != nil {
		return 0, s.fault(doing, err)
	}
	removed := 0
	for _, sql := range sweepSQL() {
		for {
			tag, err := s.pool.Exec(ctx, sql, s.realm, sweepBatch)
			if err != nil {
				return removed, s.fault(doing, err)
			}
			removed += int(tag.RowsAffected())
			if tag.RowsAffected() < sweepBatch {
				break
			}
		}
	}
	return removed, nil
}
