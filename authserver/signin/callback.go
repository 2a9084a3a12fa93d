package signin

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/audit"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/fault"
	"github.com/easyauth-sidecar/easyauth/authserver/pages"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

// raceWindow is how far the beginning of a sign-in and the making of a browser
// cookie may be apart for one to have replaced the cookie of the other. Tabs that
// a browser opens at once, before it has a cookie of ours, each get one; the last
// stays, and it may come after some have already read another.
const raceWindow = 30 * time.Second

// maxClaims is the longest claims challenge that is passed on, in bytes: escaped,
// with the rest of the Location and the browser cookie, it fits nginx's 4k buffer.
// Graph's have about 200.
const maxClaims = 400

// Callback ends a sign-in: GET /easyauth/signin-oidc?code=&state=.
func (h *Handler) Callback() http.Handler { return h.step(stepCallback, h.callback) }

const stepCallback = "callback"

func (h *Handler) callback(w http.ResponseWriter, r *http.Request, v *visit) error {
	v.navigation = true // the IdP sends browsers; an error is read by a person
	answer, err := readAnswer(r.URL.RawQuery)
	if err != nil {
		return h.unlessSignedIn(w, r, v, nil, err)
	}
	a, b, d, err := h.prove(r, v, answer.state)
	if err != nil {
		if errors.Is(err, errRaced) && a.Restarts < maxRestarts && h.Provider.Ready() && h.signedIn(r, a) == nil {
			// Our own page, from a state that we sealed: start over with the cookie
			// that won. The code that came with it is not used, nor what the attempt
			// asked for: state may be somebody else's, who chose it. The next check
			// asks for what is missing.
			v.result = "restarted"
			return h.begin(w, r, v, &intent{page: a.Return}, a.Restarts+1)
		}
		return h.unlessSignedIn(w, r, v, a, err)
	}
	b.use(a.ID)
	for _, line := range h.attempts.done(a) {
		w.Header().Add("Set-Cookie", line)
	}
	id, tokens, claims, err := h.redeem(r, v, answer, a, d)
	another := false
	if err == nil && a.Silent {
		another, err = h.anotherPerson(r, id)
	}
	switch {
	case err != nil && a.Silent && needsPerson(err):
		return h.afterSilence(w, r, v, a, b)
	case err == nil && another:
		return h.afterSilence(w, r, v, a, b)
	case claims != "" && len(claims) <= maxClaims && entra.ValidChallenge(claims) && !a.Challenged && a.Restarts < maxRestarts:
		v.result = "challenged"
		return h.begin(w, r, v, &intent{page: a.Return, missing: a.Missing, claims: claims, browser: b}, a.Restarts+1)
	case err != nil:
		if h.signedIn(r, a) != nil { // it leads to the page: counts, so that it cannot do so for ever
			b.complete(pageTarget(a.Return), h.Now())
		}
		if line, cookieErr := h.browsers.set(b); cookieErr == nil {
			w.Header().Add("Set-Cookie", line)
		}
		return h.unlessSignedIn(w, r, v, a, err)
	}
	return h.finish(w, r, v, a, b, id, tokens)
}

// answer is the authorization response.
type answer struct {
	state, iss       string
	code             secret.String
	err, description string
}

func readAnswer(rawQuery string) (*answer, error) {
	q, err := url.ParseQuery(rawQuery)
	if err != nil {
		return nil, errState(fault.StateInvalid, errors.New("malformed query"))
	}
	for _, name := range []string{"state", "code", "iss", "error", "error_description"} {
		if len(q[name]) > 1 { // RFC 6749, section 3.1: not more than once
			return nil, errState(fault.StateInvalid, errors.New("parameter "+name+" is repeated"))
		}
	}
	return &answer{
		state: q.Get("state"), code: secret.New(q.Get("code")), iss: q.Get("iss"),
		err: q.Get("error"), description: q.Get("error_description"),
	}, nil
}

var errRaced = errors.New("another tab's first sign-in replaced the browser cookie")

// prove opens the attempt and binds it to this browser. Nothing has gone to the
// network before it succeeds. The attempt is returned with an error too, once
// its state was authentic, for its return URL alone.
func (h *Handler) prove(r *http.Request, v *visit, state string) (*attempt, *browser, derived, error) {
	a, err := h.attempts.open(r.Header, state)
	if a != nil {
		if a.Return == "" { // the return cookie is gone
			a.Return = h.Hosts.Default(v.self)
		}
		v.back = a.Return
	}
	switch {
	case errors.Is(err, errExpired):
		return a, nil, derived{}, errState(fault.StateExpired, err)
	case err != nil:
		return nil, nil, derived{}, errState(fault.StateInvalid, err)
	}
	b := h.browsers.read(r.Header)
	if b == nil {
		return a, nil, derived{}, errState(fault.BrowserMismatch, errors.New("no browser cookie, or several"))
	}
	d, err := derive(b.Secret, a.ID)
	if err != nil {
		return a, nil, derived{}, err
	}
	if !a.boundTo(d) {
		cause := errors.New("begun in another browser")
		if b.Made.Sub(a.Started).Abs() < raceWindow {
			cause = errRaced
		}
		return a, nil, derived{}, errState(fault.BrowserMismatch, cause)
	}
	if b.hasUsed(a.ID) || !h.Used.take(a.ID, h.Now()) {
		return a, nil, derived{}, errState(fault.StateUsed, errors.New("this callback was seen before"))
	}
	return a, b, d, nil
}

// A callback that waits for a slow provider keeps its request in memory.
const (
	redeemsAtOnce = 64
	redeemWait    = 3 * time.Second
)

