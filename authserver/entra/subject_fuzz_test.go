package entra

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// FuzzSubject sends a token as it is, and a header and claims that were signed: what
// anybody may bring, as either kind. What is accepted must be what a plain reading of
// the signed claims allows.
func FuzzSubject(f *testing.F) {
	rp := fuzzedParty(f)
	for _, seed := range subjectSeeds() {
		f.Add(seed.access, seed.token, []byte(fuzzHeader), seed.claims)
	}
	f.Add(false, "a.b.c", []byte(`{"alg":"none"}`), []byte(`{}`))
	f.Add(true, "..", []byte(`{"alg":"ES256","kid":"f1","typ":"at+jwt"}`), []byte(`{"aud":["`+testNeighbour+`","`+testClient+`"],"iss":"`+testIssuer+`"}`))
	f.Add(false, "", []byte(`{"alg":"ES256","crit":["x"],"kid":"f1","x":1}`), []byte(`{"aud":"`+testNeighbour+`","AUD":"x","iss":"`+testIssuer+`","exp":1e99,"nonce":null}`))
	f.Fuzz(func(t *testing.T, access bool, raw string, header, claims []byte) {
		kind := SubjectID
		if access {
			kind = SubjectAccess
		}
		check := func(token string, payload []byte) {
			t.Helper()
			got, err := rp.Subject(t.Context(), kind, secret.New(token))
			if err == nil {
				checkExchanged(t, kind, got, payload)
			} else if got != nil || reasonOf(t, err) == "" || len(err.Error()) > 1000 {
				t.Fatalf("%+v, %v", got, err)
			}
		}
		payload, _ := payloadOf(raw)
		check(raw, payload) // only with our key
		check(es256(header, claims, fixedKey()), claims)
	})
}

func fuzzedParty(t testing.TB) *RelyingParty {
	c := bringAccess()
	published(public(fixedKey().Public(), "f1"))(c.attempt)
	return c.party(t)
}

// checkExchanged reads the claims once more, in another way.
func checkExchanged(t *testing.T, kind SubjectKind, got *Subject, payload []byte) {
	t.Helper()
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	aud := claims["aud"]
	if list, ok := aud.([]any); ok && len(list) == 1 {
		aud = list[0]
	}
	id, now := got.Identity, float64(startTime.Unix())
	exp, _ := claims["exp"].(float64)
	iat, _ := claims["iat"].(float64)
	tid, _ := claims["tid"].(string)
	has := func(name string) bool { _, ok := claims[name]; return ok }
	listed := aud == testNeighbour || aud == testBilling
	ours := aud == testClient || kind == SubjectAccess && (aud == "api://"+testClient || aud == testAPI)
	switch {
	case got.Own != ours || id.Elsewhere == ours || !ours && !listed:
		t.Fatalf("own %v, elsewhere %v, audience %v", got.Own, id.Elsewhere, claims["aud"])
	case claims["iss"] != id.Issuer || id.Issuer != testIssuer && (id.Issuer != testV1 || kind == SubjectID):
		t.Fatalf("issuer %v", claims["iss"])
	case strings.ToLower(tid) != testTenant || id.Tenant != testTenant || claims["oid"] != id.Object || id.Object == "":
		t.Fatalf("tenant %v, object %v: %+v", claims["tid"], claims["oid"], id)
	case exp < now-60 || got.Expires.Unix() != int64(exp):
		t.Fatalf("exp %v, expires %v", claims["exp"], got.Expires)
	case kind == SubjectID && (iat < now-660 || iat > now+61 || has("scp") || has("azpacr") || has("idtyp") || has("azp") && !has("nonce") || got.App):
		t.Fatalf("no ID token, or iat %v", claims["iat"])
	case kind == SubjectAccess && (has("nonce") || claims["azp"] != got.Client && claims["appid"] != got.Client || got.Client == "" || got.App == has("scp")):
		t.Fatalf("no access token, or of the client %v, and not %q", claims["azp"], got.Client)
	case ours && claims["sub"] != id.Subject:
		t.Fatalf("sub %v, not %q", claims["sub"], id.Subject)
	}
	if ours {
		return
	}
	for _, role := range id.Roles {
		theirs := map[string]string{"Boss": "Chief", "Reader": "Chief", "Payer": "Clerk"}[role]
		if list, single := claims["roles"].([]any); theirs == "" || !slices.Contains(list, any(theirs)) && (single || claims["roles"] != theirs) {
			t.Fatalf("role %q of %v", role, claims["roles"])
		}
	}
	switch {
	case kind == SubjectAccess && got.Client != testCaller, kind == SubjectID && !slices.Contains([]string{testCaller, testClient, aud.(string)}, got.Client):
		t.Fatalf("client %q", got.Client)
	case got.App && len(id.Roles) == 0:
		t.Fatal("an application without a role")
	case (len(id.Claims) == 1 && id.Claims[0].Name == "idtyp" && slices.Equal(id.Claims[0].Values, []string{"app"})) != got.App:
		t.Fatalf("claims %v of an application: %v", id.Claims, got.App)
	case !got.App && len(id.Claims) > 0, id.Subject != "" || len(id.Scopes)+len(id.Groups)+len(id.Contexts)+len(id.Methods) > 0 || id.GroupsUnknown || !id.AuthTime.IsZero():
		t.Fatalf("of another audience: %+v", id)
	}
}

