package signin

import (
	"errors"
	"net/http"

	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/fault"
	"github.com/easyauth-sidecar/easyauth/authserver/pages"
)

// answerFault is the page for an error that the IdP sent instead of a code.
func answerFault(answer *answer) *fault.Error {
	err := entra.AnswerError(answer.err, answer.description)
	e := refusal(err.Reason, err)
	if answer.description != "" {
		e.Details = []fault.Detail{{Label: "The sign-in service says", Values: []string{pages.Cap(answer.description, 300)}}}
	}
	return e
}

// idpFault is the page for a trip to the IdP that failed.
func (h *Handler) idpFault(err error) *fault.Error {
	var idp *entra.Error
	if !errors.As(err, &idp) {
		return fault.From(err)
	}
	return refusal(idp.Reason, err)
}

// refusal is the page for something that the IdP said, or could not say. What it
// tells is what the reader, or an administrator, can do.
func refusal(reason entra.Reason, err error) *fault.Error {
	e := &fault.Error{Status: http.StatusForbidden, Reason: fault.Reason(reason), Err: err}
	switch reason {
	case entra.ReasonUnavailable:
		return errUnavailable(err)
	case entra.ReasonIDPError:
		e = errUnavailable(err)
		e.Reason, e.Text = fault.IDPError, "The sign-in service answered with an error. If it happens again, tell an administrator the correlation id."
	case entra.ReasonClient:
		e.Status = http.StatusInternalServerError
		e.Title = "Sign-in is not set up correctly"
		e.Text = "The sign-in service did not accept this application's own credentials. An administrator must look at them: a client secret or certificate may have expired."
	case entra.ReasonCancelled:
		e.Title, e.Text = "Sign-in was cancelled", "You did not finish signing in, or did not agree to what the application asked for. You can start again."
	case entra.ReasonConsent:
		e.Title = "An administrator must agree first"
		e.Text = "Your organization has not yet allowed this application to use what it asks for, and you may not allow it yourself. Ask an administrator of your organization to grant consent to the application, then try again."
	case entra.ReasonNotAssigned:
		e.Title = "You have no access to this application"
		e.Text = "Your account is not assigned to this application. Ask its owner, or an administrator of your organization, to assign you or a group of yours, or sign in as someone else."
	case entra.ReasonInteraction:
		e.Title = "The sign-in service needs something from you"
		e.Text = "A step of the sign-in is missing, such as a second factor or a device that your organization knows. Please start again and follow its instructions."
	case entra.ReasonScope:
		e.Title = "This page asks for a permission that does not exist"
		e.Text = "The sign-in service does not know a scope that this page asks for. An administrator must correct the rule of the page, or add the permission to the application's registration."
	case entra.ReasonTenant:
		e.Title = "Your organization has no access"
		e.Text = "You signed in with an account of an organization that this application is not open to. Sign in as someone else, or ask the owner of the application."
	case entra.ReasonPolicy:
		e.Title = "This sign-in cannot be completed"
		e.Text = "You came back from another page of the sign-in service than the one for signing in, such as the one for a new password. Please start again."
	default:
		e.Title = "This sign-in cannot be completed"
		e.Text = "What the sign-in service answered did not hold. Please start again; if it happens again, tell an administrator the correlation id."
	}
	return e
}

// needsPerson reports whether a silent sign-in failed for want of a person: what
// any of these reasons means, a visible sign-in settles or shows.
func needsPerson(err error) bool {
	switch fault.From(err).Reason {
	case fault.Interaction, fault.ConsentNeeded, fault.Cancelled:
		return true
	}
	return false
}
