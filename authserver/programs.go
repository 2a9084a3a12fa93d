package authserver

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
)

// judgeToken decides by a token of ours that a program sends, whatever else the request
// has. It reports false when there is none.
func (s *Server) judgeToken(r *http.Request, req *access.Requirement, v *verdict) bool {
	session, expires, claimed, reason, err := s.Sessions.Bearer(r.Context(), r.Header)
	if !claimed {
		return false
	}
	v.bearer, v.own, v.session, v.err = true, true, session, err
	if session == nil {
		if reason.CouldNotTell() {
			v.decision = access.Decision{Outcome: access.Unsure, Reason: reason}
			return true
		}
		s.decide(r, req, v)
		v.decision.Reason = reason
		return true
	}
	v.identity, v.headers, v.mark = &session.Identity, session.Headers, session.Mark()
	if s.decide(r, req, v); v.decision.Outcome == access.StepUp && len(v.decision.Missing.Groups) > 0 {
		// As of the token of the provider's that it was exchanged for.
		s.addMembers(r, &entra.BearerResult{Key: v.mark, Expires: expires}, req, v)
	}
	return true
}

// challenges is the value of WWW-Authenticate for a request that is refused; "" for none.
func (s *Server) challenges(v *verdict) string {
	switch {
	case v.own:
		return entra.OwnChallenge(v.decision, true)
	case s.Bearer != nil && (v.bearer || !v.ask.Navigation):
		return s.Bearer.Challenge(v.challenge())
	case s.Programs != nil && !v.ask.Navigation:
		return entra.OwnChallenge(v.decision, false)
	}
	return ""
}

// programs are the endpoints that give programs tokens. Each refuses other methods
// itself, in the form that its callers read.
func (s *Server) programs(r chi.Router) {
	r.Handle(s.ProgramPaths.Token, s.measured(metrics.EndpointToken, s.Programs.Token()))
	r.Handle(s.ProgramPaths.Revoke, s.measured(metrics.EndpointRevoke, s.Programs.Revoke()))
	r.Handle(s.ProgramPaths.Session, s.measured(metrics.EndpointSession, s.Programs.Session()))
	r.Handle(s.ProgramPaths.Login, s.measured(metrics.EndpointProgramLogin, s.Programs.Login()))
	r.Handle(s.ProgramPaths.Authorize, s.measured(metrics.EndpointAuthorize, s.Programs.Authorize()))
}