// subjectSeed is a token that is accepted, or was changed in one byte.
type subjectSeed struct {
	name    string // of its file
	access  bool
	token   string
	claims  []byte
	changed bool
}

// subjectSeeds are the same in every run: the key is, and signing leaves nothing to
// chance.
func subjectSeeds() []subjectSeed {
	var seeds []subjectSeed
	add := func(name string, access bool, c *call) {
		claims := must(json.Marshal(c.claims))
		token := es256([]byte(fuzzHeader), claims, fixedKey())
		seeds = append(seeds, subjectSeed{name, access, token, claims, false})
		payload, signature := strings.Index(token, "."), strings.LastIndex(token, ".")
		for part, at := range map[string]int{"header": payload / 2, "payload": (payload + signature) / 2, "signature": signature + 20, "dot": payload} {
			changed := []byte(token)
			if changed[at]++; changed[at] == '[' || changed[at] == '{' || changed[at] == ':' || part == "dot" {
				changed[at] = '-'
			}
			seeds = append(seeds, subjectSeed{name + "-" + part, access, string(changed), claims, true})
		}
	}
	for _, whose := range []struct {
		name string
		edit func(*call)
	}{{"ours", func(*call) {}}, {"neighbours", forNeighbour}} {
		id, person, app := bringID(), bringAccess(), bringAccess()
		whose.edit(id)
		whose.edit(person)
		if asApp(app); whose.name == "neighbours" {
			asNeighbourApp(app)
		}
		add(whose.name+"-id", false, id)
		add(whose.name+"-access", true, person)
		add(whose.name+"-application", true, app)
	}
	return seeds
}

// The files of the corpus hold these very tokens: a valid one gets as far as it can,
// and with one byte changed it is refused.
func TestFuzzSubjectCorpus(t *testing.T) {
	rp := fuzzedParty(t)
	for _, seed := range subjectSeeds() {
		kind := SubjectID
		if seed.access {
			kind = SubjectAccess
		}
		got, err := rp.Subject(t.Context(), kind, secret.New(seed.token))
		if (err != nil) != seed.changed || (got == nil) != seed.changed {
			t.Errorf("%s: %+v, %v", seed.name, got, err)
		}
		text := fmt.Sprintf("go test fuzz v1\nbool(%v)\nstring(%q)\n[]byte(%q)\n[]byte(%q)\n", seed.access, seed.token, fuzzHeader, seed.claims)
		if file, err := os.ReadFile(filepath.Join("testdata", "fuzz", "FuzzSubject", seed.name)); err != nil || string(file) != text {
			t.Errorf("%s: its file is another, or not there: %v", seed.name, err)
		}
	}
}
