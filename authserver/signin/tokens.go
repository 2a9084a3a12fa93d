package signin

import (
	"errors"
	"net/http"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/fault"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// whose is the session of a request: that of a program's token, which then decides
// alone, or the browser's.
func (h *Handler) whose(w http.ResponseWriter, r *http.Request) (s *session.Session, token bool, reason access.Reason, err error) {
	if h.AcceptTokens {
		w.Header().Add("Vary", "Authorization")
		if s, _, token, reason, err = h.Sessions.Bearer(r.Context(), r.Header); token {
			return s, true, reason, err
		}
	}
	if s, reason, err = h.Sessions.Read(r.Context(), r.Header); s != nil {
		s, reason, err = h.Sessions.Fresh(r.Context(), s)
	}
	return s, false, reason, err
}

// errToken refuses a program's token, and tells the program why.
func errToken(w http.ResponseWriter, reason access.Reason, err error) *fault.Error {
	w.Header().Set("WWW-Authenticate", entra.OwnChallenge(access.Decision{Outcome: access.SignIn, Reason: reason}, true))
	return &fault.Error{
		Status: http.StatusUnauthorized, Reason: fault.BearerRefused, Title: "The access token is not accepted",
		Text: "The access token is not good, or not any more: " + reason.String() + ".", Err: errors.Join(errors.New(reason.String()), err),
	}
}

// errTokenEnds refuses to end sessions for a program: the cookies of its request may be
// another person's, and its own session ends where tokens are revoked.
func errTokenEnds() *fault.Error {
	return &fault.Error{
		Status: http.StatusForbidden, Reason: fault.BearerRefused, Title: "Nothing was ended",
		Text: "A program cannot end sessions here. It can revoke its own token.", Err: errors.New("a POST with a token of ours"),
	}
}

// answerToken says to a program that was sent here by the proxy what is wrong with its
// token, or what it lacks.
func (h *Handler) answerToken(w http.ResponseWriter, d *Denial, denied string, s *session.Session, reason access.Reason, err error) error {
	switch {
	case s == nil && reason.CouldNotTell(), d != nil && d.Outcome == access.Unsure:
		return errUnsure(unsurePause)
	case s == nil:
		return errToken(w, reason, err)
	}
	// The proxy sent it here, so the page refused it. A sign-in cannot help a token.
	e := &fault.Error{
		Status: http.StatusForbidden, Reason: fault.BearerRefused,
		Text: "The access token is valid, but it does not have what this address needs: a role, a group, a scope, or a stronger sign-in.", Err: errors.New("a token of ours"),
	}
	decision := access.Decision{Outcome: access.Forbid}
	if d != nil && d.Outcome != access.SignIn {
		decision.Outcome, decision.Missing = d.Outcome, d.Missing
		if d.Outcome == access.Forbid {
			e = errForbidden(d, denied)
		}
	}
	w.Header().Set("WWW-Authenticate", entra.OwnChallenge(decision, d != nil && d.Outcome != access.SignIn))
	return e
}
