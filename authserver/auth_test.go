package authserver_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
)

// ask sends one request straight to the auth endpoint.
func (k *kit) ask(method, query string, h http.Header) *http.Response {
	k.t.Helper()
	r := httptest.NewRequestWithContext(k.t.Context(), method, "http://auth.internal"+authPath, strings.NewReader("a body"))
	r.URL.RawQuery = query
	r.Header = h
	rec := httptest.NewRecorder()
	k.server.ServeHTTP(rec, r)
	return rec.Result()
}

// nginx is what nginx sends about a page, with this Cookie header.
func nginx(cookies string, more ...string) http.Header {
	h := http.Header{"X-Original-Url": {app + "/page"}, "X-Original-Method": {"GET"}, "Accept": {"text/html"}}
	if cookies != "" {
		h["Cookie"] = []string{cookies}
	}
	for i := 0; i < len(more); i += 2 {
		h[http.CanonicalHeaderKey(more[i])] = append(h[http.CanonicalHeaderKey(more[i])], more[i+1])
	}
	return h
}

// issue makes a session without a sign-in and returns its Cookie header.
func (k *kit) issue(id access.Identity) string {
	k.t.Helper()
	if id.Object == "" {
		id.Tenant, id.Object = emulator.DefaultTenantID, emulator.AdeleOID
	}
	_, lines, _, err := k.sessions.Issue(k.t.Context(), nil, &id, nil, nil, "")
	if err != nil {
		k.t.Fatal(err)
	}
	var pairs []string
	for _, line := range lines {
		pair, _, _ := strings.Cut(line, ";")
		pairs = append(pairs, pair)
	}
	return strings.Join(pairs, "; ")
}

// wellAnswered holds for every answer of the auth endpoint whatever was asked.
func wellAnswered(t *testing.T, resp *http.Response) {
	t.Helper()
	switch resp.StatusCode {
	case http.StatusAccepted, http.StatusUnauthorized, http.StatusForbidden:
	default:
		t.Errorf("status %d, which nginx turns into 500", resp.StatusCode)
	}
	if n := len(resp.Header["Set-Cookie"]); n > 1 {
		t.Errorf("%d cookies", n)
	}
	if resp.StatusCode == http.StatusForbidden && len(resp.Header["Set-Cookie"]) > 0 {
		t.Error("a cookie on a 403")
	}
	if resp.Header.Get("Cache-Control") != "no-store" {
		t.Error("the answer may be cached")
	}
	size := 0
	for name, values := range resp.Header {
		for _, v := range values {
			size += len(name) + len(v) + 4
		}
		if len(values) != 1 {
			t.Errorf("%s: %d values", name, len(values))
		}
		if strings.HasPrefix(name, "X-Injected-") && resp.StatusCode != http.StatusAccepted {
			t.Errorf("%s on a %d", name, resp.StatusCode)
		}
	}
	if size > 4000-200 { // 200: status line, Date, Server …
		t.Errorf("a header block of %d bytes", size)
	}
}

