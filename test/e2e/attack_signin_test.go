package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

const callbackPath = "/easyauth/signin-oidc"

// noRegistration is one host whose EasyAuth makes no token request but for sign-ins.
func noRegistration() stand.Config {
	cfg := oneHost()
	cfg.Env = map[string]string{"EASYAUTH_READ_REGISTRATION": "false"}
	return cfg
}

// attempt is a sign-in that has come back from the identity provider and was not
// yet handed to EasyAuth.
type attempt struct {
	v      *visitor
	answer url.Values
}

func begin(t *testing.T, s *stand.Stand, user, path string) *attempt {
	t.Helper()
	v := newVisitor(t, s, user)
	return v.begin(path)
}

func (v *visitor) begin(path string) *attempt {
	v.t.Helper()
	back, err := url.Parse(v.next(v.get("/easyauth/login?retry=1&rd=" + url.QueryEscape(path))))
	if err != nil {
		v.t.Fatal(err)
	}
	if back.Path != callbackPath || back.Query().Get("code") == "" || back.Query().Get("state") == "" {
		v.t.Fatalf("the identity provider leads to %s", back)
	}
	return &attempt{v, back.Query()}
}

// target is the callback's URL with a parameter changed; no values: without it.
func (a *attempt) target(name string, values ...string) string {
	q := url.Values{}
	for n, v := range a.answer {
		q[n] = v
	}
	if name != "" {
		delete(q, name)
	}
	if len(values) > 0 {
		q[name] = values
	}
	return callbackPath + "?" + q.Encode()
}

// Callbacks that do not belong to an attempt of this browser, through nginx and on
// two replicas: no trip to the token endpoint, and a page that offers to start again.
func TestAttack10CallbackThroughNginx(t *testing.T) {
	t.Parallel()
	cfg := noRegistration()
	cfg.Replicas, cfg.NginxWorkers = 2, 1
	s := start(t, cfg)
	tokens := func() int { return s.Entra.Requests(entra.EndpointToken) }
	foreign := begin(t, s, entra.Bob, "/bob")
	a := begin(t, s, entra.Adele, "/page?x=1")
	state := a.answer.Get("state")
	refused := map[string]string{
		"no state": a.target("state"), "an empty state": a.target("state", ""), "half a state": a.target("state", state[:len(state)/2]),
		"a longer state": a.target("state", state+"A"), "first letter": a.target("state", flip(state, 0)), "a letter of the middle": a.target("state", flip(state, len(state)/2)),
		"last letter": a.target("state", flip(state, -1)), "state twice": a.target("state", state, state), "state twice, one bad": a.target("state", flip(state, 9), state),
		"code twice": a.target("code", a.answer.Get("code"), "x"), "5 KB of state": a.target("state", strings.Repeat("A", 5<<10)),
		"expired": a.target("state", olderState(t, s, state, 11*time.Minute)), "not yet begun": a.target("state", olderState(t, s, state, -11*time.Minute)),
		"code and error": a.target("error", "access_denied", "x"), "malformed": a.target("") + "&x=%zz", "nothing": callbackPath, "no parameters": callbackPath + "?",
		"in a fragment": callbackPath + "#" + a.answer.Encode(), "a code alone": callbackPath + "?code=" + a.answer.Get("code"),
	}
	for name, target := range refused {
		for range 2 { // at either replica
			before := tokens()
			r := a.v.get(target)
			if n := tokens(); n > before {
				t.Errorf("%s: %d token requests", name, n-before)
			}
			if r.status != http.StatusBadRequest || !strings.Contains(r.body, "Try again") || a.v.cookie(ticketCookie) != "" {
				t.Errorf("%s: %d %q\n%.300s", name, r.status, r.header.Get("Location"), r.body)
			}
		}
	}
	// An attempt of another browser that was begun at the same moment starts over.
	if r := a.v.get(foreign.target("")); r.status < 300 || a.v.cookie(ticketCookie) != "" || r.status == http.StatusFound && !strings.HasPrefix(r.header.Get("Location"), s.Entra.BaseURL()+"/") {
		t.Errorf("another browser's attempt: %d %q", r.status, r.header.Get("Location"))
	}
	if r := a.v.get(a.target("state", olderState(t, s, foreign.answer.Get("state"), time.Minute))); r.status != http.StatusBadRequest {
		t.Errorf("another browser's attempt, of before: %d %q", r.status, r.header.Get("Location"))
	}
	if n := tokens(); n != 0 {
		t.Errorf("%d requests to the token endpoint", n)
	}
	for _, method := range []string{http.MethodPost, http.MethodHead, http.MethodPut} {
		if r, err := a.v.ask(method, a.target(""), page(), a.answer.Encode()); err != nil || r.status != http.StatusMethodNotAllowed || tokens() != 0 {
			t.Errorf("%s: %v %v", method, r, err)
		}
	}
	// In another browser: without any cookie, with the cookies of another person.
	for name, other := range map[string]*visitor{"nobody": newVisitor(t, s, ""), "who began another": foreign.v} {
		if r := other.get(a.target("")); r.status != http.StatusBadRequest && !strings.HasPrefix(r.header.Get("Location"), s.Entra.BaseURL()+"/") || other.cookie(ticketCookie) != "" || tokens() != 0 {
			t.Errorf("in the browser of %s: %d %q", name, r.status, r.header.Get("Location"))
		}
	}
	old := browserCookie + "=" + a.v.cookie(browserCookie)
	// The one good: nothing of the above has used it up.
	if r := a.v.get(a.target("")); r.status != http.StatusFound || r.header.Get("Location") != a.v.url("/page?x=1") || tokens() != 1 {
		t.Fatalf("the good one: %d %q, %d token requests\n%.300s", r.status, r.header.Get("Location"), tokens(), r.body)
	}
	for range 6 {
		if r := a.v.with(old, a.target("")); r.status != http.StatusBadRequest && r.status != http.StatusForbidden || len(r.header["Set-Cookie"]) > 0 && strings.Contains(strings.Join(r.header["Set-Cookie"], "\n"), ticketCookie+"=") {
			t.Errorf("replayed: %d %q %q", r.status, r.header.Get("Location"), r.header["Set-Cookie"])
		}
	}
	if n := tokens(); n > 2 {
		t.Errorf("replayed: %d token requests at two replicas", n)
	}
	// A valid ticket wins: whoever is signed in sees a page, not an error.
	n := tokens()
	for _, name := range []string{"first letter", "no state", "expired"} {
		if r := a.v.get(refused[name]); r.status != http.StatusFound || !strings.HasPrefix(r.header.Get("Location"), a.v.url("/")) || strings.Contains(r.header.Get("Location"), "/easyauth") {
			t.Errorf("%s, signed in: %d %q", name, r.status, r.header.Get("Location"))
		}
	}
	if r := a.v.get(a.target("")); r.header.Get("Location") != a.v.url("/page?x=1") || tokens() != n {
		t.Errorf("replayed, signed in: %d %q, %d token requests", r.status, r.header.Get("Location"), tokens()-n)
	}
}

