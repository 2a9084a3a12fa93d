package assertion

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/go-jose/go-jose/v4"
)

// Keys are the keys of a Signer: the first signs, all are published, so that what an
// earlier one signed, and what the next one will sign, can be checked everywhere. It is
// safe for concurrent use. Make it with NewKeys.
type Keys struct{ current atomic.Pointer[keySet] }

// keySet does not change.
type keySet struct {
	sign     jose.Signer
	overhead int // bytes of a token without its payload

	ids  []string
	jwks []byte
	etag string
}

// NewKeys returns 1 to 4 different keys on the curve P-256. It keeps no reference to
// the keys that it is handed.
func NewKeys(keys []*ecdsa.PrivateKey) (*Keys, error) {
	k := &Keys{}
	if err := k.Replace(keys); err != nil {
		return nil, err
	}
	return k, nil
}

// Replace takes other keys, under the conditions of NewKeys, or returns an error and
// leaves all as it is. What is asked for once it has returned is signed by the new first
// key, and no token that was kept is given out again. The same keys in the same order
// change nothing.
func (k *Keys) Replace(keys []*ecdsa.PrivateKey) error {
	set, err := newKeySet(keys)
	if err != nil {
		return fmt.Errorf("assertion keys: %w", err)
	}
	if old := k.current.Load(); old == nil || !slices.Equal(old.ids, set.ids) {
		k.current.Store(set)
	}
	return nil
}

// IDs returns the key ids (kid) that are published, the signing key's first. They are no
// secret.
func (k *Keys) IDs() []string { return slices.Clone(k.current.Load().ids) }

// check refuses what cannot be a key set. Its errors number the keys from 1.
func check(keys []*ecdsa.PrivateKey) error {
	switch {
	case len(keys) == 0:
		return errors.New("there is no private key")
	case len(keys) > MaxKeys:
		return fmt.Errorf("there are %d keys, more than %d", len(keys), MaxKeys)
	}
	for i, key := range keys {
		if _, err := clone(key); err != nil {
			return fmt.Errorf("key %d: %w", i+1, err)
		}
		for j := range i {
			if keys[j].Equal(key) {
				return fmt.Errorf("key %d is the same as key %d", i+1, j+1)
			}
		}
	}
	return nil
}

// clone returns a key like this one, which shares no memory with it; an error, if it is
// none that can be used.
func clone(key *ecdsa.PrivateKey) (*ecdsa.PrivateKey, error) {
	switch {
	case key == nil || key.Curve != elliptic.P256():
		return nil, errNotP256
	case key.D == nil || key.X == nil || key.Y == nil: //nolint:staticcheck // Bytes would panic
		return nil, errNotRead
	}
	raw, err := key.Bytes()
	if err != nil {
		return nil, errNotRead
	}
	own, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw)
	if err != nil || !own.PublicKey.Equal(&key.PublicKey) {
		return nil, errors.New("the private and the public part do not belong together")
	}
	return own, nil
}

func newKeySet(keys []*ecdsa.PrivateKey) (*keySet, error) {
	if err := check(keys); err != nil {
		return nil, err
	}
	s := &keySet{}
	var public jose.JSONWebKeySet
	for _, key := range keys {
		jwk := jose.JSONWebKey{Key: key.Public(), Algorithm: string(jose.ES256), Use: "sig"}
		thumbprint, err := jwk.Thumbprint(crypto.SHA256)
		if err != nil {
			return nil, fmt.Errorf("thumbprint of a key: %w", err)
		}
		jwk.KeyID = base64.RawURLEncoding.EncodeToString(thumbprint)
		public.Keys = append(public.Keys, jwk)
		s.ids = append(s.ids, jwk.KeyID)
	}
	var err error
	if s.jwks, err = json.Marshal(public); err != nil {
		return nil, fmt.Errorf("write the key set: %w", err)
	}
	digest := sha256.Sum256(s.jwks)
	s.etag = `"` + hex.EncodeToString(digest[:16]) + `"`
	return s, s.signWith(keys[0], s.ids[0])
}

// signWith makes the signer, and signs once to know how long a token is.
func (s *keySet) signWith(key *ecdsa.PrivateKey, id string) (err error) {
	own, err := clone(key)
	if err != nil {
		return err
	}
	s.sign, err = jose.NewSigner(
		jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: own, KeyID: id}},
		(&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return fmt.Errorf("make a signer: %w", err)
	}
	probe, err := s.token(nil)
	s.overhead = len(probe)
	return err
}

// token signs a payload.
func (s *keySet) token(payload []byte) (string, error) {
	signed, err := s.sign.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return token, nil
}

// length is that of token(payload).
func (s *keySet) length(payload []byte) int {
	return s.overhead + base64.RawURLEncoding.EncodedLen(len(payload))
}
