package entra

import (
	"encoding/json"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// FuzzKeySet reads any key set. What is taken of it are public keys of a fitting
// strength, that no HMAC and no unsigned token can be verified with.
func FuzzKeySet(f *testing.F) {
	ec := must(json.Marshal(public(fixedKey().Public(), "f1")))
	const modulus = "u1SU1LfVLPHCozMxH2Mo4lgOEePzNm0tRgeLezV6ffAt0gunVTLw7onLRnrq0_IzW7yWR7QkrmBL7jTKEn5u-qKhbwKfBstIs-bMY2Zkp18gnTxKLxoS2tFczGkPLPgizskuemMghRniWaoLcyehkd3qqGElvW_VDL5AaWTg0nLVkjRo9z-40RQzuVaE8AkAFmxZzow3x-VJYKdjykkJ0iT9wCS0DRTXu269V264Vf_3jvredZiKRkgwlL9xNAwxXFg0x_XFw005UWVRIkdgcKWTjpBP2dPwVZ4WWC-9aGVd-Gyn1o0CLelf4rEjGoXbAAEgAqeGUxrcIlbjXfbcmw"
	rsa := `{"kty":"RSA","kid":"r1","e":"AQAB","n":"` + modulus + `"}`
	for _, seed := range []string{
		`{"keys":[` + string(ec) + `]}`, `{"keys":[` + string(ec) + `,` + rsa + `,{"kty":"oct","k":"AA","kid":"h"}]}`, `{"keys":[` + rsa + `],"keys":[]}`,
		`{"keys":[{"use":"enc",` + rsa[1:] + `,{"alg":"RS256","use":"sig","x5c":["x"],` + rsa[1:] + `]}`, `{"keys":[{"d":"AA",` + rsa[1:] + `]}`,
		`{"keys":[{"kty":"RSA","e":"AQAB","n":"AQAB"}]}`, `{"keys":{}}`, `{"keys":[]}`, `{}`, `[]`, ``, `{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}`, `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"}]}`,
	} {
		f.Add([]byte(seed))
	}
	for _, seed := range []string{string(ec), rsa} {
		if keys, err := parseKeySet([]byte(`{"keys":[` + seed + `]}`)); err != nil || len(keys) != 1 {
			f.Fatalf("%s: %v", seed, err)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		keys, err := parseKeySet(body)
		if err != nil {
			if keys != nil || reasonOf(t, err) != ReasonIDPError || len(err.Error()) > 500 {
				t.Fatalf("%d keys, %v", len(keys), err)
			}
			return
		}
		if len(keys) == 0 || len(keys) > maxKeys {
			t.Fatalf("%d keys", len(keys))
		}
		for _, k := range keys {
			fits := 0
			for _, alg := range allowedAlgs() {
				if k.fits(string(alg)) {
					fits++
				}
			}
			for _, alg := range []string{"none", "HS256", "HS384", "HS512", "EdDSA"} {
				if k.fits(alg) {
					t.Fatalf("key %q may verify %s", k.id, alg)
				}
			}
			// Of RSA 6 algorithms, of EC one: or the one that the key names, or none.
			if fits > 6 || k.alg != "" && fits > 1 {
				t.Fatalf("key %q (%q) fits %d algorithms", k.id, k.alg, fits)
			}
			if _, err := json.Marshal(public(k.key, k.id)); err != nil || strings.HasPrefix(reflect.TypeOf(k.key).String(), "*rsa.Private") {
				t.Fatalf("key %q is no public key: %v", k.id, err)
			}
		}
	})
}

// FuzzDiscovery reads any discovery document, of each kind of provider. What is
// adopted is about our issuer, and every address in it is one that may be asked.
func FuzzDiscovery(f *testing.F) {
	single, byDomain, many, plain := newAttempt(), newAttempt(), newAttempt(), newAttempt()
	byDomain.cfg.TenantID, byDomain.cfg.Authority = "contoso.example", "https://login.example/contoso.example/v2.0"
	manyTenants(many)
	c := &call{attempt: plain}
	asPlain(c)
	var parties []*RelyingParty
	for _, a := range []*attempt{single, byDomain, many, plain} {
		rp := must(New(a.cfg))
		document := must(json.Marshal(a.idp.metadata))
		if _, err := rp.parseDiscovery(document); err != nil {
			f.Fatal(err) // the seed must get as far as it can
		}
		f.Add(document)
		parties = append(parties, rp)
	}
	f.Add([]byte(`{"issuer":"https://login.example/{tenantid}/v2.0","authorization_endpoint":"https://login.example/a","token_endpoint":"https://login.example/t","jwks_uri":"https://login.example/k"}`))
	f.Add([]byte(`{"issuer":"` + testIssuer + `","issuer":"x","authorization_endpoint":"https://a@login.example/a","token_endpoint":"http://127.0.0.1/t","jwks_uri":"//x","scopes_supported":"openid"}`))
	f.Add([]byte(`{"issuer":"` + testIssuer + `","authorization_endpoint":"javascript:alert(1)","token_endpoint":"https://[::1","jwks_uri":5,"id_token_signing_alg_values_supported":["none"]}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		for _, rp := range parties {
			p, err := rp.parseDiscovery(document)
			if err != nil {
				if reason := reasonOf(t, err); p != nil || reason != ReasonIDPError && reason != ReasonIssuer || len(err.Error()) > 6000 {
					t.Fatalf("%+v, %v", p, err)
				}
				continue
			}
			checkProvider(t, rp, p)
		}
	})
}

func checkProvider(t *testing.T, rp *RelyingParty, p *provider) {
	t.Helper()
	switch {
	case rp.cfg.Kind == Plain && (p.issuer != plainIssuer || p.tenant != ""):
		t.Fatalf("issuer %q, tenant %q", p.issuer, p.tenant)
	case rp.cfg.Kind == MultiTenant && (p.issuer != "https://login.example/{tenantid}/v2.0" || p.tenant != ""):
		t.Fatalf("issuer %q, tenant %q", p.issuer, p.tenant)
	case rp.cfg.Kind == SingleTenant && (p.issuer != "https://login.example/"+p.tenant+"/v2.0" || !access.IsGUID(p.tenant) || access.IsGUID(rp.cfg.TenantID) && p.tenant != testTenant):
		t.Fatalf("issuer %q, tenant %q", p.issuer, p.tenant)
	}
	addresses := []string{p.authorize.String(), p.token, p.keys}
	if p.endSession != nil {
		addresses = append(addresses, p.endSession.String())
	}
	for _, address := range addresses {
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" || strings.ContainsAny(address, " \r\n\t") {
			t.Fatalf("address %q, %v", address, err)
		}
	}
	if len(p.algs) == 0 || slices.ContainsFunc(p.algs, func(alg string) bool {
		return !strings.HasPrefix(alg, "RS") && !strings.HasPrefix(alg, "PS") && !strings.HasPrefix(alg, "ES")
	}) {
		t.Fatalf("algorithms %q", p.algs)
	}
}
