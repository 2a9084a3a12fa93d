package entra

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"

	"github.com/go-jose/go-jose/v4"
)

// Bounds of a key set.
const (
	maxKeySet  = 512 << 10 // bytes of the document
	maxKeys    = 50        // usable keys; more are ignored
	minRSABits = 2048
	maxRSABits = 8192 // larger ones cost too much to use
)

// signingKey is one public key that may sign tokens.
type signingKey struct {
	id  string
	alg string // the only algorithm it may be used with; empty: any that fits its type
	key any    // *rsa.PublicKey or *ecdsa.PublicKey
}

// fits reports whether the key may verify a signature of this algorithm.
func (k signingKey) fits(alg string) bool {
	if k.alg != "" && k.alg != alg {
		return false
	}
	switch key := k.key.(type) {
	case *rsa.PublicKey:
		return alg[:2] == "RS" || alg[:2] == "PS"
	case *ecdsa.PublicKey:
		curves := map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()}
		return curves[alg] == key.Curve
	}
	return false
}

// parseKeySet reads a JWKS. Keys that cannot be used are left out: those for
// encryption, other types than RSA and EC, RSA below 2048 bits, and keys that
// were published with their private half. A document without any usable key is
// an error, so that it never replaces keys that work.
func parseKeySet(body []byte) ([]signingKey, error) {
	doc, err := parseObject(body)
	if err != nil {
		return nil, refuse(ReasonIDPError, "key set: %w", err)
	}
	var entries []json.RawMessage
	if raw, ok := doc.values["keys"]; !ok || json.Unmarshal(raw, &entries) != nil {
		return nil, refuse(ReasonIDPError, "key set: no array of keys")
	}
	var keys []signingKey
	for _, entry := range entries {
		if k, ok := parseKey(entry); ok && len(keys) < maxKeys {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return nil, refuse(ReasonIDPError, "key set: none of its %d keys can be used", len(entries))
	}
	return keys, nil
}

// parseKey hands go-jose the members that make the key, and no certificates:
// an odd certificate must not take a good key away.
func parseKey(entry json.RawMessage) (signingKey, bool) {
	doc, err := parseObject(entry)
	if err != nil {
		return signingKey{}, false
	}
	if _, private := doc.values["d"]; private {
		return signingKey{}, false
	}
	if use, err := doc.text("use"); err != nil || (use != "" && use != "sig") {
		return signingKey{}, false
	}
	public := map[string]json.RawMessage{}
	for _, name := range []string{"kty", "kid", "alg", "crv", "n", "e", "x", "y"} {
		if value, ok := doc.values[name]; ok {
			public[name] = value
		}
	}
	member, err := json.Marshal(public)
	if err != nil {
		return signingKey{}, false
	}
	var jwk jose.JSONWebKey
	if jwk.UnmarshalJSON(member) != nil || !jwk.Valid() {
		return signingKey{}, false
	}
	switch key := jwk.Key.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return signingKey{}, false
		}
	case *ecdsa.PublicKey:
	default:
		return signingKey{}, false
	}
	return signingKey{id: jwk.KeyID, alg: jwk.Algorithm, key: jwk.Key}, true
}
