package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// signingKey is a private key in PEM, as openssl makes it.
func signingKey(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return inPEM(t, key)
}

func inPEM(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// useless are files of keys of which nothing can be made, each with what is said of it.
func useless(t *testing.T) map[string][2]string {
	t.Helper()
	good := signingKey(t)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var five strings.Builder
	for range 5 {
		five.WriteString(signingKey(t))
	}
	bad := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte(marker + marker)}))
	return map[string][2]string{
		"no key":             {marker, "there is no private key"},
		"RSA":                {inPEM(t, rsaKey), "is not an EC key on the curve P-256"},
		"another curve":      {inPEM(t, p384), "is not an EC key on the curve P-256"},
		"half of a key":      {good + good[:len(good)/2], "a PEM block is not complete"},
		"one key twice":      {good + good, "key 2 is the same as key 1"},
		"five keys":          {five.String(), "there are 5 keys, more than 4"},
		"a block of nothing": {good + bad, "block 2: the key cannot be read"},
		"a certificate":      {string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte(marker)})), "it is a certificate"},
		"an empty file":      {"", "is empty"},
	}
}

// secretParts are what of a file of keys must never come back.
func secretParts(content string) []string {
	parts := []string{marker, base64.StdEncoding.EncodeToString([]byte(marker))[:8]}
	for line := range strings.Lines(content) {
		if line = strings.TrimSpace(line); len(line) > 20 && !strings.HasPrefix(line, "-----") {
			parts = append(parts, line[:20])
		}
	}
	return parts
}

// A file of keys that cannot be used is told by both commands, without a word of what is in it.
func TestAssertionFaults(t *testing.T) {
	file := filepath.Join(t.TempDir(), "assertion-keys.pem")
	vars := with(t, map[string]string{"EASYAUTH_ASSERTION_KEYS_FILE": file})
	for name, tt := range useless(t) {
		overwrite(t, file, tt[0])
		lines := faults(t, vars)
		if len(lines) != 1 || !strings.HasPrefix(lines[0], "EASYAUTH_ASSERTION_KEYS_FILE: ") || !strings.Contains(lines[0], tt[1]) {
			t.Errorf("%s: %q", name, lines)
		}
		for _, part := range secretParts(tt[0]) {
			if strings.Contains(strings.Join(lines, ""), part) {
				t.Errorf("%s: what is in the file is shown: %q", name, lines)
			}
		}
	}
	overwrite(t, file, "two keys, and some text\n"+signingKey(t)+signingKey(t))
	if lines := faults(t, vars); len(lines) > 0 {
		t.Errorf("two keys: %q", lines)
	}
}

func TestAssertionHeaderFaults(t *testing.T) {
	file := filepath.Join(t.TempDir(), "assertion-keys.pem")
	overwrite(t, file, signingKey(t))
	const (
		taken   = "the header of the assertion is another header's name already"
		meaning = "the header of the assertion has a meaning of its own"
		room    = "prefix, claim headers and assertion leave"
	)
	var claims []string
	for i := range 14 {
		claims = append(claims, fmt.Sprintf("a-claim-of-thirty-characters%02d", i))
	}
	for _, tt := range []struct {
		name, variable, bad, good, problem string
	}{
		{"a fixed header", "EASYAUTH_ASSERTION_HEADER", "x-injected-roles", "x-injected-signed", taken},
		{"a header with a meaning", "EASYAUTH_ASSERTION_HEADER", "Authorization", "X-Authorization", meaning},
		{"a cookie", "EASYAUTH_ASSERTION_HEADER", "set-cookie", "x-set-cookie", meaning},
		{"the prefix", "EASYAUTH_ASSERTION_HEADER", "x-injected-", "x-injected-a", taken},
		{"a listed claim's header", "EASYAUTH_CLAIM_HEADERS", "upn assertion", "upn assertions", taken},
		{"a mapped header", "EASYAUTH_HEADER_MAP", "X-A=oid\nX-Injected-Assertion=oid", "X-A=oid\nX-Injected-Assertions=oid", taken},
		{"no room beside the claims", "EASYAUTH_CLAIM_HEADERS", strings.Join(claims, " "), strings.Join(claims[:4], " "), room},
	} {
		lines := faults(t, with(t, map[string]string{"EASYAUTH_ASSERTION_KEYS_FILE": file, tt.variable: tt.bad}))
		if len(lines) != 1 || !strings.HasPrefix(lines[0], "EASYAUTH_ASSERTION_HEADER: "+tt.problem) {
			t.Errorf("%s: %q", tt.name, lines)
		}
		if lines := faults(t, with(t, map[string]string{"EASYAUTH_ASSERTION_KEYS_FILE": file, tt.variable: tt.good})); len(lines) > 0 {
			t.Errorf("%s, mended: %q", tt.name, lines)
		}
		if lines := faults(t, with(t, map[string]string{tt.variable: tt.bad})); len(lines) > 0 {
			t.Errorf("%s, and nobody signs: %q", tt.name, lines)
		}
	}
}
