package matrix

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// visitor is a person with a browser that shows nothing: it keeps cookies, and follows redirects one by one.
type visitor struct {
	t      *testing.T
	s      *stand
	user   string // whom the emulator signs in
	client *http.Client
	asked  []*url.URL // the authorization requests
}

// reply is an answer whose body was read.
type reply struct {
	status int
	header http.Header
	body   string
	url    string // that was asked
}

// requestTimeout bounds every request: a proxy that waits longer hangs.
const requestTimeout = 45 * time.Second

// visit is somebody who is not signed in. Port 443 of every host is the proxy.
func (s *stand) visit(t *testing.T, user string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // of the stand's own making
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if _, port, err := net.SplitHostPort(addr); err == nil && port == "443" {
				addr = s.place.Listen
			}
			var d net.Dialer
			return d.DialContext(ctx, network, addr)
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &visitor{t: t, s: s, user: user, client: &http.Client{
		Jar: jar, Transport: transport, Timeout: requestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// page is what a browser sends when a person opens a page.
func page() http.Header {
	return http.Header{"Accept": {"text/html,application/xhtml+xml"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"document"}, "Sec-Fetch-User": {"?1"}}
}

// fetch is what a script in a page sends.
func fetch() http.Header {
	return http.Header{"Accept": {"application/json"}, "Sec-Fetch-Mode": {"cors"}, "Sec-Fetch-Dest": {"empty"}, "Sec-Fetch-Site": {"same-origin"}}
}

// ask sends one request; a target that begins with "/" is on the application's host. Header names are sent as they are
// spelled, several values in several lines.
func (v *visitor) ask(method, target string, h http.Header, body io.Reader) (*reply, error) {
	if strings.HasPrefix(target, "/") {
		target = "https://" + Host + target
	}
	req, err := http.NewRequestWithContext(v.t.Context(), method, target, body)
	if err != nil {
		return nil, err
	}
	for name, values := range h {
		req.Header[name] = values
	}
	resp, err := v.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end or given up
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	return &reply{resp.StatusCode, resp.Header, string(text), target}, nil
}

// do is ask for requests that must be answered.
func (v *visitor) do(method, target string, h http.Header) *reply {
	v.t.Helper()
	r, err := v.ask(method, target, h, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	return r
}

func (v *visitor) get(target string) *reply {
	v.t.Helper()
	return v.do(http.MethodGet, target, page())
}

func redirects(r *reply) bool {
	return r.status == http.StatusFound || r.status == http.StatusSeeOther || r.status == http.StatusTemporaryRedirect
}

// maxTrips bounds follow: more redirects than this are a loop.
const maxTrips = 15

// follow goes where an answer redirects to, signs in where the identity provider asks, and returns the first answer
// that is no redirect.
func (v *visitor) follow(r *reply) *reply {
	v.t.Helper()
	for range maxTrips {
		if !redirects(r) {
			return r
		}
		r = v.get(v.next(r))
	}
	v.t.Fatalf("more than %d redirects, the last to %q", maxTrips, r.header.Get("Location"))
	return nil
}

// next is where a redirect leads, past the pages of the identity provider.
func (v *visitor) next(r *reply) string {
	v.t.Helper()
	base, err := url.Parse(r.url)
	if err != nil {
		v.t.Fatal(err)
	}
	to, err := base.Parse(r.header.Get("Location"))
	if err != nil {
		v.t.Fatal(err)
	}
	if !strings.HasPrefix(to.String(), v.s.idp.BaseURL()+"/") || strings.Contains(to.Path, "/logout") {
		return to.String()
	}
	v.asked = append(v.asked, to)
	back, err := entra.SignIn(v.t.Context(), v.client, to.String(), v.user)
	if err != nil {
		v.t.Fatalf("sign in %s: %v", v.user, err)
	}
	return back
}

// open opens a page, through a sign-in if that is asked for.
func (v *visitor) open(path string) *reply {
	v.t.Helper()
	return v.follow(v.get(path))
}

// signedIn is somebody who has opened a page that asks for a sign-in alone.
func (s *stand) signedIn(t *testing.T, user string) *visitor {
	t.Helper()
	v := s.visit(t, user)
	if r := v.open("/home"); !r.fromApplication() {
		t.Fatalf("sign in %s: %s", user, describe(r))
	}
	return v
}

// program is nobody's browser: it keeps no cookies.
func (s *stand) program(t *testing.T) *visitor {
	t.Helper()
	v := s.visit(t, "")
	v.client.Jar = nil
	return v
}

// cookies is the Cookie header for the application's host.
func (v *visitor) cookies() string {
	u := &url.URL{Scheme: "https", Host: Host, Path: "/"}
	var pairs []string
	for _, c := range v.client.Jar.Cookies(u) {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	return strings.Join(pairs, "; ")
}

func (r *reply) fromApplication() bool {
	return r.status == http.StatusOK && r.header.Get("X-Application") == "yes"
}

// echo is what the application says that it received.
func (r *reply) echo(t *testing.T) Echo {
	t.Helper()
	var e Echo
	if err := json.Unmarshal([]byte(r.body), &e); err != nil || !r.fromApplication() {
		t.Fatalf("no answer of the application: %s", describe(r))
	}
	return e
}

// location is where an answer leads, as an absolute URL.
func (r *reply) location() *url.URL {
	base, err := url.Parse(r.url)
	if err != nil {
		return &url.URL{}
	}
	to, err := base.Parse(r.header.Get("Location"))
	if err != nil {
		return &url.URL{}
	}
	return to
}