func TestDecisions(t *testing.T) {
	k := newKit(t, options{noDiscovery: true, queries: map[string]string{"profile": "/me"}})
	admin := access.Identity{Roles: []string{"Admin", "a,b"}, Scopes: []string{"Mail.Read"}, Graph: []access.GraphResult{{Query: "/me", JSON: `{"me":1}`}}}
	cookies := k.issue(admin)
	tests := []struct {
		name, query, cookies string
		status               int
		reason               access.Reason
	}{
		{"no cookie", "", "", 401, access.ReasonNoTicket},
		{"signed in", "", cookies, 202, access.ReasonOK},
		{"role", "role=Admin", cookies, 202, access.ReasonOK},
		{"role of another case", "role=admin", cookies, 401, access.ReasonRoleMissing},
		{"one of two roles", "role=Owner|Admin", cookies, 202, access.ReasonOK},
		{"both of two roles", "role=Owner&role=Admin", cookies, 401, access.ReasonRoleMissing},
		{"role-any", "role-any=Owner,Admin", cookies, 202, access.ReasonOK},
		{"a comma is a letter in role", "role=a,b", cookies, 202, access.ReasonOK},
		{"and is not split there", "role=x,Admin", cookies, 401, access.ReasonRoleMissing},
		{"escaped", "role=%41dmin", cookies, 202, access.ReasonOK},
		{"scope", "scope=Mail.Read", cookies, 202, access.ReasonOK},
		{"scope with Graph's prefix", "scope=https://graph.microsoft.com/Mail.Read", cookies, 202, access.ReasonOK},
		{"another API's scope of the same name", "scope=api://other/Mail.Read", cookies, 401, access.ReasonScopeMissing},
		{"scope missing", "scope=Mail.Send", cookies, 401, access.ReasonScopeMissing},
		{"role before scope", "scope=Mail.Send&role=Owner", cookies, 401, access.ReasonRoleMissing},
		{"no ticket before role", "role=Owner", "", 401, access.ReasonNoTicket},
		{"graph", "graph=/me", cookies, 202, access.ReasonOK},
		{"graph by name", "graph=profile", cookies, 202, access.ReasonOK},
		{"another graph query", "graph=/me/manager", cookies, 401, access.ReasonGraphMissing},
		{"attack 18: typo", "roles=Admin", cookies, 403, access.ReasonBadQuery},
		{"attack 18: empty", "role=", cookies, 403, access.ReasonBadQuery},
		{"attack 18: empty alternatives", "role=|", cookies, 403, access.ReasonBadQuery},
		{"attack 18: one empty alternative", "role=Admin|", cookies, 403, access.ReasonBadQuery},
		{"attack 18: malformed escape", "role=%zz", cookies, 403, access.ReasonBadQuery},
		{"attack 18: no value", "role", cookies, 403, access.ReasonBadQuery},
		{"stray ampersand", "role=Admin&", cookies, 403, access.ReasonBadQuery},
		{"unknown beside a known one", "role=Admin&x=1", cookies, 403, access.ReasonBadQuery},
		{"name in another case", "Role=Admin", cookies, 403, access.ReasonBadQuery},
		{"a bad query without a ticket", "roles=Admin", "", 403, access.ReasonBadQuery},
		{"graph by unknown name", "graph=nope", cookies, 403, access.ReasonBadQuery},
		{"graph that climbs", "graph=/me/../users", cookies, 403, access.ReasonBadQuery},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp := k.ask("GET", tt.query, nginx(tt.cookies))
			wellAnswered(t, resp)
			if resp.StatusCode != tt.status {
				t.Errorf("status %d, want %d", resp.StatusCode, tt.status)
			}
			if reason := k.lastReason(); reason != tt.reason.String() {
				t.Errorf("reason %q, want %q", reason, tt.reason)
			}
			if hasCookie := len(resp.Header["Set-Cookie"]) == 1; hasCookie != (tt.status == 401) {
				t.Errorf("cookie: %v", resp.Header["Set-Cookie"])
			}
		})
	}
}

// lastReason reads the reason of the last decision out of the log.
func (k *kit) lastReason() string {
	lines := strings.Split(strings.TrimSpace(k.log.String()), "\n")
	var entry struct{ Msg, Reason string }
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &entry); err != nil || entry.Msg != "auth" {
		return fmt.Sprintf("no decision in %q", lines[len(lines)-1])
	}
	return entry.Reason
}

func TestAnyMethodAndConditionalRequests(t *testing.T) {
	k := newKit(t, options{noDiscovery: true})
	cookies := k.issue(access.Identity{})
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND", "X-ANY"} {
		if resp := k.ask(method, "", nginx(cookies)); resp.StatusCode != http.StatusAccepted {
			t.Errorf("%s with a ticket: %d", method, resp.StatusCode)
		}
		if resp := k.ask(method, "", nginx("")); resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s without: %d", method, resp.StatusCode)
		}
	}
	for _, h := range [][2]string{
		{"If-None-Match", "*"},
		{"If-Match", `"x"`},
		{"If-Modified-Since", "Sun, 22 Nov 2099 00:00:00 GMT"},
		{"If-Unmodified-Since", "Sun, 22 Nov 2009 00:00:00 GMT"},
		{"Range", "bytes=0-1"},
		{"If-Range", `"x"`},
		{"Expect", "100-continue"},
	} {
		resp := k.ask("GET", "", nginx(cookies, h[0], h[1]))
		wellAnswered(t, resp)
		if resp.StatusCode != http.StatusAccepted {
			t.Errorf("%s: %d", h[0], resp.StatusCode)
		}
	}
}

