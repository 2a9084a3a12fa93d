package entra

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

const (
	maxLogoutToken  = 16 << 10         // bytes
	maxLogoutAge    = 10 * time.Minute // since iat, leeway apart
	logoutTokenName = "logout token"   // in errors
	eventsClaim     = "events"
	logoutEvent     = "http://schemas.openid.net/event/backchannel-logout"
)

// Logout is what a provider says with a logout token: that these sessions are
// over. Subject or SID may be empty, not both.
type Logout struct {
	Issuer  string // as in the ID tokens of the sessions
	Subject string // sub of the person; without SID all sessions of theirs
	SID     string // the session at the provider, as the claim sid of its ID tokens
	JTI     string // of the token, at most 255 bytes; it may be used once

	Issued time.Time // by the provider's clock
	// Expires is when LogoutToken refuses the token anyway, so that its JTI need not
	// be remembered any longer: at most 14 minutes away.
	Expires time.Time
}

// LogoutToken verifies the logout token of an OpenID Connect Back-Channel Logout
// 1.0 request (sections 2.4 and 2.6).
//
// Checked are the form (compact, one signature, at most 16 KB), the algorithm and
// the signature as of an ID token; typ, which must be logout+jwt, JWT or absent;
// iss; aud (and azp, which must be us when it is there); exp, and iat at most 10
// minutes ago, both of which must be there, with leeway; jti, which must be there;
// events, which must be an object with the one member for a logout, an object too;
// sub or sid, at least one; and that there is no nonce. All texts are at most 255
// bytes. Claims are read by their exact name; one that is used here and is there
// twice makes the token invalid. Not checked is whether the token was used before:
// the caller must remember Issuer and JTI until Expires. Every error is an *Error or
// ErrNotReady; where its reason is ReasonUnavailable, the keys could not be had.
func (rp *RelyingParty) LogoutToken(ctx context.Context, token secret.String) (*Logout, error) {
	t, err := rp.openToken(logoutTokenName, token, maxLogoutToken, rp.cfg.ClientID, func(v *oidc.IDTokenVerifier, raw string) error {
		_, err := v.VerifyLogout(ctx, raw)
		return err
	})
	if err != nil {
		return nil, err
	}
	switch strings.TrimPrefix(t.signed.typ, "application/") { // RFC 7515, section 4.1.9
	case "", "jwt", "logout+jwt":
	default:
		return nil, refuse(ReasonToken, "logout token: by its typ it is another kind of token")
	}
	logout, err := rp.readLogout(t.tenant.v2, t.claims)
	if err != nil {
		return nil, err
	}
	if t.verdict != nil {
		return nil, refuse(ReasonToken, "logout token: refused by the protocol library")
	}
	return logout, nil
}

// readLogout judges the claims of a logout token that must be of this issuer.
func (rp *RelyingParty) readLogout(issuer string, claims *object) (*Logout, error) {
	for _, name := range []string{"iss", "aud", "azp", "exp", "nbf", "iat", "auth_time", "jti", "sub", "sid", "nonce", eventsClaim} {
		if claims.repeated[name] {
			return nil, refuse(ReasonToken, "logout token: %s is there twice", name)
		}
	}
	text := map[string]string{}
	for _, name := range []string{"iss", "azp", "jti", "sub", "sid"} {
		value, err := claims.text(name)
		if err != nil || len(value) > maxID && name != "iss" {
			return nil, refuse(ReasonToken, "logout token: %s is no text of at most %d bytes", name, maxID)
		}
		text[name] = value
	}
	_, hasNonce := claims.values["nonce"]
	switch {
	case text["iss"] != issuer:
		return nil, refuse(ReasonIssuer, "logout token: iss is not %q", issuer)
	case !slices.Contains(claims.texts("aud"), rp.cfg.ClientID):
		return nil, refuse(ReasonAudience, "logout token: aud is not this client")
	case text["azp"] != "" && text["azp"] != rp.cfg.ClientID:
		return nil, refuse(ReasonAudience, "logout token: azp is not this client")
	case hasNonce:
		return nil, refuse(ReasonToken, "logout token: it has a nonce, as ID tokens do")
	case text["jti"] == "":
		return nil, refuse(ReasonToken, "logout token: jti is missing")
	case text["sub"] == "" && text["sid"] == "":
		return nil, refuse(ReasonToken, "logout token: it has neither sub nor sid")
	case !isLogoutEvent(claims):
		return nil, refuse(ReasonToken, "logout token: events is not that of a logout alone")
	}
	issued, expires, err := rp.logoutTimes(claims)
	if err != nil {
		return nil, err
	}
	return &Logout{Issuer: issuer, Subject: text["sub"], SID: text["sid"], JTI: text["jti"], Issued: issued, Expires: expires}, nil
}

// logoutTimes judges the times of a logout token and gives when it was issued, and
// from when on it is refused.
func (rp *RelyingParty) logoutTimes(claims *object) (issued, until time.Time, err error) {
	times, err := rp.checkTimes(logoutTokenName, claims)
	if err != nil {
		return time.Time{}, time.Time{}, err
	}
	if times.iat.IsZero() {
		return time.Time{}, time.Time{}, refuse(ReasonToken, "logout token: iat is missing")
	}
	now := rp.cfg.Now()
	if until = times.iat.Add(maxLogoutAge + rp.cfg.Leeway); !now.Before(until) {
		return time.Time{}, time.Time{}, refuse(ReasonExpired, "logout token: issued %v ago", now.Sub(times.iat).Round(time.Second))
	}
	if end := times.exp.Add(rp.cfg.Leeway); end.Before(until) {
		until = end
	}
	return times.iat, until, nil
}

// isLogoutEvent reports whether the claim events says that this is a logout, and
// nothing else.
func isLogoutEvent(claims *object) bool {
	events, err := parseObject(claims.values[eventsClaim])
	if err != nil || len(events.values) != 1 || len(events.repeated) > 0 {
		return false
	}
	_, err = parseObject(events.values[logoutEvent])
	return err == nil
}
