package entra

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	flowLifetime    = 15 * time.Minute // a sign-in page may stay open that long
	sessionLifetime = 24 * time.Hour
	codeLifetime    = 10 * time.Minute
	refreshLifetime = 90 * 24 * time.Hour

	policyRefreshLifetime = 14 * 24 * time.Hour // B2C's
)

// SessionCookie is the name of the cookie that makes a second sign-in silent.
const SessionCookie = "ESTSAUTH"

// flow is one authorization request on its way through the pages.
type flow struct {
	id        string
	req       authRequest
	picked    bool // the user was chosen in this flow
	consented bool // the consent page was answered in this flow
	expires   time.Time
}

// session is a browser that signed in.
type session struct {
	id       string
	sid      string // the claim
	oid      string
	authTime time.Time
	acrs     []string // authentication contexts that were satisfied
	members  []member // clients that the user signed in to
	expires  time.Time
}

type step int

const (
	stepPick step = iota
	stepApprove
	stepConsent
	stepDone
)

// session returns the live session of a browser.
func (s *Server) session(r *http.Request) (session, bool) {
	c, err := r.Cookie(SessionCookie)
	if err != nil {
		return session{}, false
	}
	got, ok := s.sessions.get(c.Value)
	if !ok || !s.now().Before(got.expires) {
		return session{}, false
	}
	return got, true
}

// startSession signs a user in, in this browser, under a fresh session id.
func (s *Server) startSession(w http.ResponseWriter, r *http.Request, u User) session {
	var members []member
	if old, ok := s.session(r); ok {
		s.sessions.delete(old.id)
		if old.oid == u.ObjectID { // what they hold ends with the browser's session all the same
			members = old.members
		}
	}
	now := s.now()
	fresh := session{id: token(32), sid: newGUID(), oid: u.ObjectID, authTime: now, members: members, expires: now.Add(sessionLifetime)}
	s.sessions.put(fresh.id, fresh)
	http.SetCookie(w, s.sessionCookie(fresh.id))
	return fresh
}

func (s *Server) sessionCookie(value string) *http.Cookie {
	c := &http.Cookie{Name: SessionCookie, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if strings.HasPrefix(s.BaseURL(), "https://") {
		c.Secure, c.SameSite = true, http.SameSiteNoneMode
	}
	if value == "" {
		c.MaxAge = -1
	}
	return c
}

// next tells what the flow needs before it can end.
func (s *Server) next(f flow, have session, signedIn bool) step {
	u, known := s.User(have.oid)
	switch {
	case !signedIn || !known || u.Disabled:
		return stepPick
	case !f.picked && (f.req.prompt == "login" || f.req.prompt == "select_account" || hintsElsewhere(f.req.loginHint, u)):
		return stepPick
	case !f.picked && f.req.tooOld(have.authTime, s.now()):
		return stepPick
	case missingAny(have.acrs, f.req.claims.needed):
		return stepApprove
	case f.consented || f.req.authority.policy != "": // B2C asks nobody for consent
		return stepDone
	case f.req.prompt == "consent" || len(s.missingConsent(f.req.client, u.ObjectID, f.req.scopes)) > 0:
		return stepConsent
	}
	return stepDone
}

func missingAny(have, want []string) bool {
	return slices.ContainsFunc(want, func(w string) bool { return !slices.Contains(have, w) })
}

func hintsElsewhere(hint string, u User) bool {
	return hint != "" && !strings.EqualFold(hint, u.Username) && hint != loginHint(u)
}

// proceed shows the page of the next step, or ends the flow.
func (s *Server) proceed(w http.ResponseWriter, r *http.Request, f flow) {
	have, signedIn := s.session(r)
	s.proceedAs(w, r, f, have, signedIn)
}

func (s *Server) proceedAs(w http.ResponseWriter, r *http.Request, f flow, have session, signedIn bool) {
	at := s.next(f, have, signedIn)
	silent := f.req.prompt == "none"
	switch {
	case at == stepPick && silent:
		s.refuse(w, r, f.req, s.silentRefusal(f, at, have, signedIn))
		return
	case at == stepPick:
		s.pickPage(w, f, "")
		return
	}
	u, _ := s.User(have.oid) // next found it
	if fail, page := s.barred(f.req, u); page {
		s.errorPage(w, fail)
		return
	} else if fail != nil {
		s.refuse(w, r, f.req, fail)
		return
	}
	if silent && at != stepDone {
		s.refuse(w, r, f.req, s.silentRefusal(f, at, have, signedIn))
		return
	}
	switch at {
	case stepApprove:
		s.approvePage(w, f, u)
	case stepConsent:
		if fail := s.adminNeeded(f.req, u); fail != nil {
			s.refuse(w, r, f.req, fail)
			return
		}
		s.consentPage(w, f, u)
	default:
		s.finish(w, r, f, have)
	}
}

// silentRefusal is the answer to prompt=none when a page would be needed.
func (s *Server) silentRefusal(f flow, at step, have session, signedIn bool) *stsError {
	u, _ := s.User(have.oid)
	switch {
	case f.req.authority.policy != "":
		return &stsError{b2c: true, code: 90077, oauth: "interaction_required", text: "User does not have an existing session and request prompt parameter has a value of 'None'."}
	case at == stepPick && !signedIn:
		return &stsError{code: 50058, oauth: "login_required", text: "A silent sign-in request was sent but no user is signed in."}
	case at == stepPick && u.Disabled:
		return disabled("login_required")
	case at == stepPick && hintsElsewhere(f.req.loginHint, u):
		return &stsError{code: 16000, oauth: "interaction_required", text: "The signed in user is not the one that the request hints at, or several are signed in."}
	case at == stepPick:
		return &stsError{code: 70044, oauth: "login_required", text: "The session has expired or is invalid because it is older than the request allows."}
	case at == stepApprove:
		return &stsError{code: 50076, oauth: "interaction_required", text: "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication."}
	}
	return consentMissing(f.req.client, "consent_required")
}

// finish issues the code.
func (s *Server) finish(w http.ResponseWriter, r *http.Request, f flow, have session) {
	u, _ := s.User(have.oid)
	req := f.req
	c := code{
		grant: grant{
			clientID: req.client.ID, tenant: s.home(u), policy: req.authority.policy, oid: u.ObjectID, scopes: req.scopes,
			nonce: req.nonce, sid: have.sid, authTime: have.authTime,
			acrs: both(req.claims.idContexts, have.acrs), accessACRs: both(req.claims.accessContexts, have.acrs),
			satisfied: have.acrs, capabilities: req.claims.capabilities,
		},
		authority: req.authority.canonical(), redirectURI: req.redirectURI, challenge: req.challenge, method: req.method, expires: s.now().Add(codeLifetime),
	}
	id := "1." + token(700) // Entra's are about this long
	s.codes.put(id, c)
	s.join(have.id, c.grant)
	s.answerClient(w, r, req, url.Values{"code": {id}, "session_state": {have.sid}})
}
