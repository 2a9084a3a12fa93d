package authserver

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/pages"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/ingress"
)

// verdict is all that is known when a question is answered.
type verdict struct {
	decision access.Decision
	ask      ingress.Ask
	session  *session.Session
	graph    []string // the queries of this auth-url, in its order
	err      error    // a detail for the log
}

// auth answers nginx's auth_request: 202 with identity headers, 401 with one
// state cookie, or 403 for a broken configuration. It reads no body, ignores
// conditional and range headers, and sets one cookie at most.
func (s *Server) auth(w http.ResponseWriter, r *http.Request) {
	v := s.judge(r)
	h := w.Header()
	if v.decision.Outcome == access.Allow {
		s.allow(h, &v)
	}
	switch v.decision.Outcome {
	case access.Allow:
	case access.SignIn, access.Forbid, access.StepUp, access.Unsure:
		s.deny(h, r, &v)
	case access.Deny:
		s.Metrics.ConfigError(v.decision.Reason.String())
	}
	h["Cache-Control"] = []string{"no-store"}
	s.Metrics.Decision(v.decision)
	s.Metrics.Answer("auth", headerBytes(h))
	s.logDecision(r, &v)
	w.WriteHeader(ingress.NginxStatus(v.decision.Outcome, s.SuccessStatus))
}

// judge makes the decision.
func (s *Server) judge(r *http.Request) (v verdict) {
	defer v.unsureAfterPanic()
	v.ask, v.err = ingress.Nginx(r)
	if v.err != nil {
		v.decision = access.Decision{Outcome: access.Deny, Reason: access.ReasonBadOriginalURL}
		return v
	}
	req, err := s.Parser.Parse(r.URL.RawQuery)
	if err != nil {
		v.decision, v.err = access.Decision{Outcome: access.Deny, Reason: access.ReasonBadQuery}, err
		return v
	}
	var reason access.Reason
	v.session, reason, v.err = s.Sessions.Read(r.Header)
	if v.session == nil {
		v.decision = access.Decide(nil, req)
		v.decision.Reason = reason
		return v
	}
	v.decision = access.Decide(&v.session.Identity, req)
	v.graph = req.Graph
	return v
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
func (s *Server) allow(h http.Header, v *verdict) {
	defer func() {
		if v.decision.Outcome != access.Allow {
			clear(h)
		}
	}()
	defer v.unsureAfterPanic()
	if s.Headers.Render(&v.session.Identity).Write(h, v.graph) {
		s.Metrics.HeaderOverflow()
	}
	if line := s.Sessions.Touch(v.session); line != "" {
		h["Set-Cookie"] = []string{line}
	}
}

// deny sets the denial cookie. It is a hint: without it login starts a plain
// sign-in, so a failure here changes no answer.
func (s *Server) deny(h http.Header, r *http.Request, v *verdict) {
	defer func() {
		if p := recover(); p != nil {
			v.err = errors.Join(v.err, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	line, err := s.Denials.Add(r.Header, v.ask.Original, v.decision, v.ask.Navigation)
	if err != nil {
		v.err = errors.Join(v.err, err)
		return
	}
	h["Set-Cookie"] = []string{line}
}

// logDecision writes one line. Passed and not yet signed-in requests are
// everyday and go to debug; a broken configuration is an error, loudly.
func (s *Server) logDecision(r *http.Request, v *verdict) {
	level := slog.LevelDebug
	switch v.decision.Outcome {
	case access.Forbid, access.StepUp:
		level = slog.LevelInfo
	case access.Deny, access.Unsure:
		level = slog.LevelError
	case access.Allow, access.SignIn:
	}
	if !s.Log.Enabled(r.Context(), level) {
		return
	}
	path, _, _ := strings.Cut(v.ask.Original.RequestURI, "?")
	attrs := []slog.Attr{
		slog.String("outcome", v.decision.Outcome.String()), slog.String("reason", v.decision.Reason.String()),
		slog.String("method", pages.Cap(v.ask.Method, 16)), slog.String("host", pages.Cap(v.ask.Original.Host, 253)), slog.String("path", pages.Cap(path, 200)),
	}
	if v.session != nil {
		attrs = append(attrs, slog.String("user", v.session.Identity.Key().ID))
	}
	if v.err != nil {
		attrs = append(attrs, slog.String("error", v.err.Error()))
	}
	if v.decision.Outcome == access.Deny {
		attrs = append(attrs, slog.String("hint", hint(v.decision.Reason)))
	}
	s.Log.LogAttrs(r.Context(), level, "auth", attrs...)
}

// hint says what an administrator can do about a broken configuration.
func hint(reason access.Reason) string {
	switch reason {
	case access.ReasonBadOriginalURL:
		return "nginx must set it: proxy_set_header X-Original-URL $scheme://$http_host$request_uri;"
	case access.ReasonBadQuery:
		return "correct the query of auth-url; until then every request that it guards is refused"
	}
	return "this is a bug; please report it"
}
