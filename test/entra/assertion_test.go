package entra_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // x5t is a SHA-1 thumbprint
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

const certID = "44444444-0000-4000-8000-000000000004"

// strangerKey is registered nowhere.
var strangerKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func certificate(t *testing.T, key *rsa.PrivateKey) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "web"}, NotAfter: time.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func thumbprints(cert *x509.Certificate) (short, long string) {
	a, b := sha1.Sum(cert.Raw), sha256.Sum256(cert.Raw) //nolint:gosec // see the import
	return base64.RawURLEncoding.EncodeToString(a[:]), base64.RawURLEncoding.EncodeToString(b[:])
}

// signed makes a JWT; alg comes from the header.
func signed(t *testing.T, key *rsa.PrivateKey, header, claims map[string]any) string {
	t.Helper()
	part := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	input := part(header) + "." + part(claims)
	sum := sha256.Sum256([]byte(input))
	var signature []byte
	var err error
	if header["alg"] == "PS256" {
		signature, err = rsa.SignPSS(rand.Reader, key, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	} else {
		signature, err = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	}
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// asserted asks for an app-only token with a client assertion at an authority.
func (w *world) asserted(segment, clientID, assertion string) reply {
	w.t.Helper()
	return w.post(w.BaseURL()+"/"+segment+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "scope": {entra.GraphURI + "/.default"}, "client_id": {clientID},
		"client_assertion_type": {entra.AssertionType}, "client_assertion": {assertion},
	})
}

func TestCertificateAssertion(t *testing.T) {
	cert, other := certificate(t, signingKey()), certificate(t, strangerKey())
	short, long := thumbprints(cert)
	otherShort, otherLong := thumbprints(other)
	w := startWith(t, func(c *entra.Config) {
		c.Domains = map[string]string{"contoso.example": entra.DefaultTenantID}
		c.Clients = append(c.Clients, entra.Client{ID: certID, Certificates: []*x509.Certificate{cert}})
	})
	now := w.clock.now().Unix()
	endpoint := func(segment string) string { return w.BaseURL() + "/" + segment + "/oauth2/v2.0/token" }
	for _, row := range []struct {
		name   string
		at     string
		header map[string]any // nil removes
		claims map[string]any
		key    *rsa.PrivateKey
		aadsts string // "" means accepted
	}{
		{name: "PS256 and x5t#S256"},
		{name: "RS256", header: map[string]any{"alg": "RS256"}},
		{name: "x5t alone", header: map[string]any{"x5t#S256": nil, "x5t": short}},
		{name: "x5t and x5t#S256", header: map[string]any{"x5t": short}},
		{name: "audience is the issuer", claims: map[string]any{"aud": w.Issuer()}},
		{name: "audience is a list of one", claims: map[string]any{"aud": []string{endpoint(w.TenantID())}}},
		{name: "by domain name, audience with the name", at: "contoso.example", claims: map[string]any{"aud": endpoint("contoso.example")}},
		{name: "by domain name, audience with the GUID", at: "contoso.example"},
		{name: "without nbf", claims: map[string]any{"nbf": nil}},
		{name: "HS256", header: map[string]any{"alg": "HS256"}, aadsts: "AADSTS5002738"},
		{name: "alg none", header: map[string]any{"alg": "none"}, aadsts: "AADSTS5002738"},
		{name: "no thumbprint", header: map[string]any{"x5t#S256": nil}, aadsts: "AADSTS5002727"},
		{name: "another certificate", header: map[string]any{"x5t#S256": otherLong}, key: strangerKey(), aadsts: "AADSTS700027"},
		{name: "another certificate by x5t", header: map[string]any{"x5t#S256": nil, "x5t": otherShort}, key: strangerKey(), aadsts: "AADSTS700027"},
		{name: "another key", key: strangerKey(), aadsts: "AADSTS700027"},
		{name: "iss another client", claims: map[string]any{"iss": webID}, aadsts: "AADSTS700021"},
		{name: "sub another client", claims: map[string]any{"sub": webID}, aadsts: "AADSTS700021"},
		{name: "no iss", claims: map[string]any{"iss": nil}, aadsts: "AADSTS700021"},
		{name: "audience of another tenant", claims: map[string]any{"aud": endpoint(entra.OtherTenantID)}, aadsts: "AADSTS700023"},
		{name: "audience of another name", claims: map[string]any{"aud": endpoint("contoso.example")}, aadsts: "AADSTS700023"},
		{name: "two audiences", claims: map[string]any{"aud": []string{endpoint(w.TenantID()), "https://evil.example"}}, aadsts: "AADSTS700023"},
		{name: "no audience", claims: map[string]any{"aud": nil}, aadsts: "AADSTS700023"},
		{name: "expired", claims: map[string]any{"exp": now - 301}, aadsts: "AADSTS700024"},
		{name: "no exp", claims: map[string]any{"exp": nil}, aadsts: "AADSTS700024"},
		{name: "not yet", claims: map[string]any{"nbf": now + 301}, aadsts: "AADSTS700024"},
		{name: "no jti", claims: map[string]any{"jti": nil}, aadsts: "AADSTS50027"},
	} {
		t.Run(row.name, func(t *testing.T) {
			at := row.at
			if at == "" {
				at = w.TenantID()
			}
			header := map[string]any{"alg": "PS256", "typ": "JWT", "x5t#S256": long}
			claims := map[string]any{"iss": certID, "sub": certID, "aud": endpoint(w.TenantID()), "jti": row.name, "iat": now, "nbf": now, "exp": now + 300}
			for _, pair := range [][2]map[string]any{{header, row.header}, {claims, row.claims}} {
				maps.Copy(pair[0], pair[1])
				maps.DeleteFunc(pair[0], func(_ string, v any) bool { return v == nil })
			}
			key := signingKey()
			if row.key != nil {
				key = row.key
			}
			got := w.asserted(at, certID, signed(t, key, header, claims))
			if row.aadsts != "" {
				refused(t, got, 401, "invalid_client", row.aadsts)
				return
			}
			raw, _ := got.json(t)["access_token"].(string)
			if got.status != 200 || decode(t, raw)["appid"] != certID || decode(t, raw)["appidacr"] != "2" {
				t.Errorf("%d %s", got.status, got.body)
			}
			last := w.LastToken()
			if last.ClientAuth != entra.AuthAssertion || last.AssertionClaims["jti"] != row.name || last.AssertionHeader["typ"] != "JWT" || last.Form.Has("client_assertion") {
				t.Errorf("LastToken %+v", last)
			}
		})
	}
}

func TestAssertionIsGoodOnce(t *testing.T) {
	cert := certificate(t, signingKey())
	_, long := thumbprints(cert)
	w := startWith(t, func(c *entra.Config) {
		c.Clients = append(c.Clients, entra.Client{ID: certID, Certificates: []*x509.Certificate{cert}}, entra.Client{ID: "plain", Secret: "x"})
	})
	make1 := func(jti string) string {
		return signed(t, signingKey(), map[string]any{"alg": "PS256", "x5t#S256": long}, map[string]any{
			"iss": certID, "sub": certID, "aud": w.Issuer(), "jti": jti, "exp": w.clock.now().Unix() + 60,
		})
	}
	raw := make1("one")
	if got := w.asserted(w.TenantID(), certID, raw); got.status != 200 {
		t.Fatalf("first: %s", got.body)
	}
	refused(t, w.asserted(w.TenantID(), certID, raw), 401, "invalid_client", "AADSTS700027")
	refused(t, w.asserted(w.TenantID(), certID, make1("one")), 401, "invalid_client", "AADSTS700027")
	if got := w.asserted(w.TenantID(), "", make1("two")); got.status != 200 {
		t.Errorf("without client_id: %s", got.body)
	}
	refused(t, w.asserted(w.TenantID(), "plain", make1("three")), 401, "invalid_client", "AADSTS700027")
	refused(t, w.asserted(w.TenantID(), spaID, make1("four")), 401, "invalid_client", "AADSTS700025")
	refused(t, w.asserted(w.TenantID(), certID, "a.b.c.d"), 401, "invalid_client", "AADSTS50027")
	got := w.tokenForm("grant_type", "client_credentials", "scope", entra.GraphURI+"/.default", "client_id", certID)
	refused(t, got, 401, "invalid_client", "AADSTS7000215")
	if !strings.Contains(got.body, "secret") {
		t.Errorf("a secret for a client without one: %s", got.body)
	}
}
