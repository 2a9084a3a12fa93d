package tracing

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"regexp"
	"sync"
	"time"

	"github.com/go-logr/logr"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// complaintPause is how long nothing is said again of what goes on failing.
const complaintPause = 5 * time.Minute

// complaints tells the log that spans are lost, and what else OpenTelemetry's
// library has to say: the first time, and then once in a while.
type complaints struct {
	log     *slog.Logger
	now     func() time.Time
	address *regexp.Regexp // of a collector, which may hold credentials

	mu     sync.Mutex
	lost   int       // spans, since it was last told
	told   time.Time // zero: all is well
	others time.Time // when something else was last told
}

func newComplaints(log *slog.Logger, now func() time.Time) *complaints {
	return &complaints{log: log, now: now, address: regexp.MustCompile(`https?://[^\s"]*`)}
}

// exported hears how an export of n spans ended.
func (c *complaints) exported(n int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err == nil && c.told.IsZero():
	case err == nil:
		c.log.Info("traces can be exported again", "spans_lost", c.lost)
		c.lost, c.told = 0, time.Time{}
	default:
		c.lost += n
		if now := c.now(); c.told.IsZero() || now.Sub(c.told) >= complaintPause {
			c.log.Warn("traces cannot be exported", "spans_lost", c.lost, "error", c.explain(err))
			c.lost, c.told = 0, now
		}
	}
}

// hear takes what the library has nobody else to tell.
func (c *complaints) hear(err error) { c.other(c.explain(err)) }

func (c *complaints) other(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); c.others.IsZero() || now.Sub(c.others) >= complaintPause {
		c.log.Warn("opentelemetry reports a fault", "error", text)
		c.others = now
	}
}

// explain says what went wrong without the collector's address.
func (c *complaints) explain(err error) string {
	var sent *url.Error
	if errors.As(err, &sent) {
		err = sent.Err
	}
	return c.address.ReplaceAllString(err.Error(), "the collector")
}

// reporting is an exporter whose failures are complaints, and no errors.
type reporting struct {
	next       sdk.SpanExporter
	complaints *complaints
}

// ExportSpans implements sdk.SpanExporter.
func (r *reporting) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	r.complaints.exported(len(spans), r.next.ExportSpans(ctx, spans))
	return nil
}

// Shutdown implements sdk.SpanExporter.
func (r *reporting) Shutdown(ctx context.Context) error { return r.next.Shutdown(ctx) }

// said takes the log of the library itself. Its lines quote what they are about,
// which may be the headers that prove us to a collector: only errors are passed on,
// and of each the message alone.
type said struct{ complaints *complaints }

// Init implements logr.LogSink.
func (said) Init(logr.RuntimeInfo) {}

// Enabled implements logr.LogSink.
func (said) Enabled(int) bool { return false }

// Info implements logr.LogSink.
func (said) Info(int, string, ...any) {}

// Error implements logr.LogSink.
func (s said) Error(_ error, text string, _ ...any) { s.complaints.other(text) }

// WithValues implements logr.LogSink.
func (s said) WithValues(...any) logr.LogSink { return s }

// WithName implements logr.LogSink.
func (s said) WithName(string) logr.LogSink { return s }
