package graph

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// Reason says why Graph gave no answer that can be used. The set is closed.
type Reason string

// The reasons.
const (
	ReasonUnavailable  Reason = "unavailable"  // network, time, 408, 429 or 5xx: later it may work
	ReasonForbidden    Reason = "forbidden"    // 403: a permission is missing
	ReasonUnauthorized Reason = "unauthorized" // 401, or there is no token
	ReasonNotFound     Reason = "not_found"    // 404
	ReasonUnreadable   Reason = "unreadable"   // any other answer that is not what was asked for
)

// maxRetryAfter is the longest wait that Graph can ask for.
const maxRetryAfter = 5 * time.Minute

// Error is a question that Graph did not answer. Its text holds nothing of the
// token or of the answer but the status and Graph's error code, so that it may be
// logged. It unwraps to context.DeadlineExceeded and context.Canceled where these
// are the cause, never to an error of the SDK.
type Error struct {
	Reason     Reason
	RetryAfter time.Duration // what Graph asked for, at most 5 minutes; 0: nothing
	Claims     string        // JSON object of a claims challenge, see Answer; "" if none
	err        error
}

func (e *Error) Error() string { return e.err.Error() }

// Unwrap returns the cause, whose text is safe too.
func (e *Error) Unwrap() error { return e.err }

// problem makes an Error of what went wrong while doing something.
func (c *Client) problem(doing string, h heard, err error, token secret.String) *Error {
	return &Error{
		Reason: reasonOf(h.status, err), RetryAfter: retryAfter(h.retryAfter, c.now()), Claims: h.claims(),
		err: fmt.Errorf("%s: %w", doing, cause(err, token)),
	}
}

func reasonOf(status int, err error) Reason {
	_, isNet := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, errNoToken) || status == http.StatusUnauthorized:
		return ReasonUnauthorized
	case status == http.StatusForbidden:
		return ReasonForbidden
	case status == http.StatusNotFound:
		return ReasonNotFound
	case status == http.StatusRequestTimeout || status == http.StatusTooManyRequests || status >= 500 && status <= 599:
		return ReasonUnavailable
	case errors.Is(err, errTooLarge) || errors.Is(err, errUnreadable):
		return ReasonUnreadable
	case status == 0 || isNet || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.Canceled):
		return ReasonUnavailable
	}
	return ReasonUnreadable
}

// retryAfter reads the header of that name: seconds or a date. What cannot be
// read, or is over, is 0.
func retryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	if header == "" || len(header) > 64 {
		return 0
	}
	if strings.Trim(header, "0123456789") == "" {
		seconds, err := strconv.Atoi(header)
		if err != nil || seconds > int(maxRetryAfter/time.Second) { // err: too many digits for an int
			return maxRetryAfter
		}
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}

// errTransport stands for a cause whose text is not ours to repeat: net/http's
// errors quote URLs, whose page tokens are part of an answer, and answers that are
// no HTTP.
var errTransport = errors.New("the exchange with graph failed")

// cause is as much of err as may be told in a log or an error text.
func cause(err error, token secret.String) error {
	var status int
	if sent, ok := errors.AsType[*sendError](err); ok {
		status = sent.status
	}
	if odata, ok := errors.AsType[*odataerrors.ODataError](err); ok {
		code, _ := describe(odata)
		return answered(status, code, token)
	}
	if refused, ok := errors.AsType[*statusError](err); ok {
		return refused
	}
	if panicked, ok := errors.AsType[*panicError](err); ok {
		return panicked
	}
	if status >= http.StatusBadRequest {
		return answered(status, "", token)
	}
	for _, known := range []error{
		context.DeadlineExceeded, context.Canceled, errNoToken, errTooLarge, errBadLink, errLoop, errTooMany, errContinues, errUnreadable, io.ErrUnexpectedEOF, io.EOF,
	} {
		if errors.Is(err, known) {
			return known
		}
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return errors.New(clean(op.Error(), token))
	}
	if cert, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return errors.New(clean(cert.Error(), token))
	}
	return errTransport
}

// statusError is an answer, or an item of a batch, with a status that is not the
// one hoped for.
type statusError struct {
	status int
	code   string // Graph's error code, safe to log; may be empty
}

func answered(status int, code string, token secret.String) *statusError {
	if code = safeCode(code); !token.Empty() && strings.Contains(code, token.Reveal()) {
		code = ""
	}
	return &statusError{status, code}
}

func (e *statusError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("graph answered %d %s", e.status, e.code))
}
