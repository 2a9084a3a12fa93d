package exchange

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/audit"
	"github.com/easyauth-sidecar/easyauth/authserver/tracing"
)

// limited is the answer to who asks too often.
func limited(wait time.Duration) *refusal {
	return &refusal{
		status: http.StatusTooManyRequests, code: codeUnavailable, reason: ReasonRateLimited, retryAfter: wait, text: "too many requests",
	}
}

// ended counts and logs a visit that ended well.
func (h *Handler) ended(r *http.Request, v *visit) {
	h.count(v, v.result)
	tracing.Ended(r.Context(), "", v.result, false)
	level := slog.LevelInfo
	if v.step == "session" { // programs may ask it often
		level = slog.LevelDebug
	}
	h.Log.LogAttrs(r.Context(), level, v.step, v.attrs(v.result)...)
}

// refused counts, logs and records one that did not.
func (h *Handler) refused(r *http.Request, v *visit, f *refusal) {
	h.count(v, string(f.reason))
	tracing.Ended(r.Context(), "", string(f.reason), f.status >= http.StatusInternalServerError)
	if f.held {
		h.record(r, v, audit.Event{Event: audit.TokenRefused, Grant: string(v.grant), Reason: string(f.reason), Status: f.status, Application: v.client})
	}
	level := slog.LevelWarn
	if f.status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	attrs := append(v.attrs(string(f.reason)), slog.Int("status", f.status))
	if f.err != nil {
		attrs = append(attrs, slog.String("error", f.err.Error()))
	}
	h.Log.LogAttrs(r.Context(), level, v.step, attrs...)
}

func (h *Handler) count(v *visit, result string) {
	if v.grant != "" {
		h.Metrics.TokenRequest(v.grant, result)
	} else {
		h.Metrics.SignIn(v.step, result)
	}
}

// attrs are the keys of a visit's line in the log. Neither a query nor a form is there.
func (v *visit) attrs(result string) []slog.Attr {
	attrs := []slog.Attr{slog.String("result", result)}
	if v.grant != "" {
		attrs = append(attrs, slog.String("grant", string(v.grant)))
	}
	attrs = append(attrs, slog.String("request_id", v.origin.RequestID))
	if v.origin.TraceID != "" {
		attrs = append(attrs, slog.String("trace_id", v.origin.TraceID))
	}
	attrs = append(attrs, slog.String("host", v.self.Name))
	if v.user != (access.Key{}) {
		attrs = append(attrs, slog.String("user", audit.Text(v.user.ID)))
	}
	if v.client != "" {
		attrs = append(attrs, slog.String("application", audit.Text(v.client)))
	}
	return append(attrs, v.more...)
}

// record writes an event of a request.
func (h *Handler) record(r *http.Request, v *visit, e audit.Event) {
	e.Person(v.user.Authority, v.user.ID)
	e.Method, e.Host, e.Path = r.Method, r.Host, r.URL.Path
	e.Client, e.RequestID, e.TraceID = v.origin.Client, v.origin.RequestID, v.origin.TraceID
	h.Audit.Write(e)
}
