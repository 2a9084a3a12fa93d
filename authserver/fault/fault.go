// Package fault is an error that knows how it is answered: a status, a text
// that may be shown to anybody, and a reason for logs and metrics. The cause
// stays apart and goes to the log alone.
package fault

import (
	"errors"
	"net/http"
	"time"
)

// Reason says why a sign-in, a sign-out or a page ended as it did. Only the
// constants below are used, so that a reason can label a metric.
type Reason string

// The closed set of reasons.
const (
	Internal        Reason = "internal"             // a bug or a panic
	HostNotServed   Reason = "host_not_served"      // Host is not in HOSTS
	BadRequest      Reason = "bad_request"          // parameters that make no sense
	CrossOrigin     Reason = "cross_origin"         // a form on another site
	LoginRequired   Reason = "login_required"       // not signed in, and no navigation
	RoleMissing     Reason = "role_missing"         // terminal
	PolicyRefused   Reason = "policy_refused"       // terminal
	GroupMissing    Reason = "group_missing"        // terminal
	GroupsUnknown   Reason = "groups_unknown"       // a rule names a group that cannot be looked up
	BearerRefused   Reason = "bearer_refused"       // a bearer token that does not do
	ScopeMissing    Reason = "scope_missing"        // no navigation, and a new sign-in is needed
	ScopeNotGranted Reason = "scope_not_granted"    // signed in for it, still missing
	TooMuchAsked    Reason = "too_much_asked"       // more scopes and graph queries than one sign-in carries
	StepUpFailed    Reason = "step_up_failed"       // signed in for it, still not strong or fresh enough
	AuthTimeUnknown Reason = "auth_time_unknown"    // the provider does not say when
	Unsure          Reason = "unsure"               // the check could not be made
	Store           Reason = "store"                // a session could not be written or ended
	LogoutRefused   Reason = "logout_refused"       // a logout request of the provider's that does not hold
	Loop            Reason = "loop"                 // signing in again and again
	StateInvalid    Reason = "state_invalid"        // state is absent, forged or repeated
	StateExpired    Reason = "state_expired"        // a sign-in that took too long
	StateUsed       Reason = "state_used"           // a callback seen before
	BrowserMismatch Reason = "browser_mismatch"     // begun in another browser, or the cookie is lost
	Cancelled       Reason = "cancelled"            // the user or an administrator said no
	ConsentNeeded   Reason = "consent_required"     // of an administrator
	NotAssigned     Reason = "not_assigned"         // to the application
	Interaction     Reason = "interaction_required" // a silent sign-in needs a person
	IDPUnavailable  Reason = "idp_unavailable"      // not reached, or discovery is not done
	IDPError        Reason = "idp_error"            // it answered with an error
	IssuerMismatch  Reason = "issuer_mismatch"      // iss of the callback is another's
	CodeRefused     Reason = "code_refused"         // invalid_grant
	ClientRefused   Reason = "client_refused"       // invalid_client: our secret is wrong or expired
	TokenInvalid    Reason = "token_invalid"        // the ID token does not hold
	TicketTooLarge  Reason = "ticket_too_large"     // the identity does not fit into cookies
)

// Error is an error with an answer. Title and Text are shown to anybody and
// must hold no cause, no secret and nothing of a request but what is escaped
// and capped by the page that shows it.
type Error struct {
	Status     int
	Reason     Reason
	Title      string
	Text       string
	Details    []Detail
	RetryAfter time.Duration // 0: no Retry-After
	Err        error         // for the log
}

// Detail is one labelled list on an error page: what was missing, and where.
type Detail struct {
	Label  string
	Values []string
}

// Error gives the reason and the cause, for a log.
func (e *Error) Error() string {
	if e.Err == nil {
		return string(e.Reason)
	}
	return string(e.Reason) + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// From returns err as an *Error. One that says nothing of its answer becomes a
// 500 whose text is ours alone.
func From(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{
		Status: http.StatusInternalServerError, Reason: Internal, Err: err,
		Title: "Something went wrong",
		Text:  "This is our fault, not yours. Please try again in a moment.",
	}
}
