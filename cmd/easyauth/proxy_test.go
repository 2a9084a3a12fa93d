package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver"
	"github.com/easyauth-sidecar/easyauth/test/entra"
)

const inlinePage = "../../docs/proxies/inline.md"

// documented is the configuration of the page, with the address of an application of ours.
func documented(t *testing.T, application string) string {
	t.Helper()
	text, err := os.ReadFile(inlinePage)
	if err != nil {
		t.Fatal(err)
	}
	_, block, found := strings.Cut(string(text), "```yaml\n# easyauth.yaml\n")
	block, _, closed := strings.Cut(block, "```")
	if !found || !closed || !strings.Contains(block, "to: http://") {
		t.Fatal("the page has no configuration")
	}
	return regexp.MustCompile(`to: http://\S+`).ReplaceAllString(block, "to: http://"+application)
}

// application tells what it was sent.
func application(t *testing.T) (address string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "websocket" {
			conn, both, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = conn.Close() }()
			_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
			for line, err := both.ReadString('\n'); err == nil; line, err = both.ReadString('\n') {
				_, _ = io.WriteString(conn, "echo "+line)
			}
			return
		}
		_, _ = fmt.Fprintf(w, "%s oid=%s roles=%s cookies=%q auth=%q\n", r.RequestURI, r.Header.Get("X-Injected-Oid"), r.Header.Get("X-Injected-Roles"), r.Header["Cookie"], r.Header["Authorization"]) //nolint:gosec // no browser looks at it
	}))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// startProxy runs easyauth proxy inside the test with the configuration of the page.
func startProxy(t *testing.T, file, content string, settings map[string]string) *server {
	t.Helper()
	overwrite(t, file, content)
	address := freeAddress(t)
	startEntra(t, address)
	vars := with(t, laptop(t, address), map[string]string{"EASYAUTH_READ_REGISTRATION": "false", "EASYAUTH_CONFIG_FILE": file, "EASYAUTH_HOSTS": ""}, settings)
	s := &server{t: t, exited: make(chan int, 1)}
	ctx, cancel := context.WithCancelCause(context.Background())
	s.end = func(cause error) { cancel(cause) }
	go func() {
		s.exited <- run(ctx, []string{"proxy"}, environment{environ: environ(vars), stdout: &s.out, stderr: &s.errs, version: testVersion})
	}()
	t.Cleanup(func() {
		cancel(errInterrupted)
		s.wait()
	})
	s.waitReady()
	waitFor(t, "discovery", func() bool { return !strings.Contains(s.get(s.admin, "/readyz", nil).body, "degraded") })
	return s
}

