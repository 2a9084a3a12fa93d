package e2e

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// appHost is the application's host in the tests without a browser.
const appHost = "app.test"

// Names of the cookies, as on the wire.
const (
	ticketCookie  = "__Host-easyauth"
	ticketCookie1 = "__Host-easyauth-1"
	denialCookie  = "__Host-easyauth-state"
	browserCookie = "__Host-easyauth-browser"
)

// visitor is a person with a browser that shows nothing: it keeps cookies, and
// follows redirects one by one. Its answers are read whole.
type visitor struct {
	t      *testing.T
	s      *stand.Stand
	client *http.Client
	user   string // whom the emulator signs in
}

// reply is an answer whose body was read.
type reply struct {
	status int
	header http.Header
	body   string
	url    string // that was asked
}

func newVisitor(t *testing.T, s *stand.Stand, user string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{
		TLSClientConfig:     &tls.Config{InsecureSkipVerify: true}, // of the stand's own making
		DialContext:         dialTest,
		MaxIdleConnsPerHost: 4,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &visitor{t: t, s: s, user: user, client: &http.Client{
		Jar: jar, Transport: transport, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// dialTest finds every *.test on this machine.
func dialTest(ctx context.Context, network, addr string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(strings.ToLower(strings.TrimSuffix(host, ".")), ".test") {
		host = "127.0.0.1"
	}
	var d net.Dialer
	return d.DialContext(ctx, network, net.JoinHostPort(host, port))
}

// fresh is the same visitor with a jar that holds nothing but the session at
// the identity provider.
func (v *visitor) fresh() *visitor {
	v.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		v.t.Fatal(err)
	}
	idp, err := url.Parse(v.s.Entra.BaseURL() + "/")
	if err != nil {
		v.t.Fatal(err)
	}
	var kept []*http.Cookie
	for _, c := range v.client.Jar.Cookies(idp) {
		kept = append(kept, &http.Cookie{Name: c.Name, Value: c.Value, Path: "/"})
	}
	jar.SetCookies(idp, kept)
	other, client := *v, *v.client
	client.Jar = jar
	other.client = &client
	return &other
}

// page is what a browser sends when a person opens a page.
func page() http.Header {
	return http.Header{"Accept": {"text/html,application/xhtml+xml"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"document"}}
}

func (v *visitor) url(path string) string { return v.s.URL(appHost, path) }

// ask sends one request; a target that begins with "/" is on the application's
// host. Header names are sent as they are spelled.
func (v *visitor) ask(method, target string, h http.Header, body string) (*reply, error) {
	if strings.HasPrefix(target, "/") {
		target = v.url(target)
	}
	req, err := http.NewRequestWithContext(v.t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, values := range h {
		if name == "Host" {
			req.Host = values[0]
			continue
		}
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
	r, err := v.ask(method, target, h, "")
	if err != nil {
		v.t.Fatal(err)
	}
	return r
}

func (v *visitor) get(target string) *reply {
	v.t.Helper()
	return v.do(http.MethodGet, target, page())
}

// maxTrips bounds follow: more redirects than this are a loop.
const maxTrips = 15

// follow goes where an answer redirects to, signs in where the identity
// provider asks, and returns the first answer that is no redirect.
func (v *visitor) follow(r *reply) *reply {
	v.t.Helper()
	for range maxTrips {
		if r.status != http.StatusFound {
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
	if !strings.HasPrefix(to.String(), v.s.Entra.BaseURL()+"/") || strings.Contains(to.Path, "/logout") {
		return to.String()
	}
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

// signedIn opens a page that asks for a sign-in alone.
func signedIn(t *testing.T, s *stand.Stand, user string) *visitor {
	t.Helper()
	v := newVisitor(t, s, user)
	if r := v.open("/echo"); r.status != http.StatusOK {
		t.Fatalf("sign in %s: %d\n%s", user, r.status, r.body)
	}
	return v
}

// cookies is the jar's Cookie header for the application's host.
func (v *visitor) cookies() string {
	var pairs []string
	for _, c := range v.jar() {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	return strings.Join(pairs, "; ")
}

func (v *visitor) jar() []*http.Cookie {
	u, err := url.Parse(v.url("/easyauth/signin-oidc"))
	if err != nil {
		v.t.Fatal(err)
	}
	return v.client.Jar.Cookies(u)
}

func (v *visitor) cookie(name string) string {
	for _, c := range v.jar() {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// with asks with this Cookie header and no other.
func (v *visitor) with(cookies, path string) *reply {
	v.t.Helper()
	other := *v
	client := *v.client
	client.Jar = nil
	other.client = &client
	h := page()
	if cookies != "" {
		h["Cookie"] = []string{cookies}
	}
	return other.do(http.MethodGet, path, h)
}

// patience is how long a test waits for what must come; it is never used up.
const patience = 40 * time.Second

func waitUntil(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", patience, what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
