package signin

import (
	"errors"
	"net/http"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/fault"
)

// loginElsewhere answers a request that is no navigation: it can show no page
// and must not follow a redirect to the IdP. Where bearer tokens are accepted it
// is told how to get one.
func (h *Handler) loginElsewhere(w http.ResponseWriter, r *http.Request, v *visit, in *intent) error {
	denied := in.page
	// The person should return to the page whose script asked.
	v.back, _ = h.Hosts.ReturnURL(r.Header.Get("Referer"), v.self)
	d := in.denial
	if d != nil {
		v.missing = d.Missing
	}
	if h.AcceptTokens {
		if s, _, claimed, reason, err := h.Sessions.Bearer(r.Context(), r.Header); claimed {
			return h.answerToken(w, d, denied, s, reason, err)
		}
		w.Header().Set("WWW-Authenticate", entra.OwnChallenge(access.Decision{Outcome: access.SignIn}, false))
	}
	if h.AcceptBearer {
		if result := h.Provider.Bearer(r.Context(), r.Header); result.Claimed {
			return h.answerBearer(w, v, d, denied, &result)
		}
		w.Header().Set("WWW-Authenticate", h.Provider.Challenge(entra.ChallengeFor(access.Decision{Outcome: access.SignIn, Missing: v.missing}, false, nil)))
	}
	switch {
	case d != nil && d.Outcome == access.Forbid:
		return errForbidden(d, denied)
	case d != nil && d.Outcome == access.Unsure:
		return errUnsure(unsurePause)
	case !h.Provider.Ready():
		return errUnavailable(entra.ErrNotReady)
	}
	e := &fault.Error{
		Status: http.StatusUnauthorized, Reason: fault.LoginRequired,
		Text: "Sign in by opening login_url in a browser.",
	}
	if h.AcceptBearer {
		e.Text = "Sign in by opening login_url in a browser, or send an access token: authorization_uri, client_id and scope say where to get one."
	}
	if d != nil && d.Outcome == access.StepUp {
		e.Reason, e.Text = fault.ScopeMissing, "Another permission, or a stronger or more recent sign-in, is needed: open login_url in a browser."
	}
	if !in.missing.Empty() {
		v.denied = denied
	}
	return e
}

// answerBearer says what is wrong with a bearer token, or what it lacks.
func (h *Handler) answerBearer(w http.ResponseWriter, v *visit, d *Denial, denied string, result *entra.BearerResult) error {
	decision := access.Decision{Outcome: access.SignIn, Reason: result.Reason, Missing: v.missing}
	switch {
	case result.Identity == nil && result.Reason == access.ReasonKeysUnknown, result.Identity != nil && d == nil && result.Identity.GroupsUnknown:
		return errUnsure(unsurePause)
	case result.Identity != nil && d != nil:
		decision.Outcome = d.Outcome
	case result.Identity != nil:
		// The proxy sent it here, so the page refused it; the cookie that says why
		// did not come along.
		decision.Outcome = access.Forbid
	}
	// Without a denial it is not known what the token lacks.
	challenge := entra.ChallengeFor(decision, result.Identity == nil || d != nil, result.Err)
	w.Header().Set("WWW-Authenticate", h.Provider.Challenge(challenge))
	v.claims = h.Provider.ClaimsJSON(challenge)
	e := &fault.Error{Status: http.StatusUnauthorized, Reason: fault.BearerRefused, Text: challenge.Description, Err: result.Err}
	switch {
	case decision.Outcome == access.Unsure:
		return errUnsure(unsurePause)
	case decision.Outcome == access.Forbid && d != nil:
		e = errForbidden(d, denied)
	case decision.Outcome == access.Forbid:
		e.Status, e.Text = http.StatusForbidden, "The access token is valid, but it does not have what this address needs: a role, a group or a scope. The WWW-Authenticate header of the first answer says what."
	case decision.Outcome == access.StepUp:
		e.Status, e.Reason = http.StatusForbidden, fault.ScopeMissing
		if challenge.Error != entra.InsufficientScope { // a new token can bring it
			e.Status, e.Reason = http.StatusUnauthorized, fault.StepUpFailed
		}
	}
	if e.Text == "" {
		e.Text = "The access token cannot be used here."
	}
	e.Err = errors.Join(e.Err, errors.New("bearer token"))
	return e
}
