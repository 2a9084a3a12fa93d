package authserver_test

import (
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	emulator "github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/property"
)

// rulePieces are parameters of an auth-url, each for itself; what is refused for
// everybody is among them.
func rulePieces() []string {
	return []string{
		"role=Admin", "role=admin", "role=Owner|Admin", "role-any=Owner,Auditor", "role=Owner", "role=a,b", "role=%41dmin", "role=x,Admin",
		"group=" + emulator.GroupID(2), "group-any=" + emulator.GroupID(2) + "," + emulator.GroupID(3), "group=" + strings.ToUpper(emulator.GroupID(10)), "group=Finance",
		"scope=Mail.Read", "scope=Mail.Send|Mail.Read", "scope-any=Mail.Send,Calendars.Read", "scope=api://other/Mail.Read", "scope=https://graph.microsoft.com/Mail.Read",
		"graph=/me", "graph=profile", "graph=/me/manager", "graph=/me|/me/manager", "graph=/me?$select=id,mail",
		"acr=c1", "acr=c1|c2", "acr=c25", "max_age=15m", "max_age=900", "max_age=24h", "max_age=720h",
		"roles=Admin", "role=", "role=|", "role=%zz", "", "x=1", "amr=mfa", "graph=nope", "graph=/me/../users", "acr=admin", "max_age=1", "scope=a b", "Role=Admin",
	}
}

// drawIdentity is somebody with some of what the rules ask for.
func drawIdentity(r *property.Rand, now time.Time) access.Identity {
	id := access.Identity{
		Tenant: emulator.DefaultTenantID, Object: property.One(r, []string{emulator.AdeleOID, emulator.BobOID}), Name: "N",
		Roles: property.Some(r, []string{"Admin", "Owner", "a,b"}), Scopes: property.Some(r, []string{"Mail.Read", "Calendars.Read"}),
		Groups:   property.Some(r, []string{emulator.GroupID(2), emulator.GroupID(3), emulator.GroupID(10)}),
		Contexts: property.Some(r, []string{"c1", "c2"}), GroupsUnknown: r.Chance(3), GroupsFailed: r.Chance(3),
	}
	for _, q := range property.Some(r, []string{"/me", "/me/manager"}) {
		id.Graph = append(id.Graph, access.GraphResult{Query: q, JSON: `{"q":"` + q + `"}`})
	}
	if r.Chance(2) {
		id.AuthTime = now.Add(-time.Duration(r.IntN(48*3600)) * time.Second)
	}
	return id
}

// identityOf is what an answer tells the application.
func identityOf(resp *http.Response) map[string]string {
	told := map[string]string{}
	for name, values := range resp.Header {
		if strings.HasPrefix(name, "X-Injected-") {
			told[name] = strings.Join(values, " AND ")
		}
	}
	return told
}

// Through the whole handler: a query passes just when a parser that remembers
// nothing says so; a shorter one passes too, a longer one of what was refused never
// does, and nothing that a client sends along changes either.
func TestQueryOnlyNarrowsTheAuthEndpoint(t *testing.T) {
	queries := map[string]string{"profile": "/me"}
	k := newKit(t, options{noDiscovery: true, queries: queries})
	config := k.server.Parser.ParserConfig
	passed := 0
	property.Try(t, 700, func(t *testing.T, r *property.Rand) {
		id := drawIdentity(r, k.clock())
		cookies := k.issue(id)
		if r.Chance(8) {
			cookies = ""
		}
		ask := func(parts []string, more ...string) *http.Response {
			resp := k.ask("GET", strings.Join(parts, "&"), nginx(cookies, more...))
			wellAnswered(t, resp)
			return resp
		}
		var parts []string
		for range r.IntN(4) {
			parts = append(parts, property.One(r, rulePieces()))
		}
		resp := ask(parts)
		want := http.StatusForbidden
		if req, err := access.NewParser(config).Parse(strings.Join(parts, "&")); err == nil {
			want = http.StatusUnauthorized
			if cookies != "" && access.Decide(&id, req, k.clock()).Outcome == access.Allow {
				want = http.StatusAccepted
			}
		}
		if resp.StatusCode != want {
			t.Fatalf("%q: %d, want %d: %+v", parts, resp.StatusCode, want, id)
		}
		if want == http.StatusAccepted {
			passed++
			if fewer := property.Some(r, parts); ask(fewer).StatusCode != http.StatusAccepted {
				t.Errorf("%q passes, and %q does not", parts, fewer)
			}
		} else if longer := property.Inserted(r, parts, property.One(r, rulePieces())); len(parts) > 0 && ask(longer).StatusCode == http.StatusAccepted {
			t.Errorf("%q is refused, and %q passes", parts, longer)
		}
		headers := drawHeaders(r)
		other := ask(parts, headers...)
		if other.StatusCode != resp.StatusCode || !maps.Equal(identityOf(other), identityOf(resp)) {
			t.Errorf("%q: %d as %v; with the headers %q %d as %v", parts, resp.StatusCode, identityOf(resp), headers, other.StatusCode, identityOf(other))
		}
	})
	t.Logf("%d passed", passed)
	if passed == 0 && os.Getenv(property.Variable) == "" {
		t.Error("nothing passed: no property was tried")
	}
}

