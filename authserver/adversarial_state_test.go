package authserver_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/fault"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

const (
	aPage       = app + "/page"
	otherHost   = "other.example.com"
	otherClient = "11111111-0000-4000-8000-000000000002"
)

// trip is one sign-in that has begun, and the callback that will end it.
type trip struct {
	k         *kit
	b         *browser
	authorize string // where the browser was sent
	query     string // of the callback, "" until the person has signed in at the provider
	method    string
	host      string
}

func newTrip(k *kit) *trip {
	tr := &trip{k: k, b: k.browser(emulator.Adele), method: http.MethodGet, host: "app.example.com"}
	tr.authorize = tr.b.toEntra(aPage)
	return tr
}

// signIn lets the person sign in at the provider, once.
func (tr *trip) signIn() {
	if tr.query == "" {
		tr.query = parse(tr.k.t, tr.b.atEntra(tr.authorize)).RawQuery
	}
}

// answer is what the provider sends to the callback.
func (tr *trip) answer() url.Values {
	tr.signIn()
	q, err := url.ParseQuery(tr.query)
	if err != nil {
		tr.k.t.Fatal(err)
	}
	return q
}

func (tr *trip) send() *response {
	tr.signIn()
	return tr.b.do(tr.method, "https://"+tr.host+basePath+"/signin-oidc?"+tr.query, navigation(), nil)
}

// browserCookie replaces the browser's cookie.
func (tr *trip) browserCookie(value string) {
	tr.b.client.Jar.SetCookies(parse(tr.k.t, app+"/"), []*http.Cookie{{Name: tr.k.cookies.Browser.Name, Value: value, Path: "/", Secure: true}})
}

// passes sends the callback and expects a session and the page.
func (tr *trip) passes(name string) {
	tr.k.t.Helper()
	before := tr.k.idp.Requests(emulator.EndpointToken)
	resp := tr.send()
	tokens := tr.k.idp.Requests(emulator.EndpointToken) - before
	if resp.StatusCode != http.StatusFound || resp.Header.Get("Location") != aPage || tokens != 1 || tr.b.cookie(tr.k.cookies.Ticket.Name) == "" {
		tr.k.t.Fatalf("%s is refused: %d %q, %d token requests\n%s", name, resp.StatusCode, resp.Header.Get("Location"), tokens, tr.k.log)
	}
}

// lastResult reads how the last callback ended out of the log.
func (k *kit) lastResult() string {
	lines := strings.Split(strings.TrimSpace(k.log.String()), "\n")
	for _, line := range slices.Backward(lines) {
		var entry struct{ Msg, Result string }
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "callback" {
			return entry.Result
		}
	}
	return ""
}

// badState is one way to break a callback. good is done to both the sibling,
// which must pass, and the bad one.
type badState struct {
	name   string
	kit    func(*testing.T) *kit // nil: one host, one key
	good   func(*trip)
	bad    func(*trip)
	want   fault.Reason // "": 405, and the attempt is left alone
	tokens int          // requests for one that only the provider can refuse
}

// refused sends the callback and expects the case's refusal, on a page.
func (tt badState) refused(t *testing.T, tr *trip) {
	t.Helper()
	k, want := tr.k, string(tt.want)
	tokens, counted := k.idp.Requests(emulator.EndpointToken), k.count("easyauth_signins_total", "result", want)
	resp := tr.send()
	if n := k.idp.Requests(emulator.EndpointToken) - tokens; n != tt.tokens {
		t.Errorf("%d token requests, want %d", n, tt.tokens)
	}
	for _, c := range resp.Cookies() {
		if (c.Name == k.cookies.Ticket.Name || c.Name == k.cookies.Ticket1.Name) && c.Value != "" {
			t.Errorf("the answer sets %s", c.Name)
		}
	}
	if tt.want == "" {
		if resp.StatusCode != http.StatusMethodNotAllowed || tr.method != http.MethodHead && !strings.Contains(resp.body, "Method not allowed") {
			t.Errorf("%d\n%s", resp.StatusCode, resp.body)
		}
		tr.method = http.MethodGet
		tr.passes("the same with GET")
		return
	}
	if got := k.lastResult(); got != want || k.count("easyauth_signins_total", "result", want) != counted+1 {
		t.Errorf("result %q, want %q, counted once\n%s", got, want, k.log)
	}
	page := "Try again"
	if tt.want == fault.HostNotServed { // there is nowhere to go
		page = "This address is not served here"
	}
	if resp.StatusCode < 400 || resp.Header.Get("Location") != "" || !strings.Contains(resp.body, page) || !strings.Contains(resp.Header.Get("Content-Type"), "text/html") {
		t.Errorf("%d %q\n%s", resp.StatusCode, resp.Header.Get("Location"), resp.body)
	}
	if q, err := url.ParseQuery(tr.query); err == nil {
		for _, secret := range []string{q.Get("state"), q.Get("code")} {
			if len(secret) > 20 && (strings.Contains(resp.body, secret) || strings.Contains(k.log.String(), secret)) {
				t.Error("state or code is on the page or in the log")
			}
		}
	}
}

