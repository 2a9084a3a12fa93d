package signin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/fault"
	"github.com/easyauth-sidecar/easyauth/authserver/pages"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/tracing"
)

// A front-channel logout proves nothing, and asks the store: so many at once are
// looked at, and others wait so long.
const (
	knocksAtOnce = 32
	knockWait    = 2 * time.Second
	maxSID       = 255 // bytes
)

// FrontChannel ends the sessions that came from one session at the provider:
// GET /easyauth/frontchannel-logout?sid=&iss=, which the provider loads in a frame
// of its sign-out page (OpenID Connect Front-Channel Logout 1.0). No cookie comes
// along, and none is set. Whoever knows a sid can end its sessions and do nothing
// else; it is random, and only the provider and its clients know it. iss must be
// one of ours if it is there; Entra ID sends none.
//
// The answer is always the same empty 200, so that it tells nobody which sids exist.
func (h *Handler) FrontChannel() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := tracing.OriginOf(r)
		result, err := h.frontChannel(r, origin)
		h.ended(r, origin, "frontchannel_logout", result, err)
		pages.Empty(w)
	})
}

func (h *Handler) frontChannel(r *http.Request, origin tracing.Origin) (result string, err error) {
	defer func() {
		if p := recover(); p != nil {
			result, err = string(fault.Internal), fmt.Errorf("panic: %v", p)
		}
	}()
	q := r.URL.Query()
	sid := q.Get("sid")
	if len(q["sid"]) != 1 || len(q["iss"]) > 1 || sid == "" || len(sid) > maxSID {
		return string(fault.LogoutRefused), errors.New("not exactly one sid of at most 255 bytes")
	}
	if q.Has("iss") && !slices.Contains(h.Provider.Issuers(), q.Get("iss")) {
		return string(fault.LogoutRefused), errors.New("iss is not an issuer that is accepted here")
	}
	select {
	case h.knocks <- struct{}{}:
		defer func() { <-h.knocks }()
	case <-time.After(knockWait):
		return string(fault.LogoutRefused), errors.New("too many requests at once")
	}
	found, err := h.Sessions.EndSID(r.Context(), sid)
	switch {
	case err != nil:
		return string(fault.Store), err
	case !found:
		return "nothing", nil
	}
	h.Metrics.Revoked("sid")
	h.recordEnded(r, origin, "front_channel", access.Key{})
	return "ok", nil
}

// BackChannel ends sessions for the provider itself: POST
// /easyauth/backchannel-logout with a logout_token (OpenID Connect Back-Channel
// Logout 1.0). Each token counts once.
func (h *Handler) BackChannel() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := tracing.OriginOf(r)
		err := h.backChannel(w, r, origin)
		w.Header().Set("Cache-Control", "no-store")
		if err == nil {
			h.ended(r, origin, "backchannel_logout", "ok", nil)
			w.WriteHeader(http.StatusOK)
			return
		}
		e := fault.From(err)
		h.ended(r, origin, "backchannel_logout", string(e.Reason), err)
		code := "invalid_request"
		if e.Status >= http.StatusInternalServerError {
			code = "temporarily_unavailable"
			w.Header().Set("Retry-After", "5")
		}
		pages.WriteJSON(w, e.Status, jsonOAuthError{code, e.Text})
	})
}

// jsonOAuthError is an error as RFC 6749, section 5.2, has it.
type jsonOAuthError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

func (h *Handler) backChannel(w http.ResponseWriter, r *http.Request, origin tracing.Origin) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/x-www-form-urlencoded" {
		return errLogout("The request must be a form.", errors.New("another content type"))
	}
	r.Body = http.MaxBytesReader(w, r.Body, 2*maxForm)
	if err := r.ParseForm(); err != nil {
		return errLogout("The form could not be read.", errors.New("unreadable form")) // its error quotes the form
	}
	if len(r.PostForm["logout_token"]) != 1 {
		return errLogout("There must be exactly one logout_token.", errors.New("not exactly one logout_token"))
	}
	out, err := h.Provider.LogoutToken(r.Context(), secret.New(r.PostForm.Get("logout_token")))
	if err != nil {
		var e *entra.Error
		if errors.As(err, &e) && (e.Reason == entra.ReasonUnavailable || e.Reason == entra.ReasonIDPError) { // no keys to check it with
			return &fault.Error{Status: http.StatusServiceUnavailable, Reason: fault.IDPUnavailable, Text: "The token could not be checked. Please try again.", Err: err}
		}
		return errLogout("The logout_token does not hold.", err)
	}
	if out.SID == "" && !h.SubjectIsKey {
		return errLogout("The logout_token must name a session (sid).", errors.New("a logout token without sid: a person is tid and oid here"))
	}
	err = h.onlyOnce(r.Context(), "logout "+out.Issuer+" "+out.JTI, out.Expires.Add(time.Minute), func() error {
		return h.endSaid(r, origin, out)
	})
	if errors.Is(err, errUsed) {
		return errLogout("The logout_token was used before.", err)
	}
	return storeFault(err, "", "The sessions could not be ended. Please try again.")
}

// logoutTries is how often a logout token may fail for a fault of ours, and be
// sent again.
const logoutTries = 4

var errUsed = errors.New("a logout token was seen before")

// onlyOnce does something once, on all replicas, until a time; errUsed if it was
// done, or failed logoutTries times. Each try takes one of as many names; success
// takes those that are left.
func (h *Handler) onlyOnce(ctx context.Context, name string, until time.Time, do func() error) error {
	done := false
	for try := range logoutTries {
		free, err := h.Sessions.Once(ctx, fmt.Sprintf("%s %d", name, try), until)
		switch {
		case err != nil:
			return err
		case !free || done:
			continue
		}
		if err := do(); err != nil {
			return err
		}
		done = true
	}
	if !done {
		return errUsed
	}
	return nil
}

// endSaid ends what a logout token says.
func (h *Handler) endSaid(r *http.Request, origin tracing.Origin, out *entra.Logout) error {
	person := access.Key{Authority: out.Issuer, ID: out.Subject}
	if out.SID == "" {
		if err := h.Sessions.EndUser(r.Context(), person); err != nil {
			return err
		}
		h.Metrics.Revoked("user")
		h.recordEnded(r, origin, "back_channel", person)
		return nil
	}
	found, err := h.Sessions.EndSID(r.Context(), out.SID)
	if found {
		h.Metrics.Revoked("sid")
		h.recordEnded(r, origin, "back_channel", access.Key{})
	}
	return err
}

func errLogout(text string, err error) *fault.Error {
	return &fault.Error{Status: http.StatusBadRequest, Reason: fault.LogoutRefused, Text: text, Err: err}
}

// ended counts and logs a logout of the provider's.
func (h *Handler) ended(r *http.Request, origin tracing.Origin, step, result string, err error) {
	h.Metrics.SignIn(step, result)
	tracing.Ended(r.Context(), "", result, err != nil)
	level, attrs := slog.LevelInfo, append([]slog.Attr{slog.String("result", result)}, ids(origin)...)
	if err != nil {
		level = slog.LevelWarn
		attrs = append(attrs, slog.String("error", strings.ToValidUTF8(err.Error(), "?")))
	}
	var store *session.StoreError
	if errors.As(err, &store) {
		level = slog.LevelError
	}
	h.Log.LogAttrs(r.Context(), level, step, attrs...)
}
