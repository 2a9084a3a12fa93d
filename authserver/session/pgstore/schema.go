package pgstore

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

//go:embed schema/*.sql
var files embed.FS

// lockID is the advisory lock of whoever changes the schema: "easyauth" in ASCII.
const lockID int64 = 0x6561737961757468

// migration is one file of the folder schema. It notes its version itself.
type migration struct {
	version int
	name    string
	sql     string
}

// migrations reads files named 0001_what.sql, 0002_… : all numbers from 1 on, none
// missing.
func migrations(folder fs.FS) ([]migration, error) {
	names, err := fs.Glob(folder, "schema/*.sql") // in lexical order
	if err != nil {
		return nil, fmt.Errorf("list the schema files: %w", err)
	}
	list := make([]migration, 0, len(names))
	for _, name := range names {
		number, _, _ := strings.Cut(path.Base(name), "_")
		version, err := strconv.Atoi(number)
		if err != nil || version != len(list)+1 {
			return nil, fmt.Errorf("schema file %q: its number is not %d", name, len(list)+1)
		}
		sql, err := fs.ReadFile(folder, name)
		if err != nil {
			return nil, fmt.Errorf("read a schema file: %w", err)
		}
		list = append(list, migration{version: version, name: path.Base(name), sql: string(sql)})
	}
	return list, nil
}

// migrate brings the database to the last of these migrations and returns the
// version that it had before; 0 is an empty one. Either all of them are applied or
// none is.
func migrate(ctx context.Context, pool *pgxpool.Pool, list []migration) (before int, err error) {
	before, err = version(ctx, pool)
	if err != nil || before == len(list) {
		return before, err
	}
	if before > len(list) {
		return before, newerError(before, len(list))
	}
	// Whoever has waited for the lock must see what the other has committed meanwhile.
	tx, err := pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted, AccessMode: pgx.ReadWrite})
	if err != nil {
		return before, fmt.Errorf("begin to change the schema: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // nothing after Commit
	before, err = apply(ctx, tx, list)
	if err != nil {
		return before, err
	}
	if err := tx.Commit(ctx); err != nil {
		return before, fmt.Errorf("commit the change of the schema: %w", err)
	}
	return before, nil
}

// apply takes the lock, looks again, and applies what is missing.
func apply(ctx context.Context, tx pgx.Tx, list []migration) (before int, err error) {
	// Another replica may take longer than this role's statements may.
	const patience = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0"
	if _, err := tx.Exec(ctx, patience); err != nil {
		return 0, fmt.Errorf("set timeouts: %w", err)
	}
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1::bigint)", lockID); err != nil {
		return 0, fmt.Errorf("lock the schema: %w", err)
	}
	before, err = version(ctx, tx)
	if err != nil {
		return before, err
	}
	if before > len(list) {
		return before, newerError(before, len(list))
	}
	for _, m := range list[before:] {
		if _, err := tx.Exec(ctx, m.sql); err != nil {
			return before, applyError(m, err)
		}
		now, err := version(ctx, tx)
		if err != nil {
			return before, err
		}
		if now != m.version {
			return before, fmt.Errorf("schema file %s left version %d", m.name, now)
		}
	}
	return before, nil
}

// asker is a pool or a transaction.
type asker interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// version returns which schema the database has, 0 if it has none.
func version(ctx context.Context, db asker) (int, error) {
	// Not to_regclass: within a transaction it may not notice a table that another
	// connection has just made.
	const look = "SELECT EXISTS (SELECT FROM pg_class WHERE relname = 'easyauth_schema' AND pg_table_is_visible(oid))"
	var there bool
	if err := db.QueryRow(ctx, look).Scan(&there); err != nil {
		return 0, fmt.Errorf("look for the schema: %w", err)
	}
	if !there {
		return 0, nil
	}
	var n int
	if err := db.QueryRow(ctx, "SELECT coalesce(max(version), 0) FROM easyauth_schema").Scan(&n); err != nil {
		return 0, fmt.Errorf("read the version of the schema: %w", err)
	}
	return n, nil
}

func newerError(has, knows int) error {
	return fmt.Errorf("the database has schema version %d and this program knows versions up to %d: run a newer release of the program", has, knows)
}

func applyError(m migration, err error) error {
	if hasCode(err, codeNoPrivilege) {
		return fmt.Errorf("apply schema file %s: the role needs CREATE on the schema, or apply the file with another role: %w", m.name, err)
	}
	return fmt.Errorf("apply schema file %s: %w", m.name, err)
}
