package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

const (
	ordersApp   = "https://orders.test"
	paymentsApp = "payments"
	jwksPath    = "/easyauth/.well-known/jwks.json"
)

// signingKeys are a file of private keys, the first of which signs.
func signingKeys(t *testing.T, n int) string {
	t.Helper()
	var b strings.Builder
	for range n {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
	return b.String()
}

// signing is a stand that signs identities in this header, and has a path for each of two applications.
func signing(t *testing.T, header string) stand.Config {
	t.Helper()
	file := filepath.Join(t.TempDir(), "assertion-keys.pem")
	write(t, file, []byte(signingKeys(t, 2)))
	cfg := withBearer()
	cfg.Env["EASYAUTH_ASSERTION_KEYS_FILE"], cfg.Env["EASYAUTH_ASSERTION_AUDIENCE"], cfg.Env["EASYAUTH_ASSERTION_HEADER"] = file, "https://everything.test", header
	cfg.Assertion = header
	cfg.Rules = append(cfg.Rules,
		stand.Rule{Path: "/api/orders/", Query: "app=" + ordersApp, API: true},
		stand.Rule{Path: "/api/payments/", Query: "role=Admin&app=" + paymentsApp, API: true},
		stand.Rule{Path: "/api/twice/", Query: "app=a&app=b", API: true},
	)
	return cfg
}

// assertedClaims are those that the tests look at.
type assertedClaims struct {
	Issuer   string   `json:"iss"`
	Audience string   `json:"aud"`
	Before   int64    `json:"nbf"`
	Expires  int64    `json:"exp"`
	Object   string   `json:"oid"`
	Tenant   string   `json:"tid"`
	Name     string   `json:"name"`
	Roles    []string `json:"roles"`
	Groups   []string `json:"groups"`
}

// verified is what an application believes of a header: once the signature is right, with the keys that it fetched
// through nginx, without a sign-in.
func verified(t *testing.T, s *stand.Stand, values []string) assertedClaims {
	t.Helper()
	if len(values) != 1 || values[0] == "" {
		t.Fatalf("the application got %q", values)
	}
	r := newVisitor(t, s, "").do(http.MethodGet, jwksPath, nil)
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(r.body), &set); err != nil || r.status != http.StatusOK || r.header.Get("Cache-Control") != "public, max-age=300" {
		t.Fatalf("keys: %d %v %q\n%s", r.status, err, r.header, r.body)
	}
	token, err := jose.ParseSignedCompact(values[0], []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	keys := set.Key(token.Signatures[0].Header.KeyID)
	if len(keys) != 1 || len(set.Keys) != 2 || !keys[0].IsPublic() {
		t.Fatalf("%d keys of %d have this id", len(keys), len(set.Keys))
	}
	text, err := token.Verify(keys[0].Key)
	if err != nil {
		t.Fatal(err)
	}
	var c assertedClaims
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	if now := time.Now().Unix(); c.Before > now || c.Expires < now+100 || c.Expires > now+300 {
		t.Errorf("at %d: %s", now, text)
	}
	return c
}

// The application gets one token that it can check, for itself, of who asks: by cookie or by bearer token, whatever
// the client sends under this name.
func TestAssertionThroughNginx(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"X-Injected-Assertion", "X-Pomerium-Jwt-Assertion"} {
		t.Run(header, func(t *testing.T) {
			t.Parallel()
			s := start(t, signing(t, header))
			adele, zoe := signedIn(t, s, entra.Adele), signedIn(t, s, entra.Zoe)
			lower := strings.ToLower(header)
			foreign := newVisitor(t, s, "") // a token of the application's own making
			for _, tt := range []struct {
				name, path, audience, oid string
				v                         *visitor
				own                       string // header line that says who it is
			}{
				{"the default", "/echo", "https://everything.test", entra.AdeleOID, adele, "Cookie: " + adele.cookies()},
				{"orders", "/api/orders/1", ordersApp, entra.AdeleOID, adele, "Cookie: " + adele.cookies()},
				{"payments, with a rule", "/api/payments/1", paymentsApp, entra.AdeleOID, adele, "Cookie: " + adele.cookies()},
				{"another person", "/api/orders/1", ordersApp, entra.ZoeOID, zoe, "Cookie: " + zoe.cookies()},
				{"a bearer token", "/api/orders/1", ordersApp, entra.AdeleOID, foreign, "Authorization: Bearer " + userToken(t, s, entra.Adele)},
			} {
				for n, lines := range [][]string{
					nil,
					{header + ": forged"},
					{lower + ": forged", strings.ToUpper(header) + ": forged"},
					{strings.ReplaceAll(header, "-", "_") + ": forged"},
					{header + ":", header + ": forged"},
					{"X-Injected-Assertion: forged", "X_Injected_Assertion: forged", "X-Pomerium-Jwt-Assertion: forged"},
				} {
					r := tt.v.raw(tt.v.request("GET "+tt.path+" HTTP/1.1", append(lines, tt.own)...))
					e := r.echo(t)
					c := verified(t, s, e.Headers[http.CanonicalHeaderKey(header)])
					if c.Audience != tt.audience || c.Object != tt.oid || c.Tenant != s.Entra.TenantID() || c.Issuer != fmt.Sprintf("https://%s:%d/easyauth", appHost, s.Port) {
						t.Errorf("%s, %d: %+v", tt.name, n, c)
					}
					for name, values := range e.Headers {
						if reads := strings.ReplaceAll(strings.ToLower(name), "_", "-"); reads == lower && (name != http.CanonicalHeaderKey(header) || strings.Contains(strings.Join(values, ""), "forged")) {
							t.Errorf("%s, %d: the client's own reached the application: %s %q", tt.name, n, name, values)
						}
					}
				}
			}
			if c := verified(t, s, adele.do(http.MethodGet, "/api/payments/1", nil).echo(t).Headers[http.CanonicalHeaderKey(header)]); strings.Join(c.Roles, " ") == "" || c.Name == "" {
				t.Errorf("%+v", c)
			}
		})
	}
}

