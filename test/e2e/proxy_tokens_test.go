package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// hints are what the JSON of login says to a program, beside told.
type hints struct {
	AuthorizationURI string `json:"authorization_uri"`
	ClientID         string `json:"client_id"`
	Scope, Claims    string
}

func (r *reply) hints(t *testing.T) hints {
	t.Helper()
	var h hints
	if err := json.Unmarshal([]byte(r.body), &h); err != nil {
		t.Fatalf("%d: %v\n%.300s", r.status, err, r.body)
	}
	if !strings.HasSuffix(h.AuthorizationURI, "/oauth2/v2.0/authorize") || h.ClientID != stand.ClientID || h.Scope == "" {
		t.Errorf("%s: %+v", r.url, h)
	}
	return h
}

// A program that follows nginx's redirect is told where to get a token, or what
// is wrong with the one it has.
func TestBearerJSONOfLogin(t *testing.T) {
	t.Parallel()
	cfg := withBearer()
	cfg.Rules = append(cfg.Rules, stand.Rule{Path: "/orders", Query: "scope=" + ownScope}, stand.Rule{Path: "/strong", Query: "acr=c1"})
	s := start(t, cfg)
	v := newVisitor(t, s, entra.Bob)
	accept := http.Header{"Accept": {"application/json"}}
	r := v.byScript("/data", accept)
	j, h := r.told(t), r.hints(t)
	if c := r.challenge(t); r.status != http.StatusUnauthorized || j.Error != "login_required" || j.LoginURL == "" || c["error"] != "" || h.Scope != stand.ClientID+"/.default" {
		t.Errorf("without a token: %d %+v %+v %v", r.status, j, h, c)
	}
	if h := v.byScript("/orders/1", accept).hints(t); h.Scope != stand.ClientID+"/Orders.Read" {
		t.Errorf("a page that needs a scope: %+v", h)
	}
	// With the token that it says, the same page opens.
	if r := v.do(http.MethodGet, "/orders/1", bearing(userToken(t, s, entra.Bob))); r.status != http.StatusOK {
		t.Errorf("with a token: %d", r.status)
	}
	for name, token := range badTokens(t, s) {
		first := v.do(http.MethodGet, "/data", bearing(token))
		if c := first.challenge(t); first.status != http.StatusFound || c["error"] != "invalid_token" {
			t.Errorf("%s: nginx answers %d %v", name, first.status, c)
		}
		r := v.byScript("/data", bearing(token))
		if j := r.told(t); r.status != http.StatusUnauthorized || j.Error != "bearer_refused" || strings.ReplaceAll(j.Description, `"`, "'") != r.challenge(t)["error_description"] || r.challenge(t)["error"] != "invalid_token" {
			t.Errorf("%s: %d %+v %v", name, r.status, j, r.challenge(t))
		}
		if strings.Contains(r.body, token[len(token)-20:]) {
			t.Errorf("%s: the token is in the answer", name)
		}
		r.hints(t)
	}
	bob := userToken(t, s, entra.Bob)
	r = v.byScript("/admin/data", bearing(bob))
	if j := r.told(t); r.status != http.StatusForbidden || j.Error != "role_missing" || r.challenge(t)["error"] != "insufficient_scope" {
		t.Errorf("a role missing: %d %+v %v", r.status, j, r.challenge(t))
	}
	r = v.byScript("/strong/data", bearing(bob))
	if h := r.hints(t); r.status != http.StatusUnauthorized || h.Claims != `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}` || r.challenge(t)["error"] != "insufficient_claims" {
		t.Errorf("a context missing: %d %+v %v", r.status, h, r.challenge(t))
	}
	// A person is sent to the sign-in, whatever a token says.
	if r := v.open("/data"); r.status != http.StatusOK {
		t.Errorf("a person: %d", r.status)
	}
}

// preflight is what a browser asks before a script of another origin may.
func preflight(origin string) http.Header {
	return http.Header{"Origin": {origin}, "Access-Control-Request-Method": {"GET"}, "Access-Control-Request-Headers": {"authorization"}, "Sec-Fetch-Mode": {"cors"}}
}

