package inline_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
	"github.com/easyauth-sidecar/easyauth/authserver/inline"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/pages"
	"github.com/easyauth-sidecar/easyauth/ingress"
)

// patience bounds every wait. Nothing comes near it unless something is broken.
const patience = 20 * time.Second

const app = "app.test"

// asker answers questions and remembers them.
type asker struct {
	mu       sync.Mutex
	asked    []ingress.Ask
	headers  []http.Header // of the requests that were asked about
	refuse   atomic.Bool
	identity http.Header
}

func (a *asker) Ask(w http.ResponseWriter, r *http.Request, q ingress.Ask) (http.Header, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, q)
	a.headers = append(a.headers, r.Header.Clone())
	if a.refuse.Load() {
		w.Header().Set("Set-Cookie", "__Host-easyauth-state=denied")
		http.Error(w, "refused", http.StatusUnauthorized)
		return nil, false
	}
	return a.identity.Clone(), true
}

// last returns the last question and how many there were.
func (a *asker) last() (ingress.Ask, http.Header, int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.asked) == 0 {
		return ingress.Ask{}, nil, 0
	}
	return a.asked[len(a.asked)-1], a.headers[len(a.headers)-1], len(a.asked)
}

func person() http.Header {
	return http.Header{
		"X-Injected-Oid": {"our-oid"}, "X-Injected-Roles": {"our-role"}, "X-Injected-Name": {""}, "X-Jwt": {"our-jwt"},
		"Set-Cookie": {"__Host-easyauth-seen=ours"},
	}
}

// proxy is a proxy that serves.
type proxy struct {
	*asker
	*inline.Proxy

	t        testing.TB
	address  string
	registry *prometheus.Registry
	log      *lockedBuffer
	site     atomic.Pointer[inline.Site]
	server   *http.Server
	own      atomic.Int64 // requests for endpoints of ours
	held     atomic.Int64 // configurations that are in use for a question
}

type options struct {
	upstreams []inline.Upstream
	hosts     []string
	trusted   []netip.Prefix
	longest   time.Duration
	prefixes  []string
	ownTime   time.Duration
	pause     time.Duration
}

// to serves app with one application.
func to(address string) options {
	return options{upstreams: []inline.Upstream{{Host: app, To: "http://" + address}}}
}

func start(t testing.TB, o options) *proxy {
	t.Helper()
	p := &proxy{asker: &asker{identity: person()}, t: t, registry: prometheus.NewRegistry(), log: &lockedBuffer{}}
	p.site.Store(p.newSite(o))
	m := metrics.New(p.registry, "test")
	var err error
	p.Proxy, err = inline.New(inline.Config{
		Now: func() (*inline.Site, func()) {
			p.held.Add(1)
			return p.site.Load(), func() { p.held.Add(-1) }
		},
		OwnTime: o.ownTime, Pause: o.pause, Metrics: m.InlineFailures(), Log: slog.New(slog.NewTextHandler(p.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	l := listen(t)
	p.address = l.Addr().String()
	p.server = &http.Server{Handler: p.Proxy, ReadHeaderTimeout: patience, MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0), Protocols: new(http.Protocols)}
	p.server.Protocols.SetHTTP1(true)
	p.server.Protocols.SetUnencryptedHTTP2(true)
	go func() { _ = p.server.Serve(l) }()
	t.Cleanup(func() {
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		_ = p.server.Close()
		p.Wait(ended)
	})
	return p
}

func (p *proxy) newSite(o options) *inline.Site {
	p.t.Helper()
	table, err := inline.NewTable(tableConfig(p.t, o))
	if err != nil {
		p.t.Fatal(err)
	}
	if o.prefixes == nil {
		o.prefixes = []string{"x-injected-", ""}
	}
	page, err := pages.New(pages.Config{})
	if err != nil {
		p.t.Fatal(err)
	}
	site, err := inline.NewSite(inline.SiteConfig{
		Table: table, Ask: p.asker, Pages: page, BasePath: "/easyauth", OwnPaths: []string{"/easyauth", "/moved/login"},
		Own: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p.own.Add(1)
			_, _ = io.WriteString(w, "own "+r.URL.Path) //nolint:gosec // no browser looks at it
		}),
		IdentityPrefixes: o.prefixes, IdentityNames: []string{"x-injected-oid", "x-jwt"}, IsToken: func(s string) bool { return strings.HasPrefix(s, "ea_") },
		TrustedProxies: o.trusted, LongestUpgrade: o.longest,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return site
}

func tableConfig(t testing.TB, o options) inline.TableConfig {
	t.Helper()
	if o.hosts == nil {
		o.hosts = []string{app, "other.test", "*.apps.test", "port.test:8443", "login.test"}
	}
	set, err := hosts.New(hosts.Config{Hosts: o.hosts})
	if err != nil {
		t.Fatal(err)
	}
	parser := access.NewParser(access.ParserConfig{})
	return inline.TableConfig{Hosts: set, Upstreams: o.upstreams, BasePath: "/easyauth", Rule: func(query string) error {
		_, err := parser.Parse(query)
		return err
	}}
}

// failures returns how often there was a failure of this reason.
func (p *proxy) failures(reason string) float64 {
	p.t.Helper()
	families, err := p.registry.Gather()
	if err != nil {
		p.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "easyauth_inline_failures_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			if m.GetLabel()[0].GetValue() == reason {
				return m.GetCounter().GetValue()
			}
		}
	}
	p.t.Fatalf("there is no %s", reason)
	return 0
}

func (p *proxy) eventually(what string, done func() bool) {
	p.t.Helper()
	for end := time.Now().Add(patience); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatalf("%s: never", what)
		}
	}
}

// dial connects to an address and ends the connection with the test.
func dial(t testing.TB, address string) *net.TCPConn {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { _ = conn.Close() })
	return conn.(*net.TCPConn) //nolint:forcetypeassert // it was dialed as one
}

// send writes bytes and reads an answer of them.
func (p *proxy) send(raw string) *http.Response {
	p.t.Helper()
	conn := dial(p.t, p.address)
	if _, err := io.WriteString(conn, raw); err != nil {
		p.t.Fatal(err)
	}
	return p.answer(bufio.NewReader(conn))
}

func (p *proxy) answer(from *bufio.Reader) *http.Response {
	p.t.Helper()
	res, err := http.ReadResponse(from, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatalf("the body of %s: %v", res.Status, err)
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res
}

// get asks for a path with further lines.
func (p *proxy) get(path string, lines ...string) *http.Response {
	p.t.Helper()
	return p.send("GET " + path + " HTTP/1.1\r\nHost: " + app + "\r\n" + strings.Join(append(lines, "Connection: close"), "\r\n") + "\r\n\r\n")
}

func text(t testing.TB, res *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
