package exchange

import (
	"sync"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/cache"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

const codesBytes = 1 << 20 // of what this replica remembers, where nothing else does

// UsedCodes remembers the codes that this replica has redeemed, for as long as they would
// be good, where nothing else does: without a store and without a list of revoked tickets.
// It is safe for concurrent use.
type UsedCodes struct {
	mu   sync.Mutex // from Get to Put
	used *cache.Cache[struct{}]
}

// NewUsedCodes returns a memory of nothing. A nil now is time.Now.
func NewUsedCodes(now func() time.Time) *UsedCodes {
	if now == nil {
		now = time.Now
	}
	return &UsedCodes{used: cache.New[struct{}](codesBytes, now)}
}

// take reports whether a code was not taken before.
func (u *UsedCodes) take(id ticket.ID, until time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	key := cache.Key(id[:])
	if _, used := u.used.Get(key); used {
		return false
	}
	u.used.Put(key, struct{}{}, 0, until)
	return true
}
