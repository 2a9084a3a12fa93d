package authserver_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

func TestFirstSignIn(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Adele)
	resp := b.open(app+"/a%2Fb?x=%7C&y=a+b", "role=Admin|Nobody&scope=User.Read.All&graph=/me|/me/manager")
	if resp.StatusCode != http.StatusAccepted {
		t.Fatalf("%d\n%s\n%s", resp.StatusCode, resp.body, k.log)
	}
	wellAnswered(t, resp.Response)
	if n := k.idp.Requests(emulator.EndpointToken); n != 1 {
		t.Errorf("%d trips to the IdP, want one for everything", n)
	}
	for name, want := range map[string]string{
		"X-Injected-Oid": emulator.AdeleOID, "X-Injected-Tid": emulator.DefaultTenantID, "X-Injected-Name": "Adele+Vance",
		"X-Injected-Roles": "Admin|Orders.Write", "X-Injected-Email": "adele.vance%40contoso.example",
	} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if graph := resp.Header.Get("X-Injected-Graph"); strings.Count(graph, "|") != 1 || !strings.Contains(graph, "Retail+Manager") || !strings.Contains(graph, "Grace+Hopper") {
		t.Errorf("graph %q", graph)
	}
}

// PKCE, nonce and state as they went over the wire.
func TestAuthorizationRequest(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Adele)
	first, err := url.Parse(b.toEntra(app + "/page"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := url.Parse(b.toEntra(app + "/page"))
	if err != nil {
		t.Fatal(err)
	}
	q, q2 := first.Query(), second.Query()
	for name, want := range map[string]string{
		"response_type": "code", "response_mode": "query", "client_id": clientID, "scope": "openid profile email",
		"redirect_uri": app + basePath + "/signin-oidc", "code_challenge_method": "S256",
	} {
		if q.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, q.Get(name), want)
		}
	}
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if len(q.Get(name)) < 22 || q.Get(name) == q2.Get(name) {
			t.Errorf("%s: %q, then %q", name, q.Get(name), q2.Get(name))
		}
	}
	if n := len(q.Get("state")); n > 1200 {
		t.Errorf("state has %d characters", n)
	}
	if v := b.cookie(k.cookies.Browser.Name); v == "" || len(v) > 600 {
		t.Errorf("browser cookie of %d characters", len(v))
	}
}

func TestRoleRefused(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Bob)
	resp := b.open(app+"/admin", "role=Admin|Owner&role=Auditor")
	if resp.StatusCode != http.StatusForbidden {
		t.Fatalf("%d", resp.StatusCode)
	}
	for _, want := range []string{"Admin or Owner", "Auditor", "app.example.com", "Try again", "Sign in as someone else"} {
		if !strings.Contains(resp.body, want) {
			t.Errorf("the page does not say %q:\n%s", want, resp.body)
		}
	}
	if resp := b.open(app+"/", ""); resp.StatusCode != http.StatusAccepted {
		t.Errorf("another page without a rule: %d", resp.StatusCode)
	}
	before := k.idp.Requests(emulator.EndpointAuthorize)
	if resp := b.open(app+"/admin", "role=Admin"); resp.StatusCode != http.StatusForbidden || k.idp.Requests(emulator.EndpointAuthorize) != before {
		t.Errorf("again: %d; the IdP was asked: %v", resp.StatusCode, k.idp.Requests(emulator.EndpointAuthorize) != before)
	}
	target := b.get(app + basePath + "/login?rd=" + url.QueryEscape(app+"/admin") + "&prompt=select_account").Header.Get("Location")
	if q := parse(t, target).Query(); q.Get("prompt") != "select_account" {
		t.Fatalf("as someone else: %q", target)
	}
	b.user = emulator.Adele
	back := b.atEntra(target)
	if resp := b.get(back); resp.Header.Get("Location") != app+"/admin" {
		t.Fatalf("callback: %d %q", resp.StatusCode, resp.Header.Get("Location"))
	}
	if resp := b.check(app+"/admin", "role=Admin"); resp.StatusCode != http.StatusAccepted || resp.Header.Get("X-Injected-Oid") != emulator.AdeleOID {
		t.Errorf("as Adele: %d %q", resp.StatusCode, resp.Header.Get("X-Injected-Oid"))
	}
}

func parse(t testing.TB, target string) *url.URL {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestStepUp(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Adele)
	if resp := b.open(app+"/", ""); resp.StatusCode != http.StatusAccepted {
		t.Fatal(resp.StatusCode)
	}
	if resp := b.open(app+"/mail", "scope=Mail.Read|Mail.ReadWrite&scope=Calendars.Read"); resp.StatusCode != http.StatusAccepted {
		t.Fatalf("%d %s", resp.StatusCode, resp.body)
	}
	if got := k.idp.LastAuthorize().Get("scope"); got != "openid profile email Mail.Read Mail.ReadWrite Calendars.Read" {
		t.Errorf("asked for %q: both of A|B, after OpenID Connect's own", got)
	}
	trips := k.idp.Requests(emulator.EndpointToken)
	if resp := b.open(app+"/me", "scope=User.Read&graph=/me"); resp.StatusCode != http.StatusAccepted {
		t.Fatalf("%d %s", resp.StatusCode, resp.body)
	}
	if n := k.idp.Requests(emulator.EndpointToken); n != trips+1 {
		t.Errorf("%d trips for a scope and a graph query of one resource, want 1", n-trips)
	}
	// Scopes and graph results of earlier sign-ins are still there.
	if resp := b.check(app+"/all", "scope=Mail.Read&scope=Calendars.Read&scope=User.Read&graph=/me"); resp.StatusCode != http.StatusAccepted {
		t.Errorf("after three sign-ins: %d", resp.StatusCode)
	}
	// Of another user nothing is kept.
	b.client.Jar = keepOnlyOurs(t, b)
	b.user = emulator.Bob
	back := b.atEntra(b.get(app + basePath + "/login?rd=/&prompt=select_account").Header.Get("Location"))
	b.get(back)
	if resp := b.check(app+"/all", "scope=Mail.Read"); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("Bob has Adele's scope: %d", resp.StatusCode)
	}
	if resp := b.check(app+"/all", "graph=/me"); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("Bob has Adele's graph result: %d", resp.StatusCode)
	}
}

