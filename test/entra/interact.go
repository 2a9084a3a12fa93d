package entra

import (
	"net/http"
	"slices"
)

// interact receives what the pages post: the id of the flow in ctx, and the
// name of the button.
func (s *Server) interact(w http.ResponseWriter, r *http.Request, _ authority) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		s.errorPage(w, malformed("the form cannot be read"))
		return
	}
	form := r.PostForm
	f, ok := s.flows.get(form.Get("ctx"))
	if !ok || !s.now().Before(f.expires) {
		s.errorPage(w, &stsError{code: 50089, oauth: "invalid_request", text: "Authentication failed because the sign-in page expired. Start again at the application."})
		return
	}
	switch {
	case form.Has("cancel"):
		s.refuse(w, r, f.req, cancelled(f.req.authority))
	case form.Has("user"):
		u, ok := s.User(form.Get("user"))
		if !ok {
			s.pickPage(w, f, "This account does not exist.")
			return
		}
		s.signIn(w, r, f, u)
	case form.Has("username"):
		u, ok := s.userByName(form.Get("username"))
		if !ok || form.Get("password") != Password {
			s.pickPage(w, f, "AADSTS50126: Error validating credentials due to invalid username or password.")
			return
		}
		s.signIn(w, r, f, u)
	case form.Has("approve"):
		s.approve(w, r, f)
	case form.Has("consent"):
		s.consent(w, r, f)
	default:
		s.proceed(w, r, f)
	}
}

func (s *Server) signIn(w http.ResponseWriter, r *http.Request, f flow, u User) {
	if u.Disabled {
		s.pickPage(w, f, disabled("").problem())
		return
	}
	have := s.startSession(w, r, u)
	f.picked = true
	s.flows.put(f.id, f)
	s.proceedAs(w, r, f, have, true)
}

// approve stands for a second factor: it satisfies the contexts that the request asks for.
func (s *Server) approve(w http.ResponseWriter, r *http.Request, f flow) {
	have, ok := s.session(r)
	if !ok {
		s.proceed(w, r, f)
		return
	}
	s.sessions.swap(have.id, func(v *session) { v.acrs = appendNew(slices.Clone(v.acrs), f.req.claims.contexts()...) })
	s.proceed(w, r, f)
}

func (s *Server) consent(w http.ResponseWriter, r *http.Request, f flow) {
	have, ok := s.session(r)
	if ok && s.next(f, have, true) == stepConsent {
		s.consents.add(f.req.client.ID, have.oid, f.req.scopes.full())
		f.consented = true
		s.flows.put(f.id, f)
	}
	s.proceed(w, r, f)
}

// cancelled is the refusal when a person gives up, on whatever page.
func cancelled(a authority) *stsError {
	if a.policy != "" {
		return &stsError{b2c: true, code: 90091, oauth: "access_denied", text: "The user has cancelled entering self-asserted information."}
	}
	return &stsError{code: 65004, oauth: "access_denied", subcode: "cancel", text: "User declined to consent to access the app."}
}
