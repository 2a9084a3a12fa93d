package assertion_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/assertion"
)

const (
	issuer   = "https://app.example.com/easyauth"
	audience = "https://orders.example.com"
	roomy    = 1 << 20
)

// clock is moved by the test.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock {
	return &clock{now: time.Date(2026, time.May, 4, 9, 0, 0, 123456789, time.UTC)}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newKeys(t testing.TB, keys ...*ecdsa.PrivateKey) *assertion.Keys {
	t.Helper()
	k, err := assertion.NewKeys(keys)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newSigner(t testing.TB, cfg assertion.Config) *assertion.Signer {
	t.Helper()
	if cfg.Issuer == "" {
		cfg.Issuer = issuer
	}
	s, err := assertion.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// adele has all that a token can say.
func adele() *access.Identity {
	return &access.Identity{
		Tenant: "2f1c6f0e-0d5b-4c1e-9a57-3b7d0c9a1e11", Object: "a0000000-0000-4000-8000-00000000ade1",
		Issuer: "https://login.microsoftonline.com/2f1c6f0e-0d5b-4c1e-9a57-3b7d0c9a1e11/v2.0", Subject: "AAAA-b_c",
		Name: "Adele Vance", PreferredUsername: "adele@contoso.example", Email: "adele.vance@contoso.example",
		Roles: []string{"Admin", "Orders,Read|Write"}, Groups: []string{"g1", "g2"}, Scopes: []string{"User.Read"},
		Claims: []access.Claim{{Name: "dept", Values: []string{"x"}}, {Name: "sid", Values: []string{"session-1"}}},
	}
}

func of(n byte) [32]byte { return [32]byte{0: 1, 31: n} }

// get is an assertion that must be made.
func get(t testing.TB, s *assertion.Signer, of [32]byte, id *access.Identity, audience string) string {
	t.Helper()
	jwt, complete, err := s.Assertion(of, id, audience, roomy)
	if err != nil || !complete {
		t.Fatalf("complete %t, %v", complete, err)
	}
	return jwt
}

// opened is a token taken apart with the standard library alone.
type opened struct {
	header map[string]string
	claims map[string]any
	text   string // the payload
}

// signedBy checks the signature by the definition of ES256 in RFC 7518: r and s of 32 bytes each, over the SHA-256 of
// what stands before the last dot.
func signedBy(jwt string, key *ecdsa.PublicKey) bool {
	dot := strings.LastIndexByte(jwt, '.')
	sig, err := base64.RawURLEncoding.Strict().DecodeString(jwt[dot+1:])
	digest := sha256.Sum256([]byte(jwt[:max(dot, 0)]))
	return err == nil && len(sig) == 64 && ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:]))
}

// open takes a token apart that this key must have signed.
func open(t testing.TB, jwt string, key *ecdsa.PublicKey) opened {
	t.Helper()
	if !signedBy(jwt, key) {
		t.Fatal("the signature is not good")
	}
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		t.Fatalf("%d parts", len(parts))
	}
	header, err := base64.RawURLEncoding.Strict().DecodeString(parts[0])
	if err != nil {
		t.Fatal(err)
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	o := opened{text: string(text), claims: payload(jwt)}
	if err := json.Unmarshal(header, &o.header); err != nil || o.claims == nil {
		t.Fatalf("%v: %s", err, text)
	}
	return o
}

// payload returns the claims of a token whose signature was checked before; nil, if they cannot be read.
func payload(jwt string) (claims map[string]any) {
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(jwt, ".")[1])
	if err != nil || json.Unmarshal(text, &claims) != nil {
		return nil
	}
	return claims
}

func (o opened) time(t testing.TB, claim string) time.Time {
	t.Helper()
	seconds, is := o.claims[claim].(float64)
	if !is {
		t.Fatalf("%s is %v", claim, o.claims[claim])
	}
	return time.Unix(int64(seconds), 0)
}
