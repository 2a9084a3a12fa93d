package inline

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// upgraded are the requests for a WebSocket that live. A server that shuts down does not know of them. The zero
// value has none.
type upgraded struct {
	mu    sync.Mutex
	ends  map[*http.Request]context.CancelFunc
	empty chan struct{} // closed when there is none any more; nil: nobody waits
	over  bool          // none may begin
}

// begin returns a request that lives for a time at most (0: without end), and what its end is told by.
func (u *upgraded) begin(r *http.Request, longest time.Duration) (*http.Request, func()) {
	var ctx context.Context
	var cancel context.CancelFunc
	if longest > 0 {
		ctx, cancel = context.WithTimeout(r.Context(), longest)
	} else {
		ctx, cancel = context.WithCancel(r.Context())
	}
	r = r.WithContext(ctx)
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.over {
		cancel()
	}
	if u.ends == nil {
		u.ends = map[*http.Request]context.CancelFunc{}
	}
	u.ends[r] = cancel
	return r, func() {
		cancel()
		u.mu.Lock()
		defer u.mu.Unlock()
		delete(u.ends, r)
		if len(u.ends) == 0 && u.empty != nil {
			close(u.empty)
			u.empty = nil
		}
	}
}

// wait returns when there is none, and ends all when ctx does.
func (u *upgraded) wait(ctx context.Context) {
	u.mu.Lock()
	if len(u.ends) == 0 {
		u.mu.Unlock()
		return
	}
	if u.empty == nil {
		u.empty = make(chan struct{})
	}
	empty := u.empty
	u.mu.Unlock()
	select {
	case <-empty:
		return
	case <-ctx.Done():
	}
	u.mu.Lock()
	u.over = true
	for _, end := range u.ends {
		end()
	}
	u.mu.Unlock()
	<-empty
}
