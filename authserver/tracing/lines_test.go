package tracing_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/tracing"
)

// A line of a request is told to be of it, once.
func TestLines(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(tracing.Lines(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == slog.LevelKey {
			return slog.Attr{}
		}
		return a
	}}))).With("task", "x")
	traced := tracing.OriginOf(request(t, http.Header{"X-Request-Id": {"one"}, "Traceparent": {sampled}})).Into(t.Context())
	named := tracing.OriginOf(request(t, http.Header{"X-Request-Id": {"two"}})).Into(t.Context())
	log.Info("none")
	log.InfoContext(t.Context(), "none either", "n", 1)
	log.InfoContext(traced, "both", "n", 1)
	log.InfoContext(named, "one alone")
	log.InfoContext(named, "its own", "request_id", "three")
	log.DebugContext(named, "not enabled")
	want := `msg=none task=x
msg="none either" task=x n=1
msg=both task=x n=1 request_id=one trace_id=` + traceOf + `
msg="one alone" task=x request_id=two
msg="its own" task=x request_id=three
`
	if out.String() != want {
		t.Errorf("%s\nwant\n%s", out.String(), want)
	}
}
