package entra

import (
	"crypto/rsa"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// FederatedAudience is the audience of tokens that stand for a client, as Entra recommends it.
const FederatedAudience = "api://AzureADTokenExchange"

// FederatedCredential says which tokens of another issuer stand for a client:
// those whose iss, sub and aud equal these texts byte by byte.
type FederatedCredential struct {
	Issuer   string
	Subject  string
	Audience string                           // "" means FederatedAudience
	Keys     func() map[string]*rsa.PublicKey // of the issuer, by kid; asked for every token
}

// FederatedIssuer is another issuer, such as the one of a Kubernetes cluster. It
// mints tokens and serves nothing. It is safe for concurrent use.
type FederatedIssuer struct {
	issuer string
	mu     sync.Mutex
	key    *rsa.PrivateKey
	kid    string
	keys   map[string]*rsa.PublicKey
	now    func() time.Time
}

// NewFederatedIssuer returns an issuer with an RSA key of its own, which takes
// about 150 ms to make. issuer is the claim iss.
func NewFederatedIssuer(issuer string) *FederatedIssuer {
	f := &FederatedIssuer{issuer: issuer, keys: map[string]*rsa.PublicKey{}, now: time.Now}
	f.Rotate()
	return f
}

// SetNow sets the clock of tokens to come; nil means time.Now.
func (f *FederatedIssuer) SetNow(now func() time.Time) {
	if now == nil {
		now = time.Now
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = now
}

// Rotate makes a new key, which signs from now on. Tokens of the old one stay good.
func (f *FederatedIssuer) Rotate() {
	key := newPrivateKey()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.key, f.kid = key, token(20)
	f.keys[f.kid] = &key.PublicKey
}

// Keys returns the public keys by kid, for FederatedCredential.Keys.
func (f *FederatedIssuer) Keys() map[string]*rsa.PublicKey {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.keys)
}

// Credential returns the credential that accepts tokens of this issuer for a
// subject and FederatedAudience.
func (f *FederatedIssuer) Credential(subject string) FederatedCredential {
	return FederatedCredential{Issuer: f.issuer, Subject: subject, Audience: FederatedAudience, Keys: f.Keys}
}

// Token returns a token as a projected service account token is one: RS256, aud a
// list, valid from now for lifetime (a negative one has ended already).
func (f *FederatedIssuer) Token(subject, audience string, lifetime time.Duration) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	input := signingInput(map[string]any{"alg": "RS256", "kid": f.kid}, map[string]any{
		"iss": f.issuer, "sub": subject, "aud": []string{audience}, "jti": newGUID(),
		"iat": now.Unix(), "nbf": now.Add(min(0, lifetime)).Unix(), "exp": now.Add(lifetime).Unix(),
	})
	return input + "." + b64(signRS256(f.key, input))
}

// checkCredentials finds certificates and federated credentials that could never be used.
func (c Client) checkCredentials() error {
	for _, cert := range c.Certificates {
		if key, ok := cert.PublicKey.(*rsa.PublicKey); !ok || key.N.BitLen() < 2048 {
			return fmt.Errorf("client %q: certificate: want an RSA key of 2048 bits or more", c.ID)
		}
	}
	for _, f := range c.Federated {
		if f.Issuer == "" || f.Subject == "" || f.Keys == nil {
			return fmt.Errorf("client %q: federated credential: want issuer, subject and keys", c.ID)
		}
	}
	return nil
}

// checkFederated verifies a token of another issuer against the client's
// credentials. Such a token may be used again until it ends.
func (s *Server) checkFederated(client Client, a assertion) *stsError {
	issuer, subject := stringClaim(a.claims, "iss"), stringClaim(a.claims, "sub")
	var ofIssuer, ofSubject []FederatedCredential
	for _, f := range client.Federated {
		if f.Issuer == issuer {
			ofIssuer = append(ofIssuer, f)
			if f.Subject == subject {
				ofSubject = append(ofSubject, f)
			}
		}
	}
	if len(ofIssuer) == 0 {
		return refusedClient(700211, "No matching federated identity record found for presented assertion issuer '"+clip(issuer)+"'.")
	}
	if len(ofSubject) == 0 {
		return refusedClient(700213, "No matching federated identity record found for presented assertion subject '"+clip(subject)+"'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion.")
	}
	i := slices.IndexFunc(ofSubject, func(f FederatedCredential) bool { return slices.Contains(a.audiences(), f.audience()) })
	if i < 0 {
		return refusedClient(700212, "No matching federated identity record found for presented assertion audience '"+clip(strings.Join(a.audiences(), " "))+"'.")
	}
	kid := stringClaim(a.header, "kid")
	key, ok := ofSubject[i].Keys()[kid]
	if !ok {
		return refusedClient(50013, "Assertion failed signature validation. [Reason - The key was not found., Thumbprint of key used by client: '"+clip(kid)+"']")
	}
	if fail := a.signedBy(key); fail != nil {
		return fail
	}
	return a.inTime(s.now())
}

func (f FederatedCredential) audience() string {
	if f.Audience == "" {
		return FederatedAudience
	}
	return f.Audience
}
