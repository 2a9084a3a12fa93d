package entra

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// attempt is one sign-in at a provider that may misbehave, from discovery to the
// ID token.
type attempt struct {
	cfg    Config
	idp    *fakeIDP
	clock  *clock
	signed func(*attempt) // what happens between the first keys and the token; nil: nothing

	header  map[string]any // of the token
	claims  map[string]any
	payload []byte // instead of claims
	key     *rsa.PrivateKey
	token   func(good string) string // what is sent instead; nil: the token as it is
	nonce   string
	access  secret.String
}

func newAttempt() *attempt {
	a := &attempt{
		clock: newClock(), idp: newIDP(public(rsaKey().Public(), "k1"), public(ecKey().Public(), "e1")),
		header: map[string]any{"alg": "RS256", "kid": "k1", "typ": "JWT"}, claims: goodClaims(), key: rsaKey(),
		nonce: testNonce, access: testAccess,
	}
	a.cfg = testConfig(a.idp, a.clock.Now)
	a.cfg.Client = &http.Client{Transport: a.idp, CheckRedirect: sameOrigin}
	return a
}

// party returns a relying party that has found its provider and its keys.
func (a *attempt) party(t testing.TB) *RelyingParty {
	t.Helper()
	rp, err := New(a.cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.find(t, rp); err != nil {
		t.Fatal(err)
	}
	return rp
}

// find lets a relying party read all documents and keys.
func (a *attempt) find(t testing.TB, rp *RelyingParty) error {
	t.Helper()
	p, err := rp.discover(t.Context())
	if err != nil {
		return err
	}
	rp.adopt(p)
	for _, tenant := range rp.tenants.Load().all {
		if a.cfg.Kind == MultiTenant {
			doc, err := rp.discoverTenant(t.Context(), tenant)
			if err != nil {
				return err
			}
			tenant.doc.Store(doc)
		}
		if err := tenant.doc.Load().keys.refresh(t.Context()); err != nil {
			return err
		}
	}
	return nil
}

// run gives what the relying party says in the end: the first error.
func (a *attempt) run(t *testing.T) (*access.Identity, error) {
	t.Helper()
	rp, err := New(a.cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.find(t, rp); err != nil {
		return nil, err
	}
	if a.signed != nil {
		a.signed(a)
	}
	return rp.Verify(t.Context(), secret.New(a.jwt()), a.nonce, a.access)
}

func (a *attempt) jwt() string {
	payload := a.payload
	if payload == nil {
		payload = must(json.Marshal(a.claims))
	}
	token := rs256(a.header, payload, a.key)
	if a.token != nil {
		token = a.token(token)
	}
	return token
}

func encoded(part []byte) string { return base64.RawURLEncoding.EncodeToString(part) }

// rs256 signs whatever the header says.
func rs256(header map[string]any, payload []byte, key *rsa.PrivateKey) string {
	input := encoded(must(json.Marshal(header))) + "." + encoded(payload)
	sum := sha256.Sum256([]byte(input))
	return input + "." + encoded(must(rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])))
}

// adversarial is one way to misbehave. good is done to both the sibling, which
// must pass, and the bad one.
type adversarial struct {
	name string
	good func(*attempt)
	bad  func(*attempt)
	want Reason
	text string // in the error
}

// TestAdversarialProvider runs every case twice: as it should be, and with the one
// thing wrong that its name says.
func TestAdversarialProvider(t *testing.T) {
	suites := map[string][]adversarial{
		"claims": claimCases(), "signature": signatureCases(), "form": formCases(), "hash": hashCases(), "policy": policyCases(),
		"tenants": tenantCases(), "plain": plainCases(), "discovery": discoveryCases(), "keys": keyCases(),
	}
	cases := 0
	for _, suite := range slices.Sorted(maps.Keys(suites)) {
		seen := map[string]bool{}
		for _, tt := range suites[suite] {
			cases++
			if seen[tt.name] {
				t.Errorf("%s: two cases are called %q", suite, tt.name)
			}
			seen[tt.name] = true
			t.Run(suite+"/"+tt.name, func(t *testing.T) {
				sibling, broken := newAttempt(), newAttempt()
				if tt.good != nil {
					tt.good(sibling)
					tt.good(broken)
				}
				if id, err := sibling.run(t); err != nil || id == nil {
					t.Fatalf("the sibling is refused: %v", err)
				}
				tt.bad(broken)
				id, err := broken.run(t)
				if got := reasonOf(t, err); got != tt.want || id != nil {
					t.Fatalf("reason %q (%v), identity %v; want %q", got, err, id, tt.want)
				}
				if s := err.Error(); !strings.Contains(s, tt.text) || len(s) > 500 || strings.Contains(s, "leaked") {
					t.Errorf("error %q, want %q in it", s, tt.text)
				}
			})
		}
	}
	t.Attr("cases", strconv.Itoa(cases))
	if cases < 60 {
		t.Errorf("%d cases", cases)
	}
}

// withClaim sets a claim; nil removes it.
func withClaim(name string, value any) func(*attempt) {
	return func(a *attempt) {
		if a.claims[name] = value; value == nil {
			delete(a.claims, name)
		}
	}
}

func withHeader(name string, value any) func(*attempt) {
	return func(a *attempt) {
		if a.header[name] = value; value == nil {
			delete(a.header, name)
		}
	}
}

// sent replaces the token.
func sent(edit func(good string) string) func(*attempt) { return func(a *attempt) { a.token = edit } }

func parts(jwt string) (header, payload, signature string) {
	p := strings.Split(jwt, ".")
	return p[0], p[1], p[2]
}

// published replaces the keys that the provider publishes.
func published(keys ...jose.JSONWebKey) func(*attempt) {
	return func(a *attempt) { a.idp.set(func(f *fakeIDP) { f.keys = keys }) }
}

// answers lets the provider answer requests whose path ends so in another way.
func answers(suffix string, status int, body string) func(*attempt) {
	return func(a *attempt) {
		a.idp.set(func(f *fakeIDP) {
			f.answer = func(r *http.Request) (*http.Response, error) {
				if strings.HasSuffix(r.URL.Path, suffix) {
					return reply(status, body), nil
				}
				return nil, nil //nolint:nilnil // the usual answer
			}
		})
	}
}

func both(steps ...func(*attempt)) func(*attempt) {
	return func(a *attempt) {
		for _, step := range steps {
			step(a)
		}
	}
}

func repeated(member string, value any) func(*attempt) {
	return func(a *attempt) {
		good := string(must(json.Marshal(a.claims)))
		a.payload = []byte(fmt.Sprintf("{%q:%s,%s", member, must(json.Marshal(value)), good[1:]))
	}
}
