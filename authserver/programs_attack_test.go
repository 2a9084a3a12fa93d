package authserver_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver"
	"github.com/easyauth-sidecar/easyauth/authserver/session/memstore"
)

// request is one for the public listener with these headers, in pairs.
func (k *kit) request(method, path, body string, pairs ...string) *httptest.ResponseRecorder {
	k.t.Helper()
	r := httptest.NewRequestWithContext(k.t.Context(), method, app+path, strings.NewReader(body))
	for i := 0; i+1 < len(pairs); i += 2 {
		r.Header.Add(pairs[i], pairs[i+1])
	}
	w := httptest.NewRecorder()
	k.server.ServeHTTP(w, r)
	return w
}

// No token of ours becomes another one by an exchange, which would be good for longer.
func TestAttack20TokensOfOursAreNotExchanged(t *testing.T) {
	k := newKit(t, options{programs: true, store: memstore.New("0123456789abcdef", nil)})
	issued := k.token(twenty(1), time.Hour)
	cookie := strings.TrimPrefix(k.issue(twenty(1)), "__Host-easyauth=")
	for what, token := range map[string]string{
		"an access token": issued.Access.Reveal(), "a refresh token": issued.Refresh.Reveal(), "a cookie": cookie,
		"an access token in the form of a JWT": "e30." + issued.Access.Reveal() + ".e30",
	} {
		for _, kind := range []string{"id_token", "access_token"} {
			status, answer := k.post("token", url.Values{
				"grant_type": {"urn:ietf:params:oauth:grant-type:token-exchange"}, "subject_token": {token}, "subject_token_type": {"urn:ietf:params:oauth:token-type:" + kind},
			})
			if word, _ := answer["error_description"].(string); status != 400 || answer["error"] != "invalid_request" || !strings.HasPrefix(word, "token_invalid") && !strings.HasPrefix(word, "issuer_mismatch") {
				t.Errorf("%s as %s: %d %v", what, kind, status, answer)
			}
		}
		if status, answer := k.post("token", url.Values{"id_token": {token}}); status != 400 || answer["access_token"] != nil {
			t.Errorf("%s in the classic form: %d %v", what, status, answer)
		}
	}
}

// Of a request with a token and a cookie nothing is done in the name of both.
func TestAttack21TokensEndNobodysSessions(t *testing.T) {
	k := newKit(t, options{programs: true, noDiscovery: true, store: memstore.New("0123456789abcdef", nil)})
	cookie, token := k.issue(twenty(2)), k.token(twenty(1), time.Hour).Access.Reveal()
	const form = "application/x-www-form-urlencoded"
	for _, body := range []string{"everywhere=1", "session=x"} {
		w := k.request("POST", basePath+"/me", body, "Content-Type", form, "Cookie", cookie, "Authorization", "Bearer "+token)
		if w.Code != http.StatusForbidden || w.Header().Get("Set-Cookie") != "" || w.Header().Get("Location") != "" {
			t.Errorf("%s: %d %v", body, w.Code, w.Header())
		}
	}
	for what, h := range map[string]http.Header{"the cookie": nginx(cookie), "the token": asProgram("", "Bearer "+token)} {
		if resp := k.ask("GET", "", h); resp.StatusCode != 202 {
			t.Errorf("%s: %d %s", what, resp.StatusCode, k.lastReason())
		}
	}
	// The sibling: the person, without a token.
	if w := k.request("POST", basePath+"/me", "everywhere=1", "Content-Type", form, "Cookie", cookie); w.Code != http.StatusSeeOther && w.Code != http.StatusFound && w.Code != http.StatusOK {
		t.Errorf("the person: %d", w.Code)
	}
	if resp := k.ask("GET", "", nginx(cookie)); resp.StatusCode != 401 {
		t.Errorf("the person's session: %d", resp.StatusCode)
	}
	if resp := k.ask("GET", "", asProgram("", "Bearer "+token)); resp.StatusCode != 202 {
		t.Errorf("the other's token: %d", resp.StatusCode)
	}
}

// Without the switch no address takes a token of ours, or gives one: the cookie decides.
func TestTokensOffEverywhere(t *testing.T) {
	for on, want := range map[bool]string{false: twenty(2).Object, true: twenty(1).Object} {
		k := newKit(t, options{programs: on, noDiscovery: true})
		cookie, token := k.issue(twenty(2)), "Bearer "+k.token(twenty(1), time.Hour).Access.Reveal()
		if w := k.request("GET", basePath+"/me", "", "Accept", "application/json", "Cookie", cookie, "Authorization", token); !strings.Contains(w.Body.String(), want) {
			t.Errorf("%v: me: %d %s", on, w.Code, w.Body)
		}
		if resp := k.ask("GET", "", asProgram(cookie, token)); resp.Header.Get("X-Injected-Oid") != want {
			t.Errorf("%v: the check: %q", on, resp.Header.Get("X-Injected-Oid"))
		}
		for _, path := range []string{"token", "revoke", "session", "login", "authorize"} {
			if w := k.request("GET", basePath+"/api/v1/"+path, "", "Authorization", token); (w.Code == http.StatusNotFound) == on {
				t.Errorf("%v: %s: %d", on, path, w.Code)
			}
		}
		resp := k.request("GET", basePath+"/login?rd=/x", "", "Accept", "application/json", "Authorization", "Bearer ea_x")
		if strings.Contains(resp.Header().Get("WWW-Authenticate"), "invalid_token") != on {
			t.Errorf("%v: login: %d %q", on, resp.Code, resp.Header().Get("WWW-Authenticate"))
		}
	}
}

