package credential

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	minKey       = 2048            // bits of an RSA key
	assertionAge = 5 * time.Minute // until a signed token expires
)

// ErrNoKey is the cause when neither the certificate's file nor the key file
// holds a private key.
var ErrNoKey = errors.New("there is no private key in it")

// certificate signs a token for every request.
type certificate struct {
	clientID string
	current  func() *signer
	log      *slog.Logger
	now      func() time.Time
}

// signer is a certificate with its key.
type signer struct {
	jose     jose.Signer
	notAfter time.Time
	expired  sync.Once // the warning
}

func newCertificate(cfg Config) (proof, error) {
	paths := []string{cfg.CertificateFile}
	if cfg.KeyFile != "" && cfg.KeyFile != cfg.CertificateFile {
		paths = append(paths, cfg.KeyFile)
	}
	files, err := watch("client certificate", cfg.Log, parseCertificate, paths...)
	if err != nil {
		return nil, err
	}
	c := certificate{clientID: cfg.ClientID, current: files.current, log: cfg.Log, now: cfg.Now}
	c.warn(files.good)
	return c, nil
}

func (certificate) kind() string { return "certificate" }

func (c certificate) add(form url.Values, tokenEndpoint string) error {
	s := c.current()
	c.warn(s)
	assertion, err := s.sign(c.clientID, tokenEndpoint, c.now())
	if err != nil {
		return fmt.Errorf("sign client assertion: %w", err)
	}
	setAssertion(form, assertion)
	return nil
}

// warn says once of each certificate that was read that it has expired.
func (c certificate) warn(s *signer) {
	if c.now().After(s.notAfter) {
		s.expired.Do(func() { c.log.Warn("the client certificate has expired", "not_after", s.notAfter) })
	}
}

// sign returns a token that says: I am clientID, to audience, now.
func (s *signer) sign(clientID, audience string, now time.Time) (string, error) {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	claims, err := json.Marshal(map[string]any{
		"iss": clientID, "sub": clientID, "aud": audience, "jti": base64.RawURLEncoding.EncodeToString(id[:]),
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(assertionAge).Unix(),
	})
	if err != nil {
		return "", err
	}
	signed, err := s.jose.Sign(claims)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// parseCertificate takes the certificate file and, if there is one, the key file.
// Causes that the parsers of the standard library give are left out of errors,
// because they may quote what they read.
func parseCertificate(texts []string) (*signer, error) {
	leaf, err := parseLeaf(texts[0])
	if err != nil {
		return nil, err
	}
	key, err := parseKey(strings.Join(texts, "\n"))
	switch {
	case err != nil:
		return nil, err
	case key.N.BitLen() < minKey:
		return nil, fmt.Errorf("the key has %d bits, fewer than %d", key.N.BitLen(), minKey)
	case !key.PublicKey.Equal(leaf.PublicKey):
		return nil, errors.New("the key does not fit the first certificate")
	}
	thumbprint := sha256.Sum256(leaf.Raw)
	options := (&jose.SignerOptions{}).WithType("JWT").
		WithHeader("x5t#S256", base64.RawURLEncoding.EncodeToString(thumbprint[:]))
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.PS256, Key: key}, options)
	if err != nil {
		return nil, errors.New("the key cannot sign")
	}
	return &signer{jose: s, notAfter: leaf.NotAfter}, nil
}

// parseLeaf returns the first certificate; those behind it must be readable too.
func parseLeaf(text string) (leaf *x509.Certificate, err error) {
	for block := range blocks(text) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		one, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, errors.New("a certificate in it cannot be read")
		}
		if leaf == nil {
			leaf = one
		}
	}
	if leaf == nil {
		return nil, errors.New("there is no certificate in it")
	}
	return leaf, nil
}

// parseKey returns the only private key.
func parseKey(text string) (*rsa.PrivateKey, error) {
	var found []*pem.Block
	for block := range blocks(text) {
		if strings.HasSuffix(block.Type, "PRIVATE KEY") {
			found = append(found, block)
		}
	}
	switch {
	case len(found) == 0:
		return nil, ErrNoKey
	case len(found) > 1:
		return nil, errors.New("there are several private keys in it")
	case found[0].Type == "ENCRYPTED PRIVATE KEY" || found[0].Headers["DEK-Info"] != "":
		return nil, errors.New("the private key is encrypted; decrypt it, and protect the file instead")
	}
	var parsed any
	var err error
	switch found[0].Type {
	case "RSA PRIVATE KEY":
		parsed, err = x509.ParsePKCS1PrivateKey(found[0].Bytes)
	case "PRIVATE KEY":
		parsed, err = x509.ParsePKCS8PrivateKey(found[0].Bytes)
	default: // EC, DSA, OPENSSH
		return nil, errors.New("the private key is not an RSA key in PKCS #1 or PKCS #8")
	}
	if err != nil {
		return nil, errors.New("the private key cannot be read")
	}
	key, isRSA := parsed.(*rsa.PrivateKey)
	if !isRSA {
		return nil, errors.New("the private key is not an RSA key")
	}
	return key, nil
}

// blocks yields what is in PEM; text around it is passed over.
func blocks(text string) func(yield func(*pem.Block) bool) {
	return func(yield func(*pem.Block) bool) {
		rest := []byte(text)
		for {
			var block *pem.Block
			if block, rest = pem.Decode(rest); block == nil || !yield(block) {
				return
			}
		}
	}
}