// TestAdversarialState runs every case twice: a sign-in as it should be, and one
// with the one thing wrong that its name says.
func TestAdversarialState(t *testing.T) {
	suites := map[string][]badState{
		"state": alteredStates(), "domain": foreignStates(), "time": untimelyStates(),
		"browser": otherBrowsers(), "answer": badAnswers(), "request": badRequests(),
	}
	cases := 0
	for _, suite := range slices.Sorted(maps.Keys(suites)) {
		seen := map[string]bool{}
		for _, tt := range suites[suite] {
			cases++
			if seen[tt.name] {
				t.Errorf("%s: two cases are called %q", suite, tt.name)
			}
			seen[tt.name] = true
			t.Run(suite+"/"+tt.name, func(t *testing.T) {
				start := func() *trip {
					k := newKit(t, options{})
					if tt.kit != nil {
						k = tt.kit(t)
					}
					tr := newTrip(k)
					if tt.good != nil {
						tt.good(tr)
					}
					return tr
				}
				start().passes("the sibling")
				broken := start()
				tt.bad(broken)
				tt.refused(t, broken)
			})
		}
	}
	t.Attr("cases", strconv.Itoa(cases))
	if cases < 25 {
		t.Errorf("%d cases", cases)
	}
}

// with edits the answer's parameters.
func with(edit func(url.Values)) func(*trip) {
	return func(tr *trip) {
		q := tr.answer()
		edit(q)
		tr.query = q.Encode()
	}
}

func param(name string, values ...string) func(*trip) {
	return with(func(q url.Values) {
		if q[name] = values; len(values) == 0 {
			q.Del(name)
		}
	})
}

// again sends a parameter a second time.
func again(name string) func(*trip) {
	return with(func(q url.Values) { q[name] = append(q[name], q.Get(name)) })
}

func state(edit func(string) string) func(*trip) {
	return with(func(q url.Values) { q.Set("state", edit(q.Get("state"))) })
}

// foreign sends a value that we made for something else.
func foreign(value func(*trip) string) func(*trip) {
	return func(tr *trip) {
		got := value(tr)
		if len(got) < 40 {
			tr.k.t.Fatalf("no value: %q", got)
		}
		param("state", got)(tr)
	}
}

// raw appends to the query as it is.
func raw(more string) func(*trip) {
	return func(tr *trip) {
		tr.signIn()
		tr.query += more
	}
}

// altered changes one character.
func altered(s string, at int) string { return s[:at] + flip(s[at]) + s[at+1:] }