// A process that only checks takes tokens and gives none; one that only signs people in
// gives them, and checks nothing.
func TestTokensOfRoles(t *testing.T) {
	store := memstore.New("0123456789abcdef", nil)
	both := newKit(t, options{programs: true, noDiscovery: true, store: store})
	token := "Bearer " + both.token(twenty(1), time.Hour).Access.Reveal()
	for name, row := range map[string]struct {
		roles     authserver.Roles
		check     int
		endpoints bool
	}{
		"auth":    {authserver.Roles{Auth: true}, 202, false},
		"sign-in": {authserver.Roles{SignIn: true}, 404, true},
		"both":    {authserver.Roles{Auth: true, SignIn: true}, 202, true},
	} {
		k := newKit(t, options{programs: true, noDiscovery: true, store: store, idp: both.idp, roles: row.roles})
		if resp := k.ask("GET", "", asProgram("", token)); resp.StatusCode != row.check {
			t.Errorf("%s: the check: %d", name, resp.StatusCode)
		}
		for _, path := range []string{"token", "revoke", "session", "login", "authorize"} {
			if w := k.request("GET", basePath+"/api/v1/"+path, "", "Authorization", token); (w.Code != http.StatusNotFound) != row.endpoints {
				t.Errorf("%s: %s: %d", name, path, w.Code)
			}
		}
	}
}

// No page elsewhere reads what the endpoints of programs say, also one that may read
// login and me.
func TestAttack37PagesAndTokens(t *testing.T) {
	const page = "https://spa.example.com"
	k := newKit(t, options{programs: true, noDiscovery: true, corsOrigins: []string{page}})
	cookie, token := k.issue(twenty(2)), "Bearer "+k.token(twenty(1), time.Hour).Access.Reveal()
	for _, path := range []string{"token", "revoke", "session", "login", "authorize"} {
		for _, method := range []string{"GET", "POST", "OPTIONS"} {
			w := k.request(method, basePath+"/api/v1/"+path, "", "Origin", page, "Cookie", cookie, "Authorization", token,
				"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization", "Content-Type", "text/plain", "Sec-Fetch-Site", "cross-site")
			for h := range w.Header() {
				if strings.HasPrefix(h, "Access-Control-") {
					t.Errorf("%s %s: %s", method, path, h)
				}
			}
			if w.Header().Get("Cache-Control") != "no-store" || method == "OPTIONS" && w.Code < 400 || w.Header().Get("Set-Cookie") != "" {
				t.Errorf("%s %s: %d %v", method, path, w.Code, w.Header())
			}
		}
	}
	if w := k.request("OPTIONS", basePath+"/me", "", "Origin", page, "Access-Control-Request-Method", "GET"); w.Header().Get("Access-Control-Allow-Origin") != page {
		t.Errorf("me: %d %v", w.Code, w.Header())
	}
}

// A good token anywhere but in Authorization is none, and what a client says of where its
// request goes changes nothing for a token either.
func TestAttack42TokensOfOursElsewhere(t *testing.T) {
	k := newKit(t, options{programs: true, noDiscovery: true})
	token := k.token(twenty(1), time.Hour).Access.Reveal()
	for name, pairs := range map[string][]string{
		"X-Forwarded-Authorization": {"X-Forwarded-Authorization", "Bearer " + token}, "Proxy-Authorization": {"Proxy-Authorization", "Bearer " + token},
		"X-Auth-Request-Access-Token": {"X-Auth-Request-Access-Token", token}, "X-Api-Key": {"X-Api-Key", token},
		"Basic": {"Authorization", "Basic " + token}, "no scheme": {"Authorization", token}, "DPoP": {"Authorization", "DPoP " + token},
		"a cookie": {"Cookie", "__Host-easyauth=" + token}, "a cookie without its prefix": {"Cookie", "__Host-easyauth=" + strings.TrimPrefix(token, "ea_")},
		"a cookie of its name": {"Cookie", "access_token=" + token},
	} {
		h := asProgram("")
		delete(h, "Authorization")
		for i := 0; i+1 < len(pairs); i += 2 {
			h[http.CanonicalHeaderKey(pairs[i])] = []string{pairs[i+1]}
		}
		if resp := k.ask("GET", "", h); resp.StatusCode != 401 || resp.Header.Get("X-Injected-Oid") != "" {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
	}
	h := asProgram("")
	h["X-Original-Url"] = []string{app + "/page?access_token=" + token}
	if resp := k.ask("GET", "", h); resp.StatusCode != 401 {
		t.Errorf("in the query of the page: %d", resp.StatusCode)
	}
	h = asProgram("", "Bearer "+token)
	for _, name := range []string{"X-Forwarded-Uri", "X-Forwarded-Host", "X-Forwarded-Method", "X-Original-Uri", "Forwarded"} {
		h[name] = []string{"/easyauth/login"}
	}
	if resp := k.ask("GET", "role=Owner", h); resp.StatusCode != 401 || !strings.Contains(resp.Header.Get("WWW-Authenticate"), "insufficient_scope") {
		t.Errorf("beside the client's own X-Forwarded-*: %d", resp.StatusCode)
	}
	if resp := k.ask("GET", "role=Admin", h); resp.StatusCode != 202 || resp.Header.Get("X-Injected-Oid") != twenty(1).Object {
		t.Errorf("its sibling: %d", resp.StatusCode)
	}
}
