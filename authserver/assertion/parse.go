package assertion

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// MaxKeys is how many keys there may be at once: the one that signs, the one before
// it, the one after it, and one to spare.
const MaxKeys = 4

var (
	errNotP256   = errors.New("the key is not an EC key on the curve P-256 (prime256v1)")
	errNotRead   = errors.New("the key cannot be read")
	errEncrypted = errors.New("the key is encrypted: EasyAuth knows no passphrase, decrypt it first")
)

// ParseKeys returns the private keys of a PEM text in their order: 1 to 4, on the
// curve P-256, as PKCS#8 ("PRIVATE KEY") or SEC 1 ("EC PRIVATE KEY"). Text around the
// blocks and "EC PARAMETERS", which openssl puts before a key, are skipped; every other
// block is an error: encrypted keys, public keys, certificates, and what begins like a
// block and cannot be read. So is one key twice. Errors number the blocks from 1 and
// hold nothing of the text.
func ParseKeys(pemText string) ([]*ecdsa.PrivateKey, error) {
	var keys []*ecdsa.PrivateKey
	rest := []byte(pemText)
	n := 0
	for {
		block, behind := pem.Decode(rest)
		if block == nil {
			break
		}
		rest = behind
		n++
		if block.Type == "EC PARAMETERS" {
			continue
		}
		key, err := parseBlock(block)
		if err != nil {
			return nil, fmt.Errorf("block %d: %w", n, err)
		}
		keys = append(keys, key)
	}
	// The decoder passes over what it cannot read, and an operator would miss that key.
	if strings.Count(pemText, "-----BEGIN") != n {
		return nil, errors.New("a PEM block is not complete")
	}
	if err := check(keys); err != nil {
		return nil, err
	}
	return keys, nil
}

func parseBlock(block *pem.Block) (*ecdsa.PrivateKey, error) {
	// The causes that the standard library gives may quote what was read.
	switch block.Type {
	case "PRIVATE KEY":
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, errNotRead
		}
		key, ok := parsed.(*ecdsa.PrivateKey)
		if !ok {
			return nil, errNotP256
		}
		return key, nil
	case "EC PRIVATE KEY":
		if block.Headers["DEK-Info"] != "" || block.Headers["Proc-Type"] != "" {
			return nil, errEncrypted
		}
		key, err := x509.ParseECPrivateKey(block.Bytes)
		if err != nil {
			return nil, errNotRead
		}
		return key, nil
	case "ENCRYPTED PRIVATE KEY":
		return nil, errEncrypted
	case "RSA PRIVATE KEY", "DSA PRIVATE KEY", "OPENSSH PRIVATE KEY":
		return nil, errNotP256
	case "PUBLIC KEY", "EC PUBLIC KEY", "RSA PUBLIC KEY":
		return nil, errors.New("it is a public key: the private one is needed, the public one is published by itself")
	case "CERTIFICATE":
		return nil, errors.New("it is a certificate: the private key is needed, and no certificate")
	default:
		return nil, errors.New("it is neither PRIVATE KEY nor EC PRIVATE KEY")
	}
}
