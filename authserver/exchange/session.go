package exchange

import (
	"net/http"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/pages"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// sessionAnswer tells who a token or a cookie is of, and until when.
type sessionAnswer struct {
	Active            bool      `json:"active"`
	Via               string    `json:"via"` // token or cookie
	Tenant            string    `json:"tid,omitempty"`
	Object            string    `json:"oid,omitempty"`
	Subject           string    `json:"sub"`
	Name              string    `json:"name"`
	PreferredUsername string    `json:"preferred_username"`
	Email             string    `json:"email"`
	ExpiresAt         time.Time `json:"expires_at"`
	ExpiresIn         int64     `json:"expires_in"` // seconds
}

// Session tells who asks, and until when: GET /easyauth/api/v1/session, with
// "Authorization: Bearer ea_…" or the session cookie. A bearer token decides alone. What
// is no longer good is answered 401 with the challenge of RFC 6750.
func (h *Handler) Session() http.Handler {
	return h.api("session", func(w http.ResponseWriter, r *http.Request, v *visit) error {
		v.grant = metrics.GrantSession
		w.Header().Add("Vary", "Authorization, Cookie")
		found, err := h.whose(r)
		if err != nil {
			return err
		}
		id := &found.session.Identity
		v.user = id.Key()
		pages.WriteJSON(w, http.StatusOK, sessionAnswer{
			Active: true, Via: found.via, Tenant: id.Tenant, Object: id.Object, Subject: id.Subject, Name: id.Name,
			PreferredUsername: id.PreferredUsername, Email: id.Email,
			ExpiresAt: found.expires.UTC().Truncate(time.Second), ExpiresIn: int64(found.expires.Sub(h.Now()) / time.Second),
		})
		return nil
	}, http.MethodGet, http.MethodHead)
}

// found is a session, what brought it, and when that ends.
type found struct {
	session *session.Session
	via     string
	expires time.Time
}

func (h *Handler) whose(r *http.Request) (*found, error) {
	token, bearer, err := bearerToken(r.Header)
	if err != nil {
		return nil, err
	}
	f := &found{via: "token"}
	var reason access.Reason
	if bearer {
		f.session, f.expires, reason, err = h.Sessions.ReadToken(r.Context(), token)
	} else {
		f.via = "cookie"
		f.session, reason, err = h.Sessions.Read(r.Context(), r.Header)
	}
	if f.session != nil {
		f.session, reason, err = h.Sessions.Fresh(r.Context(), f.session)
	}
	switch {
	case f.session == nil && reason.CouldNotTell():
		return nil, couldNotTell(ofSession(reason), 0, err)
	case f.session == nil:
		return nil, notActive(reason, bearer, err)
	case !bearer:
		f.expires = h.Sessions.Ends(f.session)
	}
	return f, nil
}

// bearerToken is the token of a Bearer header; bearer is false if there is none. Another
// scheme is the application's own affair.
func bearerToken(h http.Header) (token string, bearer bool, err error) {
	values := h["Authorization"]
	if len(values) > 1 {
		f := malformed("there is more than one Authorization header")
		f.challenge = `Bearer error="invalid_request"`
		return "", false, f
	}
	if len(values) == 0 {
		return "", false, nil
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	return strings.TrimLeft(token, " "), strings.EqualFold(scheme, "Bearer"), nil
}

// notActive is the answer of RFC 6750, section 3: it names an error only if something
// was presented.
func notActive(reason access.Reason, bearer bool, err error) *refusal {
	f := &refusal{status: http.StatusUnauthorized, code: codeInvalidToken, reason: ofSession(reason), err: err}
	switch {
	case !bearer && reason == access.ReasonNoTicket:
		f.code, f.reason, f.challenge = "login_required", ReasonLoginRequired, "Bearer"
		f.text = "send Authorization: Bearer with a token of ours, or the session cookie"
		return f
	case f.reason == ReasonTokenExpired:
		f.word = "expired"
	}
	f.challenge = `Bearer error="invalid_token", error_description="` + f.description() + `"`
	return f
}
