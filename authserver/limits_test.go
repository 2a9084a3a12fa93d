package authserver_test

import (
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver"
)

// A server without one of these waits for ever for somebody, or reads without end.
func TestHTTPServerLimits(t *testing.T) {
	s := authserver.HTTPServer(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	for name, limit := range map[string]struct{ got, most time.Duration }{
		"headers": {s.ReadHeaderTimeout, 10 * time.Second}, "request": {s.ReadTimeout, 30 * time.Second},
		"answer": {s.WriteTimeout, time.Minute}, "idle": {s.IdleTimeout, 2 * time.Minute},
	} {
		if limit.got <= 0 || limit.got > limit.most {
			t.Errorf("%s: %v, want at most %v", name, limit.got, limit.most)
		}
	}
	if s.MaxHeaderBytes < 40<<10 || s.MaxHeaderBytes > 64<<10 { // nginx sends four buffers of 8k and its own
		t.Errorf("%d bytes of headers", s.MaxHeaderBytes)
	}
}

// A line that is below the log's level is not put together.
func TestNoLineBelowTheLevel(t *testing.T) {
	allocations := func(level slog.Level) float64 {
		k := newKit(t, options{noDiscovery: true})
		k.server.Log = slog.New(slog.NewJSONHandler(&lockedBuffer{}, &slog.HandlerOptions{Level: level}))
		good := k.issue(twenty(1))
		return testing.AllocsPerRun(100, func() { k.ask(http.MethodGet, "role=Admin", nginx(good)) })
	}
	if info, debug := allocations(slog.LevelInfo), allocations(slog.LevelDebug); info >= debug {
		t.Errorf("%v allocations at info, %v at debug", info, debug)
	}
}