// keepOnlyOurs drops the emulator's cookies, as if its session had ended.
func keepOnlyOurs(t *testing.T, b *browser) http.CookieJar {
	t.Helper()
	fresh := b.k.browser("").client.Jar
	at := parse(t, app+"/")
	var ours []*http.Cookie
	for _, c := range b.client.Jar.Cookies(at) {
		ours = append(ours, &http.Cookie{Name: c.Name, Value: c.Value, Path: "/", Secure: true, HttpOnly: true})
	}
	fresh.SetCookies(at, ours)
	return fresh
}

// A page that needs only the query asks for the scopes of its own rule, which are
// granted already: nobody has to consent to another one.
func TestGraphStepUpAsksForTheRulesScopes(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Adele)
	b.open(app+"/", "scope=User.Read.All")
	if resp := b.open(app+"/boss", "scope=User.Read.All&graph=/me/manager"); resp.StatusCode != http.StatusAccepted {
		t.Fatal(resp.StatusCode)
	}
	if got := k.idp.LastAuthorize().Get("scope"); got != "openid profile email User.Read.All" {
		t.Errorf("asked for %q", got)
	}
	if resp := b.open(app+"/own", "scope=api://"+clientID+"/Orders.Read&graph=/me"); resp.StatusCode != http.StatusAccepted {
		t.Errorf("beside a scope of our own: %d", resp.StatusCode)
	}
}

func TestScopesOfTwoResources(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Adele)
	query := "scope=api://" + clientID + "/Orders.Read&scope=Mail.Read&graph=/me"
	if resp := b.open(app+"/both", query); resp.StatusCode != http.StatusAccepted {
		t.Fatalf("%d %s\n%s", resp.StatusCode, resp.body, k.log)
	}
	if n := k.idp.Requests(emulator.EndpointToken); n > 3 {
		t.Errorf("%d trips", n)
	}
}

func TestScopeNotGrantedIsAPageNotALoop(t *testing.T) {
	k := newKit(t, options{})
	k.idp.SetFaults(emulator.Faults{GrantedScopes: []string{"openid", "profile", "email", "User.Read"}})
	b := k.browser(emulator.Adele)
	resp := b.open(app+"/mail", "scope=Mail.Read|Mail.ReadWrite")
	if resp.StatusCode != http.StatusForbidden || !strings.Contains(resp.body, "Mail.Read or Mail.ReadWrite") || !strings.Contains(resp.body, "app.example.com") {
		t.Errorf("%d\n%s", resp.StatusCode, resp.body)
	}
	if resp := b.check(app+"/", ""); resp.StatusCode != http.StatusAccepted {
		t.Errorf("signed in all the same: %d", resp.StatusCode)
	}
	k.idp.ClearFaults()
	if resp := b.open(app+"/mail", "scope=Mail.Read"); resp.StatusCode != http.StatusAccepted {
		t.Errorf("after it was granted: %d %s", resp.StatusCode, resp.body)
	}
}

func TestConsentDeclined(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser("")
	b.cancel = true
	resp := b.open(app+"/mail", "scope=Mail.Read")
	if resp.StatusCode != http.StatusForbidden || !strings.Contains(resp.body, "Sign-in was cancelled") || !strings.Contains(resp.body, "Try again") {
		t.Errorf("%d\n%s", resp.StatusCode, resp.body)
	}
	b.cancel, b.user = false, emulator.Adele
	if resp := b.open(app+"/", ""); resp.StatusCode != http.StatusAccepted {
		t.Fatal(resp.StatusCode)
	}
	b.cancel = true
	if resp := b.open(app+"/mail", "scope=Mail.Read"); resp.StatusCode != http.StatusForbidden {
		t.Errorf("declined a step-up while signed in: %d", resp.StatusCode)
	}
	if resp := b.check(app+"/", ""); resp.StatusCode != http.StatusAccepted {
		t.Errorf("the session of before: %d", resp.StatusCode)
	}
}

