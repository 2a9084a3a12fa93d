package examples

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// visitor is a browser without a screen that finds every host but the emulator's at one nginx.
type visitor struct {
	t      *testing.T
	client *http.Client
}

// answer is a response whose body was read.
type answer struct {
	status   int
	header   http.Header
	location string
	body     string
}

// visit returns somebody who is not signed in. Port 443 of every host is nginx's port.
func visit(t *testing.T, port int) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // the test's certificate is of its own making
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if _, p, err := net.SplitHostPort(addr); err == nil && p == "443" {
				addr = local(port)
			}
			var d net.Dialer
			return d.DialContext(ctx, network, addr)
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &visitor{t, &http.Client{Jar: jar, Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// page are the headers of a browser that opens a page.
func page() http.Header {
	return http.Header{"Accept": {"text/html"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"document"}}
}

// do asks once, and follows no redirect.
func (v *visitor) do(target string, h http.Header) answer {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, target, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	maps.Copy(req.Header, h.Clone())
	resp, err := v.client.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, resp.Header.Get("Location"), string(body)}
}

// open opens a page, follows redirects, and signs in as this user where the emulator asks who it is.
func (v *visitor) open(target, user string) (answer, string) {
	v.t.Helper()
	for range 12 {
		r := v.do(target, page())
		if r.status != http.StatusFound && r.status != http.StatusSeeOther {
			return r, target
		}
		from, err := url.Parse(target)
		if err != nil {
			v.t.Fatal(err)
		}
		to, err := from.Parse(r.location)
		if err != nil {
			v.t.Fatal(err)
		}
		target = to.String()
		if to.Scheme == "http" { // the emulator
			if target, err = entra.SignIn(v.t.Context(), v.client, target, user); err != nil {
				v.t.Fatal(err)
			}
		}
	}
	v.t.Fatalf("%s: no end of redirects", target)
	return answer{}, ""
}

// echoed is what the sample application got.
type echoed struct {
	Method, URI, Host string
	Headers           http.Header
}

func (r answer) echo(t *testing.T) echoed {
	t.Helper()
	var e echoed
	if err := json.Unmarshal([]byte(r.body), &e); err != nil || r.status != http.StatusOK {
		t.Fatalf("%d, no echo: %v\n%.500s", r.status, err, r.body)
	}
	return e
}
