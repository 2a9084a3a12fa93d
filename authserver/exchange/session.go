package exchange

import (
	"net/http"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
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
	return h.api(nameSession, metrics.GrantSession, func(w http.ResponseWriter, r *http.Request, v *visit) error {
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
	s, expires, bearer, reason, err := h.Sessions.Bearer(r.Context(), r.Header)
	f := &found{session: s, via: "token", expires: expires}
	if !bearer {
		if err := foreignToken(r.Header); err != nil {
			return nil, err
		}
		f.via = "cookie"
		f.session, reason, err = h.Sessions.Read(r.Context(), r.Header)
		if f.session != nil {
			f.session, reason, err = h.Sessions.Fresh(r.Context(), f.session)
		}
	}
	switch {
	case f.session == nil && reason.CouldNotTell():
		return nil, couldNotTell(ofSession(reason), 0, err)
	case f.session == nil && reason == access.ReasonBearerAmbiguous:
		return nil, severalHeaders()
	case f.session == nil:
		return nil, notActive(reason, bearer, err)
	case !bearer:
		f.expires = h.Sessions.Ends(f.session)
	}
	return f, nil
}

// foreignToken refuses Authorization headers that have no token of ours where a cookie
// would else decide: several, and a bearer token that is another's. Another scheme is the
// application's own affair.
func foreignToken(h http.Header) error {
	values := h["Authorization"]
	if len(values) > 1 {
		return severalHeaders()
	}
	if len(values) == 1 {
		if scheme, _, _ := strings.Cut(values[0], " "); strings.EqualFold(scheme, "Bearer") {
			return notActive(access.ReasonBearerInvalid, true, nil)
		}
	}
	return nil
}

// severalHeaders is "more than one method" of RFC 6750, section 3.1.
func severalHeaders() *refusal {
	f := malformed("there is more than one Authorization header")
	f.challenge = entra.OwnError(f.code, "")
	return f
}

// notActive is the answer of RFC 6750, section 3: it names an error only if something
// was presented.
func notActive(reason access.Reason, bearer bool, err error) *refusal {
	f := &refusal{status: http.StatusUnauthorized, code: codeInvalidToken, reason: ofSession(reason), err: err}
	switch {
	case !bearer && reason == access.ReasonNoTicket:
		f.code, f.reason, f.challenge = "login_required", ReasonLoginRequired, entra.OwnError("", "")
		f.text = "send Authorization: Bearer with a token of ours, or the session cookie"
		return f
	case f.reason == ReasonTokenExpired:
		f.told = "expired"
	}
	f.challenge = entra.OwnError(f.code, f.description())
	return f
}