func TestGraphErrorsNeverStopASignIn(t *testing.T) {
	k := newKit(t, options{})
	for name, f := range map[string]emulator.Faults{
		"item":    {Graph: map[string]emulator.ItemFault{"/me": {Status: 404}}},
		"down":    {Endpoints: map[emulator.Endpoint]emulator.EndpointFault{emulator.EndpointGraph: {Status: 503}}},
		"garbage": {Endpoints: map[emulator.Endpoint]emulator.EndpointFault{emulator.EndpointGraph: {Garbage: true}}},
		"dropped": {Endpoints: map[emulator.Endpoint]emulator.EndpointFault{emulator.EndpointGraph: {Drop: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			k.idp.SetFaults(f)
			resp := k.browser(emulator.Adele).open(app+"/graph", "graph=/me")
			if resp.StatusCode != http.StatusAccepted || !strings.Contains(resp.Header.Get("X-Injected-Graph"), "error_status") {
				t.Errorf("%d, graph %q", resp.StatusCode, resp.Header.Get("X-Injected-Graph"))
			}
		})
	}
}

func TestAttack10Callback(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Adele)
	authorize := b.toEntra(app + "/page")
	back := b.atEntra(authorize)
	u := parse(t, back)
	with := func(change func(url.Values)) string {
		q := u.Query()
		change(q)
		return app + basePath + "/signin-oidc?" + q.Encode()
	}
	k.advance(-time.Minute) // not at the same moment: see TestParallelFirstSignIns
	foreign := parse(t, k.browser("").toEntra(app+"/page")).Query().Get("state")
	k.advance(time.Minute)
	state := u.Query().Get("state")
	tokens := func() int { return k.idp.Requests(emulator.EndpointToken) }
	tests := map[string]string{
		"no state":             with(func(q url.Values) { q.Del("state") }),
		"empty state":          with(func(q url.Values) { q.Set("state", "") }),
		"altered state":        with(func(q url.Values) { q.Set("state", state[:40]+flip(state[40])+state[41:]) }),
		"state of another one": with(func(q url.Values) { q.Set("state", foreign) }),
		"state twice":          back + "&state=" + state,
		"code twice":           back + "&code=x",
		"no code":              with(func(q url.Values) { q.Del("code") }),
		"malformed query":      back + "&x=%zz",
		"huge state":           with(func(q url.Values) { q.Set("state", strings.Repeat("A", 20000)) }),
	}
	for name, target := range tests {
		if name == "no code" {
			continue // it is proven and uses the attempt up: below
		}
		resp := b.get(target)
		if resp.StatusCode != http.StatusBadRequest || !strings.Contains(resp.body, "Try again") || tokens() != 0 {
			t.Errorf("%s: %d, %d token requests", name, resp.StatusCode, tokens())
		}
	}
	if resp := b.get(back); resp.StatusCode != http.StatusFound || resp.Header.Get("Location") != app+"/page" || tokens() != 1 {
		t.Fatalf("the good one: %d %q, %d token requests\n%s", resp.StatusCode, resp.Header.Get("Location"), tokens(), resp.body)
	}
	if resp := b.get(back); resp.Header.Get("Location") != app+"/page" || tokens() != 1 {
		t.Errorf("replayed with a valid ticket: %d %q, %d token requests", resp.StatusCode, resp.Header.Get("Location"), tokens())
	}
	if resp := b.get(tests["altered state"]); resp.Header.Get("Location") != app+"/" {
		t.Errorf("a broken callback with a valid ticket: %d %q", resp.StatusCode, resp.Header.Get("Location"))
	}

	b2 := k.browser(emulator.Adele)
	back = b2.atEntra(b2.toEntra(app + "/page"))
	code := parse(t, back).Query()
	code.Del("code")
	if resp := b2.get(app + basePath + "/signin-oidc?" + code.Encode()); resp.StatusCode != http.StatusBadRequest || tokens() != 1 {
		t.Errorf("no code: %d", resp.StatusCode)
	}
	if resp := b2.get(back); resp.StatusCode != http.StatusBadRequest || tokens() != 1 {
		t.Errorf("an attempt that was used up: %d, %d token requests", resp.StatusCode, tokens())
	}

	b3 := k.browser(emulator.Adele)
	back = b3.atEntra(b3.toEntra(app + "/page"))
	k.advance(10*time.Minute + time.Second)
	if resp := b3.get(back); resp.StatusCode != http.StatusBadRequest || !strings.Contains(resp.body, "took too long") || tokens() != 1 {
		t.Errorf("too late: %d, %d token requests\n%s", resp.StatusCode, tokens(), resp.body)
	}
}

// The replay protection of one replica does not need the browser's memory.
func TestAttack10ReplayWithAnOldBrowserCookie(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Adele)
	back := b.atEntra(b.toEntra(app + "/page"))
	old := &http.Cookie{Name: k.cookies.Browser.Name, Value: b.cookie(k.cookies.Browser.Name), Path: "/", Secure: true}
	b.get(back)
	replayer := k.browser("")
	replayer.client.Jar.SetCookies(parse(t, app+"/"), []*http.Cookie{old})
	if resp := replayer.get(back); resp.StatusCode != http.StatusBadRequest || k.idp.Requests(emulator.EndpointToken) != 1 {
		t.Errorf("%d, %d token requests", resp.StatusCode, k.idp.Requests(emulator.EndpointToken))
	}
}

func TestAttack11LoginCSRF(t *testing.T) {
	k := newKit(t, options{})
	attacker := k.browser(emulator.Mallory)
	back := attacker.atEntra(attacker.toEntra(app + "/page"))
	refused := func(name string, victim *browser) {
		t.Helper()
		resp := victim.get(back)
		if resp.StatusCode != http.StatusBadRequest || k.idp.Requests(emulator.EndpointToken) != 0 || victim.cookie(k.cookies.Ticket.Name) != "" {
			t.Errorf("%s: %d, %d token requests", name, resp.StatusCode, k.idp.Requests(emulator.EndpointToken))
		}
	}
	refused("a victim who never signed in", k.browser(""))
	victim := k.browser("")
	k.advance(-time.Minute)
	victim.toEntra(app + "/other")
	k.advance(time.Minute)
	refused("a victim with a browser cookie of its own", victim)

	planted := k.browser("")
	planted.client.Transport = appendCookie{planted.client.Transport, k.cookies.Browser.Name + "=" + attacker.cookie(k.cookies.Browser.Name)}
	planted.toEntra(app + "/other")
	refused("a victim with a second cookie of that name, planted", planted)

	if resp := attacker.get(back); resp.StatusCode != http.StatusFound {
		t.Errorf("the same callback in its own browser: %d", resp.StatusCode)
	}
}

// appendCookie adds a cookie that a sibling host planted.
type appendCookie struct {
	next   http.RoundTripper
	cookie string
}

