package entra

import (
	"encoding/json"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// FuzzLogoutToken sends a token as it is, and claims that were signed: anybody may
// send one. What is accepted must be what a plain reading of the signed claims
// allows.
func FuzzLogoutToken(f *testing.F) {
	const header = `{"alg":"ES256","kid":"f1","typ":"logout+jwt"}`
	a := logoutAttempt()
	published(public(fixedKey().Public(), "f1"))(a)
	rp := a.party(f)
	good := must(json.Marshal(a.claims))
	if _, err := rp.LogoutToken(f.Context(), secret.New(es256([]byte(header), good, fixedKey()))); err != nil {
		f.Fatal(err) // the seed must get as far as it can
	}
	f.Add(es256([]byte(header), good, fixedKey()), good)
	f.Add("a.b.c", []byte(`{"iss":"`+plainIssuer+`","aud":["`+testClient+`","x"],"events":{"`+logoutEvent+`":{}},"jti":"j","sid":"s","exp":1e99,"iat":1}`))
	f.Add(es256([]byte(fuzzHeader), must(json.Marshal(goodClaims())), fixedKey()), []byte(`{"events":{"`+logoutEvent+`":{},"events":{}},"nonce":null}`))
	f.Fuzz(func(t *testing.T, token string, claims []byte) {
		if got, err := rp.LogoutToken(t.Context(), secret.New(token)); err == nil { // only with our key
			payload, err := payloadOf(token)
			if err != nil {
				t.Fatal(err)
			}
			checkLogout(t, got, payload)
		}
		switch got, err := rp.LogoutToken(t.Context(), secret.New(es256([]byte(header), claims, fixedKey()))); {
		case err == nil:
			checkLogout(t, got, claims)
		case got != nil, reasonOf(t, err) == "", len(err.Error()) > 1000:
			t.Fatalf("%+v, %v", got, err)
		}
	})
}

// checkLogout reads the claims once more, in another way.
func checkLogout(t *testing.T, got *Logout, payload []byte) {
	t.Helper()
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	_, hasNonce := claims["nonce"]
	events, _ := claims["events"].(map[string]any)
	_, isEvent := events[logoutEvent].(map[string]any)
	exp, _ := claims["exp"].(float64)
	iat, _ := claims["iat"].(float64)
	sub, _ := claims["sub"].(string)
	sid, _ := claims["sid"].(string)
	aud, several := claims["aud"].([]any)
	ours := claims["aud"] == testClient
	for _, one := range aud {
		ours = ours || several && one == testClient
	}
	now := float64(startTime.Unix())
	switch {
	case claims["iss"] != plainIssuer || got.Issuer != plainIssuer || !ours:
		t.Fatalf("issuer %v, audience %v", claims["iss"], claims["aud"])
	case got.JTI == "" || claims["jti"] != got.JTI || len(got.JTI) > maxID:
		t.Fatalf("jti %v", claims["jti"])
	case sub != got.Subject || sid != got.SID || sub+sid == "" || len(sub) > maxID || len(sid) > maxID:
		t.Fatalf("sub %q, sid %q", sub, sid)
	case hasNonce || !isEvent || len(events) != 1:
		t.Fatalf("nonce %v, events %v", hasNonce, events)
	case exp < now-60 || iat < now-660 || iat > now+61 || len(payload) > maxLogoutToken:
		t.Fatalf("exp %v, iat %v, %d bytes", exp, iat, len(payload))
	case !got.Expires.After(startTime) || got.Expires.Unix() > startTime.Unix()+14*60:
		t.Fatalf("to be remembered until %v", got.Expires)
	}
}
