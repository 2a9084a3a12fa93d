package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// A deep link comes back byte by byte.
func TestDeepLink(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	for _, uri := range []string{
		"/a%2Fb/%E2%82%AC;p=1?x=%7C&y=a+b&z=%26&q=100%25",
		"/?",
		"/x?rd=https://evil.test/&rd=%2F",
		"/x?q=%2F%2Fevil.test&r=%0d%0a&s=%5C",
		"/x?a=1&&b=&=c&d",
		"/~user/(a)/'b'/*!$,@:=?'()*!,;:@/?",
		"/%7euser/%41?%41=%c3%a9",
		"/deep?state=1&code=2&error=3",
		"/long?" + strings.Repeat("q=%E2%82%AC&", 60),
		"/longer?" + strings.Repeat("q=aaaaaaaaa&", 110),
	} {
		if got := newVisitor(t, s, entra.Adele).open(uri).shownURI(); got != uri {
			t.Errorf("%q came back as %q", uri, got)
		}
	}
	// A link too long to be kept ends on the default page, signed in.
	v := newVisitor(t, s, entra.Adele)
	long := "/long?" + strings.Repeat("q=%E2%82%AC&", 300)
	if got := v.open(long).shownURI(); got != "/" && got != long {
		t.Errorf("a link of %d bytes ends on %.100q", len(long), got)
	}
	if got := v.get(long).shownURI(); got != long {
		t.Errorf("signed in, it shows %.100q", got)
	}
}

// Links with text beyond ASCII, as programs send them raw. Browsers escape.
func TestRawUTF8(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	const raw, escaped = "/caf\u00e9/\u20ac?q=\u6f22", "/caf%C3%A9/%E2%82%AC?q=%E6%BC%A2"
	v := newVisitor(t, s, entra.Bob)
	refused := v.raw(v.request("GET " + raw + " HTTP/1.1"))
	if refused.status != http.StatusFound {
		t.Fatalf("signed out: %d", refused.status)
	}
	v.keep(refused)
	refused.url = v.url("/")
	if got := v.follow(refused).shownURI(); got != escaped {
		t.Errorf("the sign-in ends on %q, want %q", got, escaped)
	}
	if got := v.raw(v.request("GET "+raw+" HTTP/1.1", "Cookie: "+v.cookies())).shownURI(); got != raw {
		t.Errorf("signed in, the application saw %q", got)
	}
	// The denial of a raw path is found again: a role that is missing is a page, not a loop.
	refused = v.raw(v.request("GET /admin/\u20ac HTTP/1.1", "Cookie: "+v.cookies()))
	v.keep(refused)
	refused.url = v.url("/")
	if r := v.follow(refused); r.status != http.StatusForbidden || !strings.Contains(r.body, "Admin") {
		t.Errorf("role refused on a raw path: %d", r.status)
	}
	for _, line := range []string{"GET /\xff HTTP/1.1", "GET /?q=\xff\xfe HTTP/1.1", "GET /\xc3\x28 HTTP/1.1", "GET /\xed\xa0\x80 HTTP/1.1"} {
		for _, cookies := range []string{"", v.cookies()} {
			if r := v.raw(v.request(line, "Cookie: "+cookies)); r.status != http.StatusForbidden || len(r.header["Set-Cookie"]) > 0 {
				t.Errorf("%q (with a ticket: %v): %d", line, cookies != "", r.status)
			}
		}
	}
}

// keep puts the cookies of a raw answer into the jar.
func (v *visitor) keep(r *reply) {
	v.t.Helper()
	u, err := url.Parse(v.url("/"))
	if err != nil {
		v.t.Fatal(err)
	}
	v.client.Jar.SetCookies(u, (&http.Response{Header: r.header}).Cookies())
}