// drawHeaders are names and values that a client may send and that say nothing of
// who it is.
func drawHeaders(r *property.Rand) []string {
	names := []string{
		"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Uri", "X-Forwarded-Method", "X-Forwarded-Prefix", "X-Forwarded-Port",
		"X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Groups", "Forwarded", "X-Original-Uri", "X-Rewrite-Url", "X-Real-Ip", "X-Auth-Request-Redirect",
		"X-Auth-Request-User", "X-Http-Method-Override", "X-Sent-From", "Accept", "Accept-Encoding", "Accept-Language", "User-Agent", "Referer", "Origin",
		"Sec-Fetch-Mode", "Sec-Fetch-Site", "Sec-Fetch-Dest", "Sec-Fetch-User", "Sec-Purpose", "X-Requested-With", "If-None-Match", "If-Modified-Since", "If-Match",
		"Range", "Expect", "Connection", "Upgrade", "Te", "Transfer-Encoding", "Content-Length", "Content-Type", "Host", "Cookie2", "Proxy-Authorization",
		"X-Injected-Oid", "X-Injected-Roles", "X-Injected-Userinfo", "X_injected_roles", "X-Ms-Client-Principal", "X-Api-Key", "Traceparent", "Cf-Connecting-Ip",
	}
	values := []string{
		"", "*", "1", "navigate", "cors", "same-origin", "prefetch", "text/html", "application/json", "/public", "https://evil.example/", "evil.example", "127.0.0.1",
		"Admin", "OPTIONS", "XMLHttpRequest", "websocket", "bytes=0-1", `"x"`, "Sun, 22 Nov 2099 00:00:00 GMT", "kube-probe/1.30", "Cookie, Authorization", emulator.AdeleOID,
		strings.Repeat("a", 3000), "\xff\xfe", "a\tb",
	}
	var list []string
	for range r.Between(1, 12) {
		list = append(list, property.One(r, names), property.One(r, values))
	}
	return list
}

// Of what a client sends to show who it is, only what is good counts, and it counts
// once: other cookies and other Authorization headers beside it change nothing.
func TestStrangersCookiesChangeNothing(t *testing.T) {
	k := newKit(t, options{noDiscovery: true})
	property.Try(t, 500, func(t *testing.T, r *property.Rand) {
		id := drawIdentity(r, k.clock())
		good := k.issue(id)
		query := property.One(r, rulePieces())
		plain := k.ask("GET", query, nginx(good))
		list := []string{good}
		for range r.Between(1, 10) {
			list = property.Inserted(r, list, drawCookie(r, k.cookies.Ticket.Name))
		}
		h := nginx("")
		for len(list) > 0 { // in one line or several
			n := r.Between(1, len(list))
			h["Cookie"] = append(h["Cookie"], strings.Join(list[:n], property.One(r, []string{"; ", ";", " ;  "})))
			list = list[n:]
		}
		if r.Chance(2) {
			h["Authorization"] = []string{property.One(r, []string{"Basic YWRtaW46YWRtaW4=", "Bearer ", "Bearer x", "Bearer a.b.c", "Negotiate x", "", "bearer"})}
		}
		resp := k.ask("GET", query, h)
		wellAnswered(t, resp)
		if resp.StatusCode != plain.StatusCode || !maps.Equal(identityOf(resp), identityOf(plain)) {
			t.Errorf("%q: %d as %v; with %q %d as %v", query, plain.StatusCode, identityOf(plain), h["Cookie"], resp.StatusCode, identityOf(resp))
		}
	})
}

// drawCookie is a cookie of nobody's: of another name, though perhaps a similar one.
func drawCookie(r *property.Rand, name string) string {
	names := []string{
		"a", "", "session", strings.ToLower(name), strings.ToUpper(name), name + "x", "x" + name, "__Host-easyauth-state", "__Host-easyauth-seen", "__Host-easyauth-2",
		"__Secure-easyauth", "__host-easyauth", `"` + name + `"`, "$Version", "$Path", "__Host-easyauth-browser", "__Host-easyauth-renewal",
	}
	names = slices.DeleteFunc(names, func(n string) bool { return n == name })
	return property.One(r, names) + property.One(r, []string{"=", "", "=="}) + r.Text(`abcAZ09-_"\,%= `, 60)
}
