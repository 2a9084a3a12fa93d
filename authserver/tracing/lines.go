package tracing

import (
	"context"
	"log/slog"
)

type originKey struct{}

// Into returns a context by which lines of the log are told to be of this request.
func (o Origin) Into(ctx context.Context) context.Context {
	return context.WithValue(ctx, originKey{}, o)
}

// Lines returns a handler that gives request_id and trace_id to lines that are logged
// with a context of Into, unless they have a request_id.
func Lines(next slog.Handler) slog.Handler { return lines{next} }

type lines struct{ next slog.Handler }

// Enabled implements slog.Handler.
func (l lines) Enabled(ctx context.Context, level slog.Level) bool { return l.next.Enabled(ctx, level) }

// Handle implements slog.Handler.
func (l lines) Handle(ctx context.Context, r slog.Record) error {
	origin, of := ctx.Value(originKey{}).(Origin)
	r.Attrs(func(a slog.Attr) bool {
		of = of && a.Key != "request_id"
		return of
	})
	if of {
		r = r.Clone()
		r.AddAttrs(slog.String("request_id", origin.RequestID))
		if origin.TraceID != "" {
			r.AddAttrs(slog.String("trace_id", origin.TraceID))
		}
	}
	return l.next.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (l lines) WithAttrs(attrs []slog.Attr) slog.Handler { return lines{l.next.WithAttrs(attrs)} }

// WithGroup implements slog.Handler.
func (l lines) WithGroup(name string) slog.Handler { return lines{l.next.WithGroup(name)} }
