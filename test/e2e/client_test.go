package e2e

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

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// jarClient is a browser without a screen: cookies, and redirects one by one.
type jarClient struct{ *http.Client }

func newJarClient(t *testing.T) *jarClient {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // the stand's certificate is of its own making
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			host, port, err := net.SplitHostPort(addr)
			if err != nil {
				return nil, err
			}
			if strings.HasSuffix(host, ".test") {
				host = "127.0.0.1"
			}
			var d net.Dialer
			return d.DialContext(ctx, network, net.JoinHostPort(host, port))
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &jarClient{&http.Client{Jar: jar, Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// answer is a response whose body was read.
type answer struct {
	status   int
	header   http.Header
	location string
	body     string
}

// get opens a page as a browser does and does not follow redirects.
func (c *jarClient) get(t *testing.T, target string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Sec-Fetch-Mode", "navigate")
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, resp.Header.Get("Location"), string(body)}
}

// signIn opens a protected page and signs in.
func (c *jarClient) signIn(t *testing.T, page, user string) {
	t.Helper()
	login := c.get(t, c.get(t, page).location)
	back, err := entra.SignIn(t.Context(), c.Client, login.location, user)
	if err != nil {
		t.Fatalf("%v\n%.500s", err, login.body)
	}
	if end := c.get(t, back); end.status != http.StatusFound {
		t.Fatalf("callback: %d\n%.500s", end.status, end.body)
	}
}

// returnTo makes one silent sign-in with this rd and returns where it ends.
func (c *jarClient) returnTo(t *testing.T, s *stand.Stand, host, rd string) string {
	t.Helper()
	at, err := url.Parse(s.URL(host, "/"))
	if err != nil {
		t.Fatal(err)
	}
	// Most lines end on the default page, and many sign-ins for one page are a loop.
	c.Jar.SetCookies(at, []*http.Cookie{{Name: "__Host-easyauth-browser", Path: "/", MaxAge: -1, Secure: true}})
	login := c.get(t, s.URL(host, "/easyauth/login?retry=1&rd="+url.QueryEscape(rd)))
	if login.status != http.StatusFound {
		t.Fatalf("login with rd %q: %d\n%.500s", rd, login.status, login.body)
	}
	back, err := entra.SignIn(t.Context(), c.Client, login.location, entra.Adele)
	if err != nil {
		t.Fatal(err)
	}
	end := c.get(t, back)
	if end.status != http.StatusFound {
		t.Fatalf("callback with rd %q: %d\n%.500s", rd, end.status, end.body)
	}
	return end.location
}

func unescapeOnce(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}

func jsString(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(b)
}
