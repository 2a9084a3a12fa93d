package entra

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"io"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

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

const idTokenName = "id token" // in errors

// Verify checks an ID token that Redeem returned and gives the identity in it,
// without scopes and graph results. nonce is the one of the authorization
// request; an empty one never matches. accessToken came in the same answer.
//
// Checked are the form (compact, one signature, at most 256 KB), the algorithm,
// the signature (with MultiTenant by the keys of the tenant that iss names, and
// no other's), iss, aud (and azp, which must be us when it is there, and must be
// there when there are several audiences), exp, nbf and iat with leeway (exp and
// iat must be there; iat at most 15 minutes ago), auth_time (not in the future),
// nonce, at_hash when it is there, sub, tid and oid where Entra ID sends them, and
// with B2C the policy. Not checked are c_hash (the code came through the browser
// with a state and is worth nothing without the verifier), acr, acrs, amr and the
// age of auth_time, which are rules of the application. Claims are read by their
// exact name; a name that is used here and is there twice makes the token invalid.
// Every error is an *Error or ErrNotReady.
func (rp *RelyingParty) Verify(ctx context.Context, idToken secret.String, nonce string, accessToken secret.String) (*access.Identity, error) {
	claims, err := rp.verifyIDToken(ctx, idToken, accessToken)
	if err != nil {
		return nil, err
	}
	if err := checkNonce(claims, nonce); err != nil {
		return nil, err
	}
	return rp.identity(claims), nil
}

// verifyIDToken is Verify without the nonce, which belongs to a sign-in.
func (rp *RelyingParty) verifyIDToken(ctx context.Context, idToken, accessToken secret.String) (*object, error) {
	rules := rp.signInRules()
	rules.more = func(t *opened) error { return checkTokenHash(t.claims, t.signed.alg, accessToken) }
	t, err := rp.openIDToken(ctx, idToken, rules)
	if err != nil {
		return nil, err
	}
	return t.claims, nil
}

// idTokenRules are what hangs on where an ID token comes from.
type idTokenRules struct {
	limit    int                                    // bytes
	client   string                                 // must be in aud, as go-oidc reads it
	audience func(claims *object, azp string) error // judges aud and azp, as we read them
	maxAge   time.Duration                          // since iat, without leeway
	more     func(t *opened) error                  // what else is asked; nil: nothing
}

// signInRules are those of a token that comes from the token endpoint.
func (rp *RelyingParty) signInRules() idTokenRules {
	return idTokenRules{limit: maxIDToken, client: rp.cfg.ClientID, audience: rp.checkAudience, maxAge: maxTokenAge + rp.cfg.Leeway}
}