func TestSuccessStatus(t *testing.T) {
	for _, status := range []int{200, 202, 204} {
		k := newKit(t, options{noDiscovery: true, success: status})
		if resp := k.ask("GET", "", nginx(k.issue(access.Identity{}))); resp.StatusCode != status {
			t.Errorf("%d, want %d", resp.StatusCode, status)
		}
		if resp := k.ask("GET", "", nginx("")); resp.StatusCode != 401 {
			t.Errorf("without a ticket: %d", resp.StatusCode)
		}
	}
}

func TestAttack01ForwardedHeadersChangeNothing(t *testing.T) {
	k := newKit(t, options{noDiscovery: true})
	forged := []string{
		"X-Forwarded-Uri", "/public", "X-Forwarded-Host", "evil.example", "X-Forwarded-Method", "OPTIONS", "X-Forwarded-Prefix", "/public",
		"X-Forwarded-Port", "1", "X-Forwarded-Proto", "http", "X-Original-URI", "/public", "Forwarded", "host=evil.example;proto=http",
		"X-Rewrite-Url", "/public",
	}
	for _, query := range []string{"", "role=Admin"} {
		cookies := k.issue(access.Identity{})
		plain, attacked := k.ask("GET", query, nginx(cookies)), k.ask("GET", query, nginx(cookies, forged...))
		if plain.StatusCode != attacked.StatusCode {
			t.Errorf("%q: %d became %d", query, plain.StatusCode, attacked.StatusCode)
		}
	}
	resp := k.ask("GET", "", nginx("", forged...))
	denial := (&http.Response{Header: resp.Header}).Cookies()[0]
	r := httptest.NewRequestWithContext(t.Context(), "GET", app+basePath+"/login?rd="+app+"/page", nil)
	r.Header = http.Header{"Cookie": {denial.Name + "=" + denial.Value}, "X-Forwarded-Host": {"evil.example"}, "X-Forwarded-Proto": {"http"}, "X-Forwarded-Uri": {"/public"}}
	rec := httptest.NewRecorder()
	k.server.ServeHTTP(rec, r)
	if body := rec.Body.String(); strings.Contains(body, "evil") || strings.Contains(body, "http://") {
		t.Errorf("login believed a forwarded header: %s", body)
	}
}

func TestAttack02OriginalURL(t *testing.T) {
	k := newKit(t, options{noDiscovery: true})
	cookies := k.issue(access.Identity{})
	good := []string{app + "/page", "http://APP.example.com./%2e%2e//x?%zz", app + "/a,b"}
	bad := [][]string{
		nil,
		{""},
		{app + "/a", app + "/b"},
		{app + "/a, " + app + "/b"},
		{"//app.example.com/a"},
		{"/a"},
		{"app.example.com/a"},
		{app + "/%"},
		{app + "/%zz"},
		{app + "/\x00"},
		{app + "/a\tb"},
		{app + "/\xff"},
		{"https://user@app.example.com/"},
		{"https://user:pw@app.example.com/"},
		{app + "/" + strings.Repeat("a", 8<<10)},
		{"ftp://app.example.com/"},
		{"https:///a"},
		{"https://app .example.com/"},
	}
	for _, value := range good {
		h := nginx(cookies)
		h["X-Original-Url"] = []string{value}
		if resp := k.ask("GET", "", h); resp.StatusCode != http.StatusAccepted {
			t.Errorf("%q: %d", value, resp.StatusCode)
		}
	}
	for _, values := range bad {
		h := nginx(cookies)
		h["X-Original-Url"] = values
		resp := k.ask("GET", "", h)
		wellAnswered(t, resp)
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("%.80q: %d", values, resp.StatusCode)
		}
	}
	if n := k.count("easyauth_configuration_errors_total", "kind", "bad_original_url"); int(n) != len(bad) {
		t.Errorf("%v configuration errors counted, want %d", n, len(bad))
	}
	if !strings.Contains(k.log.String(), "proxy_set_header X-Original-URL") {
		t.Error("the log does not name the directive to add")
	}
}

