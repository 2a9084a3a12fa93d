package pgstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

var _ session.Store = (*Store)(nil)

var (
	errClosed  = errors.New("the store is closed")
	errNoRealm = errors.New("this store was opened without a realm")
)

// Config says where the database is.
type Config struct {
	// URL is what libpq reads: postgres://user:password@host:port/database?… or
	// keyword=value pairs; the PG… environment variables and the password file
	// fill what it leaves out. Required.
	URL secret.String
	// Realm is whose records these are: 16 lower-case hexadecimal characters. An
	// empty one is for Sweep, which then works on all realms; leases can be taken
	// with it too, records cannot.
	Realm string
	// MaxConns is how many connections calls share. 0 means pool_max_conns of the
	// URL, or 8; at most 1,000.
	MaxConns int
	// Log is told what happens to connections and the schema; nil means nobody.
	Log *slog.Logger
}

// Store keeps the sessions of one realm. It is safe for concurrent use.
type Store struct {
	realm string
	pool  *pgxpool.Pool
	conn  *pgx.ConnConfig // for connections outside of the pool
	gate  *gate
	log   *slog.Logger
	end   context.CancelFunc
	ctx   context.Context // ends with Close
	once  sync.Once
}

// New returns a Store without waiting for the database: it connects in the
// background, and again whenever it must. Until the schema is there every call
// returns an error. New's own errors are those of the Config; they hold no part of
// the URL but the paths of files that it names. ctx bounds New alone.
func New(ctx context.Context, c Config) (*Store, error) {
	list, err := migrations(files)
	if err != nil {
		return nil, err
	}
	return open(ctx, c, list)
}

func open(ctx context.Context, c Config, list []migration) (*Store, error) {
	if c.Realm != "" && !validRealm(c.Realm) {
		return nil, errors.New("the realm of a store must be 16 lower-case hexadecimal characters")
	}
	cfg, err := poolConfig(c.URL.Reveal(), c.MaxConns)
	if err != nil {
		return nil, err
	}
	log := c.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	pool, err := pgxpool.NewWithConfig(context.WithoutCancel(ctx), cfg)
	if err != nil {
		return nil, fmt.Errorf("make the pool of database connections: %w", err)
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	s := &Store{realm: c.Realm, pool: pool, conn: cfg.ConnConfig.Copy(), log: log, ctx: life, end: end}
	s.gate = &gate{ctx: life, log: log, attempt: func(ctx context.Context) error { return s.prepare(ctx, list) }}
	go s.gate.keepTrying()
	return s, nil
}

func validRealm(realm string) bool {
	if len(realm) != 16 {
		return false
	}
	for _, c := range []byte(realm) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// prepare is one attempt to bring the schema up to date.
func (s *Store) prepare(ctx context.Context, list []migration) error {
	before, err := migrate(ctx, s.pool, list)
	if err != nil {
		return err
	}
	if before != len(list) {
		s.log.Info("the database schema was brought up to date", "from", before, "to", len(list))
	}
	return nil
}

// ask lets a call pass when there is a schema.
func (s *Store) ask(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.gate.pass(ctx)
}

// askRecords is ask for what belongs to a realm.
func (s *Store) askRecords(ctx context.Context) error {
	if s.realm == "" {
		return errNoRealm
	}
	return s.ask(ctx)
}

// fault says what was being done when the database gave an error, or could not be
// asked. When a table is missing, the next call looks at the schema again: somebody
// has put another database in the place of this one.
func (s *Store) fault(doing string, err error) error {
	if hasCode(err, codeUndefinedTable) {
		s.gate.shut()
	}
	return fmt.Errorf("%s in PostgreSQL: %w", doing, err)
}

// Ping reports whether the database answers and has the schema.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.ask(ctx); err != nil {
		return s.fault("ping the sessions", err)
	}
	if err := s.pool.Ping(ctx); err != nil {
		return s.fault("ping the sessions", err)
	}
	return nil
}

// Close ends all connections, and every Watch. Calls that are under way are waited
// for, but no longer than 5 s; calls that come later return an error.
func (s *Store) Close() {
	s.once.Do(func() {
		s.end()
		closed := make(chan struct{})
		go func() { s.pool.Close(); close(closed) }()
		select {
		case <-closed:
		case <-time.After(5 * time.Second):
			s.log.Warn("connections to the database are still closing")
		}
	})
}