func (a appendCookie) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if have := r.Header.Get("Cookie"); have != "" && strings.HasSuffix(r.URL.Hostname(), ".example.com") {
		r.Header.Set("Cookie", have+"; "+a.cookie)
	}
	return a.next.RoundTrip(r)
}

// Two first sign-ins at the same moment replace each other's browser cookie. The
// one that lost starts over by itself; no person sees it.
func TestParallelFirstSignIns(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Adele)
	first := b.toEntra(app + "/one")
	b.client.Jar = keepOnly(t, b, "") // the second request left before the first answer came
	second := b.toEntra(app + "/two")
	resp := b.get(b.atEntra(first))
	if resp.StatusCode != http.StatusFound || !strings.HasPrefix(resp.Header.Get("Location"), k.idp.BaseURL()) || k.idp.Requests(emulator.EndpointToken) != 0 {
		t.Fatalf("the one that lost: %d %q, %d token requests\n%s", resp.StatusCode, resp.Header.Get("Location"), k.idp.Requests(emulator.EndpointToken), resp.body)
	}
	if resp := b.get(b.atEntra(resp.Header.Get("Location"))); resp.Header.Get("Location") != app+"/one" {
		t.Errorf("started over: %d %q", resp.StatusCode, resp.Header.Get("Location"))
	}
	if resp := b.get(b.atEntra(second)); resp.Header.Get("Location") != app+"/two" {
		t.Errorf("the one that won: %d %q", resp.StatusCode, resp.Header.Get("Location"))
	}
}

// The one that lost and comes back when the other has signed in needs no second trip.
func TestParallelFirstSignInsTicketWins(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Adele)
	first := b.toEntra(app + "/one")
	b.client.Jar = keepOnly(t, b, "")
	second := b.toEntra(app + "/two")
	lost := b.atEntra(first)
	if resp := b.get(b.atEntra(second)); resp.Header.Get("Location") != app+"/two" {
		t.Fatalf("the one that won: %d %q", resp.StatusCode, resp.Header.Get("Location"))
	}
	if resp := b.get(lost); resp.Header.Get("Location") != app+"/one" || k.idp.Requests(emulator.EndpointToken) != 1 {
		t.Errorf("the one that lost: %d %q, %d token requests", resp.StatusCode, resp.Header.Get("Location"), k.idp.Requests(emulator.EndpointToken))
	}
}

// The cookie that stays may also come after another tab has used an earlier one.
func TestParallelFirstSignInsLateAnswer(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Adele)
	b.toEntra(app + "/one")
	late := b.client.Jar
	b.client.Jar = keepOnly(t, b, "")
	b.toEntra(app + "/two")
	third := b.toEntra(app + "/three")
	b.client.Jar = late
	resp := b.get(b.atEntra(third))
	if !strings.HasPrefix(resp.Header.Get("Location"), k.idp.BaseURL()) || k.idp.Requests(emulator.EndpointToken) != 0 {
		t.Fatalf("%d %q, %d token requests", resp.StatusCode, resp.Header.Get("Location"), k.idp.Requests(emulator.EndpointToken))
	}
	if resp := b.get(b.atEntra(resp.Header.Get("Location"))); resp.Header.Get("Location") != app+"/three" {
		t.Errorf("started over: %d %q", resp.StatusCode, resp.Header.Get("Location"))
	}
}

// A cookie that never stays does not send the browser around for ever.
func TestRestartsAreBounded(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Adele)
	target := b.toEntra(app + "/page")
	for restarts := range 10 {
		back := b.atEntra(target)
		b.client.Jar = keepOnly(t, b, "")
		b.toEntra(app + "/other") // a new browser cookie each time
		resp := b.get(back)
		if resp.StatusCode == http.StatusBadRequest {
			if restarts != 3 {
				t.Errorf("gave up after %d restarts", restarts)
			}
			return
		}
		target = resp.Header.Get("Location")
	}
	t.Error("no end")
}

// keepOnly returns a jar with one of the browser's cookies, or with none.
func keepOnly(t testing.TB, b *browser, name string) http.CookieJar {
	t.Helper()
	jar := b.k.browser("").client.Jar
	if name != "" {
		jar.SetCookies(parse(t, app+"/"), []*http.Cookie{{Name: name, Value: b.cookie(name), Path: "/", Secure: true}})
	}
	return jar
}

func TestAttack12IDTokens(t *testing.T) {
	k := newKit(t, options{})
	for _, f := range emulator.TokenFaults() {
		t.Run(string(f), func(t *testing.T) {
			b := k.browser(emulator.Adele)
			back := b.atEntra(b.toEntra(app + "/page"))
			k.idp.SetFaults(emulator.Faults{IDToken: f})
			resp := b.get(back)
			accepted := resp.StatusCode == http.StatusFound
			// Also one without kid: Entra ID always names the key.
			if accepted || b.cookie(k.cookies.Ticket.Name) != "" {
				t.Errorf("%d, ticket %v", resp.StatusCode, b.cookie(k.cookies.Ticket.Name) != "")
			}
			k.idp.ClearFaults()
			b = k.browser(emulator.Adele)
			if resp := b.open(app+"/page", ""); resp.StatusCode != http.StatusAccepted {
				t.Errorf("without the fault: %d", resp.StatusCode)
			}
		})
	}
}

