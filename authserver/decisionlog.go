package authserver

import (
	"log/slog"
	"net/http"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/pages"
)

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
	if v.identity != nil {
		attrs = append(attrs, slog.String("user", v.identity.Key().ID))
	}
	if v.bearer {
		attrs = append(attrs, slog.Bool("bearer", true))
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
