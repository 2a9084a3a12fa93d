package authserver

import (
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/audit"
	"github.com/easyauth-sidecar/easyauth/authserver/tracing"
	"github.com/easyauth-sidecar/easyauth/ingress"
	"github.com/easyauth-sidecar/easyauth/ingress/extauthz"
)

// tell says of one decision what is to be said: on the request's span, in the audit
// stream, in the log. Where none of them wants to hear of it, it costs nothing.
func (s *Server) tell(r *http.Request, v *verdict) {
	if s.Tracing != nil {
		d := v.decision
		tracing.Ended(r.Context(), d.Outcome.String(), d.Reason.String(), d.Outcome == access.Deny || d.Outcome == access.Unsure)
	}
	level := s.level(v)
	logged, recorded := s.Log.Enabled(r.Context(), level), s.Audit != nil && s.recorded(v)
	if !logged && !recorded {
		return
	}
	origin := tracing.OriginOf(r)
	if recorded {
		s.Audit.Write(v.event(origin))
	}
	if logged {
		s.Log.LogAttrs(r.Context(), level, "auth", append(v.attrs(origin), s.advice(r, v.decision)...)...)
	}
}

// level is how loud a decision is. Requests that pass, and those of people who have
// not signed in, are everyday: of the former a share may be wanted. A broken
// configuration is an error.
func (s *Server) level(v *verdict) slog.Level {
	switch v.decision.Outcome {
	case access.Forbid, access.StepUp:
		return slog.LevelInfo
	case access.Deny, access.Unsure:
		return slog.LevelError
	case access.Allow:
		if s.LogAllows > 0 && s.random() < s.LogAllows {
			return slog.LevelInfo
		}
	case access.SignIn:
	}
	return slog.LevelDebug
}

// random is a number of at least 0 and less than 1.
func (s *Server) random() float64 {
	if s.Random != nil {
		return s.Random()
	}
	return rand.Float64() //nolint:gosec // it chooses lines of a log
}

// attrs are the keys of a decision's line.
func (v *verdict) attrs(origin tracing.Origin) []slog.Attr {
	attrs := []slog.Attr{
		slog.String("outcome", v.decision.Outcome.String()), slog.String("reason", v.decision.Reason.String()),
		slog.String("method", audit.Text(v.ask.Method)), slog.String("host", audit.Text(v.ask.Original.Host)), slog.String("path", audit.Text(v.path())),
		slog.String("request_id", origin.RequestID),
	}
	if origin.TraceID != "" {
		attrs = append(attrs, slog.String("trace_id", origin.TraceID))
	}
	if v.identity != nil {
		attrs = append(attrs, slog.String("user", audit.Text(v.identity.Key().ID)))
	}
	if v.policy != nil {
		attrs = append(attrs, slog.String("policy", v.policy.Name()), slog.String("rule", v.rule))
		if why := v.lack(); why != "" {
			attrs = append(attrs, slog.String("why", why))
		}
	}
	if v.bearer {
		attrs = append(attrs, slog.Bool("bearer", true))
	}
	if v.err != nil {
		attrs = append(attrs, slog.String("error", v.err.Error()))
	}
	return attrs
}

// path is where the request was going, without its query.
func (v *verdict) path() string {
	path, _, _ := strings.Cut(v.ask.Original.RequestURI, "?")
	return path
}

// advice says what an administrator can do about a broken configuration.
func (s *Server) advice(r *http.Request, d access.Decision) []slog.Attr {
	switch {
	case d.Outcome != access.Deny:
		return nil
	case d.Reason == access.ReasonBadOriginalURL:
		return []slog.Attr{slog.String("hint", s.hintOfOriginal(r.URL.Path))}
	case d.Reason == access.ReasonProxySecret:
		return []slog.Attr{slog.String("hint", hint(d.Reason)), slog.String("peer", ingress.PeerAddress(r).String())}
	}
	return []slog.Attr{slog.String("hint", hint(d.Reason))}
}

// hintOfOriginal says what the proxy that asks at this path must say of where a request was going.
func (s *Server) hintOfOriginal(path string) string {
	switch path {
	case s.AuthPath:
		return "the proxy must say where the request was going; nginx: proxy_set_header X-Original-URL $scheme://$http_host$request_uri; other proxies: docs/proxies"
	case s.ForwardPath:
		return "the proxy must send one X-Forwarded-Method, one X-Forwarded-Host and one X-Forwarded-Uri of its own, none of a client's; see docs/proxies"
	case extauthz.Path:
		return "Envoy must send method, host and path of the request, and no body (with_request_body); see docs/proxies/envoy.md"
	}
	return "path_prefix of ext_authz must be " + s.EnvoyPath + "/ and the rule, or - for none; see docs/proxies/envoy.md"
}

// hint is the advice for all other reasons.
func hint(reason access.Reason) string {
	switch reason {
	case access.ReasonHostNotServed:
		return "add the host, with its port unless that is 443, to EASYAUTH_HOSTS; until then its requests are refused"
	case access.ReasonProxySecret:
		return "let the proxy send X-EasyAuth-Proxy-Secret as it is in EASYAUTH_PROXY_SECRET_FILE; if it does, somebody else asks"
	case access.ReasonPolicyUnknown:
		return "correct the name in auth-url (policy=), or add the policy to the configuration file; until then every request that it guards is refused"
	case access.ReasonBadQuery:
		return "correct the rule: the query of auth-url, or over gRPC query in context_extensions; until then every request that it guards is refused"
	}
	return "this is a bug; please report it"
}
