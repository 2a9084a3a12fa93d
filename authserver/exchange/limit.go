package exchange

import (
	"sync"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/cache"
)

const (
	limitBytes = 4 << 20 // about 24,000 addresses and people
	limitEntry = 24      // bytes: a time
)

// rate is a bucket: it holds at most burst, and gets one back every so often.
type rate struct {
	burst int
	every time.Duration
}

// The buckets. One address may be that of a whole company, so it may ask often; what
// is refused costs five times as much as what is not.
func addressRate() rate { return rate{burst: 300, every: 200 * time.Millisecond} }
func subjectRate() rate { return rate{burst: 60, every: time.Second} }

const (
	costAsked   = 1
	costRefused = 4 // on top
)

// limiter keeps a bucket for each key, in bounded memory. One that had to make room is
// full again. It is safe for concurrent use.
type limiter struct {
	now func() time.Time

	mu   sync.Mutex              // from Get to Put
	full *cache.Cache[time.Time] // when a bucket will be full again; none: it is
}

func newLimiter(now func() time.Time) *limiter {
	return &limiter{now: now, full: cache.New[time.Time](limitBytes, now)}
}

// take takes n out of a bucket and returns 0. If there is less in it, it takes nothing,
// and returns how long to wait.
func (l *limiter) take(key [32]byte, r rate, n int) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	full := l.fullAt(key, now).Add(time.Duration(n) * r.every)
	if wait := full.Sub(now) - time.Duration(r.burst)*r.every; wait > 0 {
		return wait
	}
	l.full.Put(key, full, limitEntry, full)
	return 0
}

// charge takes n out of a bucket, also if there is less in it: then it will be empty
// for a while, as long as it takes to fill it at most.
func (l *limiter) charge(key [32]byte, r rate, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	full := l.fullAt(key, now).Add(time.Duration(n) * r.every)
	if most := now.Add(2 * time.Duration(r.burst) * r.every); full.After(most) {
		full = most
	}
	l.full.Put(key, full, limitEntry, full)
}

func (l *limiter) fullAt(key [32]byte, now time.Time) time.Time {
	if full, ok := l.full.Get(key); ok && full.After(now) {
		return full
	}
	return now
}
