package signin

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/fault"
	"github.com/easyauth-sidecar/easyauth/authserver/pages"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// me is the JSON about the signed-in user.
type me struct {
	Tenant            string            `json:"tid,omitempty"`
	Object            string            `json:"oid,omitempty"`
	Subject           string            `json:"sub"`
	Name              string            `json:"name"`
	PreferredUsername string            `json:"preferred_username"`
	Email             string            `json:"email"`
	Roles             []string          `json:"roles"`
	Scopes            []string          `json:"scopes"`
	Groups            []string          `json:"groups"`
	GroupNames        map[string]string `json:"group_names,omitempty"`
	GroupsUnknown     bool              `json:"groups_unknown,omitempty"`
	Contexts          []string          `json:"acr,omitempty"`
	Methods           []string          `json:"amr,omitempty"`
	AuthTime          *time.Time        `json:"auth_time,omitempty"`
	SignedIn          time.Time         `json:"signed_in"`
	Expires           time.Time         `json:"expires"`
	Sessions          []mySession       `json:"sessions,omitempty"`
}

// mySession is one of the user's sessions.
type mySession struct {
	ID       string    `json:"id"`
	Browser  string    `json:"browser,omitempty"`
	SignedIn time.Time `json:"signed_in"`
	Seen     time.Time `json:"seen,omitzero"`
	Expires  time.Time `json:"expires"`
	Current  bool      `json:"current"`
}

// Me shows who is signed in: GET /easyauth/me, HTML or JSON by Accept. Where a
// store keeps sessions, a POST of its own origin ends one: session=<id>, or
// everywhere=1 for all.
func (h *Handler) Me() http.Handler {
	return h.sameOrigin("me", h.me, "Nothing was ended", "Another site asked to end a session of yours. It goes on.")
}

func (h *Handler) me(w http.ResponseWriter, r *http.Request, v *visit) error {
	v.navigation = strings.Contains(strings.ToLower(r.Header.Get("Accept")), "text/html")
	w.Header().Add("Vary", "Accept, Cookie")
	s, token, reason, err := h.whose(w, r)
	switch {
	case s == nil && reason.CouldNotTell():
		e := errUnsure(unsurePause)
		e.Err = errors.Join(errors.New(reason.String()), err)
		return e
	case s == nil && token:
		return errToken(w, reason, err)
	case s == nil:
		return &fault.Error{
			Status: http.StatusUnauthorized, Reason: fault.LoginRequired,
			Title: "You are not signed in", Text: "There is no valid session in this browser.", Err: errors.Join(errors.New(reason.String()), err),
		}
	}
	v.user = s.Identity.Key()
	switch {
	case r.Method == http.MethodPost && token:
		return errTokenEnds()
	case r.Method == http.MethodPost:
		return h.endMine(w, r, v, s)
	}
	list, listErr := h.mySessions(r.Context(), s)
	if listErr != nil {
		h.Log.Warn("a person's sessions could not be listed", "request_id", v.origin.RequestID, "error", listErr.Error())
	}
	names := h.GroupNames.Of(r.Context(), s.Identity.Tenant, s.Identity.Groups)
	if !v.navigation {
		pages.WriteJSON(w, http.StatusOK, h.meJSON(s, list, names))
		return nil
	}
	m := h.mePage(s, list, names)
	m.SessionsUnknown = listErr != nil
	h.Pages.Me(w, m)
	return nil
}

// mySessions is empty without a store.
func (h *Handler) mySessions(ctx context.Context, s *session.Session) ([]session.Info, error) {
	if !h.Sessions.CanList() {
		return nil, nil
	}
	return h.Sessions.Sessions(ctx, s)
}

func (h *Handler) mePage(s *session.Session, list []session.Info, names map[string]string) pages.Me {
	id := &s.Identity
	m := pages.Me{
		Name: id.Name, PreferredUsername: id.PreferredUsername, Email: id.Email, Tenant: id.Tenant, Object: id.Object,
		Roles: id.Roles, Scopes: h.ScopeNames.ShownAll(id.Scopes), GroupsUnknown: id.GroupsUnknown,
		AuthTime: id.AuthTime, Methods: id.Methods, Contexts: id.Contexts,
		SignedIn: s.Issued, Expires: h.Sessions.Ends(s), SignOutURL: h.Paths.Logout,
	}
	for _, g := range id.Groups {
		m.Groups = append(m.Groups, pages.Group{ID: g, Name: names[g]})
	}
	if h.Sessions.CanEnd() {
		m.Action, m.FormOrigins = h.Paths.Me, h.formOrigins()
	}
	for _, i := range list {
		m.Sessions = append(m.Sessions, pages.Session{
			Handle: i.ID, Label: i.Label, SignedIn: i.Issued, Seen: i.Seen, Expires: i.Expires, Current: i.Current,
		})
	}
	return m
}

func (h *Handler) meJSON(s *session.Session, list []session.Info, names map[string]string) me {
	id := &s.Identity
	j := me{
		Tenant: id.Tenant, Object: id.Object, Subject: id.Subject, Name: id.Name, PreferredUsername: id.PreferredUsername,
		Email: id.Email, Roles: array(id.Roles), Scopes: array(h.ScopeNames.ShownAll(id.Scopes)), Groups: array(id.Groups), GroupsUnknown: id.GroupsUnknown,
		Contexts: id.Contexts, Methods: id.Methods, SignedIn: s.Issued, Expires: h.Sessions.Ends(s),
	}
	if !id.AuthTime.IsZero() {
		j.AuthTime = &id.AuthTime
	}
	for group, name := range names {
		if name != "" {
			if j.GroupNames == nil {
				j.GroupNames = map[string]string{}
			}
			j.GroupNames[group] = name
		}
	}
	for _, i := range list {
		j.Sessions = append(j.Sessions, mySession{ID: i.ID, Browser: i.Label, SignedIn: i.Issued, Seen: i.Seen, Expires: i.Expires, Current: i.Current})
	}
	return j
}

// endMine ends one of the user's sessions, or all of them.
func (h *Handler) endMine(w http.ResponseWriter, r *http.Request, v *visit, s *session.Session) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return errRequest("The form could not be read.", errors.New("unreadable form")) // its error quotes the form
	}
	if r.PostForm.Get("everywhere") == "1" {
		return h.signOut(w, r, v, s, "", true)
	}
	id := r.PostForm.Get("session")
	if id == "" || !h.Sessions.CanList() {
		return errRequest("The form does not say which session to end.", errors.New("no session in the form"))
	}
	found, err := h.Sessions.EndOne(r.Context(), s, id)
	if err != nil {
		return storeFault(err, "The session goes on", "It could not be ended, because what keeps it cannot be reached.")
	}
	v.result = "ended_already" // by itself, meanwhile
	if found {
		v.result = "ended"
		h.Metrics.Revoked("one")
		h.recordRevoked(r, v, "one")
	}
	w.Header().Set("Location", v.self.Origin()+h.Paths.Me)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// array is never null in JSON.
func array(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
