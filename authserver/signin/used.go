package signin

import (
	"sync"
	"time"
)

// maxUsedHere bounds the attempt ids that one replica remembers: some 1.5 MB.
const (
	maxUsedHere = 16 << 10
	usedBytes   = 96 // of one, in map and queue
)

// UsedIDs remembers the attempts that came back to this replica, so that a
// replayed callback makes no second token request. When it is full the oldest
// are forgotten: the IdP still takes each code once only. It is safe for concurrent use.
type UsedIDs struct {
	mu    sync.Mutex
	ids   map[attemptID]struct{}
	queue []usedID // oldest first
}

type usedID struct {
	id attemptID
	at time.Time
}

// NewUsedIDs returns a memory of nothing.
func NewUsedIDs() *UsedIDs { return &UsedIDs{ids: make(map[attemptID]struct{})} }

// take reports whether the id was not taken before.
func (u *UsedIDs) take(id attemptID, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	for len(u.queue) > 0 && (len(u.queue) >= maxUsedHere || now.Sub(u.queue[0].at) > attemptLifetime+time.Minute) {
		delete(u.ids, u.queue[0].id)
		u.queue = u.queue[1:]
	}
	if _, taken := u.ids[id]; taken {
		return false
	}
	u.ids[id] = struct{}{}
	u.queue = append(u.queue, usedID{id, now})
	return true
}

// Bytes implements metrics.Cached.
func (u *UsedIDs) Bytes() int64 { return int64(u.Len()) * usedBytes }

// Limit implements metrics.Cached.
func (u *UsedIDs) Limit() int64 { return maxUsedHere * usedBytes }

// Len implements metrics.Cached.
func (u *UsedIDs) Len() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.ids)
}
