package examples

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/assertion"
)

const (
	assertionReadme = "assertion/README.md"
	assertionIssuer = "https://app.example.com/easyauth"
	ordersAudience  = "https://orders.example.com"
)

// signing is EasyAuth as an application that checks assertions sees it: a signer, and its keys at an address.
type signing struct {
	*assertion.Signer

	keys        *assertion.Keys
	first, next *ecdsa.PrivateKey
	jwksURL     string
}

func newSigning(t *testing.T) signing {
	t.Helper()
	s := signing{first: newECKey(t), next: newECKey(t)}
	var err error
	if s.keys, err = assertion.NewKeys([]*ecdsa.PrivateKey{s.first, s.next}); err != nil {
		t.Fatal(err)
	}
	if s.Signer, err = assertion.New(assertion.Config{Issuer: assertionIssuer, Keys: s.keys}); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/easyauth/.well-known/jwks.json", s.JWKS())
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.jwksURL = server.URL + "/easyauth/.well-known/jwks.json"
	return s
}

func newECKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// adele is an identity whose claims are not all ASCII.
func adele() *access.Identity {
	return &access.Identity{
		Tenant: tenantID, Object: "a0000000-0000-4000-8000-00000000ade1", Subject: "AAAA-b_c", Name: "Zoë 李 😀 <script>",
		Email: "zoë@bücher.example", Roles: []string{"Admin", "Orders,Read|Write"},
	}
}

// assertion is one that the signer makes for adele.
func (s signing) assertion(t *testing.T, audience string) string {
	t.Helper()
	text, complete, err := s.Assertion([32]byte{}, adele(), audience, 4000)
	if err != nil || !complete {
		t.Fatal(complete, err)
	}
	return text
}

