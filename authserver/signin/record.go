package signin

import (
	"cmp"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/audit"
	"github.com/easyauth-sidecar/easyauth/authserver/fault"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/tracing"
)

// attrs are the keys of a visit's line in the log.
func (v *visit) attrs(more ...slog.Attr) []slog.Attr {
	attrs := append(append(more, ids(v.origin)...), slog.String("host", v.self.Name))
	if v.user != (access.Key{}) {
		attrs = append(attrs, slog.String("user", audit.Text(v.user.ID)))
	}
	return attrs
}

// ids are the keys that find the lines of one request.
func ids(origin tracing.Origin) []slog.Attr {
	attrs := []slog.Attr{slog.String("request_id", origin.RequestID)}
	if origin.TraceID != "" {
		attrs = append(attrs, slog.String("trace_id", origin.TraceID))
	}
	return attrs
}

// record writes an event of a request.
func (h *Handler) record(r *http.Request, origin tracing.Origin, person access.Key, e audit.Event) {
	e.Person(person.Authority, person.ID)
	e.Method, e.Host, e.Path = r.Method, cmp.Or(e.Host, r.Host), cmp.Or(e.Path, r.URL.Path)
	e.Client, e.RequestID, e.TraceID = origin.Client, origin.RequestID, origin.TraceID
	h.Audit.Write(e)
}

// recordSignIn writes that a session was made; old is the one that the browser had.
func (h *Handler) recordSignIn(r *http.Request, v *visit, a *attempt, s, old *session.Session) {
	v.signedIn = true
	if h.Audit == nil {
		return
	}
	id := &s.Identity
	e := audit.Event{
		Event: audit.SignIn, How: "interactive", Session: "new", Expires: audit.Timestamp(h.Sessions.Ends(s)),
		Roles: id.Roles, Methods: id.Methods, Contexts: id.Contexts, AuthTime: audit.Timestamp(id.AuthTime),
	}
	if a.Silent {
		e.How = "silent"
	}
	if old != nil && old.Identity.Key() == id.Key() {
		e.Session = "replaced"
	}
	e.Host, e.Path = pageOf(v)
	h.record(r, v.origin, v.user, e)
}

// recordRefused writes that a sign-in came back and made no session.
func (h *Handler) recordRefused(r *http.Request, v *visit, e *fault.Error) {
	if h.Audit == nil || v.step != stepCallback || v.signedIn {
		return
	}
	event := audit.Event{Event: audit.SignInRefused, Reason: string(e.Reason), Status: e.Status}
	event.Host, event.Path = pageOf(v)
	h.record(r, v.origin, v.user, event)
}

// recordSignOut writes that a person ended the session of this browser.
func (h *Handler) recordSignOut(r *http.Request, v *visit) {
	h.record(r, v.origin, v.user, audit.Event{Event: audit.SignOut, Via: v.step})
}

// recordRevoked writes that a person ended other sessions of theirs.
func (h *Handler) recordRevoked(r *http.Request, v *visit, scope string) {
	h.record(r, v.origin, v.user, audit.Event{Event: audit.Revoked, Scope: scope, By: "person", Via: v.step})
}

// recordEnded writes that the provider ended sessions: of a person, or with a zero key
// those of one sign-in there, whose id is left out because it is a secret.
func (h *Handler) recordEnded(r *http.Request, origin tracing.Origin, via string, person access.Key) {
	scope := "user"
	if person == (access.Key{}) {
		scope = "sid"
	}
	h.record(r, origin, person, audit.Event{Event: audit.Revoked, Scope: scope, By: "provider", Via: via})
}

// pageOf is the page that a sign-in was for, without its query; empty when that is
// not known.
func pageOf(v *visit) (host, path string) {
	u, err := url.Parse(v.back)
	if err != nil {
		return "", ""
	}
	return u.Host, u.EscapedPath()
}
