package redisstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// appended is how many revocations one step appends.
const appended = 1000

// RevocationLog is a session.RevocationLog in a Redis stream. What has expired is
// removed from its beginning by those who append; when all has, the stream goes.
type RevocationLog struct {
	link *link
	keys names
}

var _ session.RevocationLog = (*RevocationLog)(nil)

// NewLog makes a RevocationLog; see New. It needs a realm.
func NewLog(ctx context.Context, cfg Config) (*RevocationLog, error) {
	if !validRealm(cfg.Realm) {
		return nil, fmt.Errorf("a realm has %d hexadecimal characters", realmLength)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l, err := newLink(cfg)
	if err != nil {
		return nil, err
	}
	return &RevocationLog{link: l, keys: namesOf(cfg.Realm)}, nil
}

// Append implements session.RevocationLog.
func (l *RevocationLog) Append(ctx context.Context, list ...session.Revocation) error {
	for some := range slices.Chunk(list, appended) {
		args := make([]string, 0, 4*len(some))
		for _, r := range some {
			if err := checkRevocation(r); err != nil {
				return fmt.Errorf("append revocation: %w", err)
			}
			args = append(args, strconv.Itoa(int(r.Scope)), text(r.Handle), ms(r.Issued), ms(r.Until))
		}
		if _, err := l.link.number64(ctx, scriptAppend, l.keys.revoked(), args...); err != nil {
			return fmt.Errorf("append revocation to redis: %w", err)
		}
	}
	return nil
}

func checkRevocation(r session.Revocation) error {
	switch {
	case r.Scope < session.OneTicket || r.Scope > session.AllTickets:
		return fmt.Errorf("there is no scope %d", r.Scope)
	case r.Scope == session.AllTickets && r.Handle != (session.Handle{}):
		return errors.New("one for all tickets has no handle")
	case r.Scope != session.AllTickets && r.Handle == (session.Handle{}):
		return errors.New("one for some tickets needs a handle")
	case r.Until.UnixMilli() <= 0:
		return errors.New("it needs a time at which it ends")
	default:
		return nil
	}
}

// NoteSID implements session.RevocationLog.
func (l *RevocationLog) NoteSID(ctx context.Context, sid session.Handle, until time.Time) error {
	if _, err := l.link.number64(ctx, scriptNote, l.keys.knownSID(sid), ms(until)); err != nil {
		return fmt.Errorf("note a sid in redis: %w", err)
	}
	return nil
}

// KnownSID implements session.RevocationLog.
func (l *RevocationLog) KnownSID(ctx context.Context, sids ...session.Handle) (bool, error) {
	if len(sids) == 0 {
		return false, nil
	}
	results, err := l.link.each(ctx, func(c rueidis.Client) []rueidis.Completed {
		calls := make([]rueidis.Completed, 0, len(sids))
		for _, sid := range sids {
			calls = append(calls, c.B().Exists().Key(l.keys.knownSID(sid)).Build())
		}
		return calls
	})
	if err != nil {
		return false, fmt.Errorf("look for a sid in redis: %w", err)
	}
	for _, r := range results {
		if there, err := r.AsInt64(); err != nil || there > 0 {
			return err == nil, err
		}
	}
	return false, nil
}

// Once implements session.RevocationLog.
func (l *RevocationLog) Once(ctx context.Context, name string, until time.Time) (bool, error) {
	return l.link.once(ctx, l.keys.once(name), until)
}

// Ping implements session.RevocationLog.
func (l *RevocationLog) Ping(ctx context.Context) error { return l.link.ping(ctx, l.keys.revoked()) }

// Close implements session.RevocationLog.
func (l *RevocationLog) Close() { l.link.Close() }