// The attacker's code and state in the victim's browser, with cookies that a sibling
// host may have planted beside the victim's own.
func TestAttack11LoginCSRFThroughNginx(t *testing.T) {
	t.Parallel()
	s := start(t, noRegistration())
	attacker := begin(t, s, entra.Mallory, "/page")
	binding := browserCookie + "=" + attacker.v.cookie(browserCookie)
	ask := func(cookies ...string) *reply {
		lines := make([]string, 0, len(cookies))
		for _, c := range cookies {
			lines = append(lines, "Cookie: "+c)
		}
		return attacker.v.raw(attacker.v.request("GET "+attacker.target("")+" HTTP/1.1", append(lines, "Sec-Fetch-Mode: navigate")...))
	}
	victim := begin(t, s, entra.Adele, "/page")
	own := browserCookie + "=" + victim.v.cookie(browserCookie)
	for name, cookies := range map[string][]string{
		"no cookie": nil, "the victim's": {own}, "two, the attacker's first": {binding + "; " + own}, "two, the victim's first": {own + "; " + binding},
		"two lines, the attacker's first": {binding, own}, "two lines, the victim's first": {own, binding}, "the same twice": {binding + "; " + binding},
		"cut": {binding[:len(binding)-1]}, "changed": {flip(binding, -9)}, "quoted": {strings.Replace(binding, "=", `="`, 1) + `"`}, "empty and the attacker's": {browserCookie + "=; " + binding},
		"in another case": {strings.ToUpper(browserCookie) + binding[len(browserCookie):]}, "without prefix": {strings.TrimPrefix(binding, "__Host-")},
		"a no-break space before": {"\u00a0" + binding}, "a blank behind its name": {strings.Replace(binding, "=", " =", 1)},
	} {
		r := ask(cookies...)
		restarts := r.status == http.StatusFound && strings.HasPrefix(r.header.Get("Location"), s.Entra.BaseURL()+"/") // two that began at the same moment
		if r.status != http.StatusBadRequest && !restarts || strings.Contains(strings.Join(r.header["Set-Cookie"], "\n"), ticketCookie+"=") {
			t.Errorf("%s: %d %q", name, r.status, r.header.Get("Location"))
		}
	}
	if n := s.Entra.Requests(entra.EndpointToken); n != 0 {
		t.Errorf("%d requests to the token endpoint", n)
	}
	if r := ask("x=y; " + binding); r.status != http.StatusFound || !strings.Contains(strings.Join(r.header["Set-Cookie"], "\n"), ticketCookie+"=") {
		t.Errorf("the attacker's alone: %d", r.status)
	}
	if r := victim.v.get(victim.target("")); r.status != http.StatusFound || victim.v.cookie(ticketCookie) == "" {
		t.Errorf("the victim's own sign-in afterwards: %d", r.status)
	}
}

