package pgstore

import (
	"context"
	"errors"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/servers"
)

// fillSQL makes 2,500 records, of which four in five have expired, in a realm, and
// one lease and one name that have.
const fillSQL = `
INSERT INTO easyauth_sessions (realm, key, version, issued, seen, expires, label, value)
SELECT $1::text, decode(md5(n::text) || md5((-n)::text), 'hex'), 1, now(), now(),
	now() + CASE WHEN n % 5 = 0 THEN interval '1 hour' ELSE interval '-1 second' END, '', 'x'
FROM generate_series(1, 2500) AS n`

func sweepSuite(t *testing.T, pg *servers.Postgres) {
	at := database(t, pg)
	one, _ := store(t, at, realmA)
	all, _ := store(t, at, "")
	if err := one.Ping(short(t)); err != nil {
		t.Fatal(err)
	}
	conn := dial(t, at)
	fill := func(realm string) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), fillSQL, realm); err != nil {
			t.Fatal(err)
		}
		for _, sql := range []string{
			"INSERT INTO easyauth_leases VALUES ($1::text, 'old', 'me', now()), ($1::text, 'new', 'me', now() + interval '1 hour')",
			"INSERT INTO easyauth_once VALUES ($1::text, 'old', now()), ($1::text, 'new', now() + interval '1 hour')",
		} {
			if _, err := conn.Exec(t.Context(), sql, realm); err != nil {
				t.Fatal(err)
			}
		}
	}
	left := func() int {
		t.Helper()
		return number(t, at, `SELECT ((SELECT count(*) FROM easyauth_sessions) + (SELECT count(*) FROM easyauth_leases) +
			(SELECT count(*) FROM easyauth_once))::int`)
	}
	sweep := func(s *Store, want, wantLeft int) {
		t.Helper()
		if n, err := s.Sweep(short(t)); err != nil || n != want {
			t.Errorf("removed %d, %v; want %d", n, err, want)
		}
		if n := left(); n != wantLeft {
			t.Errorf("%d rows are left, want %d", n, wantLeft)
		}
	}
	fill(realmA)
	fill(realmB)
	const gone, stay = 2000 + 1 + 1, 500 + 1 + 1

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if n, err := all.Sweep(ended); n != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: removed %d, %v", n, err)
	}

	// A row that somebody holds is not waited for.
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = tx.Exec(t.Context(), "SELECT 1 FROM easyauth_sessions WHERE realm = $1 AND expires <= now() ORDER BY key LIMIT 10 FOR UPDATE", realmA)
	if err != nil {
		t.Fatal(err)
	}
	sweep(one, gone-10, stay+10+gone+stay)
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	sweep(one, 10, stay+gone+stay)
	sweep(all, gone, 2*stay)
	sweep(all, 0, 2*stay)
}
