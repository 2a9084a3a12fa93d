package entra

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

const (
	testTenant  = "11111111-2222-4333-8444-555555555555"
	otherTenant = "66666666-7777-4888-8999-aaaaaaaaaaaa"
	testIssuer  = "https://login.example/" + testTenant + "/v2.0"
	testClient  = "99999999-aaaa-4bbb-8ccc-dddddddddddd"
	testNonce   = "nonce-of-this-sign-in"
	testSecret  = "s3cret-that-must-not-show"
)

var (
	rsaKey     = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	otherRSA   = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	ecKey      = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
	smallRSA   = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 1024)) }) //nolint:gosec // to be refused
	testAccess = secret.New("the-access-token-of-the-answer")
	startTime  = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// clock is a clock that a test sets.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: startTime} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// fakeIDP answers without a network. keys and answer can be exchanged.
type fakeIDP struct {
	mu       sync.Mutex
	metadata map[string]any
	keys     []jose.JSONWebKey
	counts   map[string]int
	answer   func(r *http.Request) (*http.Response, error) // nil, or nil and nil: the usual answer
}

func newIDP(keys ...jose.JSONWebKey) *fakeIDP {
	base := "https://login.example/" + testTenant
	return &fakeIDP{keys: keys, counts: map[string]int{}, metadata: map[string]any{
		"issuer":                                testIssuer,
		"authorization_endpoint":                base + "/oauth2/v2.0/authorize",
		"token_endpoint":                        base + "/oauth2/v2.0/token",
		"jwks_uri":                              base + "/discovery/v2.0/keys",
		"end_session_endpoint":                  base + "/oauth2/v2.0/logout",
		"id_token_signing_alg_values_supported": []string{"RS256", "ES256", "HS256", "none"},
	}}
}

func (f *fakeIDP) set(edit func(f *fakeIDP)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	edit(f)
}

func (f *fakeIDP) count(suffix string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for path, c := range f.counts {
		if strings.HasSuffix(path, suffix) {
			n += c
		}
	}
	return n
}

func (f *fakeIDP) RoundTrip(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	f.counts[r.URL.Path]++
	answer := f.answer
	metadata := maps.Clone(f.metadata)
	keys := f.keys
	f.mu.Unlock()
	if answer != nil {
		if resp, err := answer(r); resp != nil || err != nil {
			return resp, err
		}
	}
	switch {
	case strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration"):
		return reply(http.StatusOK, string(must(json.Marshal(metadata)))), nil
	case strings.HasSuffix(r.URL.Path, "/keys"):
		return reply(http.StatusOK, string(must(json.Marshal(jose.JSONWebKeySet{Keys: keys})))), nil
	}
	return reply(http.StatusNotFound, ""), nil
}

func reply(status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

func public(key crypto.PublicKey, kid string) jose.JSONWebKey {
	return jose.JSONWebKey{Key: key, KeyID: kid, Use: "sig"}
}

// testConfig is a Config that New accepts.
func testConfig(idp http.RoundTripper, now func() time.Time) Config {
	return Config{
		Kind: SingleTenant, Authority: testIssuer, TenantID: testTenant, V1Issuer: "https://sts.windows.net/", ClientID: testClient, Credential: testCredential(testSecret),
		Client: &http.Client{Transport: idp}, Now: now,
	}
}

// ready returns a relying party that has found its provider and its keys.
func ready(t *testing.T, cfg Config) *RelyingParty {
	t.Helper()
	rp, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	p, err := rp.discover(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rp.adopt(p)
	if err := keysOf(rp).refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	return rp
}

// goodClaims are the claims of an ID token that is accepted at startTime.
func goodClaims() map[string]any {
	return map[string]any{
		"iss": testIssuer, "aud": testClient, "sub": "subject", "tid": testTenant, "oid": "object", "nonce": testNonce,
		"exp": startTime.Add(time.Hour).Unix(), "iat": startTime.Unix(), "nbf": startTime.Unix(),
		"name": "Ann", "preferred_username": "ann@example.test", "email": "ann@mail.example", "roles": []string{"Admin"},
	}
}

// sign makes a compact JWT; payload is JSON or a value to be encoded.
func sign(t *testing.T, alg jose.SignatureAlgorithm, key any, kid string, payload any) string {
	t.Helper()
	raw, ok := payload.([]byte)
	if !ok {
		raw = must(json.Marshal(payload))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return must(must(signer.Sign(raw)).CompactSerialize())
}

// reasonOf gives the Reason of an error, "" for nil, and fails for any other error.
func reasonOf(t *testing.T, err error) Reason {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v is no *Error", err)
	}
	return e.Reason
}

// logBuffer is a logger whose lines a test can count.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func (b *logBuffer) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(b, nil)) }

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// testCredential is a client secret in the body.
type testCredential string

func (c testCredential) Add(form url.Values, _ string) error {
	form.Set("client_id", testClient)
	form.Set("client_secret", string(c))
	return nil
}

// keysOf are the keys of a party's first tenant, once they are known.
func keysOf(rp *RelyingParty) *keySet { return rp.tenants.Load().all[0].doc.Load().keys }
