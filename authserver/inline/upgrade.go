package inline

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// upgraded are the requests for a WebSocket that live. A server that shuts down does not know of them. The
// zero value has none.
type upgraded struct {
	mu    sync.Mutex
	ends  map[*http.Request]context.CancelCauseFunc
	empty chan struct{} // closed when there is none any more; nil: nobody waits
	over  bool          // none may begin
}

// errStopping ends those that live when the server stops. An application that has not answered by then is
// late.
var errStopping = fmt.Errorf("the server stops: %w", context.DeadlineExceeded)

// begin returns a request that lives for a time at most (0: without end), and what its end is told by. Its
// context ends with a context.DeadlineExceeded if not by the client.
func (u *upgraded) begin(r *http.Request, longest time.Duration) (*http.Request, func()) {
	ctx, end := context.WithCancelCause(r.Context())
	release := func() {}
	if longest > 0 {
		ctx, release = context.WithTimeout(ctx, longest)
	}
	r = r.WithContext(ctx)
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.over {
		end(errStopping)
	}
	if u.ends == nil {
		u.ends = map[*http.Request]context.CancelCauseFunc{}
	}
	u.ends[r] = end
	return r, func() {
		release()
		end(nil)
		u.mu.Lock()
		defer u.mu.Unlock()
		delete(u.ends, r)
		if len(u.ends) == 0 && u.empty != nil {
			close(u.empty)
			u.empty = nil
		}
	}
}

// wait returns when there is none, and ends all when ctx does. From its beginning on none may begin.
func (u *upgraded) wait(ctx context.Context) {
	u.mu.Lock()
	u.over = true
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
	for _, end := range u.ends {
		end(errStopping)
	}
	u.mu.Unlock()
	<-empty
}
