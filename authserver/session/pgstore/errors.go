package pgstore

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// SQLSTATE codes that mean something here.
const (
	codeReadOnly       = "25006" // read_only_sql_transaction
	codeNoPrivilege    = "42501" // insufficient_privilege
	codeUndefinedTable = "42P01" // undefined_table
)

// hasCode reports whether the database gave an error with this SQLSTATE.
func hasCode(err error, code string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == code
}