func alteredStates() []badState {
	const invalid = fault.StateInvalid
	stray := func(s string) string { // another spelling of the same bytes
		const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		last := strings.IndexByte(digits, s[len(s)-1])
		if len(s)%4 == 0 || last%4 != 0 {
			return s + "A"
		}
		return s[:len(s)-1] + digits[last+1:last+2]
	}
	const longPage = app + "/p?q="
	return []badState{
		{name: "missing", bad: param("state"), want: invalid},
		{name: "empty", bad: param("state", ""), want: invalid},
		{name: "repeated", bad: again("state"), want: invalid},
		{name: "repeated, the second empty", bad: raw("&state="), want: invalid},
		{name: "under another name", bad: with(func(q url.Values) { q["State"], q["state"] = q["state"], nil }), want: invalid},
		{name: "altered key id", bad: state(func(s string) string { return altered(s, 0) }), want: invalid},
		{name: "altered hour", bad: state(func(s string) string { return altered(s, 8) }), want: invalid},
		{name: "altered nonce", bad: state(func(s string) string { return altered(s, 20) }), want: invalid},
		{name: "altered in the middle", bad: state(func(s string) string { return altered(s, len(s)/2) }), want: invalid},
		{name: "altered tag", bad: state(func(s string) string { return altered(s, len(s)-3) }), want: invalid},
		{name: "stray bits at the end", bad: state(stray), want: invalid},
		{name: "one character short", bad: state(func(s string) string { return s[:len(s)-1] }), want: invalid},
		{name: "without its first character", bad: state(func(s string) string { return s[1:] }), want: invalid},
		{name: "without its tag", bad: state(func(s string) string { return s[:len(s)-22] }), want: invalid},
		{name: "the key id alone", bad: state(func(s string) string { return s[:6] }), want: invalid},
		{name: "bytes behind it", bad: state(func(s string) string { return s + "AAAA" }), want: invalid},
		{name: "padded", bad: state(func(s string) string { return s + "=" }), want: invalid},
		{name: "a line break behind it", bad: state(func(s string) string { return s + "\n" }), want: invalid},
		{name: "a space in front", bad: state(func(s string) string { return " " + s }), want: invalid},
		{name: "twice in one", bad: state(func(s string) string { return s + s }), want: invalid},
		{name: "in lower case", bad: state(strings.ToLower), want: invalid},
		{name: "huge", bad: state(func(string) string { return strings.Repeat("A", 20_000) }), want: invalid},

		{name: "a ticket", bad: foreign(func(tr *trip) string {
			_, value, _ := strings.Cut(tr.k.issue(access.Identity{}), "=")
			return value
		}), want: invalid},
		{name: "a denial", bad: foreign(func(tr *trip) string {
			tr.b.check(app+"/mail", "scope=Mail.Read")
			return tr.b.cookie(tr.k.cookies.Denial.Name)
		}), want: invalid},
		{name: "a browser cookie", bad: foreign(func(tr *trip) string { return tr.b.cookie(tr.k.cookies.Browser.Name) }), want: invalid},
		{name: "a return cookie", bad: foreign(func(tr *trip) string {
			tr.b.toEntra(longPage + strings.Repeat("a", 1200))
			for _, c := range tr.k.cookies.Return {
				if value := tr.b.cookie(c.Name); value != "" {
					return value
				}
			}
			return ""
		}), want: invalid},
		{name: "a hand-over", bad: foreign(func(tr *trip) string {
			many := manyHosts()
			many.idp = tr.k.idp
			return parse(tr.k.t, newKit(tr.k.t, many).browser("").get(loginURL(aPage)).Header.Get("Location")).Query().Get("h")
		}), want: invalid},
		{name: "a sign-out", bad: foreign(func(tr *trip) string {
			same := http.Header{"Accept": {"text/html"}, "Sec-Fetch-Site": {"same-origin"}}
			out := tr.k.browser("").do(http.MethodPost, app+basePath+"/logout", same, strings.NewReader(""))
			return parse(tr.k.t, out.Header.Get("Location")).Query().Get("state")
		}), want: invalid},
	}
}

// begunAt begins the sign-in anew, at another replica.
func begunAt(o options) func(*trip) {
	return func(tr *trip) {
		o.idp = tr.k.idp
		replica := newKit(tr.k.t, o)
		tr.b.client.Transport = inProcess{replica}
		resp := tr.b.get(app + replica.server.Paths.Login + "?rd=%2Fpage")
		tr.b.client.Transport = inProcess{tr.k}
		if tr.authorize, tr.query = resp.Header.Get("Location"), ""; !strings.HasPrefix(tr.authorize, tr.k.idp.BaseURL()) {
			tr.k.t.Fatalf("login answered %d %q", resp.StatusCode, tr.authorize)
		}
	}
}