func TestCORS(t *testing.T) {
	t.Parallel()
	const spa = "https://spa.contoso.example"
	cfg := withBearer()
	cfg.Env["EASYAUTH_CORS_ORIGINS"] = spa + ",https://other.contoso.example:8443"
	s := start(t, cfg)
	v := signedIn(t, s, entra.Adele)
	allowed := func(r *reply, what string, want string) {
		t.Helper()
		origin, credentials := r.header.Get("Access-Control-Allow-Origin"), r.header.Get("Access-Control-Allow-Credentials")
		if origin != want || (credentials == "true") != (want != "") || !strings.Contains(strings.Join(r.header["Vary"], ","), "Origin") {
			t.Errorf("%s: Allow-Origin %q, Allow-Credentials %q, Vary %q", what, origin, credentials, r.header["Vary"])
		}
	}
	for _, path := range []string{"/easyauth/login", "/easyauth/me"} {
		for origin, want := range map[string]string{
			spa: spa, "https://other.contoso.example:8443": "https://other.contoso.example:8443",
			"https://other.contoso.example": "", spa + ".evil.test": "", "http://spa.contoso.example": "", "null": "", "https://SPA.contoso.example.": "",
		} {
			r := v.do(http.MethodOptions, path, preflight(origin))
			allowed(r, "preflight of "+path+" for "+origin, want)
			if ok := r.status/100 == 2 && strings.EqualFold(r.header.Get("Access-Control-Allow-Headers"), "authorization"); ok != (want != "") {
				t.Errorf("preflight of %s for %s: %d %v", path, origin, r.status, r.header)
			}
			allowed(v.do(http.MethodGet, path, http.Header{"Origin": {origin}, "Sec-Fetch-Mode": {"cors"}, "Accept": {"application/json"}}), path+" for "+origin, want)
		}
	}
	// What a script may read, and what it may not ask.
	r := v.do(http.MethodGet, "/easyauth/me", joined(http.Header{"Origin": {spa}, "Accept": {"application/json"}, "Sec-Fetch-Mode": {"cors"}}))
	if r.status != http.StatusOK || !strings.Contains(r.body, entra.AdeleOID) {
		t.Errorf("me: %d %s", r.status, r.body)
	}
	if r := v.do(http.MethodGet, "/easyauth/login", http.Header{"Origin": {spa}, "Sec-Fetch-Mode": {"cors"}}); !strings.Contains(r.header.Get("Access-Control-Expose-Headers"), "Www-Authenticate") && !strings.Contains(r.header.Get("Access-Control-Expose-Headers"), "WWW-Authenticate") {
		t.Errorf("login: exposed are %q", r.header.Get("Access-Control-Expose-Headers"))
	}
	for _, path := range []string{"/easyauth/logout", "/easyauth/signin-oidc", "/easyauth/logo"} {
		if r := v.do(http.MethodOptions, path, preflight(spa)); r.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %d %v", path, r.status, r.header)
		}
	}
	if r := v.do(http.MethodOptions, "/easyauth/me", joined(preflight(spa), http.Header{"Access-Control-Request-Method": nil})); r.status >= 500 {
		t.Errorf("no method: %d", r.status)
	}
}

// Without the variable nobody elsewhere is told anything.
func TestCORSOff(t *testing.T) {
	t.Parallel()
	s := start(t, withBearer())
	v := program(t, s)
	for _, path := range []string{"/easyauth/login", "/easyauth/me"} {
		for _, method := range []string{http.MethodOptions, http.MethodGet} {
			if r := v.do(method, path, preflight("https://spa.contoso.example")); r.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s %s: %d %v", method, path, r.status, r.header)
			}
		}
	}
}

