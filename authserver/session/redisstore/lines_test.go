package redisstore

import (
	"context"
	"log/slog"
	"strings"
	"sync"
)

var _ slog.Handler = (*lines)(nil)

// lines is a log that a test reads.
type lines struct {
	mu  sync.Mutex
	got []string
}

func (*lines) Enabled(context.Context, slog.Level) bool { return true }

func (l *lines) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += " " + a.String()
		return true
	})
	l.mu.Lock()
	l.got = append(l.got, text)
	l.mu.Unlock()
	return nil
}

func (l *lines) WithAttrs([]slog.Attr) slog.Handler { return l }
func (l *lines) WithGroup(string) slog.Handler      { return l }

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.got, "\n")
}

func (l *lines) count(part string) int { return strings.Count(l.text(), part) }
