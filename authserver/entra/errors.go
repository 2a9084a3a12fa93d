package entra

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
)

// Reason says why the provider, or something that it said, was refused. Only
// the constants below are used, so that a reason can label a metric.
type Reason string

// The closed set of reasons.
const (
	ReasonUnavailable Reason = "idp_unavailable"   // not reached, too slow, throttled, or not discovered yet
	ReasonIDPError    Reason = "idp_error"         // reached, but the answer is a fault: 5xx, garbage, too large
	ReasonCode        Reason = "code_refused"      // invalid_grant: the code is used, expired or another's
	ReasonClient      Reason = "client_refused"    // invalid_client: the client secret is wrong or expired
	ReasonScope       Reason = "scope_refused"     // the scopes are unknown, of two resources, or without consent
	ReasonToken       Reason = "token_invalid"     // an ID token that is absent, malformed, or not signed by the provider
	ReasonExpired     Reason = "token_expired"     // an ID token out of its time: check the clocks
	ReasonAudience    Reason = "audience_mismatch" // an ID token for another client
	ReasonNonce       Reason = "nonce_mismatch"    // an ID token of another sign-in
	ReasonIssuer      Reason = "issuer_mismatch"   // another issuer than the configured one
	ReasonTenant      Reason = "tenant_mismatch"   // another tenant than the configured one
)

// Error is every error of a RelyingParty's methods. Its text is at most a few
// hundred bytes and safe to log: it never holds a token, a code, a secret or a
// part of an answer's body.
type Error struct {
	Reason Reason
	err    error
}

// Error gives the reason and what happened.
func (e *Error) Error() string { return string(e.Reason) + ": " + e.err.Error() }

// Unwrap gives the cause without the reason.
func (e *Error) Unwrap() error { return e.err }

// ErrNotReady is answered by every call that needs the provider's endpoints
// until discovery has succeeded. It is an *Error with ReasonUnavailable.
var ErrNotReady error = &Error{ReasonUnavailable, errors.New("the provider's discovery document has not been read yet")}

// ErrBodyTooLarge is what reading a body beyond the bound of NewHTTPClient gives.
var ErrBodyTooLarge = errors.New("the answer is larger than allowed")

var errRedirect = errors.New("a redirect to another origin, or one too many, was refused")

func refuse(reason Reason, format string, args ...any) *Error {
	return &Error{reason, fmt.Errorf(format, args...)}
}

// exchangeError turns an error of the HTTP client into one that may be shown.
// The original is not kept: net/http quotes the bytes of a malformed answer,
// and url.Error holds the address of a redirect.
func exchangeError(doing string, err error) *Error {
	var (
		timeout interface{ Timeout() bool }
		cert    *tls.CertificateVerificationError
		op      *net.OpError
	)
	switch {
	case errors.Is(err, context.Canceled):
		return refuse(ReasonUnavailable, "%s: %w", doing, context.Canceled)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return refuse(ReasonUnavailable, "%s: no complete answer in time", doing)
	case errors.Is(err, ErrBodyTooLarge):
		return refuse(ReasonIDPError, "%s: %w", doing, ErrBodyTooLarge)
	case errors.Is(err, errRedirect):
		return refuse(ReasonIDPError, "%s: %w", doing, errRedirect)
	case errors.As(err, &cert):
		return refuse(ReasonUnavailable, "%s: %s", doing, capped(cert.Error()))
	case errors.As(err, &op):
		return refuse(ReasonUnavailable, "%s: %s", doing, capped(op.Error()))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return refuse(ReasonUnavailable, "%s: the connection was closed before the answer was complete", doing)
	}
	return refuse(ReasonIDPError, "%s: the answer is not valid HTTP", doing)
}

// capped shortens a text that is not ours to 200 bytes of printable ASCII.
func capped(s string) string {
	const limit = 200
	if len(s) > limit {
		s = s[:limit] + "..."
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}
