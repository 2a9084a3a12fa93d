package exchange

import (
	"errors"
	"net/http"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/audit"
	"github.com/easyauth-sidecar/easyauth/authserver/fault"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/pages"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

// What the buttons of the page post.
const (
	decisionAllow  = "allow"
	decisionCancel = "cancel"
)

// Authorize asks the person whether a program may act for them:
// GET, POST /easyauth/api/v1/authorize?request=.
//
// A GET shows the page and does nothing else; without a session it begins a sign-in
// that comes back. A POST of that page's own form sends the browser to the program, with
// a code or with the error access_denied. Both need the session cookie. Neither is for
// the script of a page, also of one on the same host: browsers say who asks.
func (h *Handler) Authorize() http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(h.page(stepAuthorize, func(http.ResponseWriter, *http.Request, *visit) error {
		return &fault.Error{
			Status: http.StatusForbidden, Reason: fault.CrossOrigin, Title: "Nothing was allowed",
			Text: "Another site asked to let a program act for you. It may not.", Err: errors.New("a cross-origin POST"),
		}
	}))
	return protection.Handler(h.page(stepAuthorize, h.authorize))
}

func (h *Handler) authorize(w http.ResponseWriter, r *http.Request, v *visit) error {
	if r.Header.Get("Sec-Fetch-Mode") != "" && !v.navigation {
		return errScript()
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return h.ask(w, r, v)
	case http.MethodPost:
		return h.decide(w, r, v)
	}
	w.Header().Set("Allow", "GET, HEAD, POST")
	return &fault.Error{
		Status: http.StatusMethodNotAllowed, Reason: fault.BadRequest, Title: "Method not allowed",
		Text: "This address does not take requests of this kind.", Err: errors.New("method not allowed"),
	}
}

func (h *Handler) ask(w http.ResponseWriter, r *http.Request, v *visit) error {
	p, err := readQuery(r)
	if err != nil {
		return errLink(err)
	}
	sealed := p["request"]
	req, err := h.openRequest(v, sealed)
	if err != nil {
		return err
	}
	s, err := h.signedIn(r, v)
	switch {
	case err != nil:
		return err
	case s != nil:
		v.result = "asked"
		return h.confirmation(w, v, s, sealed, req)
	case !v.navigation:
		return errLogin()
	}
	v.result = "sign_in"
	h.SignIn(w, r, h.authorizeURL(v, sealed))
	return nil
}

func (h *Handler) decide(w http.ResponseWriter, r *http.Request, v *visit) error {
	p, err := readForm(w, r)
	if err != nil {
		return errForm(err)
	}
	sealed, decision := p["request"], p["decision"]
	req, err := h.openRequest(v, sealed)
	if err != nil {
		return err
	}
	if decision != decisionAllow && decision != decisionCancel {
		return errForm(errors.New("no decision in the form"))
	}
	s, err := h.signedIn(r, v)
	switch {
	case err != nil:
		return err
	case s == nil:
		return errLogin()
	}
	if err := h.confirmations.check(s, sealed, p["token"]); err != nil {
		// Of another session, perhaps because it was renewed meanwhile, or another person's:
		// whoever is here now is asked.
		v.result = "asked_again"
		return h.confirmation(w, v, s, sealed, req)
	}
	if decision == decisionCancel {
		v.result = "cancelled"
		h.record(r, v, audit.Event{
			Event: audit.TokenRefused, Grant: string(metrics.GrantCode), Reason: string(fault.Cancelled), Application: originOfURI(req.Redirect),
		})
		redirect(w, withAnswer(req.Redirect, "error", "access_denied", "state", req.State))
		return nil
	}
	code, err := h.codes.seal(s, req)
	if err != nil {
		return errTooLarge(err)
	}
	v.result = "allowed"
	redirect(w, withAnswer(req.Redirect, "code", code, "state", req.State))
	return nil
}

// redirect sends the browser to the program. The answer to a POST must be 303: with 307
// the form would follow.
func redirect(w http.ResponseWriter, target string) {
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusSeeOther)
}

