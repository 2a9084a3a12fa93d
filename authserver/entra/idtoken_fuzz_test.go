package entra

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// FuzzIDToken sends a token as it is, and a header and claims that were signed: what
// a token endpoint may answer. What is accepted must be what a plain reading of the
// signed claims allows.
func FuzzIDToken(f *testing.F) {
	a := newAttempt()
	published(public(fixedKey().Public(), "f1"))(a)
	rp := a.party(f)
	good := must(json.Marshal(a.claims))
	token := es256([]byte(fuzzHeader), good, fixedKey())
	if _, err := rp.Verify(f.Context(), secret.New(token), testNonce, secret.String{}); err != nil {
		f.Fatal(err) // the seed must get as far as it can
	}
	f.Add(token, []byte(fuzzHeader), good)
	f.Add(token+".", []byte(`{"alg":"none"}`), []byte(`{}`))
	f.Add("a.b.c", []byte(`{"alg":"ES256","kid":"f1","typ":"at+jwt"}`), good)
	f.Add("", []byte(`{"alg":"ES256","crit":["x"],"kid":"f1","x":1}`), good)
	f.Add("..", []byte(`{"alg":"ES256","kid":"f1","jwk":{"kty":"oct","k":"AA"}}`), []byte(`{"at_hash":"x","aud":["a","`+testClient+`"],"azp":"`+testClient+`"}`))
	f.Add(token, []byte(`{"alg":"RS256","alg":"ES256","kid":"f1"}`), []byte(`{"iss":"x","iss":"`+testIssuer+`","exp":1e99,"nonce":null}`))
	f.Fuzz(func(t *testing.T, raw string, header, claims []byte) {
		check := func(token string, payload []byte) {
			t.Helper()
			id, err := rp.Verify(t.Context(), secret.New(token), testNonce, testAccess)
			if err != nil {
				if id != nil || reasonOf(t, err) == "" || len(err.Error()) > 1000 {
					t.Fatalf("%+v, %v", id, err)
				}
				return
			}
			checkSignedIn(t, id, payload)
			if _, err := rp.Verify(t.Context(), secret.New(token), testNonce+"x", testAccess); reasonOf(t, err) != ReasonNonce {
				t.Fatalf("with the nonce of another sign-in: %v", err)
			}
		}
		payload, _ := payloadOf(raw)
		check(raw, payload) // only with our key
		check(es256(header, claims, fixedKey()), claims)
	})
}

// checkSignedIn reads the claims of an ID token once more, in another way.
func checkSignedIn(t *testing.T, id *access.Identity, payload []byte) {
	t.Helper()
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	aud, several := claims["aud"].([]any)
	ours := claims["aud"] == testClient || several && slices.Contains(aud, any(testClient))
	exp, _ := claims["exp"].(float64)
	iat, _ := claims["iat"].(float64)
	tid, _ := claims["tid"].(string)
	now := float64(startTime.Unix())
	switch {
	case claims["iss"] != testIssuer || id.Issuer != testIssuer || !ours || claims["azp"] == nil && len(aud) > 1:
		t.Fatalf("issuer %v, audience %v, azp %v", claims["iss"], claims["aud"], claims["azp"])
	case exp < now-60 || iat < now-16*60 || iat > now+61:
		t.Fatalf("exp %v, iat %v", claims["exp"], claims["iat"])
	case strings.ToLower(tid) != testTenant || id.Tenant != testTenant || claims["oid"] != id.Object || id.Object == "" || claims["sub"] != id.Subject || id.Subject == "":
		t.Fatalf("tenant %v, object %v, subject %v: %+v", claims["tid"], claims["oid"], claims["sub"], id)
	case claims["nonce"] != testNonce:
		t.Fatalf("nonce %v", claims["nonce"])
	}
}
