package audit

import (
	"context"
	"fmt"
	"log/slog"
)

// maxError is the length in bytes of an error in a log line: a panic brings its
// stack. Messages have the same limit.
const maxError = 4 << 10

// maxAttrs bounds the texts of one list in a log line.
const maxAttrs = 50

// Lines returns a handler that passes on log lines whose texts are all fit for a
// line: attributes as Text makes them; messages, and what stands under the key
// "error", likewise with room for 4 KB. Keys are the program's own and stay. It
// looks at a line only when it is written.
func Lines(next slog.Handler) slog.Handler { return lines{next} }

type lines struct{ next slog.Handler }

// Enabled implements slog.Handler.
func (l lines) Enabled(ctx context.Context, level slog.Level) bool { return l.next.Enabled(ctx, level) }

// Handle implements slog.Handler.
func (l lines) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, capped(r.Message, maxError), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(cleaned(a))
		return true
	})
	return l.next.Handle(ctx, clean)
}

// WithAttrs implements slog.Handler.
func (l lines) WithAttrs(attrs []slog.Attr) slog.Handler {
	return lines{l.next.WithAttrs(cleanedAll(attrs))}
}

// WithGroup implements slog.Handler.
func (l lines) WithGroup(name string) slog.Handler { return lines{l.next.WithGroup(name)} }

func cleanedAll(attrs []slog.Attr) []slog.Attr {
	out := make([]slog.Attr, 0, len(attrs))
	for _, a := range attrs {
		out = append(out, cleaned(a))
	}
	return out
}

// cleaned makes an attribute fit for a line. What is neither number, time, text,
// error nor a list of texts becomes the text that fmt makes of it.
func cleaned(a slog.Attr) slog.Attr {
	limit := MaxText
	if a.Key == "error" {
		limit = maxError
	}
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindString:
		return slog.String(a.Key, capped(v.String(), limit))
	case slog.KindGroup:
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(cleanedAll(v.Group())...)}
	case slog.KindAny:
	default:
		return slog.Attr{Key: a.Key, Value: v}
	}
	switch x := v.Any().(type) {
	case nil:
		return slog.Attr{Key: a.Key, Value: v}
	case []string:
		more := len(x) - maxAttrs
		list := make([]string, 0, min(len(x), maxAttrs)+1)
		for _, s := range x[:min(len(x), maxAttrs)] {
			list = append(list, Text(s))
		}
		if more > 0 {
			list = append(list, fmt.Sprintf("and %d more", more))
		}
		return slog.Any(a.Key, list)
	case error:
		return slog.String(a.Key, capped(x.Error(), maxError))
	default:
		return slog.String(a.Key, capped(fmt.Sprint(x), limit))
	}
}
