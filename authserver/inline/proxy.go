package inline

import (
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
)

// Config of a Proxy: what does not change while the process lives.
type Config struct {
	// Now gives the configuration in use; leave is called when it is not needed any more. Required.
	Now func() (site *Site, leave func())

	// OwnTime is how long a client may take to send what we answer ourselves, and half of how long to read
	// the answer; 0: 30 s.
	OwnTime time.Duration

	// Pause is for how long a client may send nothing of a body that is waited for, or read nothing of an
	// answer; 0: 1 minute. Where an application has longer to begin its answer, the client has as long too.
	Pause time.Duration

	Metrics *metrics.InlineFailures // nil: nobody counts
	Log     *slog.Logger            // nil: nobody hears
}

// Proxy is the handler of the listener in front of the applications. Make one with New.
type Proxy struct {
	Config

	silent   *log.Logger // for what httputil tells of failures: we tell it ourselves
	buffers  buffers
	upgraded upgraded
}

// New returns a proxy.
func New(cfg Config) (*Proxy, error) {
	if cfg.Now == nil {
		return nil, errors.New("make a proxy: nothing says for what")
	}
	if cfg.OwnTime == 0 {
		cfg.OwnTime = ownTime
	}
	if cfg.Pause == 0 {
		cfg.Pause = pause
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Proxy{Config: cfg, silent: log.New(io.Discard, "", 0)}, nil
}

// ServeHTTP implements http.Handler. A configuration is held while the question is answered, not while
// the application answers: that may take hours.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 {
		// Only where there is a body to wait for. What an application is sent has no such time: see passage.run.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(p.OwnTime))
	}
	site, leave := p.Now()
	pass, ok := func() (*passage, bool) {
		defer leave()
		return site.admit(&ownAnswer{ResponseWriter: w, within: 2 * p.OwnTime}, r)
	}()
	if !ok {
		return
	}
	pass.proxy, pass.pages = p, site.Pages
	pass.run(w, r)
}

// Wait returns when no connection is upgraded any more. Those that are when ctx ends are closed. None is
// upgraded from the call on.
func (p *Proxy) Wait(ctx context.Context) { p.upgraded.wait(ctx) }

// buffers lends what the bodies of answers are copied through. The zero value is ready.
type buffers struct{ pool sync.Pool }

const copySize = 32 << 10

// Get implements httputil.BufferPool.
func (b *buffers) Get() []byte {
	if buf, ok := b.pool.Get().(*[]byte); ok {
		return *buf
	}
	return make([]byte, copySize)
}

// Put implements httputil.BufferPool.
func (b *buffers) Put(buf []byte) { b.pool.Put(&buf) }

// ownTime is the default of Config. What an application gets and gives takes as long as it takes (see
// patience), so that the server must have neither a ReadTimeout nor a WriteTimeout. What we answer
// ourselves has one: a client that sends no body, or reads no answer, would else hold the configuration that
// it met.
const ownTime = 30 * time.Second

// ownAnswer is the writer of what is answered here: the first byte begins the time in which the client has to
// read it.
type ownAnswer struct {
	http.ResponseWriter

	within time.Duration
	began  bool
}

// WriteHeader implements http.ResponseWriter.
func (a *ownAnswer) WriteHeader(status int) {
	a.begin()
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *ownAnswer) Write(b []byte) (int, error) {
	a.begin()
	return a.ResponseWriter.Write(b) //nolint:wrapcheck // a writer hands on what it gets
}

// Unwrap is for http.ResponseController.
func (a *ownAnswer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *ownAnswer) begin() {
	if !a.began {
		a.began = true
		_ = http.NewResponseController(a.ResponseWriter).SetWriteDeadline(time.Now().Add(a.within)) // a writer of a test has none
	}
}
