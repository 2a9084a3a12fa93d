package authserver_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session/memstore"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// everyPlace is a server for programs, wherever sessions are.
func everyPlace() map[string]options {
	return map[string]options{
		"cookies": {programs: true, noDiscovery: true, idle: time.Hour},
		"list":    {programs: true, noDiscovery: true, idle: time.Hour, revoked: memstore.NewLog(nil)},
		"store":   {programs: true, noDiscovery: true, idle: time.Hour, store: memstore.New("0123456789abcdef", nil)},
	}
}

// A program's token passes the rules that its session would, with the same headers, and
// no cookie is set for it.
func TestTokenPasses(t *testing.T) {
	for name, o := range everyPlace() {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, o)
			ready(k)
			cookie, token := k.issue(twenty(1)), k.token(twenty(1), time.Hour).Access.Reveal()
			for range 3 {
				asBrowser, resp := k.ask("GET", "role=Admin", nginx(cookie)), k.ask("GET", "role=Admin", asProgram("", "Bearer "+token))
				wellAnswered(t, resp)
				for h := range asBrowser.Header {
					if strings.HasPrefix(h, "X-Injected-") && asBrowser.Header.Get(h) != resp.Header.Get(h) {
						t.Errorf("%s: %q, in a browser %q", h, resp.Header.Get(h), asBrowser.Header.Get(h))
					}
				}
				if resp.StatusCode != 202 || resp.Header.Get("X-Injected-Oid") == "" {
					t.Errorf("%d %v", resp.StatusCode, resp.Header)
				}
				k.advance(15 * time.Minute) // a use is due to be noted
				if resp := k.ask("GET", "", asProgram("", "Bearer "+token)); resp.StatusCode != 202 || resp.Header.Get("Set-Cookie") != "" {
					t.Errorf("%d, %q", resp.StatusCode, resp.Header["Set-Cookie"])
				}
			}
			k.advance(15 * time.Minute)
			resp := k.ask("GET", "", asProgram("", "Bearer "+token))
			if got := resp.Header.Get("WWW-Authenticate"); resp.StatusCode != 401 || got != `Bearer realm="easyauth", error="invalid_token", error_description="expired"` {
				t.Errorf("%d %q", resp.StatusCode, got)
			}
		})
	}
}

// ready waits for the list of revoked tickets.
func ready(k *kit) {
	k.t.Helper()
	token := k.token(twenty(9), time.Hour).Access.Reveal()
	waitFor(k.t, "the list", func() bool {
		s, _, _, _ := k.sessions.ReadToken(k.t.Context(), token)
		return s != nil
	})
}

// A token of ours decides alone, also when it is bad, and whatever else the request has.
func TestAttack21Tokens(t *testing.T) {
	for _, bearer := range []bool{false, true} {
		k := newKit(t, options{programs: true, noDiscovery: true, bearer: bearer})
		bob := twenty(2)
		cookie, issued := k.issue(bob), k.token(twenty(1), time.Hour)
		good := issued.Access.Reveal()
		const adele, theOther = "20000000-0000-4000-8000-000000000001", "20000000-0000-4000-8000-000000000002"
		jwt := "Bearer eyJhbGciOiJSUzI1NiJ9." + "eyJpc3MiOiJodHRwczovL2V2aWwudGVzdCJ9" + ".c2ln"
		for _, row := range []struct {
			name    string
			headers []string
			oid     string // "": refused
			reason  string
		}{
			{"a token and a cookie", []string{"Bearer " + good}, adele, ""},
			{"the scheme in lower case", []string{"bearer " + good}, adele, ""},
			{"a bad token and a cookie", []string{"Bearer " + good[:len(good)-2]}, "", "bearer_invalid"},
			{"a token of nobody", []string{"Bearer ea_"}, "", "bearer_invalid"},
			{"a refresh token", []string{"Bearer ear_x"}, "", "bearer_invalid"},
			{"two blanks", []string{"Bearer  " + good}, "", "bearer_invalid"},
			{"two headers", []string{"Bearer " + good, jwt}, "", "bearer_ambiguous"},
			{"two headers, the other way round", []string{jwt, "Bearer " + good}, "", "bearer_ambiguous"},
			{"the same twice", []string{"Bearer " + good, "Bearer " + good}, "", "bearer_ambiguous"},
			{"with Basic", []string{"Basic eDp5", "Bearer " + good}, "", "bearer_ambiguous"},
			{"joined by a comma", []string{"Bearer " + good + ", " + jwt}, "", "bearer_ambiguous"},
			{"joined, the other way round", []string{jwt + ",Bearer " + good}, "", "bearer_ambiguous"},
			{"another issuer's", []string{jwt}, theOther, ""},
			{"another scheme", []string{"Basic eDp5"}, theOther, ""},
			{"none", nil, theOther, ""},
		} {
			resp := k.ask("GET", "", asProgram(cookie, row.headers...))
			wellAnswered(t, resp)
			if got := resp.Header.Get("X-Injected-Oid"); got != row.oid || (row.oid == "") != (resp.StatusCode == 401) {
				t.Errorf("%s: %d, %q", row.name, resp.StatusCode, got)
			}
			if row.oid == "" && (k.lastReason() != row.reason || !strings.Contains(resp.Header.Get("WWW-Authenticate"), `error="invalid_token"`)) {
				t.Errorf("%s: %s, %q", row.name, k.lastReason(), resp.Header["Www-Authenticate"])
			}
		}
	}
}

