package entra

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/headers"
)

const (
	// maxAccessToken is the longest access token that is read, in bytes. 200 groups
	// make about 11 KB.
	maxAccessToken = 16 << 10

	// bearerKeyWait is how long a request waits for keys that are not known yet.
	bearerKeyWait = 2 * time.Second

	accessTokenName = "access token" // in errors
)

// BearerResult is what the Authorization headers of a request say.
type BearerResult struct {
	// Claimed: there is a token of ours, or it cannot be told that there is none.
	// It decides alone, also when it is bad. Else the headers say nothing here.
	Claimed bool
	// Identity is who the token speaks for; nil when it is refused. It is shared
	// with other requests and must not be changed.
	Identity *access.Identity
	Expires  time.Time         // the token's own exp, leeway not included
	Cached   bool              // verified before
	Headers  *headers.Rendered // of Identity; nil without Config.Headers
	Key      [32]byte          // SHA-256 of the token; zero when there are several

	// Of a token that is refused. Err is an *Error, safe to log and to show to
	// whoever sent the token.
	Reason access.Reason
	Err    error
}

// Bearer judges the Authorization headers of a request. Without
// Config.AcceptBearer it ignores them all.
//
// A token is ours when it comes as "Bearer", is a JWT with one signature, and its
// iss, which nobody has vouched for yet, is that of an accepted tenant. Everything
// else is ignored: other schemes, opaque and encrypted tokens, other issuers and,
// with Config.IgnoreForeignAudience, tokens for another API. But two headers, also
// when they are joined by a comma, and a JWT of more than 16 KB are refused
// unread. While it cannot be known whether a token is ours (a tenant configured
// by its domain, before discovery) and while its keys cannot be had, the reason
// is access.ReasonKeysUnknown, which is no refusal; a request waits 2 s for keys
// at most.
//
// Checked are: aud; exp (required), nbf, iat and auth_time with leeway; the
// signature by the keys of the tenant that iss names; and that it is an access
// token (checkAccessToken, checkPlainToken). Not checked are whether the token
// was revoked, and for which client it was issued. A token that was accepted is
// remembered until it expires, or its key is withdrawn; one that names no key is
// not. Graph results are not in the identity.
func (rp *RelyingParty) Bearer(ctx context.Context, header http.Header) BearerResult {
	lines := header["Authorization"]
	if !rp.cfg.AcceptBearer || len(lines) == 0 {
		return BearerResult{}
	}
	if len(lines) > 1 || joined(lines[0]) {
		return BearerResult{
			Claimed: true, Reason: access.ReasonBearerAmbiguous,
			Err: refuse(ReasonToken, "access token: there is more than one Authorization header"),
		}
	}
	token, exact := bearerToken(lines[0])
	switch {
	case strings.Count(token, ".") != 2: // no token, or no JWT with a signature
		return BearerResult{}
	case len(token) > maxAccessToken:
		return refusedBearer(sha256.Sum256([]byte(token)), refuse(ReasonToken, "access token: longer than %d bytes", maxAccessToken))
	}
	key := sha256.Sum256([]byte(token))
	if exact {
		if known := rp.verified.get(key); known != nil {
			return BearerResult{Claimed: true, Identity: known.identity, Headers: known.headers, Expires: known.exp, Cached: true, Key: key}
		}
	}
	claims := unverifiedClaims(token)
	t, ours := rp.bearerTenant(claims)
	if !ours {
		return BearerResult{}
	}
	foreign, err := rp.checkBearerAudience(claims)
	switch {
	case foreign && rp.cfg.IgnoreForeignAudience:
		return BearerResult{}
	case t == nil || err == nil && t.doc.Load() == nil:
		return refusedBearer(key, refuse(ReasonUnavailable, "access token: the provider's discovery document has not been read yet"))
	case err != nil:
		return refusedBearer(key, err)
	case !exact:
		return refusedBearer(key, refuse(ReasonToken, "access token: between Bearer and the token there must be exactly one blank"))
	}
	verified, err := rp.verifyBearer(ctx, t, token, claims)
	if err != nil {
		return refusedBearer(key, err)
	}
	if rp.cfg.Headers != nil {
		verified.headers = rp.cfg.Headers.Render(verified.identity)
	}
	rp.verified.put(key, verified)
	return BearerResult{Claimed: true, Identity: verified.identity, Headers: verified.headers, Expires: verified.exp, Key: key}
}

// refusedBearer is the result for a token of ours that is not accepted.
func refusedBearer(key [32]byte, err error) BearerResult {
	reason := access.ReasonBearerInvalid
	var e *Error
	if !errors.As(err, &e) { // there is no other
		return BearerResult{Claimed: true, Key: key, Reason: reason, Err: err}
	}
	switch e.Reason {
	case ReasonUnavailable, ReasonIDPError:
		reason = access.ReasonKeysUnknown
	case ReasonExpired:
		reason = access.ReasonBearerExpired
	case ReasonAudience:
		reason = access.ReasonBearerAudience
	case ReasonTenant:
		reason = access.ReasonBearerTenant
	}
	return BearerResult{Claimed: true, Key: key, Reason: reason, Err: err}
}

// joined reports whether a header holds several, of which one is ours: proxies
// join headers of one name with commas.
func joined(line string) bool {
	if !strings.Contains(line, ",") {
		return false
	}
	for part := range strings.SplitSeq(line, ",") {
		if _, found := cutScheme(part); found {
			return true
		}
	}
	return false
}

// bearerToken takes the token out of an Authorization header, "" when its scheme
// is another. exact: it is written as it must be. What is written otherwise may
// still be ours, and is then refused: an application behind us may be less strict.
func bearerToken(line string) (token string, exact bool) {
	rest, _ := cutScheme(line)
	token = strings.Trim(rest, " \t")
	const prefix = len("Bearer ")
	return token, len(line) == prefix+len(token) && line[prefix-1] == ' '
}

// cutScheme takes "Bearer", in any case, and the blank after it from the front.
func cutScheme(line string) (rest string, found bool) {
	const scheme = "bearer"
	line = strings.TrimLeft(line, " \t")
	if len(line) <= len(scheme) || !strings.EqualFold(line[:len(scheme)], scheme) || !strings.ContainsRune(" \t", rune(line[len(scheme)])) {
		return "", false
	}
	return line[len(scheme)+1:], true
}
