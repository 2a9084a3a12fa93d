package entra

import (
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/cache"
	"github.com/easyauth-sidecar/easyauth/authserver/headers"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
)

const defaultCacheBytes = 16 << 20

// verifiedTokens are access tokens that were verified, by their SHA-256. Only
// what was accepted is in it: what is refused is judged again each time.
type verifiedTokens struct {
	tokens *cache.Cache[*verifiedToken]
	now    func() time.Time
	leeway time.Duration
}

// verifiedToken is what there is to know of one. It does not change.
type verifiedToken struct {
	identity *access.Identity
	headers  *headers.Rendered // nil without Config.Headers
	exp, nbf time.Time         // nbf: zero if there is none
	tenant   *tenant
	kid      string // the key that signed it
}

// newVerifiedTokens is called with all defaults filled in, but that of CacheBytes.
func newVerifiedTokens(cfg *Config) *verifiedTokens {
	size := cfg.CacheBytes
	if size <= 0 {
		size = defaultCacheBytes
	}
	return &verifiedTokens{tokens: cache.New[*verifiedToken](size, cfg.Now), now: cfg.Now, leeway: cfg.Leeway}
}

// get returns the token with this hash, nil if it has to be judged: it is not
// known, out of its time, the key that signed it is no longer believed, or its
// headers would be others now.
func (v *verifiedTokens) get(key [32]byte) *verifiedToken {
	token, ok := v.tokens.Get(key)
	if !ok {
		return nil
	}
	now := v.now()
	doc := token.tenant.doc.Load()
	if !token.exp.After(now.Add(-v.leeway)) || token.nbf.After(now.Add(v.leeway)) || doc == nil || !doc.keys.has(token.kid) || token.headers != nil && !token.headers.Current() {
		v.tokens.Delete(key)
		return nil
	}
	return token
}

// put keeps a token until it expires. One that names no key is not kept, because
// nothing would say that its key was withdrawn.
func (v *verifiedTokens) put(key [32]byte, token *verifiedToken) {
	if token.kid != "" {
		v.tokens.Put(key, token, token.size(), token.exp.Add(v.leeway))
	}
}

// VerifiedTokens is what is remembered of access tokens that were accepted.
func (rp *RelyingParty) VerifiedTokens() metrics.Cached { return rp.verified.tokens }

// size is what a token takes in memory, in bytes, rather too much than too little.
func (t *verifiedToken) size() int {
	const fixed, text = 640, 24 // the two structs; a string's header and what its own allocation wastes
	id := t.identity
	n := fixed + len(t.kid)
	if t.headers != nil {
		n += t.headers.Size()
	}
	for _, s := range []string{id.Tenant, id.Object, id.Issuer, id.Subject, id.Name, id.PreferredUsername, id.Email} {
		n += len(s) + text
	}
	for _, list := range [][]string{id.Roles, id.Scopes, id.Groups, id.Contexts, id.Methods, id.Dropped} {
		for _, s := range list {
			n += len(s) + 2*text // twice: a slice that grew has room left
		}
	}
	for _, c := range id.Claims {
		n += len(c.Name) + 4*text
		for _, s := range c.Values {
			n += len(s) + 2*text
		}
	}
	return n
}
