package entra

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // x5t and kid are SHA-1 thumbprints by definition
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"net/http"
	"slices"
	"sync"
	"time"
)

// publicKey is one published key: what a JWK holds.
type publicKey struct {
	use  string
	kid  string // base64url SHA-1 thumbprint of the certificate, as at Entra
	key  *rsa.PublicKey
	cert []byte // DER
}

// keys signs, and knows what is published. Besides the signing key it publishes a
// second one that never signs, as Entra always has several, and one for encryption.
type keys struct {
	now   func() time.Time
	given *rsa.PrivateKey

	mu        sync.Mutex
	private   *rsa.PrivateKey
	kid       string
	published []publicKey
	ever      []publicKey // also those no longer published: Graph still trusts them
}

func newKeys(given *rsa.PrivateKey, now func() time.Time) *keys { return &keys{given: given, now: now} }

// signer returns the current key and its kid.
func (k *keys) signer() (*rsa.PrivateKey, string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ready()
	return k.private, k.kid
}

func (k *keys) rotate() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ready()
	k.adopt(newPrivateKey())
	return k.kid
}

func (k *keys) dropOld() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ready()
	k.published = slices.DeleteFunc(k.published, func(p publicKey) bool { return p.use == "sig" && p.kid != k.kid })
}

// byKid finds a key that signed at any time.
func (k *keys) byKid(kid string) (*rsa.PublicKey, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, p := range k.ever {
		if p.kid == kid {
			return p.key, true
		}
	}
	return nil, false
}

func (k *keys) public() []publicKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ready()
	return slices.Clone(k.published)
}

// ready makes the first keys. The caller holds mu.
func (k *keys) ready() {
	if k.private != nil {
		return
	}
	if k.given != nil {
		k.adopt(k.given)
	} else {
		k.adopt(newPrivateKey())
	}
	k.published = append([]publicKey{k.publish("sig", lonelyKey())}, k.published...)
	k.published = append(k.published, k.publish("enc", lonelyKey()))
}

func (k *keys) adopt(private *rsa.PrivateKey) {
	k.private = private
	p := k.publish("sig", &private.PublicKey)
	k.kid = p.kid
	k.published = append(k.published, p)
	k.ever = append(k.ever, p)
}

// publish wraps a key in a certificate that the current signing key issues.
func (k *keys) publish(use string, key *rsa.PublicKey) publicKey {
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		panic("entra: serial number: " + err.Error())
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "accounts.accesscontrol.windows.net"},
		NotBefore:    k.now().Add(-24 * time.Hour),
		NotAfter:     k.now().AddDate(5, 0, 0),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key, k.private)
	if err != nil {
		panic("entra: certificate of a key: " + err.Error())
	}
	sum := sha1.Sum(cert) //nolint:gosec // see the import
	return publicKey{use: use, kid: base64.RawURLEncoding.EncodeToString(sum[:]), key: key, cert: cert}
}

func newPrivateKey() *rsa.PrivateKey {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic("entra: signing key: " + err.Error())
	}
	return private
}

// lonelyKey returns a public key to which nobody has the private half: an odd
// random number of 2048 bits as modulus. It costs nothing to make.
func lonelyKey() *rsa.PublicKey {
	b := make([]byte, 256)
	_, _ = rand.Read(b) // never fails
	b[0] |= 0x80
	b[255] |= 1
	return &rsa.PublicKey{N: new(big.Int).SetBytes(b), E: 65537}
}

// jwks answers with the published keys. As at Entra there is no alg member, and
// issuer is a template under common.
func (s *Server) jwks(w http.ResponseWriter, _ *http.Request, a authority) {
	list := []map[string]any{}
	for _, p := range s.keys.public() {
		list = append(list, map[string]any{
			"kty": "RSA", "use": p.use, "kid": p.kid, "x5t": p.kid,
			"n":                   base64.RawURLEncoding.EncodeToString(p.key.N.Bytes()),
			"e":                   base64.RawURLEncoding.EncodeToString(big.NewInt(int64(p.key.E)).Bytes()),
			"x5c":                 []string{base64.StdEncoding.EncodeToString(p.cert)},
			"cloud_instance_name": "microsoftonline.com",
			"issuer":              s.issuer(a.template()),
		})
	}
	w.Header().Set("Cache-Control", "max-age=86400, private")
	writeJSON(w, http.StatusOK, map[string]any{"keys": list})
}
