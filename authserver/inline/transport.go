package inline

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"sync"
	"time"
)

// transportKey is what connections must have in common to be used for one another.
type transportKey struct {
	timeout  time.Duration
	ca       [32]byte // a hash of the authorities; zero: the system's
	insecure bool
}

// pool holds the connections to applications: one transport for all that are asked in the same way.
type pool struct {
	mu  sync.Mutex
	all map[transportKey]*http.Transport
}

func newPool() *pool { return &pool{all: map[transportKey]*http.Transport{}} }

// Bounds of a connection to an application.
const (
	dialTimeout       = 5 * time.Second
	handshakeTimeout  = 10 * time.Second
	idleUpstream      = 60 * time.Second
	idlePerUpstream   = 256
	continueTimeout   = time.Second
	maxUpstreamHeader = 256 << 10
	bufferSize        = 8 << 10 // of a connection, each way
)

// of returns the transport of a route.
func (p *pool) of(r *route) *http.Transport {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.all[r.key]
	if t == nil {
		t = newTransport(r)
		p.all[r.key] = t
	}
	return t
}

// newTransport makes a transport that changes nothing on the way: it asks no proxy of the environment, and neither asks
// for a compressed answer nor unpacks one. It speaks HTTP/1.1 alone, in which a WebSocket can begin.
func newTransport(r *route) *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	t := &http.Transport{
		DialContext: dialer.DialContext, TLSHandshakeTimeout: handshakeTimeout, Protocols: protocols,
		MaxIdleConnsPerHost: idlePerUpstream, IdleConnTimeout: idleUpstream,
		ResponseHeaderTimeout: r.Timeout, ExpectContinueTimeout: continueTimeout, MaxResponseHeaderBytes: maxUpstreamHeader,
		DisableCompression: true, ReadBufferSize: bufferSize, WriteBufferSize: bufferSize,
	}
	if r.scheme == "https" {
		t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: r.InsecureSkipVerify} //nolint:gosec // what the configuration asks for, in so many words
		if r.CA != nil {
			t.TLSClientConfig.RootCAs = x509.NewCertPool()
			t.TLSClientConfig.RootCAs.AppendCertsFromPEM(r.CA)
		}
	}
	return t
}

// Inherit takes over the connections of a table that this one replaces, where they are asked for in the same way.
func (t *Table) Inherit(old *Table) {
	if old == nil {
		return
	}
	old.pool.mu.Lock()
	defer old.pool.mu.Unlock()
	t.pool.mu.Lock()
	defer t.pool.mu.Unlock()
	wanted := func(key transportKey) bool {
		for _, r := range t.routes() {
			if r.key == key {
				return true
			}
		}
		return false
	}
	for key, transport := range old.pool.all {
		if wanted(key) {
			t.pool.all[key] = transport
		} else { // requests in flight go on
			transport.CloseIdleConnections()
		}
	}
}

func (t *Table) routes() (list []*route) {
	for _, s := range t.exact {
		list = append(list, s.routes...)
	}
	for _, w := range t.wildcards {
		list = append(list, w.site.routes...)
	}
	return list
}
