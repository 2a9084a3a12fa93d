package storetest_test

import (
	"context"
	"slices"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// logMutant breaks one law of a log.
type logMutant struct {
	name, test string
	breaks     func(session.RevocationLog, *notes) session.RevocationLog
}

func logMutants() []logMutant {
	return []logMutant{
		{"a log backwards", "append and follow", func(l session.RevocationLog, _ *notes) session.RevocationLog { return backwards{l} }},
		{"a log without places", "places", func(l session.RevocationLog, _ *notes) session.RevocationLog { return everAgain{l} }},
		{"all at a time", "at most 10,000 at a time", func(l session.RevocationLog, _ *notes) session.RevocationLog { return unbounded{l} }},
		{"a wait without end", "waits no longer than wait", func(l session.RevocationLog, _ *notes) session.RevocationLog { return patient{l} }},
		{"no wait at all", "waits no longer than wait", func(l session.RevocationLog, _ *notes) session.RevocationLog { return restless{l} }},
		{"a wait that nothing wakes", "wakes for what comes", func(l session.RevocationLog, _ *notes) session.RevocationLog { return sleepy{l} }},
		{"the last time ends all", "entries stay whatever comes after", func(l session.RevocationLog, _ *notes) session.RevocationLog { return fading{l} }},
		{"the last time of a sid counts", "the longest time of a sid counts", func(l session.RevocationLog, n *notes) session.RevocationLog { return fickle{l, n} }},
		{"each sid is known", "sids", func(l session.RevocationLog, _ *notes) session.RevocationLog { return knowing{l} }},
		{"scopes are lost", "every scope and byte", func(l session.RevocationLog, _ *notes) session.RevocationLog { return levelling{l} }},
		{"once is always in a log", "once of many", func(l session.RevocationLog, _ *notes) session.RevocationLog { return ever{l} }},
	}
}

type backwards struct{ session.RevocationLog }

func (l backwards) Follow(ctx context.Context, after string, wait time.Duration) ([]session.Revocation, string, error) {
	list, place, err := l.RevocationLog.Follow(ctx, after, wait)
	slices.Reverse(list)
	return list, place, err
}

// everAgain says the last one again to whoever comes back.
type everAgain struct{ session.RevocationLog }

func (l everAgain) Follow(ctx context.Context, after string, wait time.Duration) ([]session.Revocation, string, error) {
	list, place, err := l.RevocationLog.Follow(ctx, after, wait)
	if err == nil && after != "" && after != "0" && len(list) > 0 {
		all, _, err := l.RevocationLog.Follow(ctx, "", 0)
		return all, place, err
	}
	return list, place, err
}

type unbounded struct{ session.RevocationLog }

func (l unbounded) Follow(ctx context.Context, after string, wait time.Duration) ([]session.Revocation, string, error) {
	list, place, err := l.RevocationLog.Follow(ctx, after, wait)
	if err != nil || len(list) == 0 {
		return list, place, err
	}
	more, next, err := l.RevocationLog.Follow(ctx, place, 0)
	return append(list, more...), next, err
}

type patient struct{ session.RevocationLog }

func (l patient) Follow(ctx context.Context, after string, wait time.Duration) ([]session.Revocation, string, error) {
	if wait.Milliseconds() <= 0 {
		wait = hour
	}
	return l.RevocationLog.Follow(ctx, after, wait)
}

type restless struct{ session.RevocationLog }

func (l restless) Follow(ctx context.Context, after string, _ time.Duration) ([]session.Revocation, string, error) {
	return l.RevocationLog.Follow(ctx, after, 0)
}

type sleepy struct{ session.RevocationLog }

func (l sleepy) Follow(ctx context.Context, after string, wait time.Duration) ([]session.Revocation, string, error) {
	list, place, err := l.RevocationLog.Follow(ctx, after, 0)
	if err == nil && len(list) == 0 {
		time.Sleep(wait)
		return l.RevocationLog.Follow(ctx, after, 0)
	}
	return list, place, err
}

type fading struct{ session.RevocationLog }

func (l fading) Follow(ctx context.Context, after string, wait time.Duration) ([]session.Revocation, string, error) {
	list, place, err := l.RevocationLog.Follow(ctx, after, wait)
	if len(list) > 0 && !time.Now().Before(list[len(list)-1].Until) {
		return nil, place, err
	}
	return list, place, err
}

type fickle struct {
	session.RevocationLog
	n *notes
}

func (l fickle) NoteSID(_ context.Context, sid session.Handle, until time.Time) error {
	l.n.mu.Lock()
	defer l.n.mu.Unlock()
	l.n.records[session.Key(sid)] = &session.Record{Expires: until}
	return nil
}

func (l fickle) KnownSID(_ context.Context, sids ...session.Handle) (bool, error) {
	l.n.mu.Lock()
	defer l.n.mu.Unlock()
	return slices.ContainsFunc(sids, func(sid session.Handle) bool {
		r := l.n.records[session.Key(sid)]
		return r != nil && time.Now().Before(r.Expires)
	}), nil
}

type knowing struct{ session.RevocationLog }

func (l knowing) KnownSID(context.Context, ...session.Handle) (bool, error) { return true, nil }

type levelling struct{ session.RevocationLog }

func (l levelling) Append(ctx context.Context, r ...session.Revocation) error {
	same := slices.Clone(r)
	for i := range same {
		same[i].Scope = session.OneUser
	}
	return l.RevocationLog.Append(ctx, same...)
}

type ever struct{ session.RevocationLog }

func (ever) Once(context.Context, string, time.Time) (bool, error) { return true, nil }
