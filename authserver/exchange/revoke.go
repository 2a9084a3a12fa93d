package exchange

import (
	"errors"
	"net/http"

	"github.com/easyauth-sidecar/easyauth/authserver/audit"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// Revoke ends the session of an access or refresh token, and all tokens of it:
// POST /easyauth/api/v1/revoke, a form with token (RFC 7009). A token that there is not,
// or not any more, is answered 200 too. token_type_hint is not needed, and not read.
func (h *Handler) Revoke() http.Handler { return h.form(nameRevoke, metrics.GrantRevoke, h.revoke) }

func (h *Handler) revoke(w http.ResponseWriter, r *http.Request, v *visit, p params) error {
	values, err := p.need("token")
	if err != nil {
		return err
	}
	token := values[0]
	if h.Audit != nil && session.IsToken(token) { // to tell whose it is
		if s, _, _, err := h.Sessions.ReadToken(r.Context(), token); err == nil && s != nil {
			v.user = s.Identity.Key()
		}
	}
	ended, err := h.Sessions.EndToken(r.Context(), token)
	switch {
	case errors.Is(err, session.ErrCannotEnd):
		return &refusal{
			status: http.StatusBadRequest, code: codeUnsupportedToken, reason: ReasonCannotEnd,
			text: "tokens end by themselves alone here: there is neither a store nor a list of revoked ones", err: err,
		}
	case err != nil:
		return couldNotTell(ReasonStore, 0, err)
	}
	v.result = "unknown"
	if ended {
		v.result = "ok"
		h.Metrics.Revoked("one")
		h.record(r, v, audit.Event{Event: audit.Revoked, Scope: "one", By: "program", Via: "token"})
	}
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
	return nil
}
