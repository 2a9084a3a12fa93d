package entra

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"
)

// Start listens on addr ("" means a free port of 127.0.0.1) and serves until ctx
// ends or stop is called, whichever comes first. It sets the base URL to
// http://<address> when none is set. stop breaks off requests in flight, waits
// for the listener to close and may be called more than once.
func (s *Server) Start(ctx context.Context, addr string) (stop func(), err error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	if s.BaseURL() == "" {
		s.SetBaseURL("http://" + l.Addr().String())
	}
	ctx, cancel := context.WithCancel(ctx)
	server := &http.Server{
		Handler: s, ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			cancel()
		}
	}()
	context.AfterFunc(ctx, func() { _ = server.Close() }) // nothing is left to close twice
	return func() { cancel(); <-done }, nil
}

// StartTest makes a Server and starts it on a free port of 127.0.0.1 until the test ends.
func StartTest(tb testing.TB, cfg Config) *Server {
	tb.Helper()
	s := New(cfg)
	stop, err := s.Start(context.WithoutCancel(tb.Context()), "")
	if err != nil {
		tb.Fatalf("start the Entra ID emulator: %v", err)
	}
	tb.Cleanup(stop)
	return s
}
