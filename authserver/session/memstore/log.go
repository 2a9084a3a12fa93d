package memstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// Log is one handle on revocations in memory.
type Log struct {
	data *logData
	line *line
}

var _ session.RevocationLog = (*Log)(nil)

// logData is what all handles of a log share.
type logData struct {
	now func() time.Time

	mu      sync.Mutex
	entries []session.Revocation // all of them: places are indexes
	sids    map[session.Handle]time.Time
	once    map[string]time.Time
	more    chan struct{} // closed, and replaced, when something is appended
}

// NewLog returns an empty log. now is its clock; nil means time.Now. It keeps
// entries whose time is over too.
func NewLog(now func() time.Time) *Log {
	if now == nil {
		now = time.Now
	}
	return &Log{line: newLine(), data: &logData{
		now: now, sids: map[session.Handle]time.Time{}, once: map[string]time.Time{}, more: make(chan struct{}),
	}}
}

// Another returns a further handle on the same log. It is closed, and fails, for
// itself.
func (l *Log) Another() *Log { return &Log{line: newLine(), data: l.data} }

// Fail makes every call of this handle return an error that wraps err, those that
// wait too; nil mends it.
func (l *Log) Fail(err error) {
	l.line.fail(err)
	l.data.wake()
}

// Ping implements session.RevocationLog.
func (l *Log) Ping(ctx context.Context) error { return l.line.check(ctx) }

// Close implements session.RevocationLog. It may be called again.
func (l *Log) Close() { l.Fail(errClosed) }

// wake lets all who wait look again.
func (d *logData) wake() {
	d.mu.Lock()
	defer d.mu.Unlock()
	close(d.more)
	d.more = make(chan struct{})
}

func (l *Log) begin(ctx context.Context) (end func(), err error) {
	if err := l.line.check(ctx); err != nil {
		return nil, err
	}
	l.data.mu.Lock()
	return l.data.mu.Unlock, nil
}

// Append implements session.RevocationLog.
func (l *Log) Append(ctx context.Context, r ...session.Revocation) error {
	end, err := l.begin(ctx)
	if err != nil {
		return err
	}
	defer l.data.wake()
	defer end()
	for _, one := range r {
		one.Issued, one.Until = milliseconds(one.Issued), milliseconds(one.Until)
		l.data.entries = append(l.data.entries, one)
	}
	return nil
}

// Follow implements session.RevocationLog.
func (l *Log) Follow(ctx context.Context, after string, wait time.Duration) ([]session.Revocation, string, error) {
	from := 0
	if after != "" {
		var err error
		if from, err = strconv.Atoi(after); err != nil || from < 0 {
			return nil, "", errors.New("follow revocations: no place to go on from")
		}
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		list, more, err := l.from(ctx, from)
		if err != nil {
			return nil, "", err
		}
		if len(list) > 0 {
			return list, strconv.Itoa(from + len(list)), nil
		}
		select {
		case <-more:
		case <-timer.C:
			return nil, strconv.Itoa(from), nil
		case <-ctx.Done():
			return nil, "", fmt.Errorf("follow revocations: %w", ctx.Err())
		}
	}
}

// from returns what there is from a place on, and what is closed when there is more.
func (l *Log) from(ctx context.Context, from int) ([]session.Revocation, <-chan struct{}, error) {
	end, err := l.begin(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer end()
	if from > len(l.data.entries) {
		return nil, nil, errors.New("follow revocations: the log never came to this place")
	}
	list := l.data.entries[from:min(from+session.MaxFollow, len(l.data.entries))]
	return slices.Clone(list), l.data.more, nil
}

// NoteSID implements session.RevocationLog.
func (l *Log) NoteSID(ctx context.Context, sid session.Handle, until time.Time) error {
	end, err := l.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if until.After(l.data.sids[sid]) {
		l.data.sids[sid] = until
	}
	return nil
}

// KnownSID implements session.RevocationLog.
func (l *Log) KnownSID(ctx context.Context, sids ...session.Handle) (bool, error) {
	end, err := l.begin(ctx)
	if err != nil {
		return false, err
	}
	defer end()
	return slices.ContainsFunc(sids, func(sid session.Handle) bool { return l.data.now().Before(l.data.sids[sid]) }), nil
}

// Once implements session.RevocationLog.
func (l *Log) Once(ctx context.Context, text string, until time.Time) (bool, error) {
	end, err := l.begin(ctx)
	if err != nil {
		return false, err
	}
	defer end()
	if kept, given := l.data.once[text]; given && l.data.now().Before(kept) {
		return false, nil
	}
	l.data.once[text] = until
	return true, nil
}