// foreignStates are sealed by another deployment, whose people the same provider
// signs in.
func foreignStates() []badState {
	keys := func(t *testing.T) *kit { return newKit(t, options{keys: [][]byte{key(2), key(1)}}) }
	registered := func(t *testing.T) *kit {
		return newKit(t, options{emulator: func(c *emulator.Config) {
			first := &c.Clients[0]
			first.RedirectURIs = append(first.RedirectURIs, app+"/other/signin-oidc")
			second := *first
			second.ID = otherClient
			c.Clients = append(c.Clients, second)
		}})
	}
	authority := func(tr *trip) {
		issuer := tr.k.idp.BaseURL() + "/" + emulator.DefaultTenantID + "/v2.0"
		begunAt(options{issuer: "https://login.example.com/other/v2.0", edit: func(c *entra.Config) { c.Authority = issuer }})(tr)
	}
	return []badState{
		{name: "another key", good: begunAt(options{}), bad: begunAt(options{keys: [][]byte{key(3)}}), want: fault.StateInvalid},
		{name: "a key that is gone", kit: keys, good: begunAt(options{keys: [][]byte{key(1)}}), bad: begunAt(options{keys: [][]byte{key(3), key(1)}}), want: fault.StateInvalid},
		{name: "another base path", kit: registered, good: begunAt(options{}), bad: begunAt(options{basePath: "/other"}), want: fault.StateInvalid},
		{name: "another client id", kit: registered, good: begunAt(options{}), bad: begunAt(options{clientID: otherClient}), want: fault.StateInvalid},
		{name: "another authority", good: begunAt(options{}), bad: authority, want: fault.StateInvalid},
	}
}

// later moves the clock on.
func later(d time.Duration) func(*trip) { return func(tr *trip) { tr.k.advance(d) } }

// spent sends the callback, and leaves of the session the browser's cookie alone.
func spent(tr *trip) {
	tr.passes("the first time")
	tr.b.client.Jar = keepOnly(tr.k.t, tr.b, tr.k.cookies.Browser.Name)
}

// spentBefore does so with the browser's cookie of before.
func spentBefore(tr *trip) {
	tr.signIn()
	old := tr.b.cookie(tr.k.cookies.Browser.Name)
	spent(tr)
	tr.browserCookie(old)
}

// atReplica lets another replica answer.
func atReplica(tr *trip) {
	replica := newKit(tr.k.t, options{idp: tr.k.idp})
	tr.b.client.Transport = inProcess{replica}
	tr.b.k, tr.k = replica, replica
}

func untimelyStates() []badState {
	lost := func(tr *trip) { tr.b.client.Jar = keepOnly(tr.k.t, tr.b, "") }
	return []badState{
		{name: "older than ten minutes", good: later(10 * time.Minute), bad: later(time.Second), want: fault.StateExpired},
		{name: "of hours ago", bad: later(2 * time.Hour), want: fault.StateInvalid},
		{name: "from the future", good: later(-time.Minute), bad: later(-time.Second), want: fault.StateExpired},
		{name: "used twice", bad: spent, want: fault.StateUsed},
		{name: "used twice, with the old browser cookie", bad: spentBefore, want: fault.StateUsed},
		{name: "used twice, the browser cookie lost", bad: func(tr *trip) { spent(tr); lost(tr) }, want: fault.BrowserMismatch},
		{name: "used twice, at another replica", bad: func(tr *trip) { spent(tr); atReplica(tr) }, want: fault.StateUsed},
		// What that replica cannot know, the provider does: a code is good for once.
		{name: "used twice, at another replica with the old browser cookie", bad: func(tr *trip) { spentBefore(tr); atReplica(tr) }, want: fault.CodeRefused, tokens: 1},
		{name: "used up by an error", bad: func(tr *trip) {
			good := tr.answer().Encode()
			param("error", "server_error")(tr)
			tr.send()
			tr.query = good
		}, want: fault.StateUsed},
	}
}