// Without the switch a token of ours says nothing at all.
func TestTokensOff(t *testing.T) {
	k := newKit(t, options{noDiscovery: true})
	token := k.token(twenty(1), time.Hour).Access.Reveal()
	if resp := k.ask("GET", "", asProgram("", "Bearer "+token)); resp.StatusCode != 401 || resp.Header.Get("WWW-Authenticate") != "" || k.lastReason() != "no_ticket" {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
	if resp := k.browser("").do("POST", app+basePath+"/api/v1/token", nil, nil); resp.StatusCode != 404 {
		t.Errorf("the endpoint answers %d", resp.StatusCode)
	}
}

// What a good token lacks is told, and no answer asks for its end.
func TestTokenRefusals(t *testing.T) {
	faulty := &faultyStore{Store: memstore.New("0123456789abcdef", nil)}
	k := newKit(t, options{programs: true, noDiscovery: true, store: faulty, noCache: true})
	token := "Bearer " + k.token(twenty(1), time.Hour).Access.Reveal()
	for query, want := range map[string]string{
		"role=Admin":  "",
		"role=Owner":  `error="insufficient_scope", error_description="the access token lacks the role Owner"`,
		"scope=Other": `error="insufficient_scope"`,
		"acr=c1":      `error="insufficient_user_authentication"`,
		"max_age=15m": `error="insufficient_user_authentication"`,
		"graph=/me":   `error="insufficient_scope"`,
	} {
		resp := k.ask("GET", query, asProgram("", token))
		if got := resp.Header.Get("WWW-Authenticate"); (want == "") != (resp.StatusCode == 202) || !strings.Contains(got, want) {
			t.Errorf("%s: %d %q", query, resp.StatusCode, got)
		}
	}
	faulty.fails("all")
	if resp := k.ask("GET", "", asProgram("", token)); resp.StatusCode != 401 || resp.Header.Get("WWW-Authenticate") != `Bearer realm="easyauth"` || k.lastReason() != "store" {
		t.Errorf("the store is down: %d %q", resp.StatusCode, resp.Header["Www-Authenticate"])
	}
	faulty.fails()
	if resp := k.ask("GET", "", asProgram("", token)); resp.StatusCode != 202 {
		t.Errorf("it is back: %d", resp.StatusCode)
	}
	if resp := k.ask("GET", "", asProgram("")); resp.StatusCode != 401 || resp.Header.Get("WWW-Authenticate") != `Bearer realm="easyauth"` {
		t.Errorf("no token: %d %q", resp.StatusCode, resp.Header["Www-Authenticate"])
	}
	if resp := k.ask("GET", "", nginx("")); resp.Header.Get("WWW-Authenticate") != "" {
		t.Errorf("a navigation: %q", resp.Header["Www-Authenticate"])
	}
}

func TestMeOfAToken(t *testing.T) {
	k := newKit(t, options{programs: true, noDiscovery: true})
	token, cookie := k.token(twenty(1), time.Hour).Access.Reveal(), k.issue(twenty(2))
	me := func(authorization string) (*response, map[string]any) {
		resp := k.browser("").do("GET", app+basePath+"/me", http.Header{"Accept": {"application/json"}, "Cookie": {cookie}, "Authorization": {authorization}}, nil)
		answer := map[string]any{}
		if err := json.Unmarshal([]byte(resp.body), &answer); err != nil {
			t.Fatal(err)
		}
		return resp, answer
	}
	if resp, answer := me("Bearer " + token); resp.StatusCode != 200 || answer["oid"] != twenty(1).Object || !strings.Contains(strings.Join(resp.Header["Vary"], ","), "Authorization") {
		t.Errorf("%d %v", resp.StatusCode, answer)
	}
	if resp, answer := me("Basic eDp5"); resp.StatusCode != 200 || answer["oid"] != twenty(2).Object {
		t.Errorf("another scheme: %d %v", resp.StatusCode, answer)
	}
	if resp, _ := me("Bearer " + token + "x"); resp.StatusCode != 401 || resp.Header.Get("WWW-Authenticate") == "" {
		t.Errorf("a bad one: %d %q", resp.StatusCode, resp.Header["Www-Authenticate"])
	}
	// Where the proxy sends a program to the sign-in, it is told why.
	k.advance(2 * time.Hour)
	resp := k.browser("").do("GET", app+basePath+"/login?rd=/x", http.Header{"Accept": {"application/json"}, "Authorization": {"Bearer " + token}}, nil)
	if resp.StatusCode != 401 || !strings.Contains(resp.Header.Get("WWW-Authenticate"), `error_description="expired"`) {
		t.Errorf("login: %d %q\n%s", resp.StatusCode, resp.Header["Www-Authenticate"], resp.body)
	}
}

// The whole road with a sign-in on the way: a program asks, a person signs in, confirms,
// and the program gets a token. However long its request is, the sign-in comes back to it.
func TestProgrammaticSignIn(t *testing.T) {
	for name, o := range map[string]options{"short": {programs: true}, "long": {programs: true, basePath: basePath}} {
		k := newKit(t, o)
		redirect, state := loopback, "s"
		if name == "long" {
			redirect += strings.Repeat("/a-1", 100)
			state = strings.Repeat("z-9", 58)[:600-len(redirect)]
		}
		b := k.browser(emulator.Adele)
		resp := b.do("GET", app+basePath+"/api/v1/login?"+url.Values{
			"redirect_uri": {redirect}, "state": {state}, "code_challenge": {ofIt}, "code_challenge_method": {"S256"},
		}.Encode(), http.Header{"Accept": {"application/json"}}, nil)
		var login struct {
			LoginURL string `json:"login_url"`
		}
		if err := json.Unmarshal([]byte(resp.body), &login); err != nil || resp.StatusCode != 200 {
			t.Fatalf("%s: %d %s", name, resp.StatusCode, resp.body)
		}
		target := login.LoginURL
		for range maxTrips {
			if resp = b.get(target); resp.StatusCode != http.StatusFound {
				break
			}
			target = resp.Header.Get("Location")
			if strings.HasPrefix(target, "/") {
				target = app + target
			}
			if strings.HasPrefix(target, k.idp.BaseURL()) {
				target = b.atEntra(target)
			}
		}
		if resp.StatusCode != 200 || target != login.LoginURL {
			t.Fatalf("%s: %d at %s\n%s", name, resp.StatusCode, target, resp.body)
		}
		form := url.Values{"decision": {"allow"}}
		for _, field := range []string{"request", "token"} {
			_, rest, found := strings.Cut(resp.body, `name="`+field+`" value="`)
			value, _, _ := strings.Cut(rest, `"`)
			if !found {
				t.Fatalf("%s: no field %s\n%s", name, field, resp.body)
			}
			form.Set(field, value)
		}
		h := navigation()
		h["Content-Type"], h["Origin"], h["Sec-Fetch-Site"] = []string{"application/x-www-form-urlencoded"}, []string{app}, []string{"same-origin"}
		resp = b.do("POST", app+basePath+"/api/v1/authorize", h, strings.NewReader(form.Encode()))
		back, err := url.Parse(resp.Header.Get("Location"))
		if err != nil || resp.StatusCode != http.StatusSeeOther || !strings.HasPrefix(back.String(), redirect+"?") || back.Query().Get("state") != state {
			t.Fatalf("%s: %d %q\n%s", name, resp.StatusCode, resp.Header.Get("Location"), resp.body)
		}
		redeem := url.Values{"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")}, "redirect_uri": {redirect}, "code_verifier": {strings.Repeat("a", 43)}}
		if status, answer := k.post("token", redeem); status != 400 || answer["error"] != "invalid_grant" {
			t.Errorf("%s, another verifier: %d %v", name, status, answer)
		}
		redeem.Set("code_verifier", verifier)
		status, answer := k.post("token", redeem)
		token, _ := answer["access_token"].(string)
		if status != 200 || !strings.HasPrefix(token, "ea_") {
			t.Fatalf("%s: %d %v", name, status, answer)
		}
		if resp := k.ask("GET", "", asProgram("", "Bearer "+token)); resp.StatusCode != 202 || resp.Header.Get("X-Injected-Oid") != emulator.AdeleOID {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
		if status, answer := k.post("token", redeem); status != 400 || !strings.HasPrefix(answer["error_description"].(string), "code_used") {
			t.Errorf("%s, again: %d %v", name, status, answer)
		}
	}
}

