package session

import (
	"context"
	"errors"
	"time"
)

// Key is where a record is in a store: an HMAC of the id that the cookie carries.
// It is no secret, and nothing can be opened with it.
type Key [32]byte

// Handle is an entry of an index: an HMAC of a person, or of the session at the
// identity provider (sid). The zero Handle means none.
type Handle [32]byte

// Bounds of a record, in bytes.
const (
	MaxValue = 256 << 10
	MaxLabel = 256
)

// Record is one session as a store keeps it. A store reads no more of it than
// what is here: Value and Label are sealed under keys that it never sees.
type Record struct {
	Key     Key
	User    Handle
	SID     Handle
	Version uint64    // rises with every Update; at least 1
	Issued  time.Time // to the millisecond, as are the following
	Seen    time.Time // last use, as far as it was noted
	Expires time.Time // from then on the store may forget the record, and must not return it
	Label   []byte    // at most MaxLabel bytes; may be empty
	Value   []byte    // 1 to MaxValue bytes; empty in what List returns
}

// Errors of a store, to be asked for with errors.Is. Every other error means that
// the store could not be asked.
var (
	// ErrNoRecord means that there is no such record: it never was there, it was
	// deleted, or it has expired.
	ErrNoRecord = errors.New("no such session in the store")
	// ErrVersion means that the record has another version than the caller saw.
	ErrVersion = errors.New("the session in the store has another version")
)

// Query says which records List returns: those of any of these users or sids; of
// all when both are empty.
type Query struct {
	Users []Handle
	SIDs  []Handle
	// After is what the call before returned as next; empty begins.
	After string
	// Limit is how many records are wanted, 1 to 1,000. A page may be shorter
	// although more follow, and with Redis somewhat longer.
	Limit int
}

// Store keeps records. One store serves one realm: it sees no record of another.
// It is safe for concurrent use. Each call is bounded by its context, and none
// retries beyond it. Errors hold no value of a record.
type Store interface {
	// Create writes a new record and its index entries, and deletes the records
	// that it replaces. When it returns nil the record is as durable as the store
	// makes anything. An index entry is never missing while its record is there. A
	// key that exists already is an error.
	Create(ctx context.Context, r *Record, replaces ...Key) error

	// Get returns a record, or ErrNoRecord.
	Get(ctx context.Context, key Key) (*Record, error)

	// Update replaces Version and Value if the record's version is still was; of r
	// only Key, Version and Value are read. It returns ErrVersion if it is not, and
	// ErrNoRecord if the record has gone: an ended session never comes back.
	Update(ctx context.Context, r *Record, was uint64) error

	// Touch notes the last use of a record and moves its expiry. A record that has
	// gone stays so, without an error. Nobody is told.
	Touch(ctx context.Context, key Key, seen, expires time.Time) error

	// Delete removes records and returns how many there were.
	Delete(ctx context.Context, keys ...Key) (int, error)

	// List returns records without their values, and where to go on; next is
	// empty at the end. A record that is created or deleted meanwhile may be in it
	// or not; every other one is in it at least once.
	List(ctx context.Context, q Query) (records []*Record, next string, err error)

	// Acquire takes a lease for an owner, who may take it again and so prolong or
	// shorten it; false if another has it. It ends by itself after ttl.
	Acquire(ctx context.Context, lease, owner string, ttl time.Duration) (bool, error)

	// Release gives a lease back if the owner still has it.
	Release(ctx context.Context, lease, owner string) error

	// Once reports whether this name was not given before, and remembers it until
	// the time given.
	Once(ctx context.Context, name string, until time.Time) (bool, error)

	// Watch tells w what Update and Delete, of any replica, have changed, until
	// ctx ends. It connects again by itself, with growing pauses of at most 5 s.
	Watch(ctx context.Context, w Watcher)

	// Sweep removes what has expired and is still there: records, index entries
	// without a record, leases, names of Once. It returns how many things it removed,
	// and works in steps that hold no lock for long.
	Sweep(ctx context.Context) (int, error)

	// Ping reports whether the store answers.
	Ping(ctx context.Context) error

	// Close ends all connections.
	Close()
}

// Watcher is told of changes. Its methods are quick and are called one at a time.
type Watcher interface {
	// Connected says whether changes are heard of from now on. Between a false and
	// the next true some may be missed.
	Connected(bool)
	// Changed says that these records were updated or deleted.
	Changed(keys ...Key)
}
