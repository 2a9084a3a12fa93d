package inline

import (
	"errors"
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

	upgrades bool // the client asks for a WebSocket
	body     sent
	patience *patience
	told     bool  // why it failed
	cut      error // why its answer ended before its end
	byClient bool  // … and that it was the client's body
}

// What an application may not answer.
var (
	errSwitched = errors.New("the application switched protocols, and nobody had asked for it")
	errStatus   = errors.New("the application answered with a status below 100")
)

// run hands a request on.
func (p *passage) run(w http.ResponseWriter, r *http.Request) {
	p.patience = newPatience(w, max(p.proxy.Pause, p.route.Timeout))
	defer func() { p.patience.leave(r, r.ContentLength != 0 && !p.body.ended.Load(), p.cut != nil) }()
	client := &answer{ResponseWriter: w, patience: p.patience}
	if p.route.MaxBody > 0 && r.ContentLength > p.route.MaxBody {
		p.fail(client, r, &http.MaxBytesError{Limit: p.route.MaxBody})
		return
	}
	if r.ContentLength != 0 {
		c := http.NewResponseController(w)
		_ = c.SetReadDeadline(time.Time{}) // see Proxy.ServeHTTP
		if r.ProtoMajor == 1 {
			_ = c.EnableFullDuplex() // an answer may begin before the body has ended
		}
	}
	if p.upgrades = r.Header[headerUpgrade] != nil; p.upgrades {
		var done func()
		r, done = p.proxy.upgraded.begin(r, p.longest)
		defer done()
		client.life = r.Context()
	}
	defer p.noteCut(r)
	proxy := httputil.ReverseProxy{
		Rewrite: p.rewrite, ModifyResponse: p.modify, ErrorHandler: p.fail, Transport: p.transport, BufferPool: &p.proxy.buffers,
		ErrorLog: p.proxy.silent,
	}
	proxy.ServeHTTP(client, r)
}

// rewrite makes the request to the application.
func (p *passage) rewrite(pr *httputil.ProxyRequest) {
	out := pr.Out
	out.URL = &url.URL{Scheme: p.route.scheme, Host: p.route.to, Opaque: p.uri}
	out.Host = p.host.Name
	if p.route.HostOfUpstream {
		out.Host = ""
	}
	if out.Body != nil {
		p.body.ReadCloser, p.body.patience = out.Body, p.patience
		if p.route.MaxBody > 0 {
			// Without a writer: it would change the headers of the answer while the application's are copied.
			p.body.ReadCloser = http.MaxBytesReader(nil, out.Body, p.route.MaxBody)
		}
		out.Body = &p.body
	}
	out.Trailer = nil
	out.Header = p.outgoing(out.Header)
}

// modify looks at the answer of the application before the client gets it.
func (p *passage) modify(res *http.Response) error {
	switch {
	case res.StatusCode < http.StatusContinue: // net/http would not write it
		return errStatus
	case res.StatusCode != http.StatusSwitchingProtocols:
		res.Body = &watched{res.Body, p, res}
	case !p.upgrades:
		return errSwitched
	}
	answered(res.Header, p.cookies)
	trailed(res.Trailer) // those that are announced
	if p.body.goesOn() && res.Request.ProtoMajor == 1 {
		res.Header.Set("Connection", "close") // see sent
	}
	return nil
}
