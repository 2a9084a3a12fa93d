package entra

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzPlainBearer sends claims that another provider than Entra ID signed, under any
// typ. What is accepted must be what a plain reading of the claims allows.
func FuzzPlainBearer(f *testing.F) {
	c := bearerCall()
	asPlain(c)
	published(public(fixedKey().Public(), "f1"))(c.attempt)
	rp := c.party(f)
	header := func(typ string) []byte {
		return must(json.Marshal(map[string]string{"alg": "ES256", "kid": "f1", "typ": typ}))
	}
	good := must(json.Marshal(c.claims))
	if r := rp.Bearer(f.Context(), authorization(es256(header("JWT"), good, fixedKey()))); r.Identity == nil || len(r.Identity.Roles) != 1 {
		f.Fatal(r.Err) // the seed must get as far as it can
	}
	f.Add("JWT", good)
	f.Add("at+jwt", []byte(`{"iss":"`+plainIssuer+`","aud":"`+testClient+`","sub":"s","exp":1893560000,"nonce":"x"}`))
	f.Add("application/AT+jwt", []byte(`{"iss":"`+plainIssuer+`","aud":["a","`+testAPI+`"],"sub":"s","exp":1893560000,"realm_access":{"roles":["a",5],"roles":["b"]}}`))
	f.Add("logout+jwt", good)
	f.Add("", []byte(`{"iss":"`+plainIssuer+`","aud":"`+testAPI+`","sub":"s","exp":1893560000,"client_id":"c","scope":["a b","c"],"tid":"t","oid":"o"}`))
	f.Fuzz(func(t *testing.T, typ string, claims []byte) {
		r := rp.Bearer(t.Context(), authorization(es256(header(typ), claims, fixedKey())))
		checkBearer(t, r)
		if r.Identity == nil {
			return
		}
		var plain map[string]any
		if err := json.Unmarshal(claims, &plain); err != nil {
			t.Fatal(err)
		}
		text := string(must(json.Marshal(plain["aud"])))
		exp, _ := plain["exp"].(float64)
		_, hasNonce := plain["nonce"]
		access := strings.EqualFold(typ, "at+jwt") || strings.EqualFold(typ, "application/at+jwt")
		id := r.Identity
		switch {
		case plain["iss"] != plainIssuer || id.Issuer != plainIssuer || !strings.Contains(text, `"`+testClient+`"`) && !strings.Contains(text, `"`+testAPI+`"`):
			t.Fatalf("issuer %v, audience %s", plain["iss"], text)
		case plain["sub"] != id.Subject || id.Subject == "" || id.Tenant != "" || id.Object != "":
			t.Fatalf("%+v", id)
		case exp < float64(startTime.Unix()-60):
			t.Fatalf("exp %v", exp)
		case hasNonce && !access:
			t.Fatal("an ID token")
		case strings.HasSuffix(strings.ToLower(typ), "+jwt") && !access:
			t.Fatalf("a token of the type %q", typ)
		}
		for _, role := range id.Roles {
			if places := []any{plain["realm_access"], plain["realm_access.roles"]}; !strings.Contains(string(must(json.Marshal(places))), string(must(json.Marshal(role)))) {
				t.Fatalf("role %q of %v", role, places)
			}
		}
	})
}
