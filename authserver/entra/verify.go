package entra

import (
	"context"
	"crypto/subtle"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

const (
	// maxIDToken is the longest ID token that is read, in bytes. 200 groups make
	// about 11 KB; the rest is room for a claim of 64 KB, every second byte of it
	// escaped, which must not keep its owner out.
	maxIDToken = 256 << 10

	// maxTokenAge is how long ago an ID token may have been issued, leeway apart.
	// The nonce lives for the 10 minutes of a sign-in, and Entra ID dates its
	// tokens 5 minutes back, so a genuine one is never older.
	maxTokenAge = 15 * time.Minute

	maxID = 255 // bytes of sub, oid and tid
)

// Verify checks an ID token that Redeem returned and gives the identity in it,
// without scopes and graph results. nonce is the one of the authorization
// request; an empty one never matches.
//
// Checked are the form (compact, one signature, at most 256 KB), the algorithm,
// the signature, iss, aud (and azp, which must be us when it is there, and must be
// there when there are several audiences), exp, nbf and iat with leeway (exp and
// iat must be there; iat at most 15 minutes ago), nonce, sub, and for a tenant
// tid and oid. Not checked are at_hash (the access token came in the same answer)
// and acr. Claims are read by their exact name; a name that is used here and is
// there twice makes the token invalid. Every error is an *Error or ErrNotReady.
func (rp *RelyingParty) Verify(ctx context.Context, idToken secret.String, nonce string) (*access.Identity, error) {
	p := rp.provider.Load()
	if p == nil {
		return nil, ErrNotReady
	}
	raw := idToken.Reveal()
	if len(raw) > maxIDToken {
		return nil, refuse(ReasonToken, "id token: longer than %d bytes", maxIDToken)
	}
	signature := &signatureCheck{keys: p.keys, algs: p.algs}
	verifier := oidc.NewVerifier(p.issuer, signature, &oidc.Config{
		ClientID: rp.clientID, SupportedSigningAlgs: p.algs,
		Now: func() time.Time { return rp.now().Add(-rp.leeway) },
	})
	_, verdict := verifier.Verify(ctx, raw)
	switch {
	case signature.err != nil:
		return nil, signature.err
	case signature.payload == nil: // the key set was not even asked
		return nil, refuse(ReasonToken, "id token: no JWT with an algorithm that the provider uses")
	}
	claims, err := parseObject(signature.payload)
	if err != nil {
		return nil, refuse(ReasonToken, "id token: %w", err)
	}
	if err := rp.checkClaims(p, claims, nonce); err != nil {
		return nil, err
	}
	if verdict != nil { // go-oidc has the last word; its reasons are text that quotes claims
		return nil, refuse(ReasonToken, "id token: refused by the protocol library")
	}
	return rp.identity(claims), nil
}

// signatureCheck is the key set of one verification. It remembers what go-oidc
// turns into text.
type signatureCheck struct {
	keys    *keySet
	algs    []string
	payload []byte
	err     error
}

// VerifySignature implements oidc.KeySet.
func (c *signatureCheck) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	algs := make([]jose.SignatureAlgorithm, len(c.algs))
	for i, alg := range c.algs {
		algs[i] = jose.SignatureAlgorithm(alg)
	}
	c.payload, c.err = c.keys.verify(ctx, jwt, algs)
	return c.payload, c.err
}

// checkClaims judges by exact names what go-oidc read by similar ones.
func (rp *RelyingParty) checkClaims(p *provider, claims *object, nonce string) error {
	for _, name := range slices.Concat(checkedClaims(), shownClaims()) {
		if claims.repeated[name] {
			return refuse(ReasonToken, "id token: %s is there twice", name)
		}
	}
	text := map[string]string{}
	for _, name := range []string{"iss", "azp", "nonce", "sub", "tid", "oid"} {
		value, err := claims.text(name)
		if err != nil {
			return refuse(ReasonToken, "id token: %s is no text", name)
		}
		text[name] = value
	}
	if text["iss"] != p.issuer {
		return refuse(ReasonIssuer, "id token: iss is not %q", p.issuer)
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
	return checkSubject(p.tenant, text["sub"], text["tid"], text["oid"])
}

func (rp *RelyingParty) checkAudience(aud []string, azp string) error {
	switch {
	case !slices.Contains(aud, rp.clientID):
		return refuse(ReasonAudience, "id token: aud is not this client")
	case azp != "" && azp != rp.clientID:
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
	now := rp.now()
	switch {
	case err1 != nil || err2 != nil || err3 != nil:
		return refuse(ReasonToken, "id token: exp, iat or nbf is no time")
	case !hasExp || !hasIat:
		return refuse(ReasonToken, "id token: exp or iat is missing")
	case !exp.After(now.Add(-rp.leeway)):
		return refuse(ReasonExpired, "id token: expired %v ago", now.Sub(exp).Round(time.Second))
	case hasNbf && nbf.After(now.Add(rp.leeway)):
		return refuse(ReasonExpired, "id token: not valid for another %v", nbf.Sub(now).Round(time.Second))
	case iat.After(now.Add(rp.leeway)):
		return refuse(ReasonExpired, "id token: issued %v in the future", iat.Sub(now).Round(time.Second))
	case iat.Before(now.Add(-maxTokenAge - rp.leeway)):
		return refuse(ReasonExpired, "id token: issued %v ago", now.Sub(iat).Round(time.Second))
	}
	return nil
}

func checkSubject(tenant, sub, tid, oid string) error {
	switch {
	case sub == "" || len(sub) > maxID || len(tid) > maxID || len(oid) > maxID:
		return refuse(ReasonToken, "id token: sub is missing, or sub, tid or oid is too long")
	case tenant == "":
		return nil
	case strings.ToLower(tid) != tenant:
		return refuse(ReasonTenant, "id token: tid is not the configured tenant")
	case oid == "":
		return refuse(ReasonToken, "id token: oid is missing; Entra ID sends it with the scope profile")
	}
	return nil
}