func TestAttack13(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Adele)
	authorize := b.toEntra(app + "/page")
	k.idp.SetFaults(emulator.Faults{CallbackIssuer: "https://evil.example"})
	if resp := b.get(b.atEntra(authorize)); resp.StatusCode != http.StatusForbidden || k.idp.Requests(emulator.EndpointToken) != 0 {
		t.Errorf("iss of another: %d", resp.StatusCode)
	}
	k.idp.SetFaults(emulator.Faults{CallbackIssuer: k.idp.BaseURL() + "/" + emulator.DefaultTenantID + "/v2.0"})
	if resp := b.get(b.atEntra(b.toEntra(app + "/page"))); resp.StatusCode != http.StatusFound {
		t.Errorf("its own iss: %d", resp.StatusCode)
	}
	b = k.browser(emulator.Adele)
	authorize = b.toEntra(app + "/page")
	k.idp.SetFaults(emulator.Faults{CallbackError: "server_error", CallbackErrorDescription: emulator.ScriptDescription + strings.Repeat("long ", 1000)})
	resp := b.get(b.atEntra(authorize))
	if strings.Contains(resp.body, "<script") || strings.Contains(resp.body, "<img") || len(resp.body) > 20000 || !strings.Contains(resp.body, "AADSTS99999") {
		t.Errorf("%d, %d bytes\n%.2000s", resp.StatusCode, len(resp.body), resp.body)
	}
}

func TestAttack22IDPFaultsAtTheCallback(t *testing.T) {
	k := newKit(t, options{})
	for name, f := range map[string]emulator.EndpointFault{
		"500": {Status: 500}, "429": {Status: 429, RetryAfter: 3}, "garbage": {Garbage: true}, "huge": {HugeBytes: 20 << 20}, "dropped": {Drop: true},
	} {
		t.Run(name, func(t *testing.T) {
			b := k.browser(emulator.Adele)
			back := b.atEntra(b.toEntra(app + "/page"))
			k.idp.SetFaults(emulator.Faults{Endpoints: map[emulator.Endpoint]emulator.EndpointFault{emulator.EndpointToken: f}})
			resp := b.get(back)
			if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" || b.cookie(k.cookies.Ticket.Name) != "" {
				t.Errorf("%d, Retry-After %q", resp.StatusCode, resp.Header.Get("Retry-After"))
			}
			k.idp.ClearFaults()
			if resp := b.open(app+"/page", ""); resp.StatusCode != http.StatusAccepted {
				t.Errorf("afterwards: %d", resp.StatusCode)
			}
		})
	}
	// A step-up that fails does not take the session away.
	b := k.browser(emulator.Adele)
	b.open(app+"/", "")
	k.idp.SetFaults(emulator.Faults{Endpoints: map[emulator.Endpoint]emulator.EndpointFault{emulator.EndpointToken: {Status: 500}}})
	if resp := b.open(app+"/mail", "scope=Mail.Read"); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("step-up: %d", resp.StatusCode)
	}
	if resp := b.check(app+"/", ""); resp.StatusCode != http.StatusAccepted {
		t.Errorf("the session: %d", resp.StatusCode)
	}
}

func TestWrongClientSecretIsForTheAdministrator(t *testing.T) {
	k := newKit(t, options{})
	k.idp.SetFaults(emulator.Faults{Endpoints: map[emulator.Endpoint]emulator.EndpointFault{emulator.EndpointToken: {Status: 401}}})
	b := k.browser(emulator.Adele)
	resp := b.get(b.atEntra(b.toEntra(app + "/page")))
	if resp.StatusCode < 500 || strings.Contains(resp.body, "s3cret") || strings.Contains(k.log.String(), "s3cret") {
		t.Errorf("%d\n%s", resp.StatusCode, resp.body)
	}
}

func TestLoginBeforeDiscovery(t *testing.T) {
	k := newKit(t, options{noDiscovery: true})
	b := k.browser(emulator.Adele)
	resp := b.get(loginURL(app + "/page"))
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" || resp.Header.Get("Location") != "" {
		t.Errorf("%d, Retry-After %q", resp.StatusCode, resp.Header.Get("Retry-After"))
	}
	resp = b.do("GET", loginURL(app+"/page"), nil, nil)
	if resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(resp.body, `"error":"idp_unavailable"`) {
		t.Errorf("JSON: %d %s", resp.StatusCode, resp.body)
	}
}

func TestNotANavigation(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Bob)
	fetch := http.Header{"Accept": {"*/*"}, "Sec-Fetch-Mode": {"cors"}, "Referer": {app + "/spa?tab=1"}}
	type answer struct {
		Error    string `json:"error"`
		LoginURL string `json:"login_url"`
		Missing  struct{ Roles, Scopes [][]string }
	}
	ask := func(page, query string, status int) answer {
		t.Helper()
		b.check(page, query, http.Header{"Sec-Fetch-Mode": {"cors"}})
		resp := b.do("GET", loginURL(page), fetch, nil)
		var a answer
		if err := json.Unmarshal([]byte(resp.body), &a); err != nil || resp.StatusCode != status || resp.Header.Get("Location") != "" {
			t.Errorf("%d, Location %q: %s", resp.StatusCode, resp.Header.Get("Location"), resp.body)
		}
		return a
	}
	a := ask(app+"/api", "role=Admin", 401)
	if a.Error != "login_required" || parse(t, a.LoginURL).Query().Get("rd") != app+"/spa?tab=1" {
		t.Errorf("%+v", a)
	}
	if resp := b.get(b.atEntra(b.get(a.LoginURL).Header.Get("Location"))); resp.Header.Get("Location") != app+"/spa?tab=1" {
		t.Errorf("login_url ended at %q", resp.Header.Get("Location"))
	}
	a = ask(app+"/api", "role=Admin", 403)
	if a.Error != "role_missing" || len(a.Missing.Roles) != 1 || a.Missing.Roles[0][0] != "Admin" || a.LoginURL != "" {
		t.Errorf("%+v", a)
	}
	a = ask(app+"/api?x=1", "scope=Mail.Read", 401)
	if a.Error != "scope_missing" || a.Missing.Scopes[0][0] != "Mail.Read" {
		t.Errorf("%+v", a)
	}
	target := b.get(a.LoginURL).Header.Get("Location")
	if scope := parse(t, target).Query().Get("scope"); !strings.Contains(scope, "Mail.Read") {
		t.Errorf("login_url asks for %q", scope)
	}
	if resp := b.get(b.atEntra(target)); resp.Header.Get("Location") != app+"/spa?tab=1" {
		t.Errorf("login_url ended at %q", resp.Header.Get("Location"))
	}
	if resp := b.check(app+"/api?x=1", "scope=Mail.Read"); resp.StatusCode != 202 {
		t.Errorf("afterwards: %d", resp.StatusCode)
	}
}

