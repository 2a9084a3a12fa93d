package entra

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// fixedKey is the same in every run, so that tokens which a fuzzer has found stay
// signed.
func fixedKey() *ecdsa.PrivateKey {
	scalar := bytes.Repeat([]byte{0x5a}, 32)
	return must(ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar))
}

// es256 signs without chance (RFC 6979).
func es256(header, payload []byte, key *ecdsa.PrivateKey) string {
	input := encoded(header) + "." + encoded(payload)
	sum := sha256.Sum256([]byte(input))
	var signature struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(must(key.Sign(nil, sum[:], crypto.SHA256)), &signature); err != nil {
		panic(err)
	}
	raw := make([]byte, 64)
	signature.R.FillBytes(raw[:32])
	signature.S.FillBytes(raw[32:])
	return input + "." + encoded(raw)
}

const fuzzHeader = `{"alg":"ES256","kid":"f1","typ":"JWT"}`

// FuzzBearer sends a header as it is, and claims that were signed. What is
// accepted must be what a plain reading of the signed claims allows.
func FuzzBearer(f *testing.F) {
	c := bearerCall()
	published(public(fixedKey().Public(), "f1"))(c.attempt)
	rp := c.party(f)
	v1, app, plain := bearerCall(), bearerCall(), bearerCall()
	asV1(v1)
	asApp(app)
	asPlain(plain)
	for _, seed := range []*call{c, v1, app, plain} {
		claims := must(json.Marshal(seed.claims))
		f.Add("Bearer "+es256([]byte(fuzzHeader), claims, fixedKey()), claims)
	}
	f.Add("bearer a.b.c", must(json.Marshal(goodClaims())))
	f.Add("Bearer a.b.c, Basic x", []byte(`{"iss":"`+testIssuer+`","aud":["`+testClient+`"]}`))
	f.Add("Bearer  "+es256([]byte(`{"alg":"ES256","crit":["x"],"kid":"f1"}`), []byte(`{"iss":"`+testIssuer+`"}`), fixedKey()), []byte(`{}`))
	f.Fuzz(func(t *testing.T, line string, claims []byte) {
		r := rp.Bearer(t.Context(), http.Header{"Authorization": {line}})
		checkBearer(t, r)
		if _, payload, found := strings.Cut(line, "."); found && r.Identity != nil { // only with our key
			payload, _, _ = strings.Cut(payload, ".")
			checkAccepted(t, r, must(base64.RawURLEncoding.DecodeString(payload)))
		}
		r = rp.Bearer(t.Context(), authorization(es256([]byte(fuzzHeader), claims, fixedKey())))
		checkBearer(t, r)
		if r.Identity != nil {
			checkAccepted(t, r, claims)
		}
		header := rp.Challenge(ChallengeFor(access.Decision{Outcome: access.SignIn, Reason: r.Reason}, r.Claimed, r.Err))
		readHeader(t, header)
	})
}

// checkBearer holds for every result.
func checkBearer(t *testing.T, r BearerResult) {
	t.Helper()
	switch {
	case r.Identity != nil:
		if !r.Claimed || r.Err != nil || r.Reason != "" {
			t.Fatalf("accepted and refused: %+v", r)
		}
	case r.Claimed:
		if reasonOf(t, r.Err) == "" || r.Reason == "" || len(r.Err.Error()) > 1000 {
			t.Fatalf("refused for no reason: %+v", r)
		}
	case r.Err != nil || r.Reason != "" || r.Cached:
		t.Fatalf("ignored with a reason: %+v", r)
	}
}

// checkAccepted reads the claims once more, in another way.
func checkAccepted(t *testing.T, r BearerResult, payload []byte) {
	t.Helper()
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	var exp float64
	aud := claims["aud"]
	if list, ok := aud.([]any); ok && len(list) == 1 {
		aud = list[0]
	}
	exp, _ = claims["exp"].(float64)
	_, hasNonce := claims["nonce"]
	id := r.Identity
	switch {
	case aud != testClient && aud != "api://"+testClient && aud != testAPI:
		t.Fatalf("audience %v", aud)
	case exp < float64(startTime.Unix()-60):
		t.Fatalf("exp %v", exp)
	case claims["iss"] != testIssuer && claims["iss"] != testV1, claims["iss"] != id.Issuer:
		t.Fatalf("issuer %v", claims["iss"])
	case claims["tid"] == nil || id.Tenant != testTenant || claims["oid"] != id.Object || id.Object == "":
		t.Fatalf("tenant %v, object %v", claims["tid"], claims["oid"])
	case claims["azp"] == nil && claims["appid"] == nil || hasNonce:
		t.Fatal("an ID token")
	case claims["scp"] == nil && claims["roles"] == nil:
		t.Fatal("neither scopes nor roles")
	}
	for _, scope := range id.Scopes {
		if name, ok := strings.CutPrefix(scope, testClient+"/"); !ok || !strings.Contains(claims["scp"].(string), name) {
			t.Fatalf("scope %q of %v", scope, claims["scp"])
		}
	}
}

// The seeds of the fuzzer must get as far as they can.
func TestFuzzSeedsAreAccepted(t *testing.T) {
	for name, as := range map[string]func(*call){"v2": func(*call) {}, "v1": asV1, "app": asApp, "plain": asPlain} {
		c := bearerCall()
		as(c)
		published(public(fixedKey().Public(), "f1"))(c.attempt)
		token := es256([]byte(fuzzHeader), must(json.Marshal(c.claims)), fixedKey())
		rp := c.party(t)
		if r := rp.Bearer(t.Context(), authorization(token)); r.Identity == nil {
			t.Errorf("%s: %v", name, r.Err)
		}
		if again := es256([]byte(fuzzHeader), must(json.Marshal(c.claims)), fixedKey()); again != token {
			t.Errorf("%s: two signatures of one token", name)
		}
	}
}
