package entra

import (
	"crypto/subtle"
	"slices"
	"strings"
	"time"
)

// checkClaims judges by exact names what go-oidc read by similar ones.
func (rp *RelyingParty) checkClaims(t *tenant, claims *object, nonce string) error {
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
	if err := rp.checkAudience(claims.texts("aud"), text["azp"]); err != nil {
		return err
	}
	if err := rp.checkTimes(claims); err != nil {
		return err
	}
	if nonce == "" || subtle.ConstantTimeCompare([]byte(text["nonce"]), []byte(nonce)) != 1 {
		return refuse(ReasonNonce, "id token: nonce is not that of this sign-in")
	}
	if err := rp.checkPolicy(idTokenName, claims); err != nil {
		return err
	}
	return rp.checkSubject(t.id, text["sub"], text["tid"], text["oid"])
}

// checkRepeated refuses a token in which a claim that is used here is there
// twice: one of two values would be a guess. what names the token.
func (rp *RelyingParty) checkRepeated(what string, claims *object) error {
	for _, name := range slices.Concat(checkedClaims(), shownClaims(), sharedClaims(), rp.mappedClaims()) {
		if claims.repeated[name] {
			return refuse(ReasonToken, "%s: %s is there twice", what, capped(name))
		}
	}
	return nil
}

func (rp *RelyingParty) checkAudience(aud []string, azp string) error {
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

func (rp *RelyingParty) checkTimes(claims *object) error {
	exp, hasExp, err1 := claims.instant("exp")
	iat, hasIat, err2 := claims.instant("iat")
	nbf, hasNbf, err3 := claims.instant("nbf")
	signedIn, _, err4 := claims.instant("auth_time")
	now := rp.cfg.Now()
	switch {
	case err1 != nil || err2 != nil || err3 != nil || err4 != nil:
		return refuse(ReasonToken, "id token: exp, iat, nbf or auth_time is no time")
	case !hasExp || !hasIat:
		return refuse(ReasonToken, "id token: exp or iat is missing")
	case !exp.After(now.Add(-rp.cfg.Leeway)):
		return refuse(ReasonExpired, "id token: expired %v ago", now.Sub(exp).Round(time.Second))
	case hasNbf && nbf.After(now.Add(rp.cfg.Leeway)):
		return refuse(ReasonExpired, "id token: not valid for another %v", nbf.Sub(now).Round(time.Second))
	case iat.After(now.Add(rp.cfg.Leeway)):
		return refuse(ReasonExpired, "id token: issued %v in the future", iat.Sub(now).Round(time.Second))
	case iat.Before(now.Add(-maxTokenAge - rp.cfg.Leeway)):
		return refuse(ReasonExpired, "id token: issued %v ago", now.Sub(iat).Round(time.Second))
	case signedIn.After(now.Add(rp.cfg.Leeway)):
		return refuse(ReasonExpired, "id token: auth_time is %v in the future", signedIn.Sub(now).Round(time.Second))
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

func (rp *RelyingParty) checkSubject(tenant, sub, tid, oid string) error {
	switch {
	case sub == "" || len(sub) > maxID || len(tid) > maxID || len(oid) > maxID:
		return refuse(ReasonToken, "id token: sub is missing, or sub, tid or oid is too long")
	case rp.cfg.Kind == Plain, rp.cfg.Kind == B2C && tid == "":
		return nil
	case strings.ToLower(tid) != tenant:
		return refuse(ReasonTenant, "id token: tid is not the tenant that iss names")
	case oid == "" && rp.cfg.Kind != B2C:
		return refuse(ReasonToken, "id token: oid is missing; Entra ID sends it with the scope profile")
	}
	return nil
}