// A ticket that does not come back to the application ends on a page.
func TestLoop(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Adele)
	completed := 0
	for range maxTrips {
		resp := b.get(loginURL(app + "/page"))
		if resp.StatusCode != http.StatusFound {
			if resp.StatusCode != http.StatusForbidden || !strings.Contains(resp.body, "again and again") || completed != 3 {
				t.Errorf("%d after %d sign-ins\n%s", resp.StatusCode, completed, resp.body)
			}
			if resp := b.get(loginURL(app + "/page")); resp.StatusCode != http.StatusFound {
				t.Errorf("trying again: %d", resp.StatusCode)
			}
			return
		}
		b.get(b.atEntra(resp.Header.Get("Location")))
		completed++
	}
	t.Errorf("%d sign-ins, and no end", completed)
}

func TestAnotherTabSignedInMeanwhile(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Adele)
	b.check(app+"/one", "")
	b.check(app+"/two", "role=Admin")
	k.advance(time.Second)
	if resp := b.get(b.atEntra(b.toEntra(app + "/one"))); resp.StatusCode != 302 {
		t.Fatal(resp.StatusCode)
	}
	if resp := b.get(loginURL(app + "/two")); resp.Header.Get("Location") != app+"/two" {
		t.Errorf("the second tab: %d %q", resp.StatusCode, resp.Header.Get("Location"))
	}
	k.advance(time.Second)
	b.check(app+"/three", "scope=Mail.Read")
	if resp := b.get(loginURL(app + "/three")); !strings.HasPrefix(resp.Header.Get("Location"), k.idp.BaseURL()) {
		t.Errorf("a denial newer than the ticket: %d %q", resp.StatusCode, resp.Header.Get("Location"))
	}
}

func TestLongReturnURLs(t *testing.T) {
	for _, length := range []int{100, 600, 900, 1200, 1400} {
		k := newKit(t, options{})
		b := k.browser(emulator.Adele)
		page := app + "/p?q=" + strings.Repeat("a", length)
		resp := b.get(loginURL(page))
		wellSized(t, "login", resp)
		if n := len(parse(t, resp.Header.Get("Location")).Query().Get("state")); n > 1200 {
			t.Errorf("state has %d characters", n)
		}
		resp = b.get(b.atEntra(resp.Header.Get("Location")))
		wellSized(t, "callback", resp)
		if resp.Header.Get("Location") != page {
			t.Errorf("%d: returned to %.100q", length, resp.Header.Get("Location"))
		}
	}
	k := newKit(t, options{})
	b := k.browser(emulator.Adele)
	resp := b.get(loginURL(app + "/p?q=" + strings.Repeat("a", 4000)))
	wellSized(t, "login", resp)
	if resp := b.get(b.atEntra(resp.Header.Get("Location"))); resp.Header.Get("Location") != app+"/" {
		t.Errorf("one that fits nowhere: returned to %.100q", resp.Header.Get("Location"))
	}
}

// The design's bound: a ticket of up to 2,800 bytes arrives through nginx's
// default 4k buffer, larger ones need a larger buffer, and are counted.
func TestCallbackSizes(t *testing.T) {
	k := newKit(t, options{})
	adele, _ := k.idp.User(emulator.Adele)
	largest := 0
	for _, groups := range []int{0, 50, 100, 115, 150} {
		adele.Groups = nil
		for i := range groups {
			adele.Groups = append(adele.Groups, emulator.GroupID(i+1))
		}
		k.idp.SetUser(adele)
		b := k.browser(emulator.Adele)
		for i := range 6 { // pages that the browser cookie remembers
			b.get(b.atEntra(b.toEntra(app + "/page" + strconv.Itoa(i))))
		}
		before := k.count("easyauth_large_answers_total", "endpoint", "callback")
		resp := b.get(b.atEntra(b.toEntra(app + "/a/deep/link?with=a&query=of&some=length")))
		ticketSize, size := len(b.cookie(k.cookies.Ticket.Name))+len(b.cookie(k.cookies.Ticket1.Name)), headerSize(resp)
		if ticketSize <= 2800 {
			wellSized(t, "callback", resp)
			largest = max(largest, size)
		}
		if counted := k.count("easyauth_large_answers_total", "endpoint", "callback") > before; counted != (size > 4000) && (size < 3900 || size > 4100) {
			t.Errorf("%d bytes of headers; counted as large: %v", size, counted)
		}
		t.Logf("%3d groups: ticket %d bytes, header block of the callback %d", groups, ticketSize, size)
	}
	t.Attr("callback_header_bytes_with_ticket_of_2800", strconv.Itoa(largest))
}

// wellSized fails for an answer that nginx's default buffer would not hold.
func wellSized(t *testing.T, name string, resp *response) {
	t.Helper()
	if size := headerSize(resp); size > 4000 {
		t.Errorf("%s: a header block of %d bytes", name, size)
	}
}

func headerSize(resp *response) int {
	size := 100 // status line, Date, Content-Length
	for header, values := range resp.Header {
		for _, v := range values {
			size += len(header) + len(v) + 4
		}
	}
	return size
}

