package assertion_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/assertion"
)

func block(kind string, content []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}))
}

func pkcs8(t testing.TB, key any) string {
	t.Helper()
	content, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return block("PRIVATE KEY", content)
}

func sec1(t testing.TB, key *ecdsa.PrivateKey) string {
	t.Helper()
	content, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return block("EC PRIVATE KEY", content)
}

func generate[K any](t testing.TB) func(K, error) K {
	t.Helper()
	return func(key K, err error) K {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
}

func TestParseKeys(t *testing.T) {
	a, b, c, d, e := newKey(t), newKey(t), newKey(t), newKey(t), newKey(t)
	p384 := generate[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	p224 := generate[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P224(), rand.Reader))
	rsaKey := generate[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 2048))
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	spki := generate[[]byte](t)(x509.MarshalPKIXPublicKey(a.Public()))
	one := pkcs8(t, a)
	cut := strings.Split(pkcs8(t, b), "\n")
	encrypted := strings.Replace(sec1(t, a), "KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0011\n\n", 1)
	parameters := block("EC PARAMETERS", []byte{6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7})

	for _, tt := range []struct {
		name, text string
		want       []*ecdsa.PrivateKey
		fault      string
	}{
		{"PKCS#8", one, []*ecdsa.PrivateKey{a}, ""},
		{"SEC 1", sec1(t, a), []*ecdsa.PrivateKey{a}, ""},
		{"SEC 1 behind its parameters", parameters + sec1(t, a), []*ecdsa.PrivateKey{a}, ""},
		{"both forms, in their order", sec1(t, b) + one, []*ecdsa.PrivateKey{b, a}, ""},
		{"and the other way round", one + sec1(t, b), []*ecdsa.PrivateKey{a, b}, ""},
		{"four", one + pkcs8(t, b) + sec1(t, c) + pkcs8(t, d), []*ecdsa.PrivateKey{a, b, c, d}, ""},
		{"text around it", "the key of May\n" + one + "\nand its end\n", []*ecdsa.PrivateKey{a}, ""},
		{"line breaks of Windows", strings.ReplaceAll(one, "\n", "\r\n"), []*ecdsa.PrivateKey{a}, ""},
		{"no line break at the end", strings.TrimSpace(one), []*ecdsa.PrivateKey{a}, ""},

		{"empty", "", nil, "there is no private key"},
		{"blank", " \n\n", nil, "there is no private key"},
		{"garbage", "correct horse battery staple", nil, "there is no private key"},
		{"parameters alone", parameters, nil, "there is no private key"},
		{"DER without PEM", string(spki), nil, "there is no private key"},
		{"five", one + pkcs8(t, b) + sec1(t, c) + pkcs8(t, d) + pkcs8(t, e), nil, "there are 5 keys, more than 4"},
		{"one twice", one + pkcs8(t, b) + one, nil, "key 3 is the same as key 1"},
		{"one twice in two forms", one + sec1(t, a), nil, "key 2 is the same as key 1"},
		{"P-384", pkcs8(t, p384), nil, "key 1: the key is not an EC key on the curve P-256"},
		{"P-384 as SEC 1", one + sec1(t, p384), nil, "key 2: the key is not an EC key on the curve P-256"},
		{"P-224", pkcs8(t, p224), nil, "not an EC key on the curve P-256"},
		{"RSA", pkcs8(t, rsaKey), nil, "block 1: the key is not an EC key on the curve P-256"},
		{"RSA as PKCS#1", block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)), nil, "not an EC key on the curve P-256"},
		{"Ed25519", one + pkcs8(t, edKey), nil, "block 2: the key is not an EC key on the curve P-256"},
		{"OpenSSH's form", block("OPENSSH PRIVATE KEY", []byte("openssh-key-v1\x00")), nil, "not an EC key on the curve P-256"},
		{"encrypted PKCS#8", block("ENCRYPTED PRIVATE KEY", spki), nil, "block 1: the key is encrypted"},
		{"encrypted SEC 1", encrypted, nil, "block 1: the key is encrypted"},
		{"a public key", block("PUBLIC KEY", spki), nil, "it is a public key"},
		{"a public key behind a good one", one + block("PUBLIC KEY", spki), nil, "block 2: it is a public key"},
		{"a certificate behind a good one", one + block("CERTIFICATE", spki), nil, "block 2: it is a certificate"},
		{"a block of another kind", block("HUNTER2 SECRET", spki), nil, "neither PRIVATE KEY nor EC PRIVATE KEY"},
		{"SEC 1 under the name of PKCS#8", strings.ReplaceAll(sec1(t, a), "EC PRIVATE", "PRIVATE"), nil, "block 1: the key cannot be read"},
		{"PKCS#8 under the name of SEC 1", strings.ReplaceAll(one, "PRIVATE", "EC PRIVATE"), nil, "block 1: the key cannot be read"},
		{"garbage in a block", block("PRIVATE KEY", []byte("hunter2")), nil, "block 1: the key cannot be read"},
		{"nothing in a block", block("EC PRIVATE KEY", nil), nil, "block 1: the key cannot be read"},
		{"a second one without its end", one + strings.Join(cut[:len(cut)-2], "\n"), nil, "a PEM block is not complete"},
		{"a second one that is no base64", one + strings.Replace(pkcs8(t, b), cut[1], "!"+cut[1][1:], 1), nil, "a PEM block is not complete"},
		{"a first one without its end", strings.Join(cut[:len(cut)-2], "\n") + "\n" + one, nil, "a PEM block is not complete"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := assertion.ParseKeys(tt.text)
			if tt.fault != "" {
				if err == nil || got != nil || !strings.Contains(err.Error(), tt.fault) {
					t.Fatalf("%d keys, %v; want %q", len(got), err, tt.fault)
				}
				tellsNothing(t, err, tt.text, a, b, p384)
				return
			}
			if err != nil || len(got) != len(tt.want) {
				t.Fatalf("%d keys, %v", len(got), err)
			}
			for i := range got {
				if !got[i].Equal(tt.want[i]) {
					t.Errorf("key %d is another", i+1)
				}
			}
		})
	}
}

// tellsNothing refuses an error, or a cause of it, that holds a line of the file or a key.
func tellsNothing(t *testing.T, err error, text string, keys ...*ecdsa.PrivateKey) {
	t.Helper()
	var secrets []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); len(line) > 5 && !strings.HasPrefix(line, "-----") {
			secrets = append(secrets, line, line[:6])
		}
	}
	for _, key := range keys {
		raw, err := key.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, hex.EncodeToString(raw), base64.StdEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw), new(big.Int).SetBytes(raw).String())
	}
	for ; err != nil; err = errors.Unwrap(err) {
		for _, s := range append(secrets, "HUNTER2", "hunter2", "-----") {
			if strings.Contains(err.Error(), s) {
				t.Errorf("the error %q holds %.20q", err, s)
			}
		}
	}
}
