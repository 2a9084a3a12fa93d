package inline

import (
	"net/http"
	"sync"
	"time"
)

// pause is the default of Config: as long as nginx waits (client_body_timeout, send_timeout).
const pause = time.Minute

// patience ends a request whose client neither sends what it announced nor reads what it is answered: it would
// else hold a connection to the application for as long as it likes. Only the time of one Read or Write counts:
// a client may be slow, and an application may pause. How slow a reader may be the listener says: the system
// takes what is written in large parts. Make one with newPatience.
type patience struct {
	client *http.ResponseController
	pause  time.Duration // for one Read or Write

	mu      sync.Mutex
	idle    sync.Cond // no Read is under way
	read    waiting
	written waiting
	over    bool // the handler returns, and what client leads to is another request's
}

// waiting is a Read or a Write that is under way, or one that may be.
type waiting struct {
	timer *time.Timer
	until time.Time // zero: none is under way
	ended bool      // one has taken too long
}

func newPatience(w http.ResponseWriter, pause time.Duration) *patience {
	p := &patience{client: http.NewResponseController(w), pause: pause}
	p.idle.L = &p.mu
	return p
}

// past is a deadline that ends what waits.
func past() time.Time { return time.Unix(1, 0) }

// begin, of p.read or p.written, is called before what may take too long, and end when it has ended.
func (p *patience) begin(w *waiting) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return
	}
	w.until = time.Now().Add(p.pause)
	if w.timer == nil {
		w.timer = time.AfterFunc(p.pause, func() { p.late(w) })
		return
	}
	w.timer.Reset(p.pause)
}

func (p *patience) end(w *waiting) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.until = time.Time{}
	if w.timer != nil {
		w.timer.Stop()
	}
	p.idle.Broadcast()
}

// late runs when a time has passed. A timer cannot be taken back for sure: this may be that of an earlier Read.
// A Read that does not end by its own deadline writes: "100 Continue", to a client that does not read.
func (p *patience) late(w *waiting) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.until.IsZero() || time.Now().Before(w.until) {
		return
	}
	if w == &p.read && !w.ended {
		_ = p.client.SetReadDeadline(past())
		w.until = time.Now().Add(p.pause)
		w.timer.Reset(p.pause)
	} else {
		_ = p.client.SetWriteDeadline(past())
	}
	w.ended = true
}

// leave is called when the handler returns. What net/http still has to write gets as long again, and so does what is
// left of the body of an HTTP/1 request, which it reads; if the connection ends anyway, that has no time. Behind a body
// net/http reads for the next request: that is no business of ours.
func (p *patience) leave(r *http.Request, left, ends bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if left && r.ProtoMajor == 1 {
		for !p.read.until.IsZero() { // net/http would take back a deadline of a Read that is under way
			_ = p.client.SetReadDeadline(past())
			p.idle.Wait()
		}
		until := past()
		if !ends {
			until = time.Now().Add(p.pause)
		}
		_ = p.client.SetReadDeadline(until)
	}
	p.over = true
	for _, w := range []*waiting{&p.read, &p.written} {
		w.until = time.Time{}
		if w.timer != nil {
			w.timer.Stop()
		}
	}
	if r.ProtoMajor == 1 || r.Context().Err() == nil { // a stream of HTTP/2 that was closed would be opened again
		_ = p.client.SetWriteDeadline(time.Now().Add(p.pause))
	}
}

// ended reports whether the client has kept something waiting for too long.
func (p *patience) ended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.read.ended || p.written.ended
}
