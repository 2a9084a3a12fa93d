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
// a client may be slow, and an application may pause. Make one with newPatience.
type patience struct {
	client *http.ResponseController
	pause  time.Duration // for one Read or Write

	mu      sync.Mutex
	read    waiting
	written waiting
	over    bool // the handler has returned, and what client leads to is another request's
}

// waiting is a Read or a Write that has begun, or one that may.
type waiting struct {
	timer *time.Timer
	until time.Time // zero: none has begun
	ended bool      // one has taken too long
}

func newPatience(w http.ResponseWriter, pause time.Duration) *patience {
	return &patience{client: http.NewResponseController(w), pause: pause}
}

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
}

// late runs when a time has passed: a deadline in the past ends what waits. A timer cannot be taken back for
// sure: this may be that of an earlier Read.
func (p *patience) late(w *waiting) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over || w.until.IsZero() || time.Now().Before(w.until) {
		return
	}
	w.ended = true
	past := time.Unix(1, 0)
	if w == &p.read {
		_ = p.client.SetReadDeadline(past)
	} else {
		_ = p.client.SetWriteDeadline(past)
	}
}

// leave is called when the handler returns. What of the answer net/http still has to write gets as long again;
// the next request on the connection begins without.
func (p *patience) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	for _, w := range []*waiting{&p.read, &p.written} {
		if w.timer != nil {
			w.timer.Stop()
		}
	}
	_ = p.client.SetWriteDeadline(time.Now().Add(p.pause))
}

// ended reports whether the client has kept something waiting for too long.
func (p *patience) ended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.read.ended || p.written.ended
}