func TestAttack07To09ReturnURLs(t *testing.T) {
	k := newKit(t, options{hosts: []string{"app.example.com", "other.example.com"}})
	tests := map[string]string{
		app + "/ok?x=1":                     app + "/ok?x=1",
		"/path?x=1":                         app + "/path?x=1",
		"https://other.example.com/x":       "https://other.example.com/x",
		"http://APP.example.com./x":         app + "/x",
		"https://evil-app.example.com.evil": app + "/",
		"https://app.example.com.evil/":     app + "/",
		"https://evilapp.example.com/":      app + "/",
		"https://app.example.com:8443/":     app + "/",
		"https://app.example.com@evil/":     app + "/",
		"//evil/":                           app + "/",
		"/easyauth/login?rd=/":              app + "/",
		"/easyauth/signin-oidc":             app + "/",
		"/easyauth/logout":                  app + "/",
		"/easy%61uth/logout":                app + "/",
	}
	for rd, want := range tests {
		b := k.browser(emulator.Adele)
		target := b.get(app + basePath + "/login?rd=" + url.QueryEscape(rd)).Header.Get("Location")
		if resp := b.get(b.atEntra(target)); resp.Header.Get("Location") != want {
			t.Errorf("%s: returned to %q, want %q", rd, resp.Header.Get("Location"), want)
		}
	}
}

func TestAttack25NobodyPlantsADenial(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Adele)
	resp := b.do("GET", app+authPath+"?scope=Mail.ReadWrite&graph=/me/messages", http.Header{"Sec-Fetch-Mode": {"no-cors"}}, nil)
	if resp.StatusCode != http.StatusForbidden || len(resp.Header["Set-Cookie"]) > 0 {
		t.Errorf("%d, cookies %q", resp.StatusCode, resp.Header["Set-Cookie"])
	}
	if scope := parse(t, b.toEntra(app+"/")).Query().Get("scope"); scope != "openid profile email" {
		t.Errorf("the next sign-in asks for %q", scope)
	}
}