// ID tokens with every fault that a relying party must see, at the callback of the
// real program: no session. And unknown keys are asked for once a cool-down.
func TestAttack12IDTokensThroughNginx(t *testing.T) {
	t.Parallel()
	s := start(t, noRegistration())
	signedIn(t, s, entra.Adele)
	for _, fault := range append(entra.TokenFaults(), entra.AdversarialTokenFaults()...) {
		a := begin(t, s, entra.Adele, "/page")
		s.Entra.SetFaults(entra.Faults{IDToken: fault})
		r := a.v.get(a.target(""))
		s.Entra.ClearFaults()
		if r.status < http.StatusBadRequest || a.v.cookie(ticketCookie) != "" {
			t.Errorf("%s: %d %q", fault, r.status, r.header.Get("Location"))
		}
		if r := a.v.get("/api/x"); r.status != http.StatusUnauthorized {
			t.Errorf("%s: the application afterwards: %d", fault, r.status)
		}
	}
	signedIn(t, s, entra.Adele) // the sibling: without a fault
	before, begun := s.Entra.Requests(entra.EndpointKeys), time.Now()
	for range 25 {
		a := begin(t, s, entra.Adele, "/page")
		s.Entra.SetFaults(entra.Faults{IDToken: entra.UnknownKid})
		if r := a.v.get(a.target("")); r.status < http.StatusBadRequest {
			t.Errorf("an unknown key: %d", r.status)
		}
		s.Entra.ClearFaults()
	}
	const coolDown = time.Minute
	if n, took := s.Entra.Requests(entra.EndpointKeys)-before, time.Since(begun); n > 1+int(took/coolDown) {
		t.Errorf("25 tokens of unknown keys: the keys were fetched %d times within %v", n, took)
	}
	signedIn(t, s, entra.Bob)
}

func TestAttack13MixUpThroughNginx(t *testing.T) {
	t.Parallel()
	s := start(t, noRegistration())
	tokens := func() int { return s.Entra.Requests(entra.EndpointToken) }
	a := begin(t, s, entra.Adele, "/page")
	for _, issuer := range []string{"https://evil.test", authorityOf(s) + "/", strings.ToUpper(authorityOf(s)), strings.TrimSuffix(authorityOf(s), "/v2.0"), "null"} {
		b := begin(t, s, entra.Adele, "/page")
		if r := b.v.get(b.target("iss", issuer)); r.status < http.StatusBadRequest || b.v.cookie(ticketCookie) != "" || tokens() != 0 {
			t.Errorf("iss %q: %d, %d token requests", issuer, r.status, tokens())
		}
	}
	if r := a.v.get(a.target("iss", authorityOf(s))); r.status != http.StatusFound || tokens() != 1 {
		t.Errorf("its own iss: %d", r.status)
	}
	const script = `<script>alert(1)</script>"><img src=x onerror=alert(1)>'{{7*7}}`
	for _, name := range []string{"access_denied", "server_error", "login_required", script} {
		c := begin(t, s, entra.Adele, "/page")
		q := url.Values{"state": c.answer["state"], "error": {name}, "error_description": {script + "\x1b[31m\r\n\u202e" + strings.Repeat("long ", 1000)}, "error_uri": {"javascript:alert(1)"}, "error_subcode": {script}}
		r := c.v.get(callbackPath + "?" + q.Encode())
		if r.status < http.StatusBadRequest || strings.Contains(r.body, "<script") || strings.Contains(r.body, "<img src=x") || strings.Contains(r.body, "javascript:") || strings.ContainsAny(r.body, "\x1b\u202e") || len(r.body) > 20000 {
			t.Errorf("error %.20q: %d, %d bytes\n%.3000s", name, r.status, len(r.body), r.body)
		}
		if csp := r.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe-inline") || r.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("error %.20q: policy %q", name, csp)
		}
	}
	if tokens() != 1 {
		t.Errorf("%d token requests", tokens())
	}
}
