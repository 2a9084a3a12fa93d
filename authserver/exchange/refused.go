package exchange

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/fault"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

// Reason says why a program was refused. It is the first word of error_description and
// a label of metrics. Beside the constants below it is one of package entra's (of a
// token of the provider's) or of package access's (of a token of ours).
type Reason string

// Reasons of this package's own.
const (
	ReasonBadRequest    Reason = "bad_request"        // not the form that the endpoint takes
	ReasonMethod        Reason = "method_not_allowed" // neither GET nor POST, or the other one
	ReasonCrossOrigin   Reason = "cross_origin"       // a page in a browser asks
	ReasonHost          Reason = "host_not_served"    // Host is not in HOSTS
	ReasonCredentials   Reason = "client_credentials" // of a client: there are none here
	ReasonGrant         Reason = "unsupported_grant"  // another grant_type
	ReasonScope         Reason = "unsupported_scope"  // a token is for all that its session is for
	ReasonTarget        Reason = "unknown_target"     // resource or audience is another's
	ReasonRateLimited   Reason = "rate_limited"       // the address or the person asks too often
	ReasonCodeInvalid   Reason = "code_invalid"       // no code, or one for another verifier or redirect URI
	ReasonCodeExpired   Reason = "code_expired"       // older than a minute
	ReasonCodeUsed      Reason = "code_used"          // it came before
	ReasonTooLarge      Reason = "ticket_too_large"   // the identity does not fit into a token
	ReasonStore         Reason = "store"              // what keeps sessions cannot be asked
	ReasonCannotEnd     Reason = "cannot_end"         // tokens end by themselves alone
	ReasonInternal      Reason = "internal"           // a bug or a panic
	ReasonTokenInvalid  Reason = "token_invalid"      // as package entra calls it
	ReasonTokenExpired  Reason = "token_expired"      // as package entra calls it
	ReasonLoginRequired Reason = "login_required"     // nobody is signed in
)

// pause is how long a program waits after a fault of ours.
const pause = 5 * time.Second

// ofSession names why one of our tokens was refused: for what package entra has a name
// too, by that.
func ofSession(r access.Reason) Reason {
	switch r {
	case access.ReasonBearerInvalid, access.ReasonTicketInvalid:
		return ReasonTokenInvalid
	case access.ReasonBearerExpired, access.ReasonTicketExpired:
		return ReasonTokenExpired
	}
	return Reason(r.String())
}

// malformed is a request that cannot be read. text is for the program.
func malformed(text string) *refusal {
	return &refusal{status: http.StatusBadRequest, code: codeInvalidRequest, reason: ReasonBadRequest, text: text}
}

// limited is the answer to who asks too often.
func limited(wait time.Duration) *refusal {
	return &refusal{
		status: http.StatusTooManyRequests, code: codeUnavailable, reason: ReasonRateLimited, retryAfter: wait, text: "too many requests",
	}
}

// notGranted is a code or a refresh token that does not hold.
func notGranted(reason Reason, text string, err error) *refusal {
	return &refusal{status: http.StatusBadRequest, code: codeInvalidGrant, reason: reason, text: text, err: err, audited: true}
}

// couldNotTell is an answer that nobody can give right now.
func couldNotTell(reason Reason, retryAfter time.Duration, err error) *refusal {
	if retryAfter <= 0 {
		retryAfter = pause
	}
	return &refusal{
		status: http.StatusServiceUnavailable, code: codeUnavailable, reason: reason, retryAfter: retryAfter, err: err,
		text: "this cannot be decided right now, try again later",
	}
}

// ofSubject is what Provider said of a token that was brought. RFC 8693 (section 2.2.2)
// has one error for all of it: the reason's word tells them apart.
func ofSubject(err error) *refusal {
	var idp *entra.Error
	switch {
	case !errors.As(err, &idp):
		return internal(err)
	case idp.Reason == entra.ReasonUnavailable, idp.Reason == entra.ReasonIDPError:
		return couldNotTell(Reason(idp.Reason), idp.RetryAfter, err)
	}
	text := "the token is not accepted here"
	switch idp.Reason {
	case entra.ReasonExpired:
		text = "the token is out of its time"
	case entra.ReasonAudience:
		text = "the token is for an application, or of a client, that is not accepted here"
	case entra.ReasonTenant:
		text = "the token is of another tenant"
	case entra.ReasonIssuer:
		text = "the token is of another issuer"
	case entra.ReasonToken:
		text = "the token is malformed, of another kind, or not signed by the provider"
	}
	return &refusal{status: http.StatusBadRequest, code: codeInvalidRequest, reason: Reason(idp.Reason), text: text, err: err, audited: true}
}

// notIssued is why no token could be made.
func notIssued(err error) *refusal {
	var store *session.StoreError
	switch {
	case errors.As(err, &store):
		return couldNotTell(ReasonStore, 0, err)
	case errors.Is(err, ticket.ErrTooLarge):
		return &refusal{
			status: http.StatusBadRequest, code: codeInvalidRequest, reason: ReasonTooLarge, err: err, audited: true,
			text: "the identity does not fit into a token",
		}
	}
	return internal(err)
}

func internal(err error) *refusal {
	return &refusal{
		status: http.StatusInternalServerError, code: codeServerError, reason: ReasonInternal, err: err, text: "a fault of this server",
	}
}

// refusalOf gives every error an answer. What a page says is said to a program too.
func refusalOf(err error) *refusal {
	var page *fault.Error
	if errors.As(err, &page) && page.Reason != fault.Internal {
		code := codeInvalidRequest
		if page.Status == http.StatusServiceUnavailable {
			code = codeUnavailable
		}
		return &refusal{
			status: page.Status, code: code, reason: Reason(page.Reason), text: strings.ToLower(page.Title), retryAfter: page.RetryAfter, err: page.Err,
		}
	}
	var f *refusal
	if errors.As(err, &f) {
		return f
	}
	return internal(err)
}
