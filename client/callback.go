package client

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	callbackPath    = "/callback"
	callbackTimeout = 10 * time.Second // for a browser to send its request
	goodbye         = 3 * time.Second  // for the browser to get its page
	maxCode         = 16 << 10         // characters
	maxCallback     = 64 << 10         // bytes of a request's header
)

// callback listens on this computer for the browser that comes back.
type callback struct {
	redirect string // its address, as the server is told
	host     string
	state    string
	taken    atomic.Bool // somebody brought the state
	came     chan *arrival
	listener net.Listener
	server   *http.Server
}

// arrival is a browser that came back and waits for its page.
type arrival struct {
	code, refused string // one of them is empty
	ended         chan error
}

// end tells the browser what came of it.
func (a *arrival) end(err error) { a.ended <- err }

// listen listens on 127.0.0.1, or on ::1 where there is no such address; never for other
// computers.
func listen(ctx context.Context, port int, state string) (*callback, error) {
	var lc net.ListenConfig
	number := strconv.Itoa(port)
	l, err := lc.Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", number))
	if err != nil && !errors.Is(err, syscall.EADDRINUSE) {
		if other, second := lc.Listen(ctx, "tcp6", net.JoinHostPort("::1", number)); second == nil {
			l, err = other, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("listen for the browser: %w", err)
	}
	c := &callback{host: l.Addr().String(), state: state, came: make(chan *arrival, 1), listener: l}
	c.redirect = "http://" + c.host + callbackPath
	c.server = &http.Server{
		Handler: c, ReadTimeout: callbackTimeout, MaxHeaderBytes: maxCallback, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	go func() { _ = c.server.Serve(l) }() // it ends with close
	return c, nil
}

// wait returns the browser that came with the state.
func (c *callback) wait(ctx context.Context) (*arrival, error) {
	select {
	case a := <-c.came:
		return a, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// close stops listening; a page that is being sent is sent.
func (c *callback) close() {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	if err := c.server.Shutdown(ctx); err != nil {
		_ = c.server.Close() // it had its time
	}
	_ = c.listener.Close() // the server may not have got to it
}

// ServeHTTP takes the one request that brings the state, and refuses every other without
// an effect: any page in the browser can send one.
func (c *callback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Connection", "close")
	a, status, err := c.read(r)
	if err != nil {
		h.Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, err.Error()+"\n") // whoever asked may be gone
		return
	}
	c.came <- a
	title, text := "You are signed in", "You may close this window and go back to the terminal."
	select {
	case err := <-a.ended:
		switch {
		case errors.Is(err, ErrCancelled):
			title, text = "Nothing was allowed", "You may close this window."
		case err != nil:
			title, text = "The sign-in did not work", "The terminal says why. You may close this window."
		}
	case <-r.Context().Done():
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	// The texts are our own: there is nothing to escape.
	_, _ = io.WriteString(w, "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>"+title+"</title>\n<h1>"+title+"</h1>\n<p>"+text+"</p>\n</html>\n")
}

// read checks a request. Its errors are for whoever sent it.
func (c *callback) read(r *http.Request) (*arrival, int, error) {
	switch {
	case r.Host != c.host: // another name for this address: a page that wants to be us
		return nil, http.StatusMisdirectedRequest, errors.New("This address has another name.") //nolint:revive,staticcheck // a page's text
	case r.URL.Path != callbackPath || r.URL.RawPath != "":
		return nil, http.StatusNotFound, errors.New("There is nothing here.") //nolint:revive,staticcheck // a page's text
	case r.Method != http.MethodGet:
		return nil, http.StatusMethodNotAllowed, errors.New("Only GET.") //nolint:revive,staticcheck // a page's text
	}
	refused := errors.New("This is not the answer to the sign-in that was begun here.") //nolint:revive,staticcheck // a page's text
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || len(q["state"]) != 1 || len(q["code"])+len(q["error"]) != 1 ||
		subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(c.state)) != 1 {
		return nil, http.StatusBadRequest, refused
	}
	a := &arrival{code: q.Get("code"), refused: q.Get("error"), ended: make(chan error, 1)}
	if a.code == "" && a.refused == "" || len(a.code) > maxCode {
		return nil, http.StatusBadRequest, refused
	}
	if !c.taken.CompareAndSwap(false, true) {
		return nil, http.StatusConflict, errors.New("The answer came already.") //nolint:revive,staticcheck // a page's text
	}
	return a, 0, nil
}
