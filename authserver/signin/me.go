package signin

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/fault"
	"github.com/easyauth-sidecar/easyauth/authserver/pages"
)

// me is the JSON about the signed-in user.
type me struct {
	Tenant            string    `json:"tid,omitempty"`
	Object            string    `json:"oid,omitempty"`
	Subject           string    `json:"sub"`
	Name              string    `json:"name"`
	PreferredUsername string    `json:"preferred_username"`
	Email             string    `json:"email"`
	Roles             []string  `json:"roles"`
	Scopes            []string  `json:"scopes"`
	Groups            []string  `json:"groups"`
	GroupsUnknown     bool      `json:"groups_unknown,omitempty"`
	SignedIn          time.Time `json:"signed_in"`
	Expires           time.Time `json:"expires"`
}

// Me shows who is signed in: GET /easyauth/me, HTML or JSON by Accept.
func (h *Handler) Me() http.Handler { return h.step("me", h.me) }

func (h *Handler) me(w http.ResponseWriter, r *http.Request, v *visit) error {
	v.navigation = strings.Contains(strings.ToLower(r.Header.Get("Accept")), "text/html")
	w.Header().Add("Vary", "Accept, Cookie")
	s, reason, err := h.Sessions.Read(r.Header)
	if s == nil {
		return &fault.Error{
			Status: http.StatusUnauthorized, Reason: fault.LoginRequired,
			Title: "You are not signed in", Text: "There is no valid session in this browser.", Err: errors.Join(errors.New(reason.String()), err),
		}
	}
	v.user = s.Identity.Key()
	id := &s.Identity
	if v.navigation {
		h.Pages.Me(w, pages.Me{
			Name: id.Name, PreferredUsername: id.PreferredUsername, Email: id.Email, Tenant: id.Tenant, Object: id.Object,
			Roles: id.Roles, Scopes: h.ScopeNames.ShownAll(id.Scopes), Groups: id.Groups, GroupsUnknown: id.GroupsUnknown,
			SignedIn: s.Issued, Expires: s.Expires, SignOutURL: h.Paths.Logout,
		})
		return nil
	}
	pages.WriteJSON(w, http.StatusOK, me{
		Tenant: id.Tenant, Object: id.Object, Subject: id.Subject, Name: id.Name, PreferredUsername: id.PreferredUsername,
		Email: id.Email, Roles: list(id.Roles), Scopes: list(h.ScopeNames.ShownAll(id.Scopes)), Groups: list(id.Groups), GroupsUnknown: id.GroupsUnknown,
		SignedIn: s.Issued, Expires: s.Expires,
	})
	return nil
}

// list is never null in JSON.
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
