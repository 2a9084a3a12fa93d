package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"sync"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver"
)

// pagePath is what a browser opens of the application behind a proxy.
const pagePath = "/orders"

// pageSize is that of the application's answer, in bytes.
const pageSize = 2 << 10

// bareProxy is the yardstick of easyauth proxy: the standard library's reverse proxy with the same bounds of
// connections, which decides nothing. As the bare handler beside the other questions it reads the cookie and writes ten
// headers, here for the application.
func bareProxy(to *url.URL) http.Handler {
	const size = 8 << 10
	buffers := &pool{}
	identity := http.Header{
		"X-Injected-Oid": {"a0000000-0000-4000-8000-00000000ade1"}, "X-Injected-Tid": {"2f1c6f0e-0d5b-4c1e-9a57-3b7d0c9a1e11"},
		"X-Injected-Sub": {"Qm9iIGFuZCBBZGVsZSBhcmUgdHdvIHBlb3BsZS4tLS0"}, "X-Injected-Name": {"Adele+Vance"},
		"X-Injected-Preferred-Username": {"adele%40contoso.example"}, "X-Injected-Email": {"adele%40contoso.example"}, "X-Injected-Roles": {"Admin|Orders.Write"},
		"X-Injected-Scp": {"openid|profile|email"}, "X-Injected-Groups": {"b0000000-0000-4000-8000-000000000001"}, "X-Injected-Userinfo": {"Adele"},
	}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host
			r.SetXForwarded()
			if _, err := r.In.Cookie("__Host-easyauth"); err == nil {
				maps.Copy(r.Out.Header, identity)
			}
		},
		BufferPool: buffers,
		Transport: &http.Transport{
			DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext, MaxIdleConnsPerHost: 256, IdleConnTimeout: time.Minute,
			ResponseHeaderTimeout: time.Minute, DisableCompression: true, ReadBufferSize: size, WriteBufferSize: size,
		},
	}
}

type pool struct{ sync.Pool }

// Get implements httputil.BufferPool.
func (p *pool) Get() []byte {
	if b, ok := p.Pool.Get().(*[]byte); ok {
		return *b
	}
	return make([]byte, 32<<10)
}

// Put implements httputil.BufferPool.
func (p *pool) Put(b []byte) { p.Pool.Put(&b) }

// application answers every request with the same page.
func application() http.Handler {
	page := make([]byte, pageSize)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page) // its client has gone
	})
}

// serveOther is the sub-commands `application` and `proxy URL`: they serve until they are interrupted.
func serveOther(ctx context.Context, args []string, stdout io.Writer) error {
	handler := application()
	if len(args) > 1 {
		to, err := url.Parse(args[1])
		if err != nil {
			return err
		}
		handler = bareProxy(to)
	}
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := authserver.HTTPServer(handler, slog.New(slog.DiscardHandler))
	context.AfterFunc(ctx, func() { _ = server.Close() }) // its clients have gone
	say(stdout, "listening on %s\n", l.Addr())
	if err := server.Serve(l); ctx.Err() == nil {
		return err
	}
	return nil
}

// startOther starts one of them.
func startOther(ctx context.Context, program string, args ...string) (*server, error) {
	p, err := start(ctx, args[0], nil, program, args...)
	if err != nil {
		return nil, err
	}
	line, err := printed(ctx, p, regexp.MustCompile(`(?m)^listening on (\S+)$`))
	if err != nil {
		_ = stop(p) // the first error counts
		return nil, err
	}
	return &server{process: p, url: "http://" + line[1]}, nil
}

// runInline measures easyauth proxy beside a bare reverse proxy, in front of one application.
func (b *bench) runInline(ctx context.Context, s scenario) (r result, err error) {
	r.scenario = s
	application, err := startOther(ctx, b.programs.perf, "application")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, application.stop()) }()
	l, first, err := b.load(s)
	if err != nil {
		return r, err
	}
	easyauth, err := startEasyAuth(ctx, b.programs.easyauth, b.idp, b.envOf(s), map[string]string{upstreams: host + "=" + application.url + " auth=" + s.query()})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, easyauth.stop()) }()
	if r.before, err = resident(easyauth.pid()); err != nil {
		return r, err
	}
	bare, err := startOther(ctx, b.programs.perf, "proxy", application.url)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, bare.stop()) }()
	for _, of := range []*server{easyauth, bare} {
		if a, err := probe(ctx, of.url, first); err != nil || a.Status != s.status {
			return r, fmt.Errorf("%s answers %d, want %d: %w\n%s", of.process.Name(), a.Status, s.status, err, of.process.Output())
		}
	}
	before, err := readCounters(ctx, easyauth.admin)
	if err != nil {
		return r, err
	}
	if r.rounds, err = b.wrk.pair(ctx, easyauth, bare, l, s.refused(), b.settings, b.progress); err != nil {
		return r, err
	}
	after, err := readCounters(ctx, easyauth.admin)
	if err != nil {
		return r, err
	}
	if r.after, err = resident(easyauth.pid()); err != nil {
		return r, err
	}
	added := after.since(before)
	r.held, r.asked = int(after[`easyauth_cache_entries{cache="tickets"}`]), int(added.sum("easyauth_decisions_total{"))
	return r, s.verify(added)
}

// upstreams makes EasyAuth a proxy.
const upstreams = "EASYAUTH_UPSTREAMS"
