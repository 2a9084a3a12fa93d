package inline

import (
	"bufio"
	"context"
	"fmt"
	"net"
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

// Hijack implements http.Hijacker. The connection ends with the context of its request, which httputil lets end the
// one to the application alone: a client that does not read would stay.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, both, err := a.patience.client.Hijack()
	if err != nil {
		return nil, nil, err //nolint:wrapcheck // httputil looks at it
	}
	_ = conn.SetWriteDeadline(time.Now().Add(a.patience.pause)) // of the answer, which both writes; until the first Write
	context.AfterFunc(a.life, func() { _ = conn.Close() })
	return &patientConn{conn, a.patience.pause}, both, nil
}

// patientConn waits for one Write as long as patience does.
type patientConn struct {
	net.Conn

	pause time.Duration
}

// Write implements net.Conn.
func (c *patientConn) Write(b []byte) (int, error) {
	_ = c.SetWriteDeadline(time.Now().Add(c.pause))
	defer func() { _ = c.SetWriteDeadline(time.Time{}) }() // Read may write too, in TLS
	return c.Conn.Write(b)                                 //nolint:wrapcheck // a writer hands on what it gets
}

// CloseWrite tells the client that the application says no more.
func (c *patientConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite() //nolint:wrapcheck // and so does a closer
	}
	return c.Close()
}
