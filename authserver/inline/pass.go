package inline

import (
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
	"github.com/easyauth-sidecar/easyauth/authserver/pages"
)

// passage is one request on its way to an application and back.
type passage struct {
	route     *route
	transport *http.Transport
	uri       string // path and query as they were sent
	host      hosts.Host
	client    netip.Addr // invalid: nobody knows
	chain     string     // for X-Forwarded-For
	isToken   func(string) bool
	longest   time.Duration
	identity  http.Header // nil: nobody was asked; then the headers for the application
	cookies   []string    // of ours, for the answer

	proxy *Proxy
	pages *pages.Pages

	upgrades bool  // the client asks for a WebSocket
	cut      error // why its answer ended before its end
}

var errSwitched = errors.New("the application switched protocols, and nobody had asked for it")

// run hands a request on.
func (p *passage) run(w http.ResponseWriter, r *http.Request) {
	if p.route.MaxBody > 0 {
		if r.ContentLength > p.route.MaxBody {
			p.fail(w, r, &http.MaxBytesError{Limit: p.route.MaxBody})
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, p.route.MaxBody)
	}
	c := http.NewResponseController(w)
	if r.ProtoMajor == 1 {
		_ = c.SetWriteDeadline(time.Time{}) // of an answer of ours, before on this connection
	}
	if r.ContentLength != 0 {
		_ = c.SetReadDeadline(time.Time{}) // see Proxy.ServeHTTP
		if r.ProtoMajor == 1 {
			_ = c.EnableFullDuplex() // an answer may begin before the body has ended
		}
	}
	if p.upgrades = r.Header[headerUpgrade] != nil; p.upgrades {
		var done func()
		r, done = p.proxy.upgraded.begin(r, p.longest)
		defer done()
	}
	defer p.noteCut(r)
	proxy := httputil.ReverseProxy{
		Rewrite: p.rewrite, ModifyResponse: p.modify, ErrorHandler: p.fail, Transport: p.transport, BufferPool: &p.proxy.buffers,
		ErrorLog: p.proxy.silent,
	}
	proxy.ServeHTTP(&answer{ResponseWriter: w}, r)
}

// rewrite makes the request to the application.
func (p *passage) rewrite(pr *httputil.ProxyRequest) {
	out := pr.Out
	out.URL = &url.URL{Scheme: p.route.scheme, Host: p.route.to, Opaque: p.uri}
	out.Host = p.host.Name
	if p.route.HostOfUpstream {
		out.Host = ""
	}
	out.Trailer = nil
	out.Header = p.outgoing(out.Header)
}

// modify looks at the answer of the application before the client gets it.
func (p *passage) modify(res *http.Response) error {
	if res.StatusCode == http.StatusSwitchingProtocols {
		if !p.upgrades {
			return errSwitched
		}
	} else {
		res.Body = &watched{res.Body, p}
	}
	answered(res.Header, p.cookies)
	return nil
}

// watched remembers why the body of an answer ended before its end.
type watched struct {
	io.ReadCloser

	p *passage
}

// Read implements io.Reader.
func (b *watched) Read(to []byte) (int, error) {
	n, err := b.ReadCloser.Read(to)
	if err != nil && err != io.EOF {
		b.p.cut = err
	}
	return n, err //nolint:wrapcheck // a reader hands on what it gets
}