// A real browser: the page of one host reads who is signed in at another.
func TestBrowserCORS(t *testing.T) {
	t.Parallel()
	cfg := withBearer()
	cfg.Hosts = []string{"app.apps.test", "spa.apps.test", "other.apps.test"}
	cfg.Env["EASYAUTH_CORS_ORIGINS"] = "https://spa.apps.test:{port}"
	s := start(t, cfg)
	b := newProfile(t).tab(t)
	b.open(s.URL("app.apps.test", "/"))
	b.isOn(b.signInAs(entra.Adele), "/")
	read := func(host, options string) string {
		t.Helper()
		b.open(s.URL(host, "/public/echo"))
		text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](
			`fetch(`+jsString(s.URL("app.apps.test", "/easyauth/me"))+`, `+options+`).then(r => r.text(), e => "refused: " + e)`, chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	const credentials = `{credentials: "include", headers: {Accept: "application/json"}}`
	if got := read("spa.apps.test", credentials); !strings.Contains(got, entra.AdeleOID) {
		t.Errorf("an origin that is listed: %s", got)
	}
	if got := read("other.apps.test", credentials); !strings.Contains(got, "refused") {
		t.Errorf("one that is not: %s", got)
	}
	// With an Authorization header the browser asks first.
	withToken := `{headers: {Accept: "application/json", Authorization: "Bearer x"}}`
	if got := read("spa.apps.test", withToken); strings.Contains(got, "refused") || strings.Contains(got, entra.AdeleOID) {
		t.Errorf("a listed one with a token: %s", got)
	}
	if got := read("other.apps.test", withToken); !strings.Contains(got, "refused") {
		t.Errorf("another with a token: %s", got)
	}
}

// The answer to every bad token, with what it lacks and a full state cookie,
// fits nginx's 4k buffer.
func TestBearerAnswersFitNginx(t *testing.T) {
	t.Parallel()
	cfg := withBearer()
	cfg.Env["EASYAUTH_AUDIENCES"] = "api://" + strings.Repeat("a", 250) + ",api://" + strings.Repeat("b", 250)
	cfg.Rules = append(outcomes(), stand.Rule{Path: "/api/own/", Query: "scope=" + ownAPI + "/" + strings.ReplaceAll(manyScopes(), "&scope=", "&scope="+ownAPI+"/"), API: true},
		stand.Rule{Path: "/api/contexts/", Query: "acr=c1|c2|c3|c4|c5|c6&acr=c7|c8|c9&max_age=15m", API: true})
	s := start(t, cfg)
	tokens := badTokens(t, s)
	tokens["none"], tokens["good"], tokens["an application's"] = "", userToken(t, s, entra.Adele), appToken(t, s)
	tokens["a long audience"] = faulty(s, entra.Faults{EditAccess: func(c map[string]any) { c["aud"] = strings.Repeat(`x"\é`, 300) }}, func() string { return userToken(t, s, entra.Adele) })
	largest := 0
	for name, token := range tokens {
		v := newVisitor(t, s, "")
		for _, rule := range cfg.Rules {
			for _, tail := range []string{"x", strings.Repeat("z", 1500) + "?" + strings.Repeat("%E2%82%AC", 150)} {
				h := http.Header{"Accept": {"application/json"}, "X-Original-URL": {v.url(rule.Path + tail)}, "X-Original-Method": {"GET"}}
				through := http.Header{"Accept": {"application/json"}}
				if token != "" {
					h["Authorization"], through["Authorization"] = []string{"Bearer " + token}, []string{"Bearer " + token}
				}
				v.do(http.MethodGet, rule.Path+tail, through).never5xx(t, name+" at "+rule.Path)
				if cookies := v.cookies(); cookies != "" {
					h["Cookie"] = []string{cookies}
				}
				r, size := direct(t, s, rule.Query, h)
				largest = max(largest, size)
				if size > maxHeaderBlock || len(r.header["Set-Cookie"]) > 1 {
					t.Errorf("%s at %s: %d, %d bytes, %d cookies", name, rule.Path, r.status, size, len(r.header["Set-Cookie"]))
				}
			}
		}
	}
	t.Logf("the largest header block: %d bytes", largest)
	if largest < maxHeaderBlock/2 {
		t.Errorf("at most %d bytes: the test proves little", largest)
	}
}
