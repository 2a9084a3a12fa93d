package entra

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
)

// Reason says why the provider, or something that it said, was refused. Only
// the constants below are used, so that a reason can label a metric.
type Reason string

// The closed set of reasons.
const (
	ReasonUnavailable Reason = "idp_unavailable"      // not reached, too slow, throttled, or not discovered yet
	ReasonIDPError    Reason = "idp_error"            // reached, but the answer is a fault: 5xx, garbage, too large
	ReasonCode        Reason = "code_refused"         // invalid_grant: the code or refresh token is used, expired, revoked or another's
	ReasonClient      Reason = "client_refused"       // our own credential or registration: a secret that is wrong or expired
	ReasonScope       Reason = "scope_refused"        // the scopes are unknown, or of two resources
	ReasonConsent     Reason = "consent_required"     // nobody has agreed to a scope yet, and an administrator may have to
	ReasonCancelled   Reason = "cancelled"            // the person said no
	ReasonNotAssigned Reason = "not_assigned"         // the person is not assigned to the application
	ReasonInteraction Reason = "interaction_required" // the provider wants the person to do something first: a second factor, a compliant device
	ReasonToken       Reason = "token_invalid"        // a token that is absent, malformed, of another kind, or not signed by the provider
	ReasonExpired     Reason = "token_expired"        // a token out of its time: check the clocks
	ReasonAudience    Reason = "audience_mismatch"    // a token for another client or API
	ReasonNonce       Reason = "nonce_mismatch"       // an ID token of another sign-in
	ReasonIssuer      Reason = "issuer_mismatch"      // another issuer than the configured one
	ReasonTenant      Reason = "tenant_mismatch"      // another tenant than a configured one
	ReasonPolicy      Reason = "policy_mismatch"      // another policy (user flow) of B2C than the configured one
)

// Error is every error of a RelyingParty's methods, but for what AuthorizationURL
// says of a request that cannot be. Its text is at most a few
// hundred bytes and safe to log: it never holds a token, a code, a secret or a
// part of an answer's body.
type Error struct {
	Reason Reason
	// RetryAfter is how long the provider asks to be left alone, at most 5
	// minutes; 0 if it does not say.
	RetryAfter time.Duration

	code   string
	result metrics.Result // of the exchange; empty: nothing is known of it
	err    error
}

// Error gives the reason and what happened.
func (e *Error) Error() string { return string(e.Reason) + ": " + e.err.Error() }

// Unwrap gives the cause without the reason.
func (e *Error) Unwrap() error { return e.err }

// Code is the provider's own number of the error, "AADSTS65001" (with Azure AD
// B2C "AADB2C90091"); "" if it gave none.
func (e *Error) Code() string { return e.code }

// Ends reports whether an error of Refresh says that the provider will not go on
// with this session: what it gave is no longer good, or the person has to be there.
// Every other error may pass, and is no reason to sign anybody out.
func (e *Error) Ends() bool {
	switch e.Reason {
	case ReasonCode, ReasonInteraction, ReasonConsent, ReasonNotAssigned:
		return true
	}
	return false
}

// ErrNotReady is answered by every call that needs the provider's endpoints
// until discovery has succeeded. It is an *Error with ReasonUnavailable.
var ErrNotReady error = refuse(ReasonUnavailable, "the provider's discovery document has not been read yet")

// ErrBodyTooLarge is what reading a body beyond the bound of NewHTTPClient gives.
var ErrBodyTooLarge = errors.New("the answer is larger than allowed")

var errRedirect = errors.New("a redirect to another origin, or one too many, was refused")

func refuse(reason Reason, format string, args ...any) *Error {
	return &Error{Reason: reason, err: fmt.Errorf(format, args...)}
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
		return refuse(ReasonUnavailable, "%s: %w", doing, context.Canceled).as(metrics.ResultCancelled)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return refuse(ReasonUnavailable, "%s: no complete answer in time", doing).as(metrics.ResultTimeout)
	case errors.Is(err, ErrBodyTooLarge):
		return refuse(ReasonIDPError, "%s: %w", doing, ErrBodyTooLarge).as(metrics.ResultTooLarge)
	case errors.Is(err, errRedirect):
		return refuse(ReasonIDPError, "%s: %w", doing, errRedirect)
	case errors.As(err, &cert):
		return refuse(ReasonUnavailable, "%s: %s", doing, capped(cert.Error())).as(metrics.ResultUntrusted)
	case errors.As(err, &op):
		return refuse(ReasonUnavailable, "%s: %s", doing, capped(op.Error())).as(metrics.ResultUnreachable)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return refuse(ReasonUnavailable, "%s: the connection was closed before the answer was complete", doing).as(metrics.ResultUnreachable)
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