// forged is a token with these claims changed (nil: left out), made as the signer makes it.
func (s signing) forged(t *testing.T, key *ecdsa.PrivateKey, kid string, changes map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(s.claims(t, changes))
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// claims is the payload of a good assertion, with these changes.
func (s signing) claims(t *testing.T, changes map[string]any) []byte {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(s.assertion(t, ordersAudience), ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"iat", "nbf", "exp"} {
		claims[name] = int64(claims[name].(float64))
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	if text, err = json.Marshal(claims); err != nil {
		t.Fatal(err)
	}
	return text
}

// unsigned is a token with a header of one's own and this signature.
func (s signing) unsigned(t *testing.T, header string, sign func(text string) []byte) string {
	t.Helper()
	b64 := base64.RawURLEncoding.EncodeToString
	text := b64([]byte(header)) + "." + b64(s.claims(t, nil))
	return text + "." + b64(sign(text))
}

// flipped changes one bit of the n-th part of a token, after decoding.
func flipped(t *testing.T, token string, n int) string {
	t.Helper()
	parts := strings.Split(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(parts[n])
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)/2] ^= 1
	parts[n] = base64.RawURLEncoding.EncodeToString(raw)
	return strings.Join(parts, ".")
}

// shown is one row: headers, and whether they are believed.
type shown struct {
	what   string
	tokens []string
	good   bool
}

func (s signing) rows(t *testing.T) []shown {
	kid := s.keys.IDs()[0]
	now := time.Now().Unix()
	der, err := x509.MarshalPKIXPublicKey(s.first.Public())
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	hs256 := func(secret []byte) func(string) []byte {
		return func(text string) []byte {
			mac := hmac.New(sha256.New, secret)
			_, _ = mac.Write([]byte(text)) // never fails
			return mac.Sum(nil)
		}
	}
	es256DER := func(text string) []byte {
		digest := sha256.Sum256([]byte(text))
		sig, err := s.first.Sign(rand.Reader, digest[:], crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		return sig
	}
	nothing := func(string) []byte { return nil }
	good := s.assertion(t, ordersAudience)
	own := func(changes map[string]any) []string { return []string{s.forged(t, s.first, kid, changes)} }
	return []shown{
		{"EasyAuth's own", []string{good}, true},
		{"made by the test, nothing changed", own(nil), true},
		{"signed by the other published key", []string{s.forged(t, s.next, s.keys.IDs()[1], nil)}, true},
		{"a clock that is some seconds ahead", own(map[string]any{"nbf": now + 10, "iat": now + 10}), true},

		{"no header", nil, false},
		{"an empty header", []string{""}, false},
		{"the header twice", []string{good, good}, false},
		{"another audience, from EasyAuth", []string{s.assertion(t, "https://payments.example.com")}, false},
		{"another audience", own(map[string]any{"aud": ordersAudience + ".evil.example"}), false},
		{"no audience", own(map[string]any{"aud": nil}), false},
		{"another issuer", own(map[string]any{"iss": assertionIssuer + "/"}), false},
		{"no issuer", own(map[string]any{"iss": nil}), false},
		{"expired", own(map[string]any{"exp": now - 60, "nbf": now - 360, "iat": now - 360}), false},
		{"no end", own(map[string]any{"exp": nil}), false},
		{"not valid yet", own(map[string]any{"nbf": now + 3600, "iat": now + 3600, "exp": now + 7200}), false},
		{"alg none", []string{s.unsigned(t, `{"alg":"none","typ":"JWT"}`, nothing)}, false},
		{"alg none with a kid", []string{s.unsigned(t, `{"alg":"none","typ":"JWT","kid":"`+kid+`"}`, nothing)}, false},
		{"alg None", []string{s.unsigned(t, `{"alg":"None","typ":"JWT","kid":"`+kid+`"}`, nothing)}, false},
		{"no signature", []string{s.unsigned(t, `{"alg":"ES256","typ":"JWT","kid":"`+kid+`"}`, nothing)}, false},
		{"HS256 with the public key in PEM", []string{s.unsigned(t, `{"alg":"HS256","typ":"JWT","kid":"`+kid+`"}`, hs256(public))}, false},
		{"HS256 with the public key in DER", []string{s.unsigned(t, `{"alg":"HS256","typ":"JWT","kid":"`+kid+`"}`, hs256(der))}, false},
		{"ES256 in DER", []string{s.unsigned(t, `{"alg":"ES256","typ":"JWT","kid":"`+kid+`"}`, es256DER)}, false},
		{"an unknown kid", []string{s.forged(t, newECKey(t), "unknown", nil)}, false},
		{"a good signature under an unknown kid", []string{s.forged(t, s.first, "unknown", nil)}, false},
		{"another key under a known kid", []string{s.forged(t, newECKey(t), kid, nil)}, false},
		{"one published key under the kid of the other", []string{s.forged(t, s.next, kid, nil)}, false},
		{"a bit of the header flipped", []string{flipped(t, good, 0)}, false},
		{"a bit of the claims flipped", []string{flipped(t, good, 1)}, false},
		{"a bit of the signature flipped", []string{flipped(t, good, 2)}, false},
		{"cut off", []string{good[:len(good)-20]}, false},
		{"no token at all", []string{"Admin"}, false},
		{"dots", []string{".."}, false},
		{"null", []string{"bnVsbA.bnVsbA.bnVsbA"}, false},
		{"EasyAuth's own, at the end", []string{good}, true},
	}
}

func TestAssertion(t *testing.T) {
	t.Parallel()
	for n, file := range []string{"go/main.go", "verify.py", "verify.mjs"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			if read(t, "assertion/"+file) == "" { // which also lets go test know that its result hangs on the file
				t.Fatal("it is empty")
			}
			s, port := newSigning(t), freePort(t)
			settings := commands(t, assertionReadme, "The commands", 1,
				"https://app.example.com/easyauth/.well-known/jwks.json", s.jwksURL, "PORT=3000", "PORT="+strconv.Itoa(port))
			command := commands(t, assertionReadme, "The commands", n+2)
			begin(t, file, filepath.Join(repository(t), "examples", "assertion"), []string{"PYTHONDONTWRITEBYTECODE=1"}, "bash", "-c", settings+command).listens(t, port)
			v := visit(t, port)
			show := func(row shown) {
				t.Helper()
				h := http.Header{"X-Injected-Sub": {"me"}, "X-Injected-Roles": {"Admin"}}
				if row.tokens != nil {
					h["X-Injected-Assertion"] = row.tokens
				}
				r := v.do("http://"+local(port)+"/", h)
				if !row.good {
					if r.status != http.StatusUnauthorized || strings.Contains(r.body, "ade1") {
						t.Errorf("%s: %d %s", row.what, r.status, r.body)
					}
					return
				}
				var got map[string]any
				if err := json.Unmarshal([]byte(r.body), &got); r.status != http.StatusOK || err != nil {
					t.Errorf("%s: %d %s", row.what, r.status, r.body)
					return
				}
				id := adele()
				for claim, want := range map[string]any{
					"tid": id.Tenant, "oid": id.Object, "sub": id.Subject, "name": id.Name, "email": id.Email, "roles": []any{id.Roles[0], id.Roles[1]}, "groups": []any{},
				} {
					if !reflect.DeepEqual(got[claim], want) {
						t.Errorf("%s: %s is %q, want %q", row.what, claim, got[claim], want)
					}
				}
			}
			for _, row := range s.rows(t) {
				show(row)
			}
			s.rotates(t, show)
			command = commands(t, assertionReadme, "What one sees", 1, "127.0.0.1:3000", local(port))
			if out, want := succeeds(t, t.TempDir(), nil, command), promised(t, assertionReadme, "What one sees", 1); out != want {
				t.Errorf("%s prints %q, and is said to print %q", command, out, want)
			}
		})
	}
}

// rotates goes through a rotation, as it is described: nobody is refused on the way.
func (s signing) rotates(t *testing.T, show func(shown)) {
	t.Helper()
	old := s.assertion(t, ordersAudience)
	if err := s.keys.Replace([]*ecdsa.PrivateKey{s.next, s.first}); err != nil {
		t.Fatal(err)
	}
	show(shown{"signed by the next key", []string{s.assertion(t, ordersAudience)}, true})
	show(shown{"signed before that", []string{old}, true})
}