// openRequest reads the request of a link, and looks whether its answer may still go
// where it asked for.
func (h *Handler) openRequest(v *visit, sealed string) (*request, error) {
	req, err := h.requests.open(v.self.Name, sealed)
	if err == nil {
		err = h.redirects.check(req.Redirect)
	}
	if err != nil {
		return nil, errLink(err)
	}
	return req, nil
}

// signedIn is the session of the browser; nil if there is none.
func (h *Handler) signedIn(r *http.Request, v *visit) (*session.Session, error) {
	s, reason, err := h.Sessions.Read(r.Context(), r.Header)
	if s != nil {
		s, reason, err = h.Sessions.Fresh(r.Context(), s)
	}
	if s == nil {
		if reason.CouldNotTell() {
			return nil, errUnsure(errors.Join(errors.New(reason.String()), err))
		}
		return nil, nil // err is why there is none, and a sign-in follows
	}
	v.user = s.Identity.Key()
	return s, nil
}

// confirmation answers with the page.
func (h *Handler) confirmation(w http.ResponseWriter, v *visit, s *session.Session, sealed string, req *request) error {
	proof, err := h.confirmations.seal(s, sealed)
	if err != nil {
		return err
	}
	w.Header().Add("Vary", "Cookie")
	h.Pages.ConfirmProgram(w, pages.ConfirmProgram{
		Action: h.Paths.Authorize, Request: sealed, Proof: proof, Target: originOfURI(req.Redirect), Local: isLocal(req.Redirect),
		Application: v.self.Name, Name: s.Identity.Name, Account: account(&s.Identity),
	})
	return nil
}

func isLocal(redirect string) bool {
	_, local := cutLoopback(redirect)
	return local
}

// account is what a person knows their account by.
func account(id *access.Identity) string {
	for _, text := range []string{id.PreferredUsername, id.Email, id.Object, id.Subject} {
		if text != "" {
			return text
		}
	}
	return ""
}

func errLink(err error) *fault.Error {
	e := &fault.Error{
		Status: http.StatusBadRequest, Reason: fault.StateInvalid, Title: "This link is not valid", Err: err,
		Text: "It must be opened exactly as the program gave it, and at the same address. Start again in the program.",
	}
	if errors.Is(err, errRequestOld) {
		e.Reason, e.Title, e.Text = fault.StateExpired, "This link is no longer valid", "It was good for 10 minutes. Start again in the program."
	}
	return e
}

func errForm(err error) *fault.Error {
	return &fault.Error{
		Status: http.StatusBadRequest, Reason: fault.BadRequest, Title: "The form could not be read",
		Text: "Nothing was allowed. Start again in the program.", Err: err,
	}
}

func errScript() *fault.Error {
	return &fault.Error{
		Status: http.StatusForbidden, Reason: fault.CrossOrigin, Title: "Nothing was allowed",
		Text: "Only a person may let a program in, by opening its link.", Err: errors.New("a script, or a prefetch, of a page"),
	}
}

func errLogin() *fault.Error {
	return &fault.Error{
		Status: http.StatusUnauthorized, Reason: fault.LoginRequired, Title: "You are not signed in",
		Text: "There is no valid session in this browser. Open the program's link again.", Err: errors.New("no session"),
	}
}

func errUnsure(err error) *fault.Error {
	return &fault.Error{
		Status: http.StatusServiceUnavailable, Reason: fault.Unsure, RetryAfter: pause, Title: "We could not check your access",
		Text: "Something failed while your session was looked up. You are still signed in.", Err: err,
	}
}

func errTooLarge(err error) error {
	if !errors.Is(err, ticket.ErrTooLarge) {
		return err
	}
	return &fault.Error{
		Status: http.StatusForbidden, Reason: fault.TicketTooLarge, Title: "Your account has too much in it",
		Text: "What is known of your account does not fit into what a program is given.", Err: err,
	}
}
