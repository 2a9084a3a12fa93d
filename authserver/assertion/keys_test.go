package assertion_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/assertion"
)

// thumbprint is RFC 7638 by hand: the members of an EC key in the order of their names, without blanks.
func thumbprint(t *testing.T, key *ecdsa.PrivateKey) string {
	t.Helper()
	point, err := key.PublicKey.Bytes()
	if err != nil || len(point) != 65 {
		t.Fatalf("%d bytes, %v", len(point), err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	digest := sha256.Sum256(fmt.Appendf(nil, `{"crv":"P-256","kty":"EC","x":"%s","y":"%s"}`, b64(point[1:33]), b64(point[33:])))
	return b64(digest[:])
}

func TestKeyIDs(t *testing.T) {
	a, b := newKey(t), newKey(t)
	keys := newKeys(t, a, b)
	if got, want := keys.IDs(), []string{thumbprint(t, a), thumbprint(t, b)}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	keys.IDs()[0] = "changed"
	if err := keys.Replace([]*ecdsa.PrivateKey{b, a}); err != nil {
		t.Fatal(err)
	}
	if got, want := keys.IDs(), []string{thumbprint(t, b), thumbprint(t, a)}; !slices.Equal(got, want) {
		t.Errorf("after it: got %q, want %q", got, want)
	}
}

func TestKeysRefused(t *testing.T) {
	a, b := newKey(t), newKey(t)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	mixed, half := *a, ecdsa.PrivateKey{PublicKey: a.PublicKey}
	mixed.PublicKey = b.PublicKey
	five := []*ecdsa.PrivateKey{a, b, newKey(t), newKey(t), newKey(t)}
	for _, tt := range []struct {
		name  string
		keys  []*ecdsa.PrivateKey
		fault string // "": it is taken
	}{
		{"none", nil, "there is no private key"},
		{"one", []*ecdsa.PrivateKey{b}, ""},
		{"four", five[:4], ""},
		{"five", five, "there are 5 keys, more than 4"},
		{"one twice", []*ecdsa.PrivateKey{b, a, b}, "key 3 is the same as key 1"},
		{"nil", []*ecdsa.PrivateKey{b, nil}, "key 2: the key is not an EC key on the curve P-256"},
		{"the zero key", []*ecdsa.PrivateKey{{}}, "key 1: the key is not an EC key on the curve P-256"},
		{"P-384", []*ecdsa.PrivateKey{p384}, "key 1: the key is not an EC key on the curve P-256"},
		{"another's public part", []*ecdsa.PrivateKey{&mixed}, "key 1: the private and the public part do not belong together"},
		{"no private part", []*ecdsa.PrivateKey{b, &half}, "key 2: the key cannot be read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			kept := newKeys(t, a)
			before := kept.IDs()
			made, err := assertion.NewKeys(tt.keys)
			again := kept.Replace(tt.keys)
			if tt.fault == "" {
				if err != nil || again != nil || !slices.Equal(made.IDs(), kept.IDs()) || slices.Equal(before, kept.IDs()) {
					t.Errorf("%v, %v, %q", err, again, kept.IDs())
				}
				return
			}
			if err == nil || made != nil || err.Error() != again.Error() || !strings.Contains(err.Error(), tt.fault) {
				t.Errorf("%v, %v; want %q", err, again, tt.fault)
			}
			if !slices.Equal(before, kept.IDs()) {
				t.Error("a refused Replace changed the keys")
			}
		})
	}
}

// What a caller does to its keys afterwards changes nothing here.
func TestKeysAreCopied(t *testing.T) {
	key := newKey(t)
	public := key.PublicKey
	s := newSigner(t, assertion.Config{Keys: newKeys(t, key)})
	key.D.SetInt64(7) //nolint:staticcheck // what nobody should do
	open(t, get(t, s, of(1), adele(), audience), &public)
}
