package seal_test

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/seal"
)

// expected derives a sub-key by the words of the package's comments, part by part.
func expected(t *testing.T, ringKey []byte, kind, purpose string, d seal.Domain) []byte {
	t.Helper()
	info := "easyauth seal 1"
	for _, part := range []string{purpose, d.BasePath, d.Authority, d.ClientID} {
		info += string(binary.AppendUvarint(nil, uint64(len(part)))) + part
	}
	sub, err := hkdf.Key(sha256.New, ringKey, nil, info+"\x00\x00\x00\x00"+kind, 32)
	if err != nil {
		t.Fatal(err)
	}
	return sub
}

func TestMAC(t *testing.T) {
	r := ring(t, [][]byte{key(1), key(2)}, key(3))
	long := bytes.Repeat([]byte("l"), 300)
	for _, k := range []byte{1, 2, 3} {
		for _, parts := range [][][]byte{nil, {{}}, {[]byte("id")}, {[]byte("tenant"), []byte("object")}, {long, {}}} {
			h := hmac.New(sha256.New, expected(t, key(k), "mac", "handle", domain))
			for _, p := range parts {
				h.Write(binary.AppendUvarint(nil, uint64(len(p))))
				h.Write(p)
			}
			for range 2 { // the second time from the cache
				sum, ok := r.MAC(id(t, key(k)), "handle", parts...)
				if !ok || !bytes.Equal(sum[:], h.Sum(nil)) {
					t.Errorf("key %d, %d parts: %x, %t; want %x", k, len(parts), sum, ok, h.Sum(nil))
				}
			}
		}
	}
	if sum, ok := r.MAC(id(t, key(4)), "handle", []byte("id")); ok || sum != [32]byte{} {
		t.Errorf("a key that is not in the ring: %x, %t", sum, ok)
	}
	if err := r.Replace([][]byte{key(4)}, nil); err != nil {
		t.Fatal(err)
	}
	if _, ok := r.MAC(id(t, key(1)), "handle", []byte("id")); ok {
		t.Error("a key that was dropped: ok")
	}
	if _, ok := r.MAC(id(t, key(4)), "handle", []byte("id")); !ok {
		t.Error("the key that came: not ok")
	}
}

// Nothing but the same key, purpose, deployment and parts gives the same sum.
func TestMACsDiffer(t *testing.T) {
	r := ring(t, [][]byte{key(1), key(2)})
	other, err := seal.NewRing([][]byte{key(1)}, seal.Domain{BasePath: domain.BasePath, Authority: domain.Authority, ClientID: "other"})
	if err != nil {
		t.Fatal(err)
	}
	parts := func(texts ...string) (out [][]byte) {
		for _, s := range texts {
			out = append(out, []byte(s))
		}
		return out
	}
	tests := []struct {
		name    string
		ring    *seal.Ring
		key     byte
		purpose string
		parts   [][]byte
	}{
		{"two parts", r, 1, "user", parts("ab", "c")},
		{"cut elsewhere", r, 1, "user", parts("a", "bc")},
		{"in one", r, 1, "user", parts("abc")},
		{"an empty part more", r, 1, "user", parts("ab", "c", "")},
		{"a length among the text", r, 1, "user", parts("ab\x01c")},
		{"another order", r, 1, "user", parts("c", "ab")},
		{"another purpose", r, 1, "sid", parts("ab", "c")},
		{"another key", r, 2, "user", parts("ab", "c")},
		{"another deployment", other, 1, "user", parts("ab", "c")},
	}
	seen := map[[32]byte]string{}
	for _, tt := range tests {
		sum, ok := tt.ring.MAC(id(t, key(tt.key)), tt.purpose, tt.parts...)
		if !ok {
			t.Errorf("%s: no such key", tt.name)
		}
		if twin, there := seen[sum]; there {
			t.Errorf("%s gives the same as %s", tt.name, twin)
		}
		seen[sum] = tt.name
	}
}

func TestMix(t *testing.T) {
	r := ring(t, [][]byte{key(1), key(2)})
	secret := bytes.Repeat([]byte{7}, 32)
	seen := map[[32]byte]bool{}
	for _, k := range []byte{1, 2} {
		for _, purpose := range []string{"value", "label"} {
			want, err := hkdf.Key(sha256.New, secret, expected(t, key(k), "mix", purpose, domain), "easyauth seal 1"+purpose, 32)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				got, ok := r.Mix(id(t, key(k)), purpose, secret)
				if !ok || !bytes.Equal(got[:], want) {
					t.Errorf("key %d, %s: %x, %t; want %x", k, purpose, got, ok, want)
				}
				seen[got] = true
			}
		}
	}
	changed := bytes.Clone(secret)
	changed[31] ^= 1
	got, ok := r.Mix(id(t, key(1)), "value", changed)
	if !ok || seen[got] || len(seen) != 4 {
		t.Errorf("%d different keys, another secret gives a known one: %t, %t", len(seen), seen[got], ok)
	}
	refusals := []struct {
		name   string
		key    byte
		secret []byte
		ok     bool
	}{
		{"another key", 3, secret, false},
		{"a key of the ring", 2, secret, true},
		{"no secret", 1, nil, false},
		{"15 bytes", 1, secret[:15], false},
		{"16 bytes", 1, secret[:16], true},
	}
	for _, tt := range refusals {
		if got, ok := r.Mix(id(t, key(tt.key)), "value", tt.secret); ok != tt.ok || (got == [32]byte{}) == ok {
			t.Errorf("%s: %t, want %t", tt.name, ok, tt.ok)
		}
	}
}

// What one use of a key gives away is of no use to another, also under one purpose.
func TestUsesOfOneKeyDiffer(t *testing.T) {
	derived, err := ring(t, [][]byte{key(1)}).Derive("p", 32)
	if err != nil {
		t.Fatal(err)
	}
	subs := [][]byte{derived[0], expected(t, key(1), "mac", "p", domain), expected(t, key(1), "mix", "p", domain)}
	if !bytes.Equal(subs[0], expected(t, key(1), "", "p", domain)) {
		t.Error("the test does not derive as the ring does")
	}
	for i, a := range subs {
		for _, b := range subs[:i] {
			if bytes.Equal(a, b) {
				t.Error("two uses share a sub-key")
			}
		}
	}
}

func TestAEAD(t *testing.T) {
	aead, err := seal.AEAD([32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	other, err := seal.AEAD([32]byte{2})
	if err != nil {
		t.Fatal(err)
	}
	sealed := func() []byte {
		return aead.Seal(nil, nil, []byte("plain"), []byte("ad")) //nolint:gosec // no nonce is given: this AEAD makes a random one
	}
	one, two := sealed(), sealed()
	if len(one) != 12+5+16 || bytes.Equal(one, two) {
		t.Errorf("%d bytes, want 33; the same twice: %t", len(one), bytes.Equal(one, two))
	}
	if plain, err := aead.Open(nil, nil, one, []byte("ad")); err != nil || string(plain) != "plain" {
		t.Errorf("opened %q, %v", plain, err)
	}
	if _, err := aead.Open(nil, nil, one, []byte("other")); err == nil {
		t.Error("opened with other associated data")
	}
	if _, err := other.Open(nil, nil, one, []byte("ad")); err == nil {
		t.Error("opened with another key")
	}
}
