package pgstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	defaultMaxConns = 8
	largestMaxConns = 1000

	dialTimeout    = 2 * time.Second // of TCP alone
	connectTimeout = 3 * time.Second // of all of a connection, when the URL gives none
	pingTimeout    = time.Second     // of a pooled connection that was idle
	closeTimeout   = time.Second

	// maxMessage bounds one message of the database, in bytes: a record with the
	// largest value, in hexadecimal, is a quarter of it.
	maxMessage = 2 << 20
)

// poolConfig reads the URL. Its errors hold no part of it but the paths of files.
func poolConfig(url string, maxConns int) (*pgxpool.Config, error) {
	if url == "" {
		return nil, errors.New("the PostgreSQL URL is missing")
	}
	if maxConns < 0 || maxConns > largestMaxConns {
		return nil, fmt.Errorf("the number of connections must be 0 to %d, not %d", largestMaxConns, maxConns)
	}
	plain, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, urlFault(err)
	}
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, urlFault(err)
	}
	switch _, inURL := plain.RuntimeParams["pool_max_conns"]; {
	case maxConns > 0:
		cfg.MaxConns = int32(maxConns)
	case !inURL:
		cfg.MaxConns = defaultMaxConns
	}
	if cfg.PingTimeout <= 0 {
		cfg.PingTimeout = pingTimeout
	}
	if cfg.MaxConnLifetimeJitter == 0 {
		cfg.MaxConnLifetimeJitter = cfg.MaxConnLifetime / 10
	}
	cfg.BeforeClose = closeSoon
	tune(cfg.ConnConfig)
	return cfg, nil
}

// tune sets what every connection has, also those outside of the pool.
func tune(c *pgx.ConnConfig) {
	// One round trip, and nothing kept in the session: safe behind a pooler.
	c.DefaultQueryExecMode = pgx.QueryExecModeExec
	c.StatementCacheCapacity = 0
	c.DescriptionCacheCapacity = 0
	c.MaxProtocolMessageBodyLen = maxMessage
	if c.ConnectTimeout <= 0 {
		c.ConnectTimeout = connectTimeout
	}
	// A peer that has silently gone is noticed in about ten seconds, also by
	// connections that nobody uses.
	dialer := &net.Dialer{
		Timeout:         min(dialTimeout, c.ConnectTimeout),
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 2 * time.Second, Count: 3},
	}
	c.DialFunc = dialer.DialContext
	c.OnPgError = keep
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = "easyauth"
	}
}

// keep says whether a connection can be used further after an error of the
// database. One that has become read-only is that of a former primary: the next
// may lead to the new one.
func keep(_ *pgconn.PgConn, e *pgconn.PgError) bool {
	return e.SeverityUnlocalized == "ERROR" && e.Code != codeReadOnly
}

// closeSoon ends a connection of the pool without waiting long for a database that
// does not answer: until it has ended it takes up a place in the pool.
func closeSoon(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	_ = conn.Close(ctx)
	select {
	case <-conn.PgConn().CleanupDone():
	case <-ctx.Done():
		_ = conn.PgConn().Conn().Close()
	}
}

// urlFault says that a URL cannot be read. The parser's own text is withheld,
// because with a malformed URL it cannot know which part is the password.
func urlFault(err error) error {
	const want = "the PostgreSQL URL cannot be read: want postgres://user:password@host:5432/database?sslmode=verify-full " +
		"or keyword=value pairs, as libpq reads them"
	var file *fs.PathError
	if errors.As(err, &file) {
		return fmt.Errorf("the PostgreSQL URL names a file: %w", file)
	}
	return errors.New(want)
}
