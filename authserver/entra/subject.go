package entra

import (
	"context"
	"slices"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// SubjectKind is what a client says of a token that it brings to be exchanged.
type SubjectKind uint8

// The kinds. Zero is none of them.
const (
	SubjectID     SubjectKind = iota + 1 // an ID token
	SubjectAccess                        // an access token that is a JWT
)

// Subject is whom a token that was brought to be exchanged is about.
type Subject struct {
	// Identity is never nil and has a key. It belongs to the caller.
	Identity *access.Identity
	// Own: the token is for this application, so that its roles, scopes and groups
	// count. Else Identity is from Elsewhere, and has tenant, object, issuer and display
	// claims alone, and the roles that Config.ExchangeRoles gives.
	Own bool
	// App: it speaks for an application, not for a person. Of a plain provider's
	// token it is not known, and false.
	App bool
	// Client is for which client the token was issued: azp or appid, of an ID token
	// without them aud. "" when an access token of a plain provider does not say.
	Client  string
	Expires time.Time // the token's own exp, leeway not included
}

// maxSubjectAge is how long ago an ID token that is exchanged may have been issued;
// no leeway is added to it. No nonce ties it to anything, so that only its age bounds what a
// copy of it is worth.
const maxSubjectAge = 10 * time.Minute

// Subject verifies a token that a client brings to be exchanged, and says whom it
// is about. Config.AcceptBearer has no say here.
//
// An ID token is checked as Verify does, but for what ties it to a sign-in of ours:
// the client made the nonce for itself, and no access token came that at_hash could
// be compared with. Instead iat must be at most 10 minutes ago; aud must be one
// text, or a list of one: our client id or one of Config.ExchangeAudiences; azp, when
// it is there, must be aud itself, our client id, or one of Config.ExchangeClients;
// and nothing may say that it is an access token, a logout token or another kind of
// token (checkIsIDToken).
//
// An access token for this application is checked exactly as Bearer does. One for
// another of Config.ExchangeAudiences must, besides, be for that audience alone and
// name a client out of Config.ExchangeClients in azp (v1: appid); an application's
// own token must bring a role that Config.ExchangeRoles knows, because without a
// person it says nothing that counts here.
//
// Of a token for another audience only tid, oid, iss, name, preferred_username and
// email are taken. Its roles, scopes and groups were given out by another
// registration. Its sub is not taken because Entra ID makes another one for each
// client, so that it would be a second key for the same person, or, worse, compared
// with those that we know; tid and oid are the same for all of them. All
// authentication contexts are left out too: what that application asked for is no
// answer to what is asked here. That it is an application's is told by the claim idtyp,
// whether the token has it or not.
//
// Tokens are at most 16 KB. A request waits 2 s for keys at most. Whether a token was
// exchanged before, or revoked, is not looked at. (Whoever wants to remember tokens
// must not go by their bytes: the last letter of each part can be written in several
// ways that mean the same.) Nothing is remembered. Every error
// is an *Error or ErrNotReady; with ReasonUnavailable or ReasonIDPError it could not
// be told whether the token is good.
func (rp *RelyingParty) Subject(ctx context.Context, kind SubjectKind, token secret.String) (*Subject, error) {
	if !rp.Ready() {
		return nil, ErrNotReady
	}
	what, verify := idTokenName, rp.subjectOfID
	switch kind {
	case SubjectID:
	case SubjectAccess:
		what, verify = accessTokenName, rp.subjectOfAccess
	default:
		return nil, refuse(ReasonToken, "exchange a token: it is said to be neither an ID token nor an access token")
	}
	raw := token.Reveal()
	if len(raw) > maxAccessToken {
		return nil, refuse(ReasonToken, "%s: longer than %d bytes", what, maxAccessToken)
	}
	claims := unverifiedClaims(raw)
	if claims == nil {
		return nil, refuse(ReasonToken, "%s: no JWT", what)
	}
	ctx, cancel := context.WithTimeout(ctx, bearerKeyWait)
	defer cancel()
	return verify(ctx, token, claims)
}

// isExchangeAudience reports whether tokens for an audience that is not ours may be
// exchanged.
func (rp *RelyingParty) isExchangeAudience(aud string) bool {
	if rp.isGraph(aud) || isMicrosoft(aud) { // also when it is configured: anybody's program may have one
		return false
	}
	return slices.Contains(rp.cfg.ExchangeAudiences, aud)
}

// elsewhere reads a token for another audience, all claims of which are judged.
func (rp *RelyingParty) elsewhere(claims *object, audience string) *access.Identity {
	d := &dropped{}
	id := rp.person(claims, d)
	id.Elsewhere = true
	theirs := rp.claimTexts(claims, rp.cfg.Claims.Roles)
	for _, m := range rp.cfg.ExchangeRoles {
		if m.Audience == audience && slices.Contains(theirs, m.Theirs) {
			id.Roles = appendNew(id.Roles, m.Ours)
		}
	}
	rp.tell(id, d)
	return id
}
