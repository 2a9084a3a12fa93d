package extauthz

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// MaxMessage bounds a CheckRequest: many times what Envoy takes for the headers of one request (60 KB unless it is told
// otherwise). One with a request's body in it is not meant.
const MaxMessage = 256 << 10

// untilSent bounds how long a caller may take to send its message.
const untilSent = 10 * time.Second

// codes of gRPC.
const (
	codeDeadlineExceeded = 4
	codeUnimplemented    = 12
	codeInternal         = 13
)

const prefixBytes = 5 // of a message: whether it is compressed, and its length

// ErrTooLarge is the error for a message beyond MaxMessage. How large it is may be up to the client of the caller.
var ErrTooLarge = errors.New("the message is larger than 256 KB")

// fault is an error of the caller's, which makes no difference to what its client sends.
type fault struct {
	code int
	text string
}

func (f *fault) Error() string { return f.text }

// Call is one call of Check.
type Call struct {
	w        http.ResponseWriter
	r        *http.Request
	deadline time.Time // zero: the caller gave none
}

// Accept returns the call that a request for Path is, before a byte of its message is read. Where it is none of gRPC,
// or none that can be answered, it has told the caller so, and ok is false.
func Accept(w http.ResponseWriter, r *http.Request) (c *Call, ok bool) {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if r.ProtoMajor != 2 || r.Method != http.MethodPost || kind != "application/grpc" && kind != "application/grpc+proto" {
		http.Error(w, "This address takes calls of gRPC alone.", http.StatusUnsupportedMediaType)
		return nil, false
	}
	c = &Call{w: w, r: r}
	if r.Header.Get("Te") != "trailers" {
		c.fail(&fault{codeInternal, "te: trailers is missing: something between caller and server drops it"})
		return nil, false
	}
	if coding := r.Header.Get("Grpc-Encoding"); coding != "" && coding != "identity" {
		w.Header().Set("Grpc-Accept-Encoding", "identity")
		c.fail(&fault{codeUnimplemented, "compressed messages are not taken"})
		return nil, false
	}
	if told := r.Header["Grpc-Timeout"]; len(told) > 0 {
		left, ok := timeout(told)
		if !ok {
			c.fail(&fault{codeInternal, "grpc-timeout cannot be read"})
			return nil, false
		}
		c.deadline = time.Now().Add(left)
	}
	return c, true
}

// timeout reads grpc-timeout: at most 8 digits and a unit.
func timeout(values []string) (time.Duration, bool) {
	const most = 8
	units := map[byte]time.Duration{'H': time.Hour, 'M': time.Minute, 'S': time.Second, 'm': time.Millisecond, 'u': time.Microsecond, 'n': time.Nanosecond}
	if len(values) != 1 || len(values[0]) < 2 || len(values[0]) > most+1 {
		return 0, false
	}
	last := len(values[0]) - 1
	n, err := strconv.ParseUint(values[0][:last], 10, 31) // 8 digits
	unit := int64(units[values[0][last]])
	if err != nil || unit == 0 {
		return 0, false
	}
	const longest = int64(1000 * time.Hour) // beyond any use, and far from what a Duration cannot hold
	return time.Duration(min(int64(n), longest/unit) * unit), true
}

// Context ends with the request, and when the caller waits no longer.
func (c *Call) Context() (context.Context, context.CancelFunc) {
	if c.deadline.IsZero() {
		return context.WithCancel(c.r.Context())
	}
	return context.WithDeadline(c.r.Context(), c.deadline)
}

// Message reads the one message of the call, as it comes: what a caller claims to send takes no memory. Where
// the error is ErrTooLarge there must be an answer; any other was told to the caller.
func (c *Call) Message() ([]byte, error) {
	until := time.Now().Add(untilSent)
	if !c.deadline.IsZero() && c.deadline.Before(until) {
		until = c.deadline
	}
	_ = http.NewResponseController(c.w).SetReadDeadline(until) // without one the server's own counts
	message, err := read(c.r.Body)
	var f *fault
	switch {
	case err == nil || errors.Is(err, ErrTooLarge):
	case errors.As(err, &f):
		c.fail(f)
	case errors.Is(err, os.ErrDeadlineExceeded):
		c.fail(&fault{codeDeadlineExceeded, "the message did not arrive in time"})
	default:
		c.fail(&fault{codeInternal, "the message did not arrive"})
	}
	return message, err
}

func read(body io.Reader) ([]byte, error) {
	var prefix [prefixBytes]byte
	if _, err := io.ReadFull(body, prefix[:]); err != nil {
		return nil, err
	}
	size := int64(binary.BigEndian.Uint32(prefix[1:]))
	switch {
	case prefix[0] != 0:
		return nil, &fault{codeUnimplemented, "compressed messages are not taken"}
	case size > MaxMessage:
		return nil, ErrTooLarge
	}
	var message bytes.Buffer
	if n, err := io.CopyN(&message, body, size); err != nil || n < size {
		return nil, err
	}
	if n, err := io.ReadFull(body, prefix[:1]); n > 0 || !errors.Is(err, io.EOF) {
		if n == 0 {
			return nil, err
		}
		return nil, &fault{codeUnimplemented, "one call takes one message"}
	}
	return message.Bytes(), nil
}

// Reply answers the call with a message of this package.
func (c *Call) Reply(message []byte) {
	h := c.w.Header()
	h.Set("Content-Type", "application/grpc")
	h.Set(http.TrailerPrefix+"Grpc-Status", "0")
	framed := make([]byte, prefixBytes, prefixBytes+len(message))
	binary.BigEndian.PutUint32(framed[1:], uint32(len(message))) //nolint:gosec // of our own making, far below
	_, _ = c.w.Write(append(framed, message...))                 // a caller that has gone hears nothing
}

// fail ends the call without a message.
func (c *Call) fail(f *fault) {
	h := c.w.Header()
	h.Set("Content-Type", "application/grpc")
	h.Set("Grpc-Status", strconv.Itoa(f.code))
	h.Set("Grpc-Message", f.text) // plain ASCII without a percent sign, so nothing is to be escaped
	c.w.WriteHeader(http.StatusOK)
}
