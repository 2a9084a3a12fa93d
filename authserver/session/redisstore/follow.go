package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

const (
	beginning = "0-0" // the place before the first entry of a stream
)

// Follow implements session.RevocationLog. It asks Redis at least once, so a nil
// error is always an answer of Redis to this call. If Redis has lost the entry at
// the place (see "What survives") everything that is there is returned again.
//
// An entry that cannot be read is an error that names it, because what it ended
// is not known; XDEL removes it.
func (l *RevocationLog) Follow(ctx context.Context, after string, wait time.Duration) ([]session.Revocation, string, error) {
	if after == "" {
		after = beginning
	}
	if !validPlace(after) {
		return nil, "", errors.New("follow revocations: this is not a place")
	}
	entries, after, err := l.since(ctx, after)
	if err == nil && len(entries) == 0 && wait >= time.Millisecond {
		entries, err = l.await(ctx, after, wait)
	}
	if err != nil {
		return nil, "", fmt.Errorf("follow revocations in redis: %w", err)
	}
	var list []session.Revocation
	for _, e := range entries {
		r, err := decodeRevocation(e)
		if err != nil {
			return nil, "", err
		}
		list = append(list, r)
		after = e.ID
	}
	return list, after, nil
}

// since returns what is there after a place, and that place or the one from which
// it was read instead.
func (l *RevocationLog) since(ctx context.Context, after string) ([]rueidis.XRangeEntry, string, error) {
	type answer struct {
		entries []rueidis.XRangeEntry
		after   string
	}
	a, err := ask(ctx, l.link, callTimeout, func(ctx context.Context, c rueidis.Client) (a answer, err error) {
		parts, err := c.Do(ctx, eval(c, scriptFollow, l.keys.revoked(), after, strconv.Itoa(session.MaxFollow))).ToArray()
		if err != nil {
			return a, err
		}
		if len(parts) != 2 {
			return a, errors.New("not the answer that was expected")
		}
		if a.after, err = parts[0].ToString(); err != nil {
			return a, err
		}
		a.entries, err = parts[1].AsXRange()
		return a, err
	})
	return a.entries, a.after, err
}

// await waits for what comes after a place. Nothing, without an error, is what
// Redis answers when the time is over.
func (l *RevocationLog) await(ctx context.Context, after string, wait time.Duration) ([]rueidis.XRangeEntry, error) {
	return ask(ctx, l.link, wait+silence, func(ctx context.Context, c rueidis.Client) ([]rueidis.XRangeEntry, error) {
		streams, err := c.Do(ctx, c.B().Xread().Count(session.MaxFollow).Block(wait.Milliseconds()).
			Streams().Key(l.keys.revoked()).Id(after).Build()).AsXRead()
		if rueidis.IsRedisNil(err) {
			return nil, nil
		}
		return streams[l.keys.revoked()], err
	})
}

func validPlace(s string) bool {
	ms, n, ok := strings.Cut(s, "-")
	_, err1 := strconv.ParseUint(ms, 10, 64)
	_, err2 := strconv.ParseUint(n, 10, 64)
	return ok && err1 == nil && err2 == nil
}

func decodeRevocation(e rueidis.XRangeEntry) (session.Revocation, error) {
	var r session.Revocation
	v := e.FieldValues
	scope, err := strconv.ParseUint(v["s"], 10, 8)
	issued, err2 := strconv.ParseInt(v["t"], 10, 64)
	until, err3 := strconv.ParseInt(v["u"], 10, 64)
	handle, ok := parse[session.Handle](v["h"])
	if err := errors.Join(err, err2, err3); err != nil || !ok {
		return r, fmt.Errorf("read revocation %s from redis: not in a known form", e.ID)
	}
	r = session.Revocation{
		Scope: session.Scope(scope), Handle: handle,
		Issued: time.UnixMilli(issued), Until: time.UnixMilli(until),
	}
	if err := checkRevocation(r); err != nil {
		return r, fmt.Errorf("read revocation %s from redis: %w", e.ID, err)
	}
	return r, nil
}
