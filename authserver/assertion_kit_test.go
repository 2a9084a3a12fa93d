package authserver_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"

	"github.com/go-jose/go-jose/v4"

	"github.com/easyauth-sidecar/easyauth/authserver/assertion"
)

const (
	assertionHeader = "X-Injected-Assertion"
	jwksPath        = basePath + "/.well-known/jwks.json"
	orders          = "https://orders.example.com"
	payments        = "https://payments.example.com"
)

// assertionKey signs identities in all tests.
var assertionKey = sync.OnceValue(func() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
})

// signs is a server that signs identities, for orders where the auth-url does not say it.
func signs() options { return options{signing: assertionKey(), audience: orders} }

// signer is what signs; nil and no header: nobody does.
func (k *kit) signer(o options) (signer *assertion.Signer, header string) {
	k.t.Helper()
	if o.signing == nil {
		return nil, ""
	}
	keys, err := assertion.NewKeys([]*ecdsa.PrivateKey{o.signing})
	if err != nil {
		k.t.Fatal(err)
	}
	if signer, err = assertion.New(assertion.Config{Issuer: app + basePath, Keys: keys, Now: k.clock}); err != nil {
		k.t.Fatal(err)
	}
	return signer, assertionHeader
}

// published fetches the keys, as everybody may.
func (k *kit) published() jose.JSONWebKeySet {
	k.t.Helper()
	w := httptest.NewRecorder()
	k.server.ServeHTTP(w, httptest.NewRequestWithContext(k.t.Context(), http.MethodGet, app+jwksPath, nil))
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(w.Body.Bytes(), &set); err != nil || w.Code != http.StatusOK || len(set.Keys) == 0 {
		k.t.Fatalf("keys: %d, %v\n%s", w.Code, err, w.Body)
	}
	return set
}

// claims are what an assertion says.
type claims struct {
	Issuer   string   `json:"iss"`
	Audience string   `json:"aud"`
	Issued   int64    `json:"iat"`
	Expires  int64    `json:"exp"`
	ID       string   `json:"jti"`
	Object   string   `json:"oid"`
	Tenant   string   `json:"tid"`
	Email    string   `json:"email"`
	Name     string   `json:"name"`
	Roles    []string `json:"roles"`
	Groups   []string `json:"groups"`
	Overflow []string `json:"overflow"`
}

// asserted is what an answer's assertion says, once it is verified with the published keys.
func (k *kit) asserted(h http.Header) claims {
	k.t.Helper()
	values := h[assertionHeader]
	if len(values) != 1 {
		k.t.Fatalf("%d assertions", len(values))
	}
	token, err := jose.ParseSignedCompact(values[0], []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		k.t.Fatalf("%q: %v", values[0], err)
	}
	set := k.published()
	found := set.Key(token.Signatures[0].Header.KeyID)
	if len(found) != 1 {
		k.t.Fatalf("%d keys are called %q", len(found), token.Signatures[0].Header.KeyID)
	}
	text, err := token.Verify(found[0].Key)
	if err != nil {
		k.t.Fatal(err)
	}
	var c claims
	if err := json.Unmarshal(text, &c); err != nil || c.Roles == nil || c.Groups == nil {
		k.t.Fatalf("%s: %v", text, err)
	}
	if now := k.clock().Unix(); c.Issuer != app+basePath || c.Issued > now || c.Expires-now < 150 || c.Expires-now > 300 {
		k.t.Errorf("at %d: %s", now, text)
	}
	return c
}

// unsigned fails the test unless an answer says that there is no assertion.
func (k *kit) unsigned(what string, h http.Header) {
	k.t.Helper()
	if got, ok := h[assertionHeader]; !ok || !slices.Equal(got, []string{""}) {
		k.t.Errorf("%s: the header is %q, want one empty value", what, got)
	}
}
