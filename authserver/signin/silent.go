package signin

import (
	"errors"
	"net/http"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/fault"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// Pauses between two tries to learn groups that could not be asked for.
const (
	groupsRetryAfter = 30 * time.Second // after the sign-in that failed to
	groupsPause      = time.Minute      // between two silent sign-ins
)

// renew begins a silent sign-in for a session that ends soon, and notes that this
// browser tried. When that cannot be, the page opens with the session as it is.
func (h *Handler) renew(w http.ResponseWriter, r *http.Request, v *visit, in *intent) (done bool, err error) {
	s, err := h.session(r)
	if s == nil {
		return false, err // it ended meanwhile: an ordinary sign-in
	}
	w.Header().Add("Set-Cookie", h.Sessions.Renewing())
	if !h.Provider.Ready() {
		v.user, v.result = s.Identity.Key(), "not_renewed"
		redirect(w, in.page)
		return true, nil
	}
	in.prompt = promptNone
	return false, nil
}

// renewGroups begins a silent sign-in that asks for the groups once more, when it
// is time. An Unsure that has nothing to do with groups is answered as it is.
func (h *Handler) renewGroups(r *http.Request, in *intent) (done bool, err error) {
	if len(in.missing.Groups) == 0 {
		return true, errUnsure(unsurePause)
	}
	if h.Groups.Ask == AskNever {
		return true, errManyGroups()
	}
	s, err := h.session(r)
	if s == nil {
		return false, err
	}
	if age := h.Now().Sub(s.Issued); age < groupsRetryAfter {
		return true, errUnsure(groupsRetryAfter - age)
	}
	in.prompt = promptNone
	return false, nil
}

// errManyGroups is the page of a deployment that must not ask for groups.
func errManyGroups() *fault.Error {
	return &fault.Error{
		Status: http.StatusServiceUnavailable, Reason: fault.GroupsUnknown,
		Title: "Your groups are not known",
		Text:  "You are in more groups than a sign-in can carry, so it cannot be told whether you may open this page. An administrator must let EasyAuth look groups up (EASYAUTH_GROUPS=auto), or use roles instead.",
	}
}

// anotherPerson reports whether a silent sign-in brought somebody else than the
// session is of: the browser is signed in to the provider as that person, and
// nobody chose to change here.
func (h *Handler) anotherPerson(r *http.Request, id *access.Identity) (bool, error) {
	s, err := h.session(r)
	return s != nil && s.Identity.Key() != id.Key(), err
}

// session returns the request's session, nil if there is none; an error if that could not be
// told, so that nobody is treated as signed out who is not.
func (h *Handler) session(r *http.Request) (*session.Session, error) {
	s, reason, err := h.Sessions.Read(r.Context(), r.Header)
	if s == nil && reason.CouldNotTell() {
		e := errUnsure(unsurePause)
		e.Err = errors.Join(errors.New(reason.String()), err)
		return nil, e
	}
	return s, nil
}

// errNeedsPerson is the page when groups cannot be asked for without a sign-in
// that can be seen. Its button leads to one.
func errNeedsPerson() *fault.Error {
	return &fault.Error{
		Status: http.StatusServiceUnavailable, Reason: fault.Interaction,
		Title: "Please sign in again",
		Text:  "It is not known whether you may open this page. To find out, the sign-in service needs you to sign in again. Until then you are still signed in, and other pages open.",
		Err:   errors.New("a silent sign-in for groups needs a person"),
	}
}

// afterSilence goes on where a silent sign-in needs a person: with the session
// as it is, or without one, with a visible sign-in.
func (h *Handler) afterSilence(w http.ResponseWriter, r *http.Request, v *visit, a *attempt, b *browser) error {
	s, err := h.session(r)
	if err != nil {
		return err
	}
	if s == nil {
		v.result = "restarted"
		return h.begin(w, r, v, &intent{page: a.Return, missing: a.Missing, browser: b}, min(a.Restarts+1, maxRestarts))
	}
	v.user = s.Identity.Key()
	line, err := h.browsers.set(b)
	if err != nil {
		return err
	}
	w.Header().Add("Set-Cookie", line)
	if len(h.unmet(s, access.Missing{Groups: a.Missing.Groups}).Groups) > 0 {
		return errNeedsPerson()
	}
	v.result = "not_renewed"
	redirect(w, a.Return)
	return nil
}