// count reads one counter.
func (k *kit) count(name, label, value string) float64 {
	k.t.Helper()
	families, err := k.registry.Gather()
	if err != nil {
		k.t.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if f.GetName() == name && l.GetName() == label && l.GetValue() == value {
					sum += m.GetCounter().GetValue()
				}
			}
		}
	}
	return sum
}

func TestAttack04NoBypassForProbes(t *testing.T) {
	k := newKit(t, options{noDiscovery: true})
	if resp := k.ask("GET", "", nginx("", "User-Agent", "kube-probe/1.30")); resp.StatusCode != 401 {
		t.Errorf("kube-probe: %d", resp.StatusCode)
	}
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/version", "/ping", "/debug/pprof/", "/"} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", app+path, nil)
		rec := httptest.NewRecorder()
		k.server.ServeHTTP(rec, r)
		if rec.Code != http.StatusNotFound {
			t.Errorf("%s on the public listener: %d", path, rec.Code)
		}
	}
}

func TestAttack15And16HostileTickets(t *testing.T) {
	k := newKit(t, options{noDiscovery: true})
	name := k.cookies.Ticket.Name
	good := k.issue(access.Identity{})
	value := strings.TrimPrefix(good, name+"=")
	groups := make([]string, 200)
	for i := range groups {
		groups[i] = fmt.Sprintf("%08x-0000-4000-8000-%012x", i*7919, i*104729)
	}
	large, large2 := k.issue(access.Identity{Groups: groups}), k.issue(access.Identity{Groups: groups})
	first, second, _ := strings.Cut(large, "; ")
	_, secondOfAnother, _ := strings.Cut(large2, "; ")
	elsewhere := func(o options) string {
		o.noDiscovery, o.idp = true, k.idp
		return newKit(t, o).issue(access.Identity{})
	}
	denial := k.ask("GET", "", nginx("")).Cookies()[0].Value
	tests := []struct {
		name, cookies string
		reason        access.Reason
	}{
		{"good", good, access.ReasonOK},
		{"good, in two chunks", large, access.ReasonOK},
		{"good, among others", "a=b; " + good + "; c=d", access.ReasonOK},
		{"good, with a stale second chunk", good + "; " + second, access.ReasonOK},
		{"flipped bit", name + "=" + value[:50] + flip(value[50]) + value[51:], access.ReasonTicketInvalid},
		{"truncated", good[:len(good)-1], access.ReasonTicketInvalid},
		{"empty", name + "=", access.ReasonTicketInvalid},
		{"garbage", name + "=1" + strings.Repeat("A", 3000), access.ReasonTicketInvalid},
		{"swapped chunks", strings.Replace(second, "-1=", "=", 1) + "; " + strings.Replace(first, "=", "-1=", 1), access.ReasonTicketInvalid},
		{"a chunk of another session", first + "; " + secondOfAnother, access.ReasonTicketInvalid},
		{"first chunk alone", first, access.ReasonTicketInvalid},
		{"second chunk alone", second, access.ReasonNoTicket},
		{"chunk index 999999999", first + "; " + strings.Replace(second, "-1=", "-999999999=", 1), access.ReasonTicketInvalid},
		{"chunk index -1 twice", first + "; " + second + "; " + second, access.ReasonTicketAmbiguous},
		{"the same ticket twice", good + "; " + good, access.ReasonTicketAmbiguous},
		{"200 cookies of the name", strings.Repeat(good+"; ", 200), access.ReasonTicketAmbiguous},
		{"200 other cookies", strings.Repeat("x=y; ", 200) + good, access.ReasonOK},
		{"name in another case", strings.ToLower(good), access.ReasonNoTicket},
		{"attack 16: a denial as ticket", name + "=" + denial, access.ReasonTicketInvalid},
		{"attack 16: a denial as ticket, with a count", name + "=1" + denial, access.ReasonTicketInvalid},
		{"attack 16: unknown key", elsewhere(options{keys: [][]byte{key(9)}}), access.ReasonTicketInvalid},
		{"the same key, elsewhere in the ring", elsewhere(options{keys: [][]byte{key(1), key(9)}}), access.ReasonOK},
		{"attack 16: another base path", elsewhere(options{basePath: "/other"}), access.ReasonTicketInvalid},
		{"attack 16: another client id", elsewhere(options{clientID: "22222222-0000-4000-8000-000000000002"}), access.ReasonTicketInvalid},
		{"attack 16: another authority", elsewhere(options{issuer: "https://other.example/" + emulator.DefaultTenantID + "/v2.0"}), access.ReasonTicketInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp := k.ask("GET", "", nginx(tt.cookies))
			wellAnswered(t, resp)
			if ok := resp.StatusCode == 202; ok != (tt.reason == access.ReasonOK) {
				t.Errorf("status %d", resp.StatusCode)
			}
			if reason := k.lastReason(); reason != tt.reason.String() {
				t.Errorf("reason %q, want %q", reason, tt.reason)
			}
		})
	}
}

