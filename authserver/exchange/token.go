package exchange

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/audit"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/pages"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// Token gives tokens of ours: POST /easyauth/api/v1/token, a form.
//
//	grant_type                                         and
//	urn:ietf:params:oauth:grant-type:token-exchange    subject_token, subject_token_type (RFC 8693)
//	refresh_token                                      refresh_token (RFC 6749, section 6)
//	authorization_code                                 code, redirect_uri, code_verifier (RFC 6749, RFC 7636)
//	none                                               id_token: the classic form, whose answer has Token and Expiry too
func (h *Handler) Token() http.Handler { return h.form(nameToken, metrics.GrantOther, h.token) }

func (h *Handler) token(w http.ResponseWriter, r *http.Request, v *visit, p params) error {
	switch grant := p["grant_type"]; grant {
	case "":
		if p["id_token"] == "" {
			return malformed("grant_type is missing")
		}
		v.grant = metrics.GrantClassic
		values, err := p.need("id_token")
		if err == nil {
			err = h.checkExchange(p, v.self)
		}
		if err != nil {
			return err
		}
		return h.exchangeSubject(w, r, v, entra.SubjectID, values[0])
	case grantExchange:
		v.grant = metrics.GrantExchange
		return h.exchange(w, r, v, p)
	case "refresh_token":
		v.grant = metrics.GrantRefresh
		return h.refresh(w, r, v, p)
	case "authorization_code":
		v.grant = metrics.GrantCode
		return h.redeem(w, r, v, p)
	}
	return &refusal{
		status: http.StatusBadRequest, code: codeUnsupportedGrant, reason: ReasonGrant,
		text: "grant_type can be authorization_code, refresh_token or " + grantExchange,
	}
}

// exchange is RFC 8693: a token of the provider's for one of ours.
func (h *Handler) exchange(w http.ResponseWriter, r *http.Request, v *visit, p params) error {
	values, err := p.need("subject_token", "subject_token_type")
	if err != nil {
		return err
	}
	kind := entra.SubjectID
	switch values[1] {
	case typeID:
	case typeAccess:
		kind = entra.SubjectAccess
	default:
		return malformed("subject_token_type must be " + typeID + " or " + typeAccess)
	}
	if err := h.checkExchange(p, v.self); err != nil {
		return err
	}
	return h.exchangeSubject(w, r, v, kind, values[0])
}

func (h *Handler) exchangeSubject(w http.ResponseWriter, r *http.Request, v *visit, kind entra.SubjectKind, token string) error {
	subject, err := h.Provider.Subject(r.Context(), kind, secret.New(token))
	if err != nil {
		return ofSubject(err)
	}
	if subject == nil || subject.Identity == nil || subject.Identity.Key() == (access.Key{}) {
		return internal(errors.New("a token was verified, and is about nobody"))
	}
	v.user, v.client = subject.Identity.Key(), subject.Client
	if err := h.limitSubject(v.user); err != nil {
		return err
	}
	issued, err := h.Sessions.IssueToken(r.Context(), subject.Identity, h.Life, label("token exchange", subject.Client))
	if err != nil {
		return notIssued(err)
	}
	return h.answer(w, r, v, issued)
}

// refresh is RFC 6749, section 6. Whose token it is shows when it is used up already:
// to refuse it then, because the person asks too often, would end their session.
func (h *Handler) refresh(w http.ResponseWriter, r *http.Request, v *visit, p params) error {
	values, err := p.need("refresh_token")
	if err != nil {
		return err
	}
	if err := h.checkTarget(p, v.self); err != nil {
		return err
	}
	issued, reason, err := h.Sessions.Renew(r.Context(), values[0], h.Life)
	var reused *session.ReusedError
	if errors.As(err, &reused) {
		v.user = reused.Who
	}
	switch {
	case issued != nil:
	case reason.CouldNotTell():
		return couldNotTell(ofSession(reason), 0, err)
	case reason == access.ReasonTokenReused:
		return notGranted(Reason(reason), "the refresh token was used before: its session has ended", err)
	default:
		return notGranted(ofSession(reason), "the refresh token is not good, or not any more", err)
	}
	v.user = issued.Session.Identity.Key()
	h.limits.charge(subjectKey(v.user), subjectRate(), costAsked)
	return h.answer(w, r, v, issued)
}