// redeem turns the answer into a verified identity. claims is a claims challenge
// of Microsoft Graph's, which a new sign-in can meet.
func (h *Handler) redeem(r *http.Request, v *visit, answer *answer, a *attempt, d derived) (id *access.Identity, tokens *entra.Tokens, claims string, err error) {
	if answer.err == "" && answer.code.Empty() {
		return nil, nil, "", errState(fault.StateInvalid, errors.New("neither code nor error"))
	}
	select {
	case h.redeems <- struct{}{}:
		defer func() { <-h.redeems }()
	case <-time.After(redeemWait):
		return nil, nil, "", errUnavailable(errors.New("too many sign-ins wait for the provider at once"))
	}
	h.ready(r.Context()) // a process that has just started; what follows says so if it is not
	if err := h.Provider.CheckIssuerParam(answer.iss); err != nil {
		return nil, nil, "", h.idpFault(err)
	}
	if answer.err != "" {
		return nil, nil, "", answerFault(answer)
	}
	plan := h.plan(a.Missing, a.Groups)
	tokens, err = h.Provider.Redeem(r.Context(), answer.code, d.verifier, h.redirectURI(v), plan)
	if err != nil {
		return nil, nil, "", h.idpFault(err)
	}
	id, err = h.Provider.Verify(r.Context(), tokens.IDToken, d.nonce, tokens.AccessToken)
	if err != nil {
		return nil, nil, "", h.idpFault(err)
	}
	id.Scopes = tokens.Scopes
	if tokens.Failed != nil { // signed in all the same; what is missing is told in the end
		h.Log.Warn("a second token could not be had", "request_id", v.origin.RequestID, "error", tokens.Failed.Error())
	}
	return id, tokens, h.askGraph(r, v, a, id, tokens), nil
}

// askGraph adds what Microsoft Graph knows of the person. claims is what Graph
// wants of the sign-in first.
func (h *Handler) askGraph(r *http.Request, v *visit, a *attempt, id *access.Identity, tokens *entra.Tokens) (claims string) {
	if len(a.Missing.Graph) > 0 {
		answer := h.Graph.Ask(r.Context(), tokens.Graph, a.Missing.Graph)
		id.Graph, claims = answer.Results, answer.Claims
	}
	var before []string
	if old, _, _ := h.Sessions.Read(r.Context(), r.Header); old != nil && old.Identity.Key() == id.Key() {
		before = old.Identity.GroupsChecked
	}
	return cmp.Or(claims, h.asker.completeGroups(r.Context(), v.origin.RequestID, id, tokens, a.Missing.Groups, before))
}

// finish makes the session and returns to the page.
func (h *Handler) finish(w http.ResponseWriter, r *http.Request, v *visit, a *attempt, b *browser, id *access.Identity, tokens *entra.Tokens) error {
	v.user = id.Key()
	old, err := h.session(r)
	if err != nil {
		return err
	}
	s, lines, dropped, err := h.Sessions.Issue(r.Context(), r.Header, id, old, kept(tokens, h.Now()), pages.AgentLabel(r.UserAgent()))
	if err != nil {
		if !errors.Is(err, ticket.ErrTooLarge) {
			return storeFault(err, "You could not be signed in", "Your session could not be stored.")
		}
		return &fault.Error{
			Status: http.StatusInternalServerError, Reason: fault.TicketTooLarge, Err: err,
			Title: "Your account does not fit",
			Text:  "Your account's data is too large for a session cookie. An administrator can send fewer claims in the token.",
		}
	}
	for _, line := range lines {
		w.Header().Add("Set-Cookie", line)
	}
	h.recordSignIn(r, v, a, s, old)
	if len(dropped) > 0 {
		h.Log.Warn("parts of an identity did not fit into its ticket", "request_id", v.origin.RequestID, "parts", len(dropped), "first", audit.Text(dropped[0]))
	}
	b.complete(pageTarget(a.Return), h.Now())
	line, err := h.browsers.set(b)
	if err != nil {
		return err
	}
	w.Header().Add("Set-Cookie", line)
	wanted := a.Missing
	wanted.Graph = nil // what failed is a result too
	if left := access.Decide(&s.Identity, wanted.Requirement(), h.Now()); left.Outcome == access.StepUp {
		// Signed in all the same: pages that need less will open.
		return errNotGranted(&s.Identity, h.shown(left.Missing), a.Return)
	}
	redirect(w, a.Return)
	return nil
}

// unlessSignedIn answers a callback that failed. If a valid ticket has all that
// the attempt asked for, the person wanted nothing but the page: a repeated or
// late callback, the Back button.
func (h *Handler) unlessSignedIn(w http.ResponseWriter, r *http.Request, v *visit, a *attempt, err error) error {
	s := h.signedIn(r, a)
	if s == nil {
		return err
	}
	v.user, v.result = s.Identity.Key(), "signed_in_already"
	h.Log.Debug("a callback failed, but the browser is signed in", "request_id", v.origin.RequestID, "error", err.Error())
	redirect(w, v.back)
	return nil
}

// signedIn returns the session of a valid ticket that has all that the attempt
// asked for, nil without one. A nil attempt asked for nothing.
func (h *Handler) signedIn(r *http.Request, a *attempt) *session.Session {
	s, _, _ := h.Sessions.Read(r.Context(), r.Header)
	if s == nil || a != nil && !h.unmet(s, a.Missing).Empty() {
		return nil
	}
	return s
}

// unmet is what a session still lacks of what was missing. A group of which it is
// known that the person is not in it is answered.
func (h *Handler) unmet(s *session.Session, m access.Missing) access.Missing {
	left := access.Unmet(&s.Identity, m.Requirement(), h.Now())
	_, left.Groups = s.Identity.Memberships(left.Groups)
	return left
}
