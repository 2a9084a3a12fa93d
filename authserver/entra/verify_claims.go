package entra

import (
	"crypto/subtle"
	"slices"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// checkClaims judges by exact names what go-oidc read by similar ones. The nonce
// is left to checkNonce.
func (rp *RelyingParty) checkClaims(t *tenant, claims *object, rules idTokenRules) error {
	if err := rp.checkRepeated(idTokenName, claims); err != nil {
		return err
	}
	text := map[string]string{}
	for _, name := range []string{"iss", "azp", "nonce", "sub", "tid", "oid"} {
		value, err := claims.text(name)
		if err != nil {
			return refuse(ReasonToken, "id token: %s is no text", name)
		}
		text[name] = value
	}
	if text["iss"] != t.v2 {
		return refuse(ReasonIssuer, "id token: iss is not %q", t.v2)
	}
	if err := rules.audience(claims, text["azp"]); err != nil {
		return err
	}
	times, err := rp.checkTimes(idTokenName, claims)
	if err != nil {
		return err
	}
	if err := rp.checkAge(times.iat, rules.maxAge); err != nil {
		return err
	}
	if err := rp.checkPolicy(idTokenName, claims); err != nil {
		return err
	}
	return rp.checkSubject(idTokenName, t.id, text["sub"], text["tid"], text["oid"])
}

// checkNonce compares the nonce of an ID token, of which checkClaims has seen that
// it is text, with that of the sign-in. Nothing fits an empty one.
func checkNonce(claims *object, nonce string) error {
	told, _ := claims.text("nonce")
	if nonce == "" || subtle.ConstantTimeCompare([]byte(told), []byte(nonce)) != 1 {
		return refuse(ReasonNonce, "id token: nonce is not that of this sign-in")
	}
	return nil
}

// checkRepeated refuses a token in which a claim that is used here is there
// twice: one of two values would be a guess. what names the token.
func (rp *RelyingParty) checkRepeated(what string, claims *object) error {
	for _, name := range slices.Concat(access.ProtocolClaims(), shownClaims(), sharedClaims(), rp.mappedClaims()) {
		if claims.repeated[name] {
			return refuse(ReasonToken, "%s: %s is there twice", what, capped(name))
		}
	}
	return nil
}

func (rp *RelyingParty) checkAudience(claims *object, azp string) error {
	aud := claims.texts("aud")
	switch {
	case !slices.Contains(aud, rp.cfg.ClientID):
		return refuse(ReasonAudience, "id token: aud is not this client")
	case azp != "" && azp != rp.cfg.ClientID:
		return refuse(ReasonAudience, "id token: azp is not this client")
	case azp == "" && len(aud) > 1:
		return refuse(ReasonAudience, "id token: several audiences and no azp")
	}
	return nil
}

// tokenTimes are the times of a token that are looked at after checkTimes, zero
// where the token has none.
type tokenTimes struct{ exp, nbf, iat time.Time }

// checkTimes judges the times of any token, with leeway: exp, which must be there,
// nbf, iat and auth_time. what names the token.
func (rp *RelyingParty) checkTimes(what string, claims *object) (tokenTimes, error) {
	exp, hasExp, err1 := claims.instant("exp")
	nbf, _, err2 := claims.instant("nbf")
	iat, _, err3 := claims.instant("iat")
	signedIn, _, err4 := claims.instant("auth_time")
	now, leeway := rp.cfg.Now(), rp.cfg.Leeway
	var err error
	switch {
	case err1 != nil || err2 != nil || err3 != nil || err4 != nil:
		err = refuse(ReasonToken, "%s: exp, nbf, iat or auth_time is no time", what)
	case !hasExp:
		err = refuse(ReasonToken, "%s: exp is missing", what)
	case !exp.After(now.Add(-leeway)):
		err = refuse(ReasonExpired, "%s: expired %v ago", what, now.Sub(exp).Round(time.Second))
	case nbf.After(now.Add(leeway)):
		err = refuse(ReasonExpired, "%s: not valid for another %v", what, nbf.Sub(now).Round(time.Second))
	case iat.After(now.Add(leeway)):
		err = refuse(ReasonExpired, "%s: issued %v in the future", what, iat.Sub(now).Round(time.Second))
	case signedIn.After(now.Add(leeway)):
		err = refuse(ReasonExpired, "%s: auth_time is %v in the future", what, signedIn.Sub(now).Round(time.Second))
	}
	return tokenTimes{exp: exp, nbf: nbf, iat: iat}, err
}

// checkAge refuses an ID token that does not say when it was issued, or was
// issued longer ago than maxAge, to which no leeway is added.
func (rp *RelyingParty) checkAge(iat time.Time, maxAge time.Duration) error {
	now := rp.cfg.Now()
	switch {
	case iat.IsZero():
		return refuse(ReasonToken, "id token: iat is missing")
	case iat.Before(now.Add(-maxAge)):
		return refuse(ReasonExpired, "id token: issued %v ago", now.Sub(iat).Round(time.Second))
	}
	return nil
}

// checkPolicy refuses a token of another policy of B2C: all policies of a tenant
// share issuer and client, so that one that resets passwords or edits profiles
// would open the door. Newer tokens name it in tfp, older ones in acr; names of
// policies ignore case.
func (rp *RelyingParty) checkPolicy(what string, claims *object) error {
	if rp.cfg.Kind != B2C {
		return nil
	}
	for _, name := range []string{"tfp", "acr"} {
		policy, err := claims.text(name)
		switch {
		case err != nil:
			return refuse(ReasonToken, "%s: %s is no text", what, name)
		case strings.EqualFold(policy, rp.cfg.Policy):
			return nil
		case policy != "":
			return refuse(ReasonPolicy, "%s: of policy %q, not of %q", what, capped(policy), rp.cfg.Policy)
		}
	}
	return refuse(ReasonPolicy, "%s: neither tfp nor acr says of which policy it is", what)
}

// checkSubject judges who a token is about. what names the token, tenant is the
// GUID of the tenant that iss names. A plain provider has neither tid nor oid;
// those of B2C may be absent.
func (rp *RelyingParty) checkSubject(what, tenant, sub, tid, oid string) error {
	switch {
	case sub == "" || len(sub) > maxID || len(tid) > maxID || len(oid) > maxID:
		return refuse(ReasonToken, "%s: sub is missing, or sub, tid or oid is too long", what)
	case rp.cfg.Kind == Plain, rp.cfg.Kind == B2C && tid == "":
		return nil
	case strings.ToLower(tid) != tenant:
		return refuse(ReasonTenant, "%s: tid is not the tenant that iss names", what)
	case oid == "" && rp.cfg.Kind != B2C:
		return refuse(ReasonToken, "%s: oid is missing; Entra ID sends it with the scope profile", what)
	}
	return nil
}
