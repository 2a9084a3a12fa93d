package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// documented returns the only block of nginx configuration in a document that holds
// a text: what people copy is what is tested.
func documented(t *testing.T, document, holds string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/" + document)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, block := range regexp.MustCompile("(?ms)^```nginx\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		if strings.Contains(block[1], holds) {
			found = append(found, block[1])
		}
	}
	if len(found) != 1 {
		t.Fatalf("docs/%s: %d blocks of nginx hold %q, want one", document, len(found), holds)
	}
	return found[0]
}

// replaceOnce wants what it replaces to be there, as often as told.
func replaceOnce(t *testing.T, text, old, by string, times int) string {
	t.Helper()
	if n := strings.Count(text, old); n != times {
		t.Fatalf("%q is there %d times, want %d, in\n%s", old, n, times, text)
	}
	return strings.ReplaceAll(text, old, by)
}

// plainNginx runs the configuration of docs/nginx.md before a stand's EasyAuth and an
// application of our own. Of its locations / and /public/ have the snippet that strips
// cookies, /admin/ and /api/ have not.
type plainNginx struct{ socket, host string }

func startPlainNginx(t *testing.T, s *stand.Stand, application string) *plainNginx {
	t.Helper()
	dir := t.TempDir()
	for _, sub := range []string{"logs", "tmp"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// The path of a socket has 107 bytes at most: a folder with a short name.
	short, err := os.MkdirTemp("", "easyauth-") //nolint:usetesting // T.TempDir's name holds the test's
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(short) }) // a temporary folder
	n := &plainNginx{socket: filepath.Join(short, "nginx"), host: strings.TrimPrefix(s.URL(appHost, ""), "https://")}

	server := documented(t, "nginx.md", "upstream application")
	for _, change := range [][2]string{
		{"server 127.0.0.1:8080;", "server " + strings.TrimPrefix(s.EasyAuth, "http://") + ";"},
		{"server 127.0.0.1:3000;", "server " + application + ";"},
		{"listen 443 ssl;", "listen unix:" + n.socket + ";"},
		{"server_name app.example.com;", "server_name " + appHost + ";"},
		{"    ssl_certificate     /etc/ssl/app.example.com.pem;\n", ""},
		{"    ssl_certificate_key /etc/ssl/app.example.com.key;\n", ""},
	} {
		server = replaceOnce(t, server, change[0], change[1], 1)
	}
	// Where the document says that it belongs: below the other include.
	const strip = "\n        include          easyauth_strip.conf;"
	const first = "    location / {\n        auth_request     /_easyauth;\n        error_page       401 = @easyauth_signin;\n        include          easyauth_protect.conf;"
	server = replaceOnce(t, server, first, first+strip, 1)
	server = replaceOnce(t, server, "include          easyauth_clear.conf;", "include          easyauth_clear.conf;"+strip, 1)

	modules := "/usr/lib/nginx/modules/"
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;"
	}
	files := map[string]string{
		"easyauth_ask.conf":     documented(t, "nginx.md", "X-Original-Method $request_method"),
		"easyauth_protect.conf": documented(t, "nginx.md", "auth_request_set $easyauth_userinfo "),
		"easyauth_clear.conf":   documented(t, "nginx.md", `proxy_set_header X-Injected-Userinfo           "";`),
		"easyauth_cookies.conf": documented(t, "security.md", "map $easyauth_strip_8 $easyauth_other_cookies"),
		"easyauth_strip.conf":   documented(t, "security.md", "proxy_set_header Cookie $easyauth_other_cookies;"),
		"server.conf":           server,
		"nginx.conf": "load_module " + modules + "ndk_http_module.so;\nload_module " + modules + "ngx_http_set_misc_module.so;\n" + user + `
daemon off;
worker_processes 1;
pid logs/nginx.pid;
error_log logs/error.log info;
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path tmp/body; proxy_temp_path tmp/proxy;
    fastcgi_temp_path tmp/fastcgi; uwsgi_temp_path tmp/uwsgi; scgi_temp_path tmp/scgi;
    include easyauth_cookies.conf;
    include server.conf;
}
`,
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	n.run(t, dir)
	return n
}

func (n *plainNginx) run(t *testing.T, dir string) {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		program = "/usr/sbin/nginx" // not in every user's PATH
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program, "-p", dir, "-e", "logs/error.log", "-c", filepath.Join(dir, "nginx.conf"))
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt) // it may have ended
		select {
		case <-ended:
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			<-ended
			t.Error("nginx did not stop")
		}
		if t.Failed() {
			errs, err := os.ReadFile(filepath.Join(dir, "logs", "error.log"))
			t.Logf("nginx:\n%s%s (%v)", said.String(), tail(string(errs)), err)
		}
	})
	waitUntil(t, "nginx", func() bool {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("nginx ended: %v", err)
		default:
		}
		var d net.Dialer
		conn, err := d.DialContext(t.Context(), "unix", n.socket)
		return err == nil && conn.Close() == nil
	})
}

// arrived is what reached the application, nil if the request did not.
type arrived struct {
	status  int
	Headers http.Header
}

// ask sends one request with these header lines, as they are.
func (n *plainNginx) ask(t *testing.T, path string, lines ...string) arrived {
	t.Helper()
	a, err := n.exchange(t.Context(), "GET "+path+" HTTP/1.1\r\nHost: "+n.host+"\r\nConnection: close\r\nAccept: text/html\r\n"+strings.Join(append(lines, "\r\n"), "\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (n *plainNginx) exchange(ctx context.Context, request string) (a arrived, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", n.socket)
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if _, err := io.WriteString(conn, request); err != nil {
		return a, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	a.status = resp.StatusCode
	if a.status == http.StatusOK {
		err = json.NewDecoder(resp.Body).Decode(&a)
	}
	return a, err
}

// echoing is an application that answers with every header as it arrived.
func echoing(t *testing.T) string {
	t.Helper()
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"headers": r.Header})
	}))
	t.Cleanup(app.Close)
	return strings.TrimPrefix(app.URL, "http://")
}