// redeem is RFC 6749, section 4.1.3, with the verifier of RFC 7636.
func (h *Handler) redeem(w http.ResponseWriter, r *http.Request, v *visit, p params) error {
	values, err := p.need("code", "redirect_uri", "code_verifier")
	if err == nil {
		err = h.checkTarget(p, v.self)
	}
	if err != nil {
		return err
	}
	code, redirect, verifier := values[0], values[1], values[2]
	if !isVerifier(verifier) {
		return malformed("code_verifier must be 43 to 128 of A-Z, a-z, 0-9, -, ., _ and ~")
	}
	t, err := h.codes.open(code, verifier, redirect)
	if err != nil {
		return err
	}
	v.user, v.client = t.Identity.Key(), originOfURI(redirect)
	if err := h.limitSubject(v.user); err != nil {
		return err
	}
	if err := h.codes.use(r.Context(), t); err != nil {
		return err
	}
	issued, reason, err := h.Sessions.IssueFrom(r.Context(), t.origin, t.name(), &t.Identity, h.Life, label("signed in with a browser", ""))
	switch {
	case issued != nil:
	case reason == access.ReasonInternal:
		return notIssued(err)
	case reason.CouldNotTell():
		return couldNotTell(ofSession(reason), 0, err)
	default:
		return notGranted(ofSession(reason), "the session that the code came from has ended", err)
	}
	return h.answer(w, r, v, issued)
}

// isVerifier is the grammar of RFC 7636, section 4.1.
func isVerifier(s string) bool {
	if len(s) < 43 || len(s) > 128 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.', c == '_', c == '~':
		default:
			return false
		}
	}
	return true
}

// label is how a session appears in the person's list.
func label(how, client string) string {
	const longest = 64 // characters of the client
	text := "Program (" + how
	if client != "" {
		text += ", client " + pages.Cap(client, longest)
	}
	return text + ")"
}

// tokens is the answer of RFC 6749, section 5.1, and the classic form's.
type tokens struct {
	Access     string `json:"access_token"`
	Type       string `json:"token_type"`
	ExpiresIn  int64  `json:"expires_in"` // seconds
	IssuedType string `json:"issued_token_type,omitempty"`
	Refresh    string `json:"refresh_token,omitempty"`

	Token  string `json:"Token,omitempty"`
	Expiry string `json:"Expiry,omitempty"` // RFC 3339
}

func (h *Handler) answer(w http.ResponseWriter, r *http.Request, v *visit, issued *session.Issued) error {
	a := tokens{
		Access: issued.Access.Reveal(), Refresh: issued.Refresh.Reveal(), Type: "Bearer",
		ExpiresIn: int64(issued.Expires.Sub(h.Now()) / time.Second),
	}
	if v.grant == metrics.GrantExchange || v.grant == metrics.GrantClassic {
		a.IssuedType = typeAccess
	}
	if v.grant == metrics.GrantClassic {
		a.Token, a.Expiry = a.Access, issued.Expires.UTC().Format(time.RFC3339)
	}
	if len(issued.Dropped) > 0 {
		v.logged = append(v.logged, slog.Any("dropped", issued.Dropped))
	}
	h.record(r, v, audit.Event{
		Event: audit.TokenIssued, Grant: string(v.grant), Application: v.client, Expires: audit.Timestamp(issued.Expires),
		Roles: issued.Session.Identity.Roles,
	})
	w.Header().Set("Pragma", "no-cache") // RFC 6749 asks for it
	pages.WriteJSON(w, http.StatusOK, a)
	return nil
}
