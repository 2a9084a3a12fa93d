// Package log has a logger that nobody writes to; see package acme.
package log

import "log/slog"

// SetDefault does nothing.
func SetDefault(*slog.Logger) {}