// A cookie that cannot hold the way back leaves the person signed in, on the default page;
// the program's link then works at once.
func TestProgrammaticSignInWithManyCookies(t *testing.T) {
	k := newKit(t, options{programs: true})
	b := k.browser(emulator.Adele)
	resp := b.do("GET", app+basePath+"/api/v1/login?"+url.Values{
		"redirect_uri": {loopback + strings.Repeat("/a-1", 100)}, "state": {strings.Repeat("z-9", 57)}, "code_challenge": {ofIt}, "code_challenge_method": {"S256"},
	}.Encode(), http.Header{"Accept": {"application/json"}}, nil)
	var login struct {
		LoginURL string `json:"login_url"`
	}
	if err := json.Unmarshal([]byte(resp.body), &login); err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(app)
	b.client.Jar.SetCookies(u, []*http.Cookie{{Name: "app", Value: strings.Repeat("x", 6000), Path: "/"}})
	target := login.LoginURL
	for range maxTrips {
		if strings.HasPrefix(target, "/") {
			target = app + target
		}
		if target == app+"/" {
			break
		}
		if strings.HasPrefix(target, k.idp.BaseURL()) {
			target = b.atEntra(target)
			continue
		}
		resp = b.get(target)
		if resp.StatusCode != http.StatusFound {
			break
		}
		target = resp.Header.Get("Location")
	}
	if target != app+"/" {
		t.Fatalf("at %q: %d\n%s", target, resp.StatusCode, resp.body)
	}
	if resp := b.get(login.LoginURL); resp.StatusCode != 200 || !strings.Contains(resp.body, `name="decision"`) {
		t.Errorf("%d\n%s", resp.StatusCode, resp.body)
	}
}

// A denial of a token of ours is in the audit stream as a bearer token's.
func TestAuditOfTokens(t *testing.T) {
	out := &lockedBuffer{}
	k := newKit(t, options{programs: true, noDiscovery: true, audited: out})
	id := twenty(1)
	token := k.token(id, time.Hour).Access.Reveal()
	k.ask("GET", "role=Owner", asProgram("", "Bearer "+token))
	k.ask("GET", "", asProgram("", "Bearer ea_x"))
	waitFor(t, "two events", func() bool { return strings.Count(out.String(), "\n") >= 2 })
	for _, want := range []string{`"bearer":true`, `"reason":"role_missing"`, `"reason":"bearer_invalid"`, id.Object} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
	for _, secret := range []string{token, token[:12], "ea_x"} {
		if strings.Contains(out.String()+k.log.String(), secret) {
			t.Errorf("%q is in a log", secret)
		}
	}
}
