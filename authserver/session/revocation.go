package session

import (
	"context"
	"time"
)

// Scope says which tickets a Revocation ends.
type Scope uint8

// The scopes.
const (
	OneTicket  Scope = iota + 1 // the one with this id
	OneUser                     // all of one person
	OneSID                      // all of one session at the identity provider
	AllTickets                  // everybody's
)

// Revocation ends tickets before their time. It is for sessions that are in
// cookies alone.
type Revocation struct {
	Scope  Scope
	Handle Handle    // which one; zero with AllTickets
	Issued time.Time // tickets issued then or before are ended, to the millisecond
	Until  time.Time // from then on all of them have expired by themselves
}

// MaxFollow is how many revocations Follow returns at a time, if there are so many.
const MaxFollow = 10_000

// RevocationLog is a list that all replicas append to and follow. It is safe for
// concurrent use.
type RevocationLog interface {
	// Append adds a revocation. When it returns nil every follower will see it.
	Append(ctx context.Context, r ...Revocation) error

	// Follow returns what was appended after a place ("" is the beginning), in
	// order, and the new place; MaxFollow at a time. With nothing to return it waits
	// for at most wait and then returns nothing, without an error. Whenever it
	// returns less than MaxFollow the follower has heard everything up to the moment
	// of the call.
	Follow(ctx context.Context, after string, wait time.Duration) (list []Revocation, place string, err error)

	// NoteSID remembers that a session of this sid exists, until the time given;
	// KnownSID reports whether one of these was noted.
	NoteSID(ctx context.Context, sid Handle, until time.Time) error
	KnownSID(ctx context.Context, sids ...Handle) (bool, error)

	// Once is that of Store.
	Once(ctx context.Context, name string, until time.Time) (bool, error)

	// Ping reports whether the log answers.
	Ping(ctx context.Context) error

	// Close ends all connections.
	Close()
}
