package entra

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // x5t and kid are SHA-1 thumbprints by definition
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
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
	from time.Time
}

// keys is the keys of one authority: what signs, and what is published. Besides
// the signing key it publishes a second one that never signs, as Entra always has
// several, and one for encryption.
type keys struct {
	now   func() time.Time
	given *rsa.PrivateKey

	mu        sync.Mutex
	private   *rsa.PrivateKey
	kid       string
	published []publicKey
	enc       *rsa.PrivateKey // of the published key for encryption; no decent server signs with it
	encKid    string
	idle      string      // kid of the key that never signs
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

// signing returns the current key as it is published.
func (k *keys) signing() publicKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ready()
	return k.ever[len(k.ever)-1]
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
	lonely := k.publish("sig", lonelyKey())
	k.idle = lonely.kid
	k.published = append([]publicKey{lonely}, k.published...)
	k.enc = siblingKey(k.private)
	enc := k.publish("enc", &k.enc.PublicKey)
	k.encKid = enc.kid
	k.published = append(k.published, enc)
}

// misused returns the key for encryption and its kid.
func (k *keys) misused() (*rsa.PrivateKey, string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ready()
	return k.enc, k.encKid
}

// idleKid returns the kid of the published key that never signs.
func (k *keys) idleKid() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ready()
	return k.idle
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
	return publicKey{use: use, kid: base64.RawURLEncoding.EncodeToString(sum[:]), key: key, cert: cert, from: template.NotBefore}
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

// siblingKey returns another key that costs nothing to make: the primes of key
// with another exponent. Nobody who has secrets may do that.
func siblingKey(key *rsa.PrivateKey) *rsa.PrivateKey {
	one, phi := big.NewInt(1), big.NewInt(1)
	for _, p := range key.Primes {
		phi.Mul(phi, new(big.Int).Sub(p, one))
	}
	for e := int64(65539); ; e += 2 {
		exponent := big.NewInt(e)
		d := new(big.Int).ModInverse(exponent, phi)
		if d == nil || int(e) == key.E {
			continue
		}
		sibling := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: key.N, E: int(e)}, D: d, Primes: slices.Clone(key.Primes)}
		sibling.Precompute()
		return sibling
	}
}
