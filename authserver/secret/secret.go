// Package secret holds values that must not be shown: client secrets, keys,
// tokens, codes. A String prints itself as "[redacted]" wherever Go prints
// things, so that a careless log line or error text gives nothing away. The
// package knows nothing of what the values are for.
package secret

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// String is a secret text. Every verb of fmt, slog, encoding/json and any
// other encoder of text show it as "[redacted]", or as nothing when it is
// empty. The zero value is the empty secret.
//
// Strings cannot be compared with ==, because that would neither compare the
// texts nor take constant time.
//
// It does not keep the value out of a memory dump.
type String struct {
	_ [0]func() // no ==

	// A pointer, because fmt and reflection-based printers do not ask the
	// methods of an unexported field, nor of any value under %p: then they
	// print what is here, an address.
	v *string
}

// New returns v as a secret.
func New(v string) String {
	if v == "" {
		return String{}
	}
	return String{v: &v}
}

// Reveal returns the text. It is the only way out.
func (s String) Reveal() string {
	if s.v == nil {
		return ""
	}
	return *s.v
}

// Empty reports whether there is no text.
func (s String) Empty() bool { return s.v == nil }

// String returns "[redacted]", or "" for the empty secret.
func (s String) String() string {
	if s.v == nil {
		return ""
	}
	return redacted
}

// Format implements fmt.Formatter: the same text for every verb and flag.
func (s String) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, s.String()) // fmt.State keeps its own errors
}

// LogValue implements slog.LogValuer.
func (s String) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText implements encoding.TextMarshaler, which encoding/json and
// encoding/xml use. There is no UnmarshalText: what is written is not the secret.
func (s String) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
