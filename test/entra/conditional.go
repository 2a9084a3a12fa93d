package entra

import (
	"slices"
	"strings"
)

// disabled is the refusal of an account that an administrator switched off.
func disabled(oauth string) *stsError {
	return &stsError{code: 50057, oauth: oauth, text: "The user account is disabled."}
}

// assigned reports whether a user may use a client.
func (c Client) assigned(u User) bool {
	return !c.AssignmentRequired || slices.Contains(c.Assigned, u.ID) || slices.Contains(c.Assigned, u.ObjectID)
}

func notAssigned(c Client, u User, oauth string) *stsError {
	return &stsError{code: 50105, oauth: oauth, text: "Your administrator has configured the application " + c.Name + " ('" + c.ID +
		"') to block users unless they are specifically granted ('assigned') access to the application. The signed in user '" + u.Username +
		"' is blocked because they are not a direct member of a group with access, nor had access directly assigned by an administrator. " +
		"Please contact your administrator to assign access to this application."}
}

// adminNeeded is the refusal when a scope is missing that no user may consent to.
// It returns nil when a user may consent to all that is missing.
func (s *Server) adminNeeded(req authRequest, u User) *stsError {
	only, _ := s.parseScopes(strings.Join(req.client.AdminOnly, " ")) // New checked it
	if len(both(s.missingConsent(req.client, u.ObjectID, req.scopes), only.full())) == 0 {
		return nil
	}
	return &stsError{code: 90094, oauth: "access_denied", text: req.client.Name +
		" needs permission to access resources in your organization that only an admin can grant. Please ask an admin to grant permission to this app before you can use it."}
}

// barred tells whether a signed-in user may go on, without a page of ours that
// could help. The refusal of another tenant's user is a page, unless the request
// forbids pages.
func (s *Server) barred(req authRequest, u User) (fail *stsError, page bool) {
	silent := req.prompt == "none"
	if home := s.home(u); req.authority.tenant != "" && req.authority.tenant != home {
		fail := &stsError{code: 50020, oauth: "invalid_request", text: "User account '" + u.Username + "' from identity provider '" + s.issuer(home) +
			"' does not exist in tenant '" + req.authority.tenant + "' and cannot access the application."}
		if silent {
			fail.oauth = "interaction_required"
		}
		return fail, !silent
	}
	if !req.client.assigned(u) {
		fail := notAssigned(req.client, u, "access_denied")
		if silent {
			fail.oauth = "interaction_required"
		}
		return fail, false
	}
	return nil, false
}

// standing tells whether a user to whom a code or refresh token belongs still may
// have tokens.
func (s *Server) standing(client Client, oid string) *stsError {
	u, ok := s.User(oid)
	switch {
	case !ok:
		return &stsError{code: 50034, oauth: "invalid_grant", text: "The user account does not exist in the directory."}
	case u.Disabled:
		return disabled("invalid_grant")
	case !client.assigned(u):
		return notAssigned(client, u, "invalid_grant")
	}
	return nil
}
