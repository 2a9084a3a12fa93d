package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

const (
	dialTimeout = 15 * time.Second
	maxHeaders  = 64 << 10  // bytes of an answer's header
	maxCAFile   = 512 << 10 // bytes
)

var errNotLoopback = errors.New("the name leads to another computer, and http is for this one alone")

// transport sends https by way of the proxies of the environment, and http to this
// computer alone.
type transport struct{ secure, plain *http.Transport }

// NewTransport returns what requests are sent with: TLS 1.2 or later, the system's
// certificate authorities and, unless caFile is "", those of that file in PEM as well; the
// proxies that HTTPS_PROXY and NO_PROXY name; no connection is used twice. http goes
// nowhere but to loopback addresses, whatever a name resolves to.
func NewTransport(caFile string) (http.RoundTripper, error) {
	roots, err := readRoots(caFile)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: dialTimeout}
	secure := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, ForceAttemptHTTP2: true,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		TLSHandshakeTimeout: dialTimeout, MaxResponseHeaderBytes: maxHeaders, DisableKeepAlives: true, DisableCompression: true,
	}
	here := &net.Dialer{Timeout: dialTimeout, ControlContext: onlyLoopback}
	plain := &http.Transport{
		DialContext: here.DialContext, MaxResponseHeaderBytes: maxHeaders, DisableKeepAlives: true, DisableCompression: true,
	}
	return &transport{secure, plain}, nil
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme == "https" {
		return t.secure.RoundTrip(r)
	}
	return t.plain.RoundTrip(r)
}

func onlyLoopback(_ context.Context, _, address string, _ syscall.RawConn) error {
	if to, err := netip.ParseAddrPort(address); err != nil || !to.Addr().Unmap().IsLoopback() {
		return errNotLoopback
	}
	return nil
}

// readRoots returns nil for the system's alone.
func readRoots(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	text, err := secret.ReadFile(path, maxCAFile)
	if err != nil {
		return nil, fmt.Errorf("read the certificate authorities in %q: %w", path, err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // a system without any
	}
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("read the certificate authorities in %q: there is no certificate in PEM", path)
	}
	return roots, nil
}