func flip(c byte) string {
	if c == 'A' {
		return "B"
	}
	return "A"
}

func TestAttack17Times(t *testing.T) {
	tests := []struct {
		name   string
		after  time.Duration
		reason access.Reason
	}{
		{"at once", 0, access.ReasonOK},
		{"a moment before its end", 8*time.Hour - time.Second, access.ReasonOK},
		{"at its end", 8 * time.Hour, access.ReasonTicketExpired},
		{"long after", 1000 * time.Hour, access.ReasonTicketExpired},
		{"another replica's clock is a little ahead", -time.Minute, access.ReasonOK},
		{"issued in the future", -time.Minute - time.Second, access.ReasonTicketEarly},
	}
	for _, tt := range tests {
		k := newKit(t, options{noDiscovery: true})
		cookies := k.issue(access.Identity{})
		k.advance(tt.after)
		resp := k.ask("GET", "", nginx(cookies))
		if reason := k.lastReason(); reason != tt.reason.String() || (resp.StatusCode == 202) != (tt.reason == access.ReasonOK) {
			t.Errorf("%s: %d %s, want %s", tt.name, resp.StatusCode, reason, tt.reason)
		}
	}
	long := newKit(t, options{noDiscovery: true, lifetime: 24 * time.Hour})
	short := newKit(t, options{noDiscovery: true, lifetime: time.Hour, idp: long.idp})
	cookies := long.issue(access.Identity{})
	short.advance(61 * time.Minute)
	if resp := short.ask("GET", "", nginx(cookies)); resp.StatusCode != 401 {
		t.Errorf("a ticket issued for 24 h after the lifetime was made 1 h: %d", resp.StatusCode)
	}
}

func TestIdle(t *testing.T) {
	k := newKit(t, options{noDiscovery: true, idle: 10 * time.Minute})
	ticket := k.issue(access.Identity{})
	seen := ""
	ask := func(want int) {
		t.Helper()
		resp := k.ask("GET", "", nginx(ticket+seen))
		wellAnswered(t, resp)
		if resp.StatusCode != want {
			t.Errorf("%d, want %d", resp.StatusCode, want)
		}
		for _, c := range resp.Cookies() {
			if resp.StatusCode == 202 {
				seen = "; " + c.Name + "=" + c.Value
			}
		}
	}
	ask(202)
	if seen != "" {
		t.Error("a cookie straight after sign-in: the ticket's own time is enough")
	}
	k.advance(61 * time.Second)
	ask(202)
	first := seen
	if first == "" {
		t.Error("no cookie after a tenth of the idle time")
	}
	k.advance(59 * time.Second)
	ask(202)
	if seen != first {
		t.Error("the cookie was renewed before a tenth of the idle time")
	}
	k.advance(9 * time.Minute)
	ask(202)
	k.advance(10 * time.Minute)
	ask(202)
	k.advance(10*time.Minute + time.Second)
	ask(401)
	if reason := k.lastReason(); reason != access.ReasonIdle.String() {
		t.Errorf("reason %q", reason)
	}
	other := k.issue(access.Identity{})
	k.advance(9 * time.Minute)
	resp := k.ask("GET", "", nginx(other))
	k.advance(9 * time.Minute)
	stolen := resp.Cookies()[0]
	if resp := k.ask("GET", "", nginx(k.issue(access.Identity{}))); resp.StatusCode != 202 {
		t.Errorf("a new session: %d", resp.StatusCode)
	}
	if resp := k.ask("GET", "", nginx(other+"; "+stolen.Name+"="+stolen.Value)); resp.StatusCode != 202 {
		t.Errorf("its own idle cookie: %d", resp.StatusCode)
	}
	if resp := k.ask("GET", "", nginx(ticket+"; "+stolen.Name+"="+stolen.Value)); resp.StatusCode != 401 {
		t.Errorf("the idle cookie of another session: %d", resp.StatusCode)
	}
}

