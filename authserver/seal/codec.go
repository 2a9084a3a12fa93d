package seal

import (
	"fmt"

	"github.com/gorilla/securecookie"
)

// Error is what Seal and Open fail with. It implements securecookie.Error.
type Error struct {
	text  string
	usage bool
}

// The errors of this package. Which of them it was is for logs and tests; a
// caller treats all of them alike.
var (
	ErrTooLong    = &Error{text: "sealed value is too long"}
	ErrMalformed  = &Error{text: "sealed value is malformed"}
	ErrUnknownKey = &Error{text: "sealed with a key that is not in the ring"}
	ErrStale      = &Error{text: "sealed in another hour"}
	ErrForged     = &Error{text: "sealed value does not authenticate"}
	errNotBytes   = &Error{text: "value must be []byte (to decode: *[]byte)", usage: true}
)

func (e *Error) Error() string { return e.text }

// IsUsage reports a mistake in the calling code.
func (e *Error) IsUsage() bool { return e.usage }

// IsDecode reports a value that was not accepted.
func (e *Error) IsDecode() bool { return !e.usage }

// IsInternal reports a failure of the codec itself: never.
func (e *Error) IsInternal() bool { return false }

// Cause returns nil: there is nothing below these errors.
func (e *Error) Cause() error { return nil }

var (
	_ securecookie.Codec = (*Box)(nil)
	_ securecookie.Error = (*Error)(nil)
)

// Encode is Seal for securecookie.Codec. value must be a []byte.
func (b *Box) Encode(name string, value any) (string, error) {
	plain, ok := value.([]byte)
	if !ok {
		return "", errNotBytes
	}
	sealed, err := b.Seal(name, plain)
	if err != nil {
		return "", fmt.Errorf("seal %q: %w", name, err)
	}
	return sealed, nil
}

// Decode is Open for securecookie.Codec. dst must be a *[]byte.
func (b *Box) Decode(name, value string, dst any) error {
	out, ok := dst.(*[]byte)
	if !ok {
		return errNotBytes
	}
	plain, err := b.Open(name, value)
	if err != nil {
		return err
	}
	*out = plain
	return nil
}