func TestSignOut(t *testing.T) {
	click := http.Header{"Accept": {"text/html"}, "Sec-Fetch-Site": {"same-origin"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-User": {"?1"}}
	form := func(site string) http.Header {
		return http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Sec-Fetch-Site": {site}, "Accept": {"text/html"}}
	}
	without := func(name string) http.Header {
		h := click.Clone()
		h.Del(name)
		return h
	}
	tests := []struct {
		name, method, query, body string
		header                    http.Header
		status                    int
		out                       bool
		end                       string // where the browser ends; empty: our own page
	}{
		{"click on a page of ours", "GET", "", "", click, 302, true, ""},
		{"click, with a way back", "GET", "?rd=/bye%3Fx=1", "", click, 302, true, app + "/bye?x=1"},
		{"click, with an evil way back", "GET", "?rd=https://evil.example/", "", click, 302, true, app + "/"},
		{"image on another site", "GET", "", "", http.Header{"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"no-cors"}}, 200, false, ""},
		{"link on another site", "GET", "", "", http.Header{"Accept": {"text/html"}, "Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-User": {"?1"}}, 200, false, ""},
		{"no user activation", "GET", "", "", without("Sec-Fetch-User"), 200, false, ""},
		{"no Fetch Metadata", "GET", "", "", http.Header{"Accept": {"text/html"}}, 200, false, ""},
		{"form of ours", "POST", "", "rd=/bye", form("same-origin"), 302, true, app + "/bye"},
		{"form on another site", "POST", "", "", form("cross-site"), 403, false, ""},
		{"form on a sibling host", "POST", "", "", form("same-site"), 403, false, ""},
		{"a form that is too large", "POST", "", "rd=" + strings.Repeat("a", 20<<10), form("same-origin"), 400, false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := newKit(t, options{})
			b := k.browser(emulator.Adele)
			b.open(app+"/", "")
			var body io.Reader
			if tt.body != "" {
				body = strings.NewReader(tt.body)
			}
			resp := b.do(tt.method, app+basePath+"/logout"+tt.query, tt.header, body)
			if resp.StatusCode != tt.status {
				t.Fatalf("%d, want %d\n%s", resp.StatusCode, tt.status, resp.body)
			}
			if out := b.cookie(k.cookies.Ticket.Name) == ""; out != tt.out {
				t.Errorf("signed out: %v", out)
			}
			if !tt.out {
				return
			}
			target := resp.Header.Get("Location")
			if !strings.HasPrefix(target, k.idp.BaseURL()) {
				t.Fatalf("not to the IdP: %q", target)
			}
			back := b.get(target).Header.Get("Location")
			if !strings.HasPrefix(back, app+basePath+"/signout-callback-oidc") {
				t.Fatalf("the IdP sent the browser to %q", back)
			}
			resp = b.get(back)
			if resp.Header.Get("Location") != tt.end || tt.end == "" && !strings.Contains(resp.body, "signed out") {
				t.Errorf("%d %q, want %q", resp.StatusCode, resp.Header.Get("Location"), tt.end)
			}
			if resp := b.check(app+"/", ""); resp.StatusCode != 401 {
				t.Errorf("afterwards: %d", resp.StatusCode)
			}
		})
	}
}

func TestSignedOutTakesNoForeignState(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Adele)
	state := parse(t, b.toEntra(app+"/page")).Query().Get("state")
	for _, s := range []string{"", "x", state, "https://evil.example/"} {
		resp := b.get(app + basePath + "/signout-callback-oidc?state=" + url.QueryEscape(s))
		if resp.StatusCode != 200 || resp.Header.Get("Location") != "" {
			t.Errorf("%.20q: %d %q", s, resp.StatusCode, resp.Header.Get("Location"))
		}
	}
}

func TestMe(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Adele)
	if resp := b.get(app + basePath + "/me"); resp.StatusCode != 401 || !strings.Contains(resp.body, "not signed in") {
		t.Errorf("page, not signed in: %d", resp.StatusCode)
	}
	b.open(app+"/", "")
	if resp := b.get(app + basePath + "/me"); resp.StatusCode != 200 || !strings.Contains(resp.body, "Adele Vance") || !strings.Contains(resp.body, "Orders.Write") {
		t.Errorf("page: %d\n%s", resp.StatusCode, resp.body)
	}
	resp := b.do("GET", app+basePath+"/me", http.Header{"Accept": {"application/json"}}, nil)
	var me struct {
		OID     string `json:"oid"`
		Roles   []string
		Expires time.Time
	}
	if err := json.Unmarshal([]byte(resp.body), &me); err != nil || me.OID != emulator.AdeleOID || len(me.Roles) != 2 || !me.Expires.Equal(k.now.Add(8*time.Hour)) {
		t.Errorf("%d %s: %v", resp.StatusCode, resp.body, err)
	}
}

func TestOneSignInHostForMany(t *testing.T) {
	const other, login = "https://other.example.com", "https://login.example.com"
	k := newKit(t, options{
		hosts: []string{"app.example.com", "other.example.com", "login.example.com"}, callbackHost: "login.example.com", cookieDomain: "example.com",
	})
	b := k.browser(emulator.Adele)
	if resp := b.open(app+"/one?x=%7C", "scope=Mail.Read"); resp.StatusCode != 202 {
		t.Fatalf("%d %s", resp.StatusCode, resp.body)
	}
	if got := k.idp.LastAuthorize().Get("redirect_uri"); got != login+basePath+"/signin-oidc" {
		t.Errorf("redirect URI %q", got)
	}
	trips := k.idp.Requests(emulator.EndpointAuthorize)
	if resp := b.open(other+"/two", ""); resp.StatusCode != 202 || k.idp.Requests(emulator.EndpointAuthorize) != trips {
		t.Errorf("the second application: %d, %d more trips", resp.StatusCode, k.idp.Requests(emulator.EndpointAuthorize)-trips)
	}

	b = k.browser(emulator.Adele)
	b.check(app+"/one", "scope=Mail.Read")
	hand := b.get(loginURL(app + "/one")).Header.Get("Location")
	if !strings.HasPrefix(hand, login+basePath+"/login?h=") {
		t.Fatalf("handed over to %q", hand)
	}
	h := parse(t, hand).Query().Get("h")
	if resp := b.get(login + basePath + "/login?h=" + h[:30] + flip(h[30]) + h[31:]); resp.StatusCode != 400 {
		t.Errorf("an altered hand-over: %d", resp.StatusCode)
	}
	if target := b.get(hand).Header.Get("Location"); !strings.Contains(parse(t, target).Query().Get("scope"), "Mail.Read") {
		t.Errorf("the hand-over lost the scope: %q", target)
	}
	k.advance(61 * time.Second)
	if resp := b.get(hand); resp.StatusCode != 400 {
		t.Errorf("an old hand-over: %d", resp.StatusCode)
	}
}

// A browser keeps the cookies of app.example.com. apart from those of the host
// that the callback is on.
func TestLoginOnAHostWithADot(t *testing.T) {
	k := newKit(t, options{})
	r := httptest.NewRequestWithContext(t.Context(), "GET", app+basePath+"/login?rd=%2Fpage", nil)
	r.Host, r.Header = "APP.example.com.", navigation()
	rec := httptest.NewRecorder()
	k.server.ServeHTTP(rec, r)
	if got := rec.Header().Get("Location"); rec.Code != http.StatusFound || got != app+basePath+"/login?rd=%2Fpage" || rec.Header().Get("Set-Cookie") != "" {
		t.Errorf("%d %q", rec.Code, got)
	}
}

func TestHostNotServed(t *testing.T) {
	k := newKit(t, options{})
	for _, host := range []string{"evil.example.com", "other.example.com"} {
		resp := k.browser("").get("https://" + host + basePath + "/login?rd=/")
		if resp.StatusCode != http.StatusMisdirectedRequest || resp.Header.Get("Location") != "" {
			t.Errorf("%s: %d %q", host, resp.StatusCode, resp.Header.Get("Location"))
		}
	}
}

// Every answer of every endpoint carries the headers of law 9.
func TestSecurityHeaders(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Bob)
	b.open(app+"/admin", "role=Admin")
	for _, path := range []string{"/login?rd=/admin", "/login?rd=/", "/login?prompt=x", "/login?rd=%zz", "/signin-oidc", "/logout", "/signout-callback-oidc", "/me", "/nothing"} {
		resp := b.get(app + basePath + path)
		csp := resp.Header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: CSP %q", path, csp)
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s: %s %q", path, name, got)
			}
		}
		wellSized(t, path, resp)
	}
}

// Whatever happens in a sign-in, nothing secret is logged.
func TestSignInLog(t *testing.T) {
	k := newKit(t, options{})
	b := k.browser(emulator.Adele)
	authorize := b.toEntra(app + "/page?secret=q-secret")
	back := b.atEntra(authorize)
	b.get(back)
	b.get(back)
	b.get(app + basePath + "/signin-oidc?state=x&code=c-secret&error_description=d-secret")
	log := k.log.String()
	for _, value := range []string{
		parse(t, authorize).Query().Get("state"), parse(t, authorize).Query().Get("nonce"), parse(t, back).Query().Get("code"),
		b.cookie(k.cookies.Ticket.Name), b.cookie(k.cookies.Browser.Name), "s3cret", "-secret",
	} {
		if value == "" || strings.Contains(log, value) {
			t.Errorf("%.40q is in the log, or empty", value)
		}
	}
}