func otherBrowsers() []badState {
	const mismatch = fault.BrowserMismatch
	cookie := func(edit func(tr *trip, value string) string) func(*trip) {
		return func(tr *trip) { tr.signIn(); tr.browserCookie(edit(tr, tr.b.cookie(tr.k.cookies.Browser.Name))) }
	}
	at := func(edit func(string) string) func(*trip) {
		return cookie(func(_ *trip, value string) string { return edit(value) })
	}
	second := func(value func(*trip) string) func(*trip) {
		return func(tr *trip) {
			tr.signIn()
			tr.b.client.Transport = appendCookie{tr.b.client.Transport, tr.k.cookies.Browser.Name + "=" + value(tr)}
		}
	}
	// begun is a browser that began a sign-in of its own a minute before.
	begun := func(tr *trip) *browser {
		b := tr.k.browser(emulator.Mallory)
		tr.k.advance(-time.Minute)
		b.toEntra(aPage)
		tr.k.advance(time.Minute)
		return b
	}
	theirs := func(tr *trip) string { return begun(tr).cookie(tr.k.cookies.Browser.Name) }
	return []badState{
		{name: "another browser", bad: func(tr *trip) { tr.signIn(); tr.b = begun(tr) }, want: mismatch},
		{name: "a browser that has never been here", bad: func(tr *trip) { tr.signIn(); tr.b = tr.k.browser("") }, want: mismatch},
		{name: "another browser's cookie", bad: cookie(func(tr *trip, _ string) string { return theirs(tr) }), want: mismatch},
		{name: "two cookies, the second another browser's", bad: second(theirs), want: mismatch},
		{name: "two cookies, both its own", bad: second(func(tr *trip) string { return tr.b.cookie(tr.k.cookies.Browser.Name) }), want: mismatch},
		{name: "two cookies, the second empty", bad: second(func(*trip) string { return "" }), want: mismatch},
		{name: "altered at the start", bad: at(func(s string) string { return altered(s, 0) }), want: mismatch},
		{name: "altered in the middle", bad: at(func(s string) string { return altered(s, len(s)/2) }), want: mismatch},
		{name: "altered near the end", bad: at(func(s string) string { return altered(s, len(s)-4) }), want: mismatch},
		{name: "cut", bad: at(func(s string) string { return s[:len(s)-4] }), want: mismatch},
		{name: "longer", bad: at(func(s string) string { return s + "AAAA" }), want: mismatch},
		{name: "empty", bad: at(func(string) string { return "" }), want: mismatch},
		{name: "a ticket in its place", bad: cookie(func(tr *trip, _ string) string {
			_, value, _ := strings.Cut(tr.k.issue(access.Identity{}), "=")
			return value
		}), want: mismatch},
		{name: "of another key", bad: cookie(func(tr *trip, _ string) string {
			b := newKit(tr.k.t, options{idp: tr.k.idp, keys: [][]byte{key(3)}}).browser("")
			b.toEntra(aPage)
			return b.cookie(tr.k.cookies.Browser.Name)
		}), want: mismatch},
	}
}

