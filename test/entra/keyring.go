package entra

import (
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"net/http"
	"slices"
	"sync"
	"time"
)

// keyring holds the signing keys of all authorities: one set for everybody, or
// with Config.KeysPerTenant one for each tenant and each policy of B2C.
type keyring struct {
	now  func() time.Time
	each bool
	home string

	mu   sync.Mutex
	sets map[string]*keys
	made []string // names of sets, in order
}

func newKeyring(cfg Config) *keyring {
	r := &keyring{now: cfg.Now, each: cfg.KeysPerTenant, home: cfg.TenantID, sets: map[string]*keys{}}
	r.sets[r.home], r.made = newKeys(cfg.SigningKey, cfg.Now), []string{r.home}
	return r
}

// of returns the keys of an authority, named by keysName.
func (r *keyring) of(name string) *keys {
	if !r.each {
		name = r.home
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.sets[name]; !ok {
		r.sets[name] = newKeys(nil, r.now)
		r.made = append(r.made, name)
	}
	return r.sets[name]
}

// byKid finds a key that signed at any time, for any authority.
func (r *keyring) byKid(kid string) (*rsa.PublicKey, bool) {
	r.mu.Lock()
	names := slices.Clone(r.made)
	r.mu.Unlock()
	for _, name := range names {
		if key, ok := r.of(name).byKid(kid); ok {
			return key, true
		}
	}
	return nil, false
}

// keysName names the keys of a tenant, or of one of its policies.
func keysName(tenant, policy string) string {
	if policy == "" {
		return tenant
	}
	return tenant + " " + policy
}

// RotateKeys makes a new signing key for the server's tenant (without
// Config.KeysPerTenant: for all), which signs from now on, and returns its kid.
// The keys before it stay published, as in an ordinary roll-over at Entra.
func (s *Server) RotateKeys() string { return s.keys.of(s.tenant).rotate() }

// RotateKeysOf is RotateKeys for another tenant, or for a policy of B2C when
// policy is not "".
func (s *Server) RotateKeysOf(tenant, policy string) string {
	return s.keys.of(keysName(tenant, policy)).rotate()
}

// DropOldKeys publishes the current signing key of the server's tenant alone (and
// the key that is not for signing), as after an emergency roll-over.
func (s *Server) DropOldKeys() { s.keys.of(s.tenant).dropOld() }

// published lists the keys of an authority with the issuer that each names. Under
// common and organizations it is the keys of all tenants.
func (s *Server) published(a authority) (keys []publicKey, issuers []string) {
	names := []string{a.tenant}
	if a.tenant == "" {
		names = []string{s.tenant}
		if s.keys.each {
			names = s.tenants()
		}
	}
	for _, tenant := range names {
		issuer := s.issuer(tenant)
		if a.tenant == "" && !s.keys.each {
			issuer = s.issuer(a.template())
		}
		for _, p := range s.keys.of(keysName(tenant, a.policy)).public() {
			keys, issuers = append(keys, p), append(issuers, issuer)
		}
	}
	return keys, issuers
}

// jwks answers with the published keys. As at Entra there is no alg member, and
// issuer is a template under common; B2C's keys are bare.
func (s *Server) jwks(w http.ResponseWriter, _ *http.Request, a authority) {
	list := []any{}
	keys, issuers := s.published(a)
	for i, p := range keys {
		jwk := map[string]any{
			"kty": "RSA", "use": p.use, "kid": p.kid,
			"n": base64.RawURLEncoding.EncodeToString(p.key.N.Bytes()),
			"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(p.key.E)).Bytes()),
		}
		if a.policy == "" {
			jwk["x5t"], jwk["x5c"] = p.kid, []string{base64.StdEncoding.EncodeToString(p.cert)}
			jwk["cloud_instance_name"], jwk["issuer"] = "microsoftonline.com", issuers[i]
		} else {
			jwk["nbf"] = p.from.Unix()
		}
		list = append(list, jwk)
	}
	set := map[string]any{"keys": list}
	if edit := s.faults.get().JWKSEdit; edit != nil {
		edit(set)
	}
	w.Header().Set("Cache-Control", "max-age=86400, private")
	writeJSON(w, http.StatusOK, set)
}