func TestAttack05And27OnlyOurHeaders(t *testing.T) {
	k := newKit(t, options{noDiscovery: true})
	cookies := k.issue(access.Identity{
		Roles:  []string{"Reader"},
		Claims: []access.Claim{{Name: "ROLES", Values: []string{"Admin"}}, {Name: "https://x/roles", Values: []string{"Admin"}}, {Name: "department", Values: []string{"Sales"}}},
	})
	resp := k.ask("GET", "", nginx(cookies, "X-Injected-Roles", "Admin", "x_injected_roles", "Admin", "X-Injected-Name", "Root"))
	if got := resp.Header.Get("X-Injected-Roles"); got != "Reader" {
		t.Errorf("roles %q", got)
	}
	if got, present := resp.Header["X-Injected-Name"]; !present || got[0] != "" {
		t.Errorf("an absent name must be there and empty, so that the client's does not survive: %q", got)
	}
	if got := resp.Header.Get("X-Injected-Department"); got != "Sales" {
		t.Errorf("department %q", got)
	}
}

func TestAttack28GraphOfAnotherQuery(t *testing.T) {
	k := newKit(t, options{noDiscovery: true})
	cookies := k.issue(access.Identity{Graph: []access.GraphResult{{Query: "/me", JSON: `{"me":1}`}, {Query: "/me/manager", JSON: `{"boss":1}`}}})
	tests := map[string]string{
		"":                               "",
		"graph=/me":                      "%7B%22me%22%3A1%7D",
		"graph=/me/manager":              "%7B%22boss%22%3A1%7D",
		"graph=/me/manager|/me":          "%7B%22boss%22%3A1%7D|%7B%22me%22%3A1%7D",
		"graph=/me&graph=/me/manager":    "%7B%22me%22%3A1%7D|%7B%22boss%22%3A1%7D",
		"graph=/me%3F$select%3Dmail":     "401",
		"graph=/me|/me/directReports":    "401",
		"graph=/me/manager/not%252Fhere": "403",
	}
	for query, want := range tests {
		resp := k.ask("GET", query, nginx(cookies))
		got := resp.Header.Get("X-Injected-Graph")
		if resp.StatusCode != 202 {
			got = fmt.Sprint(resp.StatusCode)
		}
		if got != want {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	}
}

// A fault in the middle of a decision is never a pass, never a 5xx, and does not
// take the session away.
func TestInjectedPanics(t *testing.T) {
	k := newKit(t, options{noDiscovery: true, idle: time.Minute})
	cookies := k.issue(access.Identity{})
	k.advance(10 * time.Second)
	for fails := 1; fails < 6; fails++ {
		k.mu.Lock()
		k.clockFails = fails
		k.mu.Unlock()
		resp := k.ask("GET", "", nginx(cookies))
		wellAnswered(t, resp)
		if resp.StatusCode != 401 || k.lastReason() != access.ReasonInternal.String() {
			t.Errorf("clock fails %d times: %d %s", fails, resp.StatusCode, k.lastReason())
		}
		for _, c := range resp.Cookies() {
			if c.Name == k.cookies.Ticket.Name {
				t.Error("the ticket was touched")
			}
		}
		k.mu.Lock()
		k.clockFails = 0
		k.mu.Unlock()
		if resp := k.ask("GET", "", nginx(cookies)); resp.StatusCode != 202 {
			t.Errorf("afterwards: %d", resp.StatusCode)
		}
	}
}

// The same at every read of the clock in turn, up to the last, when the identity
// headers are written already: none of them stays on the 401.
func TestInjectedPanicsAtEveryStep(t *testing.T) {
	k := newKit(t, options{noDiscovery: true, idle: time.Minute})
	cookies := k.issue(access.Identity{})
	k.advance(10 * time.Second)
	passed, unsure := 0, 0
	for at := 1; passed == 0 && at < 20; at++ {
		k.mu.Lock()
		k.clockFailsAt = at
		k.mu.Unlock()
		resp := k.ask("GET", "", nginx(cookies))
		wellAnswered(t, resp)
		switch resp.StatusCode {
		case http.StatusAccepted:
			passed++
		case http.StatusUnauthorized:
			unsure++
		}
	}
	if passed != 1 || unsure < 3 {
		t.Errorf("%d reads of the clock made the answer unsure, then %d passed", unsure, passed)
	}
}

// With COOKIE_DOMAIN a sibling host can plant a cookie of the ticket's name.
func TestSharedDomainDuplicates(t *testing.T) {
	k := newKit(t, options{noDiscovery: true, cookieDomain: "example.com"})
	adele := k.issue(access.Identity{})
	k.advance(time.Second)
	newer := k.issue(access.Identity{Roles: []string{"New"}})
	bob := k.issue(access.Identity{Tenant: emulator.DefaultTenantID, Object: emulator.BobOID})
	name := k.cookies.Ticket.Name
	tests := []struct {
		name, cookies string
		status        int
		roles         string
	}{
		{"one", adele, 202, ""},
		{"junk planted before it", name + "=1junk; " + adele, 202, ""},
		{"junk planted after it", adele + "; " + name + "=1junk", 202, ""},
		{"two of one person: the newer", adele + "; " + newer, 202, "New"},
		{"two of one person, the other way round", newer + "; " + adele, 202, "New"},
		{"two people", adele + "; " + bob, 401, ""},
		{"beyond four", strings.Repeat(name+"=1junk; ", 4) + adele, 401, ""},
		{"just four", strings.Repeat(name+"=1junk; ", 3) + adele, 202, ""},
	}
	for _, tt := range tests {
		resp := k.ask("GET", "", nginx(tt.cookies))
		wellAnswered(t, resp)
		if resp.StatusCode != tt.status || resp.Header.Get("X-Injected-Roles") != tt.roles {
			t.Errorf("%s: %d, roles %q; want %d, %q", tt.name, resp.StatusCode, resp.Header.Get("X-Injected-Roles"), tt.status, tt.roles)
		}
	}
}

func TestSessionNewRefuses(t *testing.T) {
	if _, err := session.New(session.Config{Lifetime: time.Hour}); err == nil {
		t.Error("no codec: accepted")
	}
}

// What is logged of a decision: never a query, a cookie or a header's value.
func TestDecisionLog(t *testing.T) {
	k := newKit(t, options{noDiscovery: true})
	h := nginx(k.issue(access.Identity{Roles: []string{"r-secret"}})+"; other=c-secret", "Authorization", "Bearer b-secret")
	h["X-Original-Url"] = []string{app + "/path?q=q-secret"}
	for _, query := range []string{"", "role=need-secret", "roles=typo-secret", "scope=scope-secret"} {
		k.ask("GET", query, h)
	}
	log := k.log.String()
	if strings.Contains(log, "secret") || strings.Contains(log, "__Host") {
		t.Errorf("the log holds a secret:\n%s", log)
	}
	if !slices.ContainsFunc(strings.Split(log, "\n"), func(line string) bool {
		return strings.Contains(line, `"path":"/path"`) && strings.Contains(line, `"outcome":"allow"`)
	}) {
		t.Errorf("no line for the request that passed:\n%s", log)
	}
}