func badAnswers() []badState {
	const invalid = fault.StateInvalid
	own := func(tr *trip) { param("iss", tr.k.idp.BaseURL()+"/"+emulator.DefaultTenantID+"/v2.0")(tr) }
	iss := func(edit func(string) string) func(*trip) {
		return with(func(q url.Values) { q.Set("iss", edit(q.Get("iss"))) })
	}
	promised := func(t *testing.T) *kit {
		idp := startEntra(t, nil)
		idp.SetFaults(emulator.Faults{DiscoveryEdit: func(d map[string]any) { d["authorization_response_iss_parameter_supported"] = true }})
		return newKit(t, options{idp: idp})
	}
	both := func(steps ...func(*trip)) func(*trip) {
		return func(tr *trip) {
			for _, step := range steps {
				step(tr)
			}
		}
	}
	another := func(name string) func(*trip) { // of another sign-in of this browser
		return func(tr *trip) {
			tr.signIn()
			second := &trip{k: tr.k, b: tr.b, authorize: tr.b.toEntra(aPage)}
			param(name, second.answer().Get(name))(tr)
		}
	}
	return []badState{
		{name: "code missing", bad: param("code"), want: invalid},
		{name: "code empty", bad: param("code", ""), want: invalid},
		{name: "code repeated", bad: again("code"), want: invalid},
		{name: "another code beside it", bad: raw("&code=x"), want: invalid},
		// PKCE and the redirect URI bind a code to its sign-in; the provider checks them.
		{name: "code of another sign-in", bad: another("code"), want: fault.CodeRefused, tokens: 1},
		{name: "state of another sign-in", bad: another("state"), want: fault.CodeRefused, tokens: 1},
		{name: "iss of another provider", good: own, bad: param("iss", "https://evil.example"), want: fault.IssuerMismatch},
		{name: "iss of another tenant", good: own, bad: iss(func(s string) string {
			return strings.Replace(s, emulator.DefaultTenantID, otherClient, 1)
		}), want: fault.IssuerMismatch},
		{name: "iss with a slash", good: own, bad: iss(func(s string) string { return s + "/" }), want: fault.IssuerMismatch},
		{name: "iss in capitals", good: own, bad: iss(strings.ToUpper), want: fault.IssuerMismatch},
		{name: "iss missing, which was promised", kit: promised, good: own, bad: param("iss"), want: fault.IssuerMismatch},
		{name: "iss repeated", good: own, bad: again("iss"), want: invalid},
		{name: "error and code", bad: param("error", "access_denied"), want: fault.Cancelled},
		{name: "error alone", bad: both(param("code"), param("error", "server_error")), want: fault.IDPError},
		{name: "error that nobody knows", bad: both(param("code"), param("error", "private_matters")), want: fault.IDPError},
		{name: "error of another provider", good: own, bad: both(param("code"), param("error", "access_denied"), param("iss", "https://evil.example")), want: fault.IssuerMismatch},
		{name: "error with an altered state", bad: both(param("code"), param("error", "access_denied"), state(func(s string) string { return altered(s, 40) })), want: invalid},
		{name: "error repeated", bad: param("error", "access_denied", "access_denied"), want: invalid},
		{name: "error_description repeated", bad: both(param("error", "access_denied"), param("error_description", "a", "b")), want: invalid},
	}
}

func badRequests() []badState {
	two := func(t *testing.T) *kit { return newKit(t, options{hosts: []string{"app.example.com", otherHost}}) }
	elsewhere := func(tr *trip) { tr.host = otherHost }
	method := func(name string) func(*trip) { return func(tr *trip) { tr.method = name } }
	return []badState{
		{name: "a broken escape", bad: raw("&x=%zz"), want: fault.StateInvalid},
		{name: "a broken escape in a name", bad: raw("&%=x"), want: fault.StateInvalid},
		{name: "a semicolon", bad: raw(";x=y"), want: fault.StateInvalid},
		{name: "HEAD", bad: method(http.MethodHead)},
		{name: "POST", bad: method(http.MethodPost)},
		{name: "PUT", bad: method(http.MethodPut)},
		{name: "a host that is not served", bad: func(tr *trip) { tr.signIn(); tr.host = "evil.example.com" }, want: fault.HostNotServed},
		{name: "a host that is served to others only", bad: elsewhere, want: fault.HostNotServed},
		{name: "another host of ours", kit: two, bad: elsewhere, want: fault.BrowserMismatch},
		// The redirect URI is that of the host that was asked: the provider compares it.
		{name: "another host of ours, with the browser's cookies", kit: two, bad: func(tr *trip) {
			tr.signIn()
			elsewhere(tr)
			var all []*http.Cookie
			for _, c := range tr.b.client.Jar.Cookies(parse(tr.k.t, app+"/")) {
				all = append(all, &http.Cookie{Name: c.Name, Value: c.Value, Path: "/", Secure: true})
			}
			tr.b.client.Jar.SetCookies(parse(tr.k.t, "https://"+otherHost+"/"), all)
		}, want: fault.CodeRefused, tokens: 1},
	}
}
