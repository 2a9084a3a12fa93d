package graph

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

const theClaims = `{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}`

// demand is a WWW-Authenticate header as Entra ID writes it.
func demand(claims string) string {
	return `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", ` +
		`client_id="00000003-0000-0000-c000-000000000000", error="insufficient_claims", claims="` + claims + `"`
}

func b64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func TestClaimsChallenge(t *testing.T) {
	const odd = `{"a":"??>>~~"}` // its base64 differs between the alphabets, and is padded
	sized := func(n int) string { return `{"a":"` + strings.Repeat("x", n-len(`{"a":""}`)) + `"}` }
	good := demand(b64(theClaims))
	for _, tt := range []struct {
		name, header, want string
	}{
		{"as Entra ID writes it", good, theClaims},
		{"standard alphabet, padded", demand(base64.StdEncoding.EncodeToString([]byte(odd))), odd},
		{"standard alphabet, not padded", demand(base64.RawStdEncoding.EncodeToString([]byte(odd))), odd},
		{"url alphabet, padded", demand(base64.URLEncoding.EncodeToString([]byte(odd))), odd},
		{"url alphabet, not padded", demand(base64.RawURLEncoding.EncodeToString([]byte(odd))), odd},
		{"spaces in the JSON go", demand(b64(" { \"a\" : [ 1 ] }\r\n")), `{"a":[1]}`},
		{"case of scheme and names", `bEARER ERROR="insufficient_claims",Claims="` + b64(theClaims) + `"`, theClaims},
		{"spaces around the equals signs", `Bearer error = "insufficient_claims" ,, claims = "` + b64(theClaims) + `"`, theClaims},
		{"the error as a token", `Bearer error=insufficient_claims, claims="` + b64(theClaims) + `"`, theClaims},
		{"quoted characters", `Bearer error="insufficient\_claims", realm="a\"b,c=d", claims="` + b64(theClaims) + `"`, theClaims},
		{"after other challenges", `Negotiate, NTLM TlRM/9+==, Basic realm="a, b", ` + good, theClaims},
		{"before another challenge", good + `, PoP realm="x", error="insufficient_claims"`, theClaims},
		{"the second Bearer", `Bearer error="invalid_token", ` + good, theClaims},
		{"4 KB", demand(b64(sized(maxClaims))), sized(maxClaims)},

		{"nothing", ``, ""},
		{"only a scheme", `Bearer`, ""},
		{"no claims", `Bearer error="insufficient_claims"`, ""},
		{"empty claims", demand(""), ""},
		{"no error", `Bearer claims="` + b64(theClaims) + `"`, ""},
		{"another error", strings.Replace(good, "insufficient_claims", "invalid_token", 1), ""},
		{"an error that only begins so", strings.Replace(good, "insufficient_claims", "insufficient_claims2", 1), ""},
		{"an error in another case", strings.Replace(good, "insufficient_claims", "Insufficient_Claims", 1), ""},
		{"another scheme", strings.Replace(good, "Bearer", "PoP", 1), ""},
		{"error and claims in two challenges", `Bearer error="insufficient_claims", PoP claims="` + b64(theClaims) + `"`, ""},
		{"claims twice", good + `, claims="` + b64(theClaims) + `"`, ""},
		{"claims twice, in another case", good + `, CLAIMS="` + b64(odd) + `"`, ""},
		{"parameters without a scheme", strings.TrimPrefix(good, "Bearer "), ""},
		{"no comma between parameters", strings.Replace(good, `", claims`, `" claims`, 1), ""},
		{"no comma between challenges", `Basic realm="x" ` + good, ""},
		{"a quote left open", good[:len(good)-1], ""},
		{"a quote left open by a backslash", good[:len(good)-1] + `\`, ""},
		{"a parameter without a value", good + `, x=`, ""},
		{"a character that is no token", good + `, (x)`, ""},
		{"no base64", demand("{}"), ""},
		{"both alphabets at once", demand("-_+/"), ""},
		{"a line break in the base64", demand(b64(theClaims)[:8] + "\n" + b64(theClaims)[8:]), ""},
		{"padding inside", demand(b64(odd) + b64(odd)), ""},
		{"garbage", demand(b64("garbage")), ""},
		{"two objects", demand(b64("{\"a\":1}{\"a\":1}")), ""},
		{"a list", demand(b64(`[{"a":1}]`)), ""},
		{"a text", demand(b64(`"a"`)), ""},
		{"null", demand(b64(`null`)), ""},
		{"an empty object, which asks for nothing", demand(b64(`{}`)), ""},
		{"not UTF-8", demand(b64("{\"a\":\"\xff\"}")), ""},
		{"4 KB and a byte", demand(b64(sized(maxClaims + 1))), ""},
		{"16 KB of header", good + `, x="` + strings.Repeat("x", maxChallenge) + `"`, ""},
	} {
		for _, status := range []int{401, 403} {
			if got := (heard{status: status, challenges: []string{tt.header}}).claims(); got != tt.want {
				t.Errorf("%s (%d): %.200q, want %.200q", tt.name, status, got, tt.want)
			}
		}
		for _, status := range []int{0, 200, 302, 400, 404, 429, 500} {
			if got := (heard{status: status, challenges: []string{tt.header}}).claims(); got != "" {
				t.Errorf("%s: %.200q with status %d", tt.name, got, status)
			}
		}
	}
	headers := append(make([]string, maxChallenges-1), good)
	if got := claimsOf(headers); got != theClaims {
		t.Errorf("in the last header that is looked at: %q", got)
	}
	if got := claimsOf(append([]string{""}, headers...)); got != "" {
		t.Errorf("in one header more: %q", got)
	}
}

func TestAskReturnsTheChallengeOfTheBatch(t *testing.T) {
	for _, tt := range []struct {
		name, header string
		status       int
		want         string
	}{
		{"401", demand(b64(theClaims)), 401, theClaims},
		{"403", demand(b64(theClaims)), 403, theClaims},
		{"500", demand(b64(theClaims)), 500, ""},
		{"garbage", demand("garbage"), 401, ""},
		{"at which the SDK panics", "Bearer claims=", 401, ""},
	} {
		f := newFake(t, time.Minute, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add("WWW-Authenticate", "Negotiate")
			w.Header().Add("WWW-Authenticate", tt.header)
			answerWith(tt.status, "application/json", `{"error":{"code":"InvalidAuthenticationToken","message":"more is needed"}}`)(w, r)
		})
		got := f.Ask(t.Context(), secret.New(theToken), []string{"/me", "/me/manager"})
		if got.Claims != tt.want {
			t.Errorf("%s: %q", tt.name, got.Claims)
		}
		refused := errorJSON(tt.status, "more is needed")
		equal(t, tt.name, f.check(t, []string{"/me", "/me/manager"}, got.Results), refused, refused)
		if f.requests.Load() != 1 {
			t.Errorf("%s: %d requests", tt.name, f.requests.Load())
		}
	}
}

func TestAskReturnsTheChallengeOfAnItem(t *testing.T) {
	item := func(id string, status int, headers string) string {
		return fmt.Sprintf(`{"id":%q,"status":%d,"headers":%s,"body":{"error":{"message":"m"}}}`, id, status, headers)
	}
	header := func(name, value string) string {
		text, _ := json.Marshal(map[string]string{name: value})
		return string(text)
	}
	const other = `{"other":1}`
	good := header("WWW-Authenticate", demand(b64(theClaims)))
	for _, tt := range []struct{ name, items, want string }{
		{"401", item("1", 401, good), theClaims},
		{"403", item("1", 403, good), theClaims},
		{"case of the name", item("1", 401, header("www-authenticate", demand(b64(theClaims)))), theClaims},
		{"besides odd headers", item("1", 401, `{"a":1,"b":null,"Retry-After":["x"],`+good[1:]), theClaims},
		{"the first query's comes first", item("2", 401, header("WWW-Authenticate", demand(b64(other)))) + "," + item("1", 401, good), theClaims},
		{"the second query's", item("1", 403, "{}") + "," + item("2", 401, header("WWW-Authenticate", demand(b64(other)))), other},
		{"with a result", item("1", 200, good), ""},
		{"of an item that came twice", item("1", 401, good) + "," + item("1", 401, good), ""},
		{"of an item that nobody asked for", item("9", 401, good), ""},
		{"another header", item("1", 401, header("Authenticate", demand(b64(theClaims)))), ""},
		{"headers that are a text", item("1", 401, `"`+b64(theClaims)+`"`), ""},
		{"a header that is a list", item("1", 401, strings.Replace(good, `:"`, `:["`, 1)[:len(good)]+`]}`), ""},
		{"no headers", item("1", 401, "null"), ""},
	} {
		f := newFake(t, time.Minute, answer(`{"responses":[`+tt.items+`]}`))
		got := f.Ask(t.Context(), secret.New(theToken), []string{"/me", "/me/manager"})
		f.check(t, []string{"/me", "/me/manager"}, got.Results)
		if got.Claims != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got.Claims, tt.want)
		}
	}
}

func FuzzChallenge(f *testing.F) {
	for _, seed := range []string{
		demand(b64(theClaims)), demand(b64(`{}`)), `Bearer claims=`, `Negotiate, NTLM TlRM/9+==, Basic realm="a, b", ` + demand(b64(theClaims)),
		`Bearer error=insufficient_claims, claims="e30"`, `Bearer a="\"`, `,,,=`, `Bearer Bearer`, "Bearer error=\"insufficient_claims\",claims=\"\xff\"",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		claims := claimsOf([]string{header})
		if claims == "" {
			return
		}
		var object map[string]json.RawMessage
		if err := json.Unmarshal([]byte(claims), &object); err != nil || len(object) == 0 || len(claims) > maxClaims || !utf8.ValidString(claims) {
			t.Errorf("%d bytes, %v: %.200q", len(claims), err, claims)
		}
		if again := claimsOf([]string{demand(b64(claims))}); again != claims {
			t.Errorf("read again: %.200q, then %.200q", claims, again)
		}
		if !strings.Contains(strings.ToLower(header), "bearer") {
			t.Errorf("from a header without a Bearer challenge: %q", header)
		}
	})
}