// The configuration of the page, with a person, a program and a provider.
func TestInlinePage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "easyauth.yaml")
	content := documented(t, application(t))
	s := startProxy(t, file, content, nil)
	b := newBrowser(t, s)
	at := func(path string) string { return "http://" + host + path }

	if resp := b.get(at("/orders?id=7"), navigation()); resp.StatusCode != http.StatusFound || !strings.HasPrefix(resp.Header.Get("Location"), at("/easyauth/login?")) {
		t.Fatalf("refused: %d %s", resp.StatusCode, resp.Header.Get("Location"))
	}
	if resp := b.get(at("/orders?id=7"), http.Header{"Accept": {"application/json"}}); resp.StatusCode != http.StatusUnauthorized || !strings.Contains(resp.body, "login_url") {
		t.Errorf("a script: %d %s", resp.StatusCode, resp.body)
	}
	if resp := b.get(at("/static/a.css"), http.Header{"X-Injected-Oid": {"x"}}); resp.body != "/static/a.css oid= roles= cookies=[] auth=[]\n" {
		t.Errorf("a public path: %d %s", resp.StatusCode, resp.body)
	}
	if resp := b.get(at("/easyauth/auth"), asNginx(page)); resp.StatusCode != http.StatusNotFound {
		t.Errorf("what proxies ask: %d", resp.StatusCode)
	}
	b.signIn()
	want := "oid=" + entra.AdeleOID + " roles=Admin%7COrders.Write cookies=[] auth=[]\n"
	for _, path := range []string{"/orders?id=7", "/admin/a%20b?x=%zz"} {
		spoofing := navigation()
		spoofing["X-Injected-Oid"], spoofing["x_injected_oid"] = []string{"evil"}, []string{"evil"}
		if resp := b.get(at(path), spoofing); resp.StatusCode != http.StatusOK || strings.ReplaceAll(resp.body, "|", "%7C") != path+" "+want {
			t.Errorf("signed in: %d %s, want %s", resp.StatusCode, resp.body, want)
		}
	}
	if resp := b.get(at("/a/..%2fadmin"), navigation()); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("a path of two meanings: %d", resp.StatusCode)
	}
	if resp := b.get(at("/easyauth/me"), http.Header{"Accept": {"application/json"}}); resp.StatusCode != http.StatusOK || !strings.Contains(resp.body, entra.AdeleOID) {
		t.Errorf("me: %d %s", resp.StatusCode, resp.body)
	}

	// A change of the rules counts for the next request, and takes no connection along.
	socket := openSocket(t, s, b)
	socket.says(t, "one")
	change := func(rule string) {
		overwrite(t, file, strings.ReplaceAll(content, "role=Admin\n", rule+"\n"))
		self, err := os.FindProcess(os.Getpid())
		if err == nil {
			err = self.Signal(syscall.SIGHUP)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	change("role=Nobody")
	waitFor(t, "the new rule", func() bool {
		return b.get(at("/admin"), http.Header{"Accept": {"application/json"}}).StatusCode == http.StatusForbidden
	})
	socket.says(t, "two")
	change("roles=Admin")
	waitFor(t, "the fault", func() bool {
		return strings.Contains(s.out.String(), "the configuration cannot be used") && strings.Contains(s.out.String(), "upstreams (configuration file, line ")
	})
	if status := b.get(at("/admin"), http.Header{"Accept": {"application/json"}}).StatusCode; status != http.StatusForbidden {
		t.Errorf("of a configuration that cannot be used: %d", status)
	}
	socket.says(t, "three")
}

type socket struct {
	conn net.Conn
	from *bufio.Reader
}

func openSocket(t *testing.T, s *server, b *browser) *socket {
	t.Helper()
	conn, err := dial(t, s.public)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+host+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	var cookies []string
	for _, c := range b.client.Jar.Cookies(r.URL) {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	_, _ = fmt.Fprintf(conn, "GET /ws HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nCookie: %s\r\n\r\n", host, strings.Join(cookies, "; "))
	from := bufio.NewReader(conn)
	resp, err := http.ReadResponse(from, r) //nolint:bodyclose // it is the connection
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatal(resp, err)
	}
	return &socket{conn, from}
}

func (s *socket) says(t *testing.T, line string) {
	t.Helper()
	_, _ = io.WriteString(s.conn, line+"\n")
	if got, err := s.from.ReadString('\n'); got != "echo "+line+"\n" || err != nil {
		t.Fatalf("%q, %v", got, err)
	}
}

// A WebSocket may live for the time of a shutdown, and is closed then.
func TestProxyStops(t *testing.T) {
	s := startProxy(t, filepath.Join(t.TempDir(), "easyauth.yaml"), documented(t, application(t)), map[string]string{"EASYAUTH_SHUTDOWN_TIMEOUT": "3s"})
	b := newBrowser(t, s)
	b.signIn()
	socket := openSocket(t, s, b)
	s.end(fmt.Errorf("%w: %v", context.Canceled, syscall.SIGTERM))
	waitFor(t, "the end of listening", func() bool { return isClosed(t, s.public) })
	socket.says(t, "still there")
	if code := s.wait(); code != exitOK {
		t.Errorf("exit code %d\n%s", code, s.out.String())
	}
	if got, err := socket.from.ReadString('\n'); err == nil {
		t.Errorf("the WebSocket goes on: %q", got)
	}
}

// The listener speaks HTTP/2, with TLS and without.
func TestProxySpeaksHTTP2(t *testing.T) {
	cert, key := listenerFiles(t)
	for name, settings := range map[string]map[string]string{"http": nil, "https": {"EASYAUTH_TLS_CERT_FILE": cert, "EASYAUTH_TLS_KEY_FILE": key}} {
		s := startProxy(t, filepath.Join(t.TempDir(), "easyauth.yaml"), documented(t, application(t)), settings)
		for version := 1; version <= 2; version++ {
			transport := &http.Transport{Protocols: new(http.Protocols), TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
			transport.Protocols.SetHTTP1(version == 1)
			transport.Protocols.SetHTTP2(version == 2)
			transport.Protocols.SetUnencryptedHTTP2(version == 2)
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, name+"://"+s.public+"/static/a", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = host
			resp, err := (&http.Client{Transport: transport, Timeout: patience}).Do(r)
			if err != nil {
				t.Errorf("%s, HTTP/%d: %v", name, version, err)
				continue
			}
			if _ = resp.Body.Close(); resp.ProtoMajor != version || resp.StatusCode != http.StatusOK {
				t.Errorf("%s, HTTP/%d: %s %s", name, version, resp.Proto, resp.Status)
			}
			transport.CloseIdleConnections()
		}
	}
}

// Applications that read nothing keep no other upload of the connection back.
func TestProxyUploadsAtOnce(t *testing.T) {
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	begun, end := make(chan struct{}, uploadsAtOnce), make(chan struct{})
	server := authserver.HTTPServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/idle" {
			begun <- struct{}{}
			<-end
			return
		}
		n, err := io.Copy(io.Discard, r.Body)
		_, _ = fmt.Fprint(w, n, err)
	}), slog.New(slog.DiscardHandler))
	serveInline(server)
	go func() { _ = server.Serve(l) }()
	defer func() { _ = server.Close() }()
	defer close(end)
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	client := &http.Client{Timeout: patience, Transport: &http.Transport{Protocols: protocols}}
	defer client.CloseIdleConnections()
	const size = 4 << 20
	body := make([]byte, size)
	put := func(path string) (*http.Response, error) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://"+l.Addr().String()+path, bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		return client.Do(r)
	}
	for range uploadsAtOnce - 1 {
		go func() {
			if resp, err := put("/idle"); err == nil {
				_ = resp.Body.Close()
			}
		}()
	}
	for range uploadsAtOnce - 1 {
		select {
		case <-begun:
		case <-time.After(patience):
			t.Fatal("an upload does not begin")
		}
	}
	resp, err := put("/read")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if got, _ := io.ReadAll(resp.Body); string(got) != fmt.Sprint(size, nil) {
		t.Errorf("%s: %q", resp.Status, got)
	}
}

