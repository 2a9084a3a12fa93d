package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// forged are headers with which a client claims to be going elsewhere.
func forged() []http.Header {
	return []http.Header{
		{"X-Forwarded-Uri": {"/public"}},
		{"X-Forwarded-Host": {"evil.test"}},
		{"X-Forwarded-Method": {"OPTIONS"}},
		{"X-Forwarded-Prefix": {"/public"}},
		{"X-Forwarded-Port": {"1"}},
		{"X-Forwarded-Proto": {"http"}},
		{"X-Forwarded-Scheme": {"http"}},
		{"X-Forwarded-For": {"127.0.0.1"}},
		{"X-Original-Uri": {"/public"}},
		{"X-Original-Url": {"https://evil.test/public"}},
		{"X-Original-Url": {"https://app.test/public", "https://evil.test/public"}},
		{"x-original-url": {"https://evil.test/public"}},
		{"X_Original_Url": {"https://evil.test/public"}},
		{"X-Original-Method": {"OPTIONS"}},
		{"X-Auth-Request-Redirect": {"https://evil.test/public"}},
		{"X-Rewrite-Url": {"/public"}},
		{"X-Scheme": {"http"}},
		{"Forwarded": {"host=evil.test;proto=http;for=127.0.0.1"}},
		{"X-Sent-From": {"nginx-ingress-controller"}},
		{"X-Real-Ip": {"127.0.0.1"}},
		{
			"X-Forwarded-Uri": {"/public"}, "X-Forwarded-Host": {"evil.test"}, "X-Forwarded-Proto": {"http"}, "X-Original-Uri": {"/public"},
			"X-Original-Url": {"https://evil.test/public"}, "X-Auth-Request-Redirect": {"/public"}, "Forwarded": {"host=evil.test"},
		},
	}
}

func joined(headers ...http.Header) http.Header {
	all := http.Header{}
	for _, h := range headers {
		for name, values := range h {
			all[name] = append(all[name], values...)
		}
	}
	return all
}

func TestAttack01And02SpoofedHeaders(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	adele, bob := signedIn(t, s, entra.Adele), signedIn(t, s, entra.Bob)
	for i, h := range forged() {
		anyone := newVisitor(t, s, entra.Bob)
		plain := anyone.get("/deep?x=%7C")
		spoofed := anyone.do(http.MethodGet, "/deep?x=%7C", joined(page(), h))
		if want := anyone.url("/easyauth/login?rd="); plain.status != http.StatusFound || !strings.HasPrefix(plain.header.Get("Location"), want) {
			t.Fatalf("without: %d %q", plain.status, plain.header.Get("Location"))
		}
		if spoofed.status != plain.status || spoofed.header.Get("Location") != plain.header.Get("Location") {
			t.Errorf("%v: signed out: %d %q", h, spoofed.status, spoofed.header.Get("Location"))
		}
		// The same again at login, and then to the end.
		login := anyone.do(http.MethodGet, anyone.next(spoofed), joined(page(), h))
		to, err := url.Parse(login.header.Get("Location"))
		if err != nil || to.Query().Get("redirect_uri") != anyone.url("/easyauth/signin-oidc") {
			t.Errorf("%v: login: %d %q", h, login.status, login.header.Get("Location"))
		}
		callback := anyone.do(http.MethodGet, anyone.next(login), joined(page(), h))
		if got := callback.header.Get("Location"); got != anyone.url("/deep?x=%7C") {
			t.Errorf("%v: the sign-in ends on %d %q", h, callback.status, got)
		}
		if got := anyone.follow(callback).shownURI(); got != "/deep?x=%7C" {
			t.Errorf("%v: the page shown is %q", h, got)
		}
		// A role that the person has or lacks stays so.
		if r := adele.do(http.MethodGet, "/api/admin/x", joined(page(), h)); r.status != http.StatusOK {
			t.Errorf("%v: Adele: %d", h, r.status)
		}
		if r := bob.do(http.MethodGet, "/api/admin/x", joined(page(), h)); r.status != http.StatusUnauthorized {
			t.Errorf("%v: Bob: %d", h, r.status)
		}
		// The denial is of the page that was asked for: login knows at once that it is final.
		path := fmt.Sprintf("/admin/%d", i)
		refused := bob.get(bob.next(bob.do(http.MethodGet, path, joined(page(), h))))
		if refused.status != http.StatusForbidden || !strings.Contains(refused.body, "Admin") || strings.Contains(refused.body, "evil.test") {
			t.Errorf("%v: Bob at %s: %d\n%.300s", h, path, refused.status, refused.body)
		}
	}
	if r := bob.open("/"); r.shownURI() != "/" {
		t.Errorf("and another page opens: %d", r.status)
	}
}

// spellings of a header's name that some application reads as the same.
func spellings(name string) []string {
	list := []string{
		name, strings.ToLower(name), strings.ToUpper(name), http.CanonicalHeaderKey(name), strings.ReplaceAll(name, "-", "_"),
		strings.ToUpper(strings.ReplaceAll(name, "-", "_")), strings.ReplaceAll(name, "-", "."), "x-injected_" + strings.TrimPrefix(name, "x-injected-"),
		"x_injected-" + strings.TrimPrefix(name, "x-injected-"), name + " ", "x-injected-" + strings.ToUpper(strings.TrimPrefix(name, "x-injected-")),
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// identityNames are the headers that the proxy passes on.
func identityNames() []string {
	return []string{
		"x-injected-userinfo", "x-injected-name", "x-injected-oid", "x-injected-preferred-username", "x-injected-sub", "x-injected-tid",
		"x-injected-email", "x-injected-groups", "x-injected-scp", "x-injected-roles", "x-injected-graph", "x-injected-overflow", "x-injected-department",
	}
}

func TestAttack05ClientsOwnIdentityHeaders(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	var lines []string
	for _, name := range identityNames() {
		for _, spelling := range spellings(name) {
			// Doubled, empty, and after a line that is not one.
			lines = append(lines, spelling+": forged", spelling+": forged-again", spelling+":", spelling+":\tforged|forged")
		}
	}
	for name, v := range map[string]*visitor{"Adele": signedIn(t, s, entra.Adele), "no mail": signedIn(t, s, entra.NoMail), "nobody": newVisitor(t, s, "")} {
		for _, path := range []string{"/echo", "/api/x", "/public/echo"} {
			if name == "nobody" && path != "/public/echo" {
				continue
			}
			var want []string
			if path != "/public/echo" {
				want = v.get(path).echo(t).identity()
			}
			// nginx reads 4 × 8 KB of header lines: the list in parts.
			for part := range slices.Chunk(lines, 100) {
				r := v.raw(v.request("GET "+path+" HTTP/1.1", append(part, "Cookie: "+v.cookies())...))
				if r.status == http.StatusBadRequest && strings.Contains(strings.Join(part, "\n"), " :") {
					part = slices.DeleteFunc(slices.Clone(part), func(line string) bool { return strings.Contains(line, " :") })
					r = v.raw(v.request("GET "+path+" HTTP/1.1", append(part, "Cookie: "+v.cookies())...))
				}
				if got := r.echo(t).identity(); !slices.Equal(got, want) || strings.Contains(r.body, "forged") {
					t.Errorf("%s at %s: the application saw\n%s\nwant\n%s", name, path, strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			}
		}
	}
	// The test's own sibling: a header that nobody guards does arrive.
	v := newVisitor(t, s, "")
	if r := v.raw(v.request("GET /public/echo HTTP/1.1", "x-other: forged")); r.echo(t).Headers.Get("X-Other") != "forged" {
		t.Error("an ordinary header did not arrive: the test proves nothing")
	}
}