// Nobody who is refused brings one along; where all may go it is cleared; the keys are for everybody, the check is not.
func TestAssertionIsNotForEverybody(t *testing.T) {
	t.Parallel()
	const header = "X-Injected-Assertion"
	s := start(t, signing(t, header))
	anyone, bob := newVisitor(t, s, ""), signedIn(t, s, entra.Bob)
	forged := http.Header{header: {"forged"}}
	for _, tt := range []struct {
		name, path string
		v          *visitor
		status     int
	}{
		{"nobody", "/api/orders/1", anyone, 401},
		{"without the role", "/api/payments/1", bob, 401},
		{"an application twice", "/api/twice/1", bob, 403},
		{"the check itself", "/easyauth/auth?app=" + ordersApp, bob, 404},
		{"another well-known address", "/easyauth/.well-known/openid-configuration", bob, 404},
	} {
		if r := tt.v.do(http.MethodGet, tt.path, forged); r.status != tt.status || r.header.Get(header) != "" || strings.Contains(r.body, "eyJ") {
			t.Errorf("%s: %d %q", tt.name, r.status, r.header)
		}
	}
	if e := anyone.do(http.MethodGet, "/public/echo", forged).echo(t); len(e.Headers[header]) > 0 {
		t.Errorf("where all may go: %q", e.Headers[header])
	}
	if r, size := direct(t, s, "app="+ordersApp, http.Header{"Cookie": {bob.cookies()}, "X-Original-Url": {bob.url("/echo")}}); r.status != http.StatusAccepted || r.header.Get(header) == "" || size > 4000 {
		t.Errorf("asked as nginx asks: %d, %d bytes", r.status, size)
	}
	for _, method := range []string{http.MethodHead, http.MethodPost} {
		r := anyone.do(method, jwksPath, nil)
		if want := map[string]int{http.MethodHead: 200, http.MethodPost: 405}[method]; r.status != want || len(r.header["Set-Cookie"]) > 0 {
			t.Errorf("%s: %d %q", method, r.status, r.header)
		}
	}
	if log := s.Log(); strings.Contains(log, "eyJ") || !strings.Contains(log, "identities are signed") {
		t.Error("a token is in the log, or it does not say that identities are signed")
	}
}
