package authserver

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/headers"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/policy"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/ingress"
)

// verdict is all that is known when a question is answered.
type verdict struct {
	decision access.Decision
	ask      ingress.Ask
	identity *access.Identity  // who asks; nil: nobody
	session  *session.Session  // the session that says so; nil with a bearer token of the provider's
	headers  *headers.Rendered // of identity, when they were rendered before
	bearer   bool              // a bearer token decided, whatever the cookies say
	own      bool              // … and it is one of ours
	graph    []string          // the queries of this auth-url, in its order
	policy   *policy.Policy    // that must let pass too; nil: none
	rule     string            // of it, which decided
	why      policy.Why        // what that rule would have had to know
	app      string            // for which this auth-url is; "": it does not say
	mark     [32]byte          // of what said who it is; zero: it is more than was said there
	err      error             // a detail for the log
}

// auth answers nginx's auth_request: 202 with identity headers, 401 with one
// state cookie, or 403 for a broken configuration. It reads no body, ignores
// conditional and range headers, and sets one cookie at most.
func (s *Server) auth(w http.ResponseWriter, r *http.Request) {
	v := s.judge(r, s.read(r, ingress.Nginx))
	h := w.Header()
	if v.decision.Outcome == access.Allow {
		s.allow(h, r, &v)
	}
	if v.refused() {
		s.deny(h, r, &v)
	}
	h["Cache-Control"] = []string{"no-store"}
	s.note(h, r, &v)
	w.WriteHeader(ingress.NginxStatus(v.decision.Outcome, s.SuccessStatus))
}

// refused reports whether somebody is refused who may do something about it; for a broken configuration
// they cannot.
func (v *verdict) refused() bool {
	switch v.decision.Outcome {
	case access.SignIn, access.Forbid, access.StepUp, access.Unsure:
		return true
	case access.Allow, access.Deny:
	}
	return false
}

// note counts an answer, logs and records it. What breaks while it does changes no
// answer: without one nginx would say 500 to whoever may pass.
func (s *Server) note(h http.Header, r *http.Request, v *verdict) {
	defer func() { _ = recover() }() // of the log: there is nobody left to tell
	s.count(h, v)
	s.tell(r, v)
}

func (s *Server) count(h http.Header, v *verdict) {
	defer func() {
		if p := recover(); p != nil {
			v.err = errors.Join(v.err, fmt.Errorf("count an answer: panic: %v", p))
		}
	}()
	if v.decision.Outcome == access.Deny {
		s.Metrics.ConfigError(v.decision.Reason.String())
	}
	s.Metrics.Decision(v.decision)
	if s.tokens { // without tokens all fits
		s.Metrics.Answer(metrics.EndpointAuth, headerBytes(h))
	}
}

// judge makes the decision about a question that was read.
func (s *Server) judge(r *http.Request, q question) (v verdict) {
	defer v.unsureAfterPanic()
	v.ask, v.err = q.ask, q.err
	if q.fault != access.ReasonNone {
		v.decision = access.Decision{Outcome: access.Deny, Reason: q.fault}
		return v
	}
	req, err := s.Parser.Parse(v.ask.Query)
	if err != nil {
		v.decision, v.err = access.Decision{Outcome: access.Deny, Reason: access.ReasonBadQuery}, err
		return v
	}
	v.graph, v.app = req.Graph, req.App
	if req.Policy != "" {
		if v.policy = s.Policies.Find(req.Policy); v.policy == nil {
			v.decision, v.err = access.Decision{Outcome: access.Deny, Reason: access.ReasonPolicyUnknown}, fmt.Errorf("there is no policy %q", req.Policy)
			return v
		}
	}
	if s.Programs != nil && s.judgeToken(r, req, &v) {
		return v
	}
	if s.Bearer != nil && s.judgeBearer(r, req, &v) {
		return v
	}
	s.judgeSession(r, req, &v)
	return v
}

// judgeSession decides by the session cookie.
func (s *Server) judgeSession(r *http.Request, req *access.Requirement, v *verdict) {
	var reason access.Reason
	v.session, reason, v.err = s.Sessions.Read(r.Context(), r.Header)
	if v.session != nil {
		v.session, reason, v.err = s.Sessions.Fresh(r.Context(), v.session)
	}
	switch {
	case v.session == nil && reason.CouldNotTell():
		v.decision = access.Decision{Outcome: access.Unsure, Reason: reason}
		return
	case v.session == nil:
		s.decide(r, req, v)
		v.decision.Reason = reason
		return
	}
	v.identity, v.headers = &v.session.Identity, v.session.Headers
	s.decide(r, req, v)
	if v.decision.Outcome == access.Allow && v.ask.Navigation && s.Sessions.EndsSoon(r.Header, v.session) && !s.sentToRenew(r, v) {
		v.decision = access.Decision{Outcome: access.SignIn, Reason: access.ReasonRenew}
	}
}

// sentToRenew reports whether this page was refused for renewal before, and comes
// again as it was: its location does not lead to a sign-in (it has no
// auth-signin), so that the session had better be used while it lasts.
func (s *Server) sentToRenew(r *http.Request, v *verdict) bool {
	d := s.Denials.Find(r.Header, v.ask.Original.Host, v.ask.Original.RequestURI)
	return d != nil && d.Renew
}

// unsureAfterPanic, deferred, turns a panic into Unsure: never a pass, and never
// the end of a session.
func (v *verdict) unsureAfterPanic() {
	if p := recover(); p != nil {
		v.decision = access.Decision{Outcome: access.Unsure, Reason: access.ReasonInternal}
		v.err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
	}
}

// allow writes the identity headers, and notes the use of the session when that
// is due. If it cannot, the decision becomes Unsure and nothing is written.
func (s *Server) allow(h http.Header, r *http.Request, v *verdict) {
	defer func() {
		if v.decision.Outcome != access.Allow {
			clear(h)
		}
	}()
	defer v.unsureAfterPanic()
	rendered := v.headers
	if rendered == nil || !rendered.Current() {
		rendered = s.Headers.Render(v.identity)
	}
	overflow := rendered.Write(h, v.graph)
	if v.session != nil && v.session.Tokens != nil {
		overflow = rendered.WriteTokens(h, v.session.Tokens.At(s.Sessions.Now()).Reveal(), v.session.Tokens.ID.Reveal()) || overflow
	}
	if s.Assertion != nil {
		overflow = s.assert(h, rendered, v) || overflow
	}
	if overflow {
		s.Metrics.HeaderOverflow()
	}
	if v.session == nil {
		return
	}
	if line := s.Sessions.Touch(r.Context(), v.session); line != "" {
		h["Set-Cookie"] = []string{line}
	}
}

// deny sets the denial cookie, and tells a script how to get a token. Both are
// hints: without the cookie login starts a plain sign-in, so a failure here
// changes no answer.
func (s *Server) deny(h http.Header, r *http.Request, v *verdict) {
	defer func() {
		if p := recover(); p != nil {
			v.err = errors.Join(v.err, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	if challenge := s.challenges(v); challenge != "" {
		h["Www-Authenticate"] = []string{challenge}
	}
	line, err := s.Denials.Add(r.Header, v.ask.Original, v.decision, v.ask.Navigation)
	if err != nil {
		v.err = errors.Join(v.err, err)
		return
	}
	h["Set-Cookie"] = []string{line}
}