func TestAttack02RequestURIs(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	adele, bob, nobody := signedIn(t, s, entra.Adele), signedIn(t, s, entra.Bob), newVisitor(t, s, "")
	as := func(v *visitor, target string) *reply {
		t.Helper()
		r := v.raw(v.request("GET "+target+" HTTP/1.1", "Cookie: "+v.cookies()))
		r.never5xx(t, fmt.Sprintf("%.100q", target))
		return r
	}
	// All of these are /admin as nginx reads them, so the rule of /admin guards them.
	for _, target := range []string{
		"/admin", "/./admin", "/public/../admin", "/public/%2e%2e/admin", "/public/%2E./admin", "/public%2f..%2fadmin", "//admin", "/%61dmin", "///public/..//admin/",
		"/admin?x=/public", "/admin#/public", "/admin/../admin", "/x/../public/../admin/y", "/public/..%2Fadmin",
	} {
		if r := as(nobody, target); r.reached() {
			t.Errorf("%q without a ticket: %d", target, r.status)
		}
		if r := as(bob, target); r.reached() {
			t.Errorf("%q without the role: %d", target, r.status)
		}
		if r := as(adele, target); !r.reached() && !strings.Contains(target, "#") {
			t.Errorf("%q with the role: %d %q", target, r.status, r.header.Get("Location"))
		}
	}
	// Not all can be opened with a ticket, but none without.
	for _, target := range []string{
		"/", "/..", "/../..", "/../../etc/passwd", "//", "//evil.test/", "///evil.test", "/\\evil.test", "/%5cevil.test", "/%2f%2fevil.test", "/%2e%2e/", "/a/%2e/b", "/%", "/%zz", "/%2", "/%00",
		"/?%zz", "/?%", "/a?b?c", "/a,https://evil.test/", "/a;b", "/@evil.test", "/a@b:c", "/%0d%0aSet-Cookie:%20x=y", "/?q=%0d%0a", "/" + strings.Repeat("a", 7<<10), "/?" + strings.Repeat("%41", 7<<10/3),
		"/" + strings.Repeat("../", 2000), "/" + strings.Repeat("a", 8170), "/" + strings.Repeat("a", 8300), "/\x01", "/\x7f", "/a\tb", "/a b", "*",
		"https://evil.test:443/", "http://app.test/", "http:///", "://", "evil.test", "",
	} {
		if r := as(nobody, target); r.reached() && r.status < 400 {
			t.Errorf("%.100q without a ticket: %d %q", target, r.status, r.header.Get("Location"))
		}
		as(bob, target)
	}
	for _, target := range []string{"/..%2f", "/a//b", "/?%zz", "/?100%", "/a,https:/x", "/" + strings.Repeat("a", 7<<10), "/@evil.test", "/a;b"} {
		if r := as(bob, target); !r.reached() && r.status != http.StatusBadRequest {
			t.Errorf("%.100q with a ticket: %d", target, r.status)
		}
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	s := start(t, oneHost())
	in, out := signedIn(t, s, entra.Adele), newVisitor(t, s, "")
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "REPORT", "MKCOL", "PURGE", "X-ANY", "get"} {
		body := ""
		if method != "GET" && method != "HEAD" {
			body = "name=" + strings.Repeat("v", 1<<10)
		}
		if method == "get" { // nginx wants capitals
			if r := out.raw(out.request("get /echo HTTP/1.1")); r.reached() && r.status < 400 {
				t.Errorf("get: %d", r.status)
			}
			continue
		}
		for _, path := range []string{"/echo", "/api/x"} {
			r, err := in.ask(method, path, page(), body)
			if err != nil {
				t.Fatal(err)
			}
			if r.status != http.StatusOK || method != "HEAD" && r.echo(t).Method != method {
				t.Errorf("%s %s with a ticket: %d", method, path, r.status)
			}
			if r, err = out.ask(method, path, page(), body); err != nil {
				t.Fatal(err)
			}
			if want := map[string]int{"/echo": 302, "/api/x": 401}[path]; r.status != want {
				t.Errorf("%s %s without: %d, want %d", method, path, r.status, want)
			}
		}
	}
	for _, method := range []string{"TRACE", "CONNECT"} {
		r := out.raw(out.request(method + " /echo HTTP/1.1"))
		r.never5xx(t, method)
		if r.reached() && r.status < 400 {
			t.Errorf("%s: %d", method, r.status)
		}
	}
	// Conditions and ranges are the application's business, not the check's.
	for name, value := range map[string]string{
		"If-None-Match": "*", "If-Match": `"x"`, "If-Modified-Since": "Sun, 22 Nov 2099 00:00:00 GMT", "If-Unmodified-Since": "Sun, 22 Nov 2009 00:00:00 GMT",
		"Range": "bytes=0-1", "If-Range": `"x"`, "Expect": "100-continue", "Upgrade": "websocket", "Te": "trailers", "Authorization": "Bearer x",
	} {
		h := joined(page(), http.Header{name: {value}})
		if r := in.do(http.MethodGet, "/echo", h); r.status != http.StatusOK {
			t.Errorf("%s with a ticket: %d", name, r.status)
		}
		if r := out.do(http.MethodGet, "/api/x", h); r.status != http.StatusUnauthorized {
			t.Errorf("%s without: %d", name, r.status)
		}
	}
	// A body of unknown length.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, in.url("/api/x"), io.MultiReader(strings.NewReader("a"), strings.NewReader("b")))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := in.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("a chunked body: %d", resp.StatusCode)
	}
}
