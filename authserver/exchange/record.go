package exchange

import (
	"log/slog"
	"net/http"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/audit"
	"github.com/easyauth-sidecar/easyauth/authserver/tracing"
)

// ended counts and logs a visit that ended well.
func (h *Handler) ended(r *http.Request, v *visit) {
	h.count(v, v.result)
	tracing.Ended(r.Context(), "", v.result, false)
	h.Log.LogAttrs(r.Context(), v.level(http.StatusOK), v.step, v.attrs(v.result)...)
}

// refused counts, logs and records one that did not.
func (h *Handler) refused(r *http.Request, v *visit, f *refusal) {
	h.count(v, string(f.reason))
	tracing.Ended(r.Context(), "", string(f.reason), f.status >= http.StatusInternalServerError)
	if f.audited {
		h.record(r, v, audit.Event{Event: audit.TokenRefused, Grant: string(v.grant), Reason: string(f.reason), Status: f.status, Application: v.client})
	}
	attrs := append(v.attrs(string(f.reason)), slog.Int("status", f.status))
	if f.err != nil {
		attrs = append(attrs, slog.String("error", f.err.Error()))
	}
	h.Log.LogAttrs(r.Context(), v.level(f.status), v.step, attrs...)
}

// level is that of a visit's line in the log. session and login bring nothing to be
// judged, and are not limited: what they refuse is no warning of anything.
func (v *visit) level(status int) slog.Level {
	switch {
	case status >= http.StatusInternalServerError:
		return slog.LevelError
	case v.step == nameSession: // programs may ask it often
		return slog.LevelDebug
	case v.step == stepLogin || status < http.StatusBadRequest:
		return slog.LevelInfo
	}
	return slog.LevelWarn
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
	return append(attrs, v.logged...)
}

// record writes an event of a request.
func (h *Handler) record(r *http.Request, v *visit, e audit.Event) {
	e.Person(v.user.Authority, v.user.ID)
	e.Method, e.Host, e.Path = r.Method, r.Host, r.URL.Path
	e.Client, e.RequestID, e.TraceID = v.origin.Client, v.origin.RequestID, v.origin.TraceID
	h.Audit.Write(e)
}
