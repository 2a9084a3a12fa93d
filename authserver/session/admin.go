package session

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
)

// AdminConfig of an Admin: either a Store, or a Log with Lifetime.
type AdminConfig struct {
	Store Store
	Log   RevocationLog

	Ring     *seal.Ring    // required: the same keys as the servers'
	Lifetime time.Duration // of tickets at most, with Log
	Now      func() time.Time
}

// Admin lists and ends the sessions of everybody, for an administrator at a command
// line.
type Admin struct{ cfg AdminConfig }

// NewAdmin returns an Admin.
func NewAdmin(cfg AdminConfig) (*Admin, error) {
	if cfg.Ring == nil || (cfg.Store == nil) == (cfg.Log == nil) || cfg.Log != nil && cfg.Lifetime <= 0 {
		return nil, errors.New("administer sessions: a key ring and either a store or a list of revoked tickets are required")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Admin{cfg}, nil
}

// Who says whose sessions: exactly one field is set.
type Who struct {
	User access.Key
	SID  string
	All  bool
}

func (w Who) check() error {
	n := 0
	for _, set := range []bool{w.User != (access.Key{}), w.SID != "", w.All} {
		if set {
			n++
		}
	}
	if n != 1 {
		return errors.New("say whose sessions: one user, one sid, or all")
	}
	return nil
}

// ErrNoList means that sessions are in cookies alone, of which nobody has a list.
var ErrNoList = errors.New("sessions are in the browsers' cookies: there is no list of them")

// List returns sessions, the newest first. Labels are not shown: they are for the
// person alone. With a list of revoked tickets it returns ErrNoList.
func (a *Admin) List(ctx context.Context, who Who) ([]Info, error) {
	if err := who.check(); err != nil {
		return nil, err
	}
	if a.cfg.Store == nil {
		return nil, ErrNoList
	}
	q := a.query(who)
	if !who.All && len(q.Users)+len(q.SIDs) == 0 {
		return nil, nil
	}
	q.Limit = 1000
	seen := map[Key]bool{}
	var out []Info
	for {
		records, next, err := a.cfg.Store.List(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			if !seen[r.Key] {
				seen[r.Key] = true
				out = append(out, infoOf(r))
			}
		}
		if next == "" {
			break
		}
		q.After = next
	}
	slices.SortFunc(out, func(x, y Info) int { return y.Issued.Compare(x.Issued) })
	return out, nil
}

// Revoke ends sessions and returns how many; -1 if nobody knows: with a list of
// revoked tickets.
func (a *Admin) Revoke(ctx context.Context, who Who) (int, error) {
	if err := who.check(); err != nil {
		return 0, err
	}
	q := a.query(who)
	if !who.All && len(q.Users)+len(q.SIDs) == 0 { // an empty query is everybody's
		return 0, errors.New("nobody is known by this name here")
	}
	if a.cfg.Store != nil {
		return deleteAll(ctx, a.cfg.Store, q, func(...Key) {})
	}
	scope, handles := AllTickets, []Handle(nil)
	switch {
	case who.SID != "":
		scope, handles = OneSID, q.SIDs
	case !who.All:
		scope, handles = OneUser, q.Users
	}
	return -1, a.cfg.Log.Append(ctx, revocations(scope, handles, a.cfg.Now(), a.cfg.Lifetime)...)
}

func (a *Admin) query(who Who) Query {
	return Query{Users: userHandles(a.cfg.Ring, who.User), SIDs: sidHandles(a.cfg.Ring, who.SID)}
}