// openIDToken verifies an ID token but for its nonce and at_hash.
func (rp *RelyingParty) openIDToken(ctx context.Context, idToken secret.String, rules idTokenRules) (*opened, error) {
	t, err := rp.openToken(idTokenName, idToken, rules.limit, rules.client, func(v *oidc.IDTokenVerifier, raw string) error {
		_, err := v.Verify(ctx, raw)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case strings.HasSuffix(t.signed.typ, "+jwt"): // at+jwt, logout+jwt: made for something else
		return nil, refuse(ReasonToken, "id token: by its typ it is another kind of token")
	}
	if err := rp.checkClaims(t.tenant, t.claims, rules); err != nil {
		return nil, err
	}
	if rules.more != nil {
		if err := rules.more(t); err != nil {
			return nil, err
		}
	}
	if t.verdict != nil {
		return nil, refuse(ReasonToken, "id token: refused by the protocol library")
	}
	return t, nil
}

// opened is a JWT of the provider's whose signature fits. Its claims are not
// judged yet.
type opened struct {
	tenant  *tenant
	signed  *signed
	claims  *object
	verdict error // go-oidc's, which has the last word; its reasons are text that quotes claims
}

// openToken finds out who issued a JWT of at most limit bytes and checks its
// signature. what names the token, client is whom go-oidc must find in aud, library
// is its verification of this kind of token. Errors are *Error or ErrNotReady.
func (rp *RelyingParty) openToken(what string, token secret.String, limit int, client string, library func(*oidc.IDTokenVerifier, string) error) (*opened, error) {
	if !rp.Ready() {
		return nil, ErrNotReady
	}
	raw := token.Reveal()
	if len(raw) > limit {
		return nil, refuse(ReasonToken, "%s: longer than %d bytes", what, limit)
	}
	t, err := rp.issuingTenant(what, raw)
	if err != nil {
		return nil, err
	}
	doc := t.doc.Load()
	if doc == nil {
		return nil, refuse(ReasonUnavailable, "%s: the discovery document of tenant %s has not been read yet", what, t.id)
	}
	signature := &signatureCheck{what: what, doc: doc}
	verdict := library(oidc.NewVerifier(t.v2, signature, &oidc.Config{
		ClientID: client, SupportedSigningAlgs: doc.algs,
		Now: func() time.Time { return rp.cfg.Now().Add(-rp.cfg.Leeway) },
	}), raw)
	switch {
	case signature.err != nil:
		return nil, signature.err
	case signature.token == nil: // the key set was not even asked
		return nil, refuse(ReasonToken, "%s: no JWT with an algorithm that the provider uses", what)
	}
	claims, err := parseObject(signature.token.payload)
	if err != nil {
		return nil, refuse(ReasonToken, "%s: %w", what, err)
	}
	return &opened{tenant: t, signed: signature.token, claims: claims, verdict: verdict}, nil
}

// issuingTenant gives the tenant that a token must be of: the only one or, of
// several, the one that its iss names, which nobody has vouched for yet.
func (rp *RelyingParty) issuingTenant(what, jwt string) (*tenant, error) {
	if rp.cfg.Kind != MultiTenant {
		return rp.tenants.Load().all[0], nil
	}
	claims := unverifiedClaims(jwt)
	if claims == nil {
		return nil, refuse(ReasonToken, "%s: no JWT", what)
	}
	issuer, err := claims.text("iss")
	if err != nil {
		return nil, refuse(ReasonToken, "%s: iss is no text, or there twice", what)
	}
	if t := rp.tenantOf(issuer); t != nil && issuer == t.v2 {
		return t, nil
	}
	return nil, rp.foreignIssuer(what, issuer)
}

// foreignIssuer says what is wrong with an issuer that is not accepted.
func (rp *RelyingParty) foreignIssuer(what, issuer string) *Error {
	if rp.cfg.Kind != MultiTenant {
		return refuse(ReasonIssuer, "%s: iss is not %q", what, rp.tenants.Load().all[0].v2)
	}
	id := guidIn.FindString(issuer)
	named := issuer == rp.issuerOf(id) || rp.cfg.V1Issuer != "" && issuer == rp.cfg.V1Issuer+id+"/"
	if id != "" && named && rp.tenants.Load().byID(id) == nil {
		return refuse(ReasonTenant, "%s: tenant %s is not one of the tenants that are allowed here", what, id)
	}
	return refuse(ReasonIssuer, "%s: iss is not %q for an allowed tenant", what, rp.issuerOf("{tenant}"))
}

// signatureCheck is the key set of one verification. It remembers what go-oidc
// turns into text.
type signatureCheck struct {
	what  string
	doc   *tenantDoc
	token *signed
	err   error
}

// VerifySignature implements oidc.KeySet.
func (c *signatureCheck) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	if c.token, c.err = c.doc.keys.verify(ctx, c.what, jwt, c.doc.algs); c.err != nil {
		return nil, c.err
	}
	return c.token.payload, nil
}

// checkTokenHash checks at_hash (OpenID Connect Core 1.0, section 3.1.3.6): the
// left half of the hash that the signature's algorithm uses.
func checkTokenHash(claims *object, alg string, accessToken secret.String) error {
	raw, ok := claims.values["at_hash"]
	if !ok || string(raw) == "null" {
		return nil
	}
	want, err := claims.text("at_hash")
	if err != nil {
		return refuse(ReasonToken, "id token: at_hash is no text")
	}
	h := sha256.New()
	switch {
	case strings.HasSuffix(alg, "384"):
		h = sha512.New384()
	case strings.HasSuffix(alg, "512"):
		h = sha512.New()
	}
	_, _ = io.WriteString(h, accessToken.Reveal()) // a hash takes everything
	half := h.Sum(nil)[:h.Size()/2]
	if accessToken.Empty() || subtle.ConstantTimeCompare([]byte(want), []byte(base64.RawURLEncoding.EncodeToString(half))) != 1 {
		return refuse(ReasonToken, "id token: at_hash does not fit the access token of the same answer")
	}
	return nil
}