// Neither an upload nor a stream ends by the server's clock.
func TestProxyHasNoTimesForBodies(t *testing.T) {
	s := authserver.HTTPServer(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	if serveInline(s); s.ReadTimeout != 0 || s.WriteTimeout != 0 || s.ReadHeaderTimeout == 0 || s.IdleTimeout == 0 || s.MaxHeaderBytes == 0 || s.HTTP2.WriteByteTimeout == 0 {
		t.Errorf("%+v", s)
	}
}

func TestTokensOfOurs(t *testing.T) {
	for text, want := range map[string]bool{"ea_abc": true, "ear_abc": true, "eyJ0": false, "earl": false, "": false} {
		if got := isOurs(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestProxyConfigurations(t *testing.T) {
	upstreams := func(text string) map[string]string { return map[string]string{"EASYAUTH_UPSTREAMS": text} }
	for _, row := range []struct {
		name, command string
		vars          map[string]string
		code          int
		want          string
	}{
		{"no application", "proxy", nil, exitUsage, "EASYAUTH_UPSTREAMS: is required by easyauth proxy"},
		{"a host that is not served", "check-config", upstreams("evil.example.com=http://a"), exitUsage, "EASYAUTH_UPSTREAMS: entry 1: its host must be one that EASYAUTH_HOSTS serves"},
		{"a rule that cannot be read", "check-config", upstreams("app.example.com=http://a auth=roles=A"), exitUsage, "EASYAUTH_UPSTREAMS: entry 1: auth: the rule cannot be read"},
		{"a policy that there is not", "check-config", upstreams("app.example.com=http://a auth=policy=nix"), exitUsage, `EASYAUTH_UPSTREAMS: entry 1: auth: policies has no "nix"`},
		{"the path of the sign-in", "check-config", upstreams("app.example.com/easyauth=http://a"), exitUsage, "EASYAUTH_UPSTREAMS: entry 1: its path is EasyAuth's own"},
		{"that path, and the sign-in elsewhere", "check-config", map[string]string{"EASYAUTH_UPSTREAMS": "app.example.com/easyauth=http://a", "EASYAUTH_BASE_PATH": "/auth"}, exitOK, "The configuration is good."},
		{"two faults", "proxy", upstreams("app.example.com=ftp://a\napp.example.com/a;b=http://a"), exitUsage, "EASYAUTH_UPSTREAMS: entry 2: its path"},
		{"what proxies that ask have to say", "proxy", map[string]string{"EASYAUTH_UPSTREAMS": "app.example.com=http://a", "EASYAUTH_ADAPTERS": "envoy", "EASYAUTH_LISTEN": "192.0.2.1:1"}, exitFailed, "warning: EASYAUTH_ADAPTERS has no effect: no proxy asks easyauth proxy"},
		{"good", "check-config", upstreams("app.example.com=http://a auth=role=A"), exitOK, "The configuration is good."},
	} {
		code, stdout, stderr := execute(t, with(t, row.vars), row.command)
		if code != row.code || !strings.Contains(stdout+stderr, row.want) {
			t.Errorf("%s: %d\n%s%s", row.name, code, stdout, stderr)
		}
	}
}
