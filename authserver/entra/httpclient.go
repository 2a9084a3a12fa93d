package entra

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Bounds of NewHTTPClient.
const (
	defaultTimeout = 10 * time.Second
	defaultMaxBody = 1 << 20 // bytes

	maxResponseHeader = 64 << 10
	maxRedirects      = 3
)

// NewHTTPClient returns a client for the provider and for Microsoft Graph, whose
// libraries read without limit. One exchange, redirects and body included, takes
// at most timeout (0: 10 s); a body gives ErrBodyTooLarge once more
// than maxBody bytes (0: 1 MB) were read, counted after decompression;
// headers are at most 64 KB. At most three redirects are followed, within one
// origin only, so that a code or a token never goes elsewhere. The proxy comes
// from the environment (HTTPS_PROXY, NO_PROXY). There are no cookies and no
// retries beyond what net/http does for an idle connection that was closed.
func NewHTTPClient(timeout time.Duration, maxBody int64) *http.Client {
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	if maxBody <= 0 {
		maxBody = defaultMaxBody
	}
	dialer := &net.Dialer{Timeout: min(timeout, 5*time.Second), KeepAlive: 30 * time.Second}
	return &http.Client{
		Timeout:       timeout,
		CheckRedirect: sameOrigin,
		Transport: &boundedTransport{maxBody: maxBody, next: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            dialer.DialContext,
			ForceAttemptHTTP2:      true,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    min(timeout, 5*time.Second),
			ResponseHeaderTimeout:  timeout,
			MaxResponseHeaderBytes: maxResponseHeader,
			MaxIdleConns:           20,
			MaxIdleConnsPerHost:    10,
			IdleConnTimeout:        90 * time.Second,
		}},
	}
}

// boundedTransport bounds the bytes of every body.
type boundedTransport struct {
	next    http.RoundTripper
	maxBody int64
}

// RoundTrip implements http.RoundTripper.
func (t *boundedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = &boundedBody{ReadCloser: resp.Body, left: t.maxBody}
	return resp, nil
}

// CloseIdleConnections lets http.Client reach the connections of the transport below.
func (t *boundedTransport) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

type boundedBody struct {
	io.ReadCloser
	left int64
}

// Read gives ErrBodyTooLarge when there is a byte beyond the bound.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, ErrBodyTooLarge
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1] // one more than allowed: it tells a full body from one that goes on
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return n - 1, ErrBodyTooLarge
	}
	return n, err
}

func sameOrigin(next *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects || origin(next.URL) != origin(via[0].URL) {
		return errRedirect
	}
	return nil
}

// origin gives scheme, host and port in one canonical form.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}
