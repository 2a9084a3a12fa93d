package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// heard is a request as it reached the application, all of it.
type heard struct {
	Method, URI, Host, Proto, Body string
	Headers, Trailers              http.Header
}

// front is an nginx of a test's own before a stand's EasyAuth, over plain http, for
// what the stand's nginx is not configured to do. The application behind it
// answers with all that it heard, and remembers it.
type front struct {
	t    *testing.T
	s    *stand.Stand
	port int

	mu  sync.Mutex
	all []heard
}

// frontConfig is nginx's configuration; %s is what a test adds to it.
const frontConfig = `%s
daemon off;
worker_processes 1;
pid logs/nginx.pid;
error_log logs/error.log info;
events { worker_connections 512; }
http {
    access_log off;
    client_body_temp_path tmp/body; proxy_temp_path tmp/proxy;
    fastcgi_temp_path tmp/fastcgi; uwsgi_temp_path tmp/uwsgi; scgi_temp_path tmp/scgi;
    upstream auth { server %s; keepalive 4; }
    upstream app  { server %s; keepalive 4; }
    server {
        listen 127.0.0.1:%d%s;
        %s
    }
}
`

// guarded is a location that asks EasyAuth, and one that is asked; check and pass
// are what a test adds to either.
func guarded(id, path, query, check, pass string) string {
	var identity strings.Builder
	for _, name := range identityNames() {
		variable := strings.ReplaceAll(name, "-", "_")
		fmt.Fprintf(&identity, "auth_request_set $%s $upstream_http_%s; proxy_set_header %s $%s;\n", variable, variable, name, variable)
	}
	return fmt.Sprintf(`
        location = /_check-%[1]s {
            internal;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_set_header X-Original-Method $request_method;
            %[4]s
            proxy_pass http://auth/easyauth/auth%[3]s;
        }
        location %[2]s {
            auth_request /_check-%[1]s;
            %[6]s
            proxy_set_header Host $http_host;
            %[5]s
            proxy_pass http://app;
        }`, id, path, query, check, pass, identity.String())
}

// saysWhere is the line that every configuration needs.
const saysWhere = "proxy_set_header X-Original-URL $scheme://$http_host$request_uri;"

// startFront starts nginx with these locations; listen is added to its listen line.
func startFront(t *testing.T, s *stand.Stand, listen, locations string) *front {
	t.Helper()
	f := &front{t: t, s: s}
	app := httptest.NewServer(http.HandlerFunc(f.hear))
	t.Cleanup(app.Close)
	program, err := exec.LookPath("nginx")
	if err != nil {
		program = "/usr/sbin/nginx"
	}
	dir := t.TempDir()
	for _, sub := range []string{"logs", "tmp"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	f.port = freePort(t)
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;"
	}
	conf := fmt.Sprintf(frontConfig, user, strings.TrimPrefix(s.EasyAuth, "http://"), strings.TrimPrefix(app.URL, "http://"), f.port, listen, locations)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "-p", dir, "-e", filepath.Join(dir, "logs", "error.log"), "-c", file)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = patience
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Wait() // it was interrupted, which is no fault
		if log, err := os.ReadFile(filepath.Join(dir, "logs", "error.log")); err == nil && t.Failed() {
			t.Logf("nginx's errors:\n%s", tail(string(log)))
		}
	})
	waitUntil(t, "nginx", func() bool {
		conn, err := f.connect()
		return err == nil && conn.Close() == nil
	})
	return f
}

// freePort is a port below those that systems take for outgoing connections.
func freePort(t *testing.T) int {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (f *front) hear(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "the body ends early", http.StatusBadRequest)
		return
	}
	h := heard{r.Method, r.RequestURI, r.Host, r.Proto, string(body), r.Header.Clone(), r.Trailer.Clone()}
	f.mu.Lock()
	f.all = append(f.all, h)
	f.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(h) // the client is away: nobody looks
}

// reached is what the application heard since the last call.
func (f *front) reached() []heard {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := f.all
	f.all = nil
	return all
}

func (f *front) connect() (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(f.t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", f.port))
}

// send writes bytes and returns all that comes back until nginx closes.
func (f *front) send(text string) string {
	f.t.Helper()
	conn, err := f.connect()
	if err != nil {
		f.t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		f.t.Fatal(err)
	}
	_, writeErr := io.WriteString(conn, text) // nginx may answer before it has read everything
	answer, err := io.ReadAll(conn)
	if len(answer) == 0 && err != nil {
		f.t.Fatalf("%.200q: %v", text, errors.Join(writeErr, err))
	}
	return string(answer)
}

// get is a GET's text, with these header lines, on a connection of its own.
func get(path string, lines ...string) string {
	return strings.Join(append([]string{"GET " + path + " HTTP/1.1", "Host: app.test", "Connection: close"}, lines...), "\r\n") + "\r\n\r\n"
}

// statusOf is the status of the first answer, 0 if there is none.
func statusOf(answer string) (status int) {
	_, _ = fmt.Sscanf(answer, "HTTP/1.1 %d", &status) // 0 tells
	return status
}

// identity is what the application was told about the person, as echoed has it.
func (h heard) identity() []string { return echoed{Headers: h.Headers}.identity() }

// one wants that exactly one request reached the application, and returns it.
func (f *front) one(what, answer string) heard {
	f.t.Helper()
	all := f.reached()
	if len(all) != 1 || statusOf(answer) != http.StatusOK {
		f.t.Errorf("%s: %d requests reached the application, answered %.200q", what, len(all), answer)
		return heard{}
	}
	return all[0]
}

// none wants that no request reached the application, and this status if it is not 0.
func (f *front) none(what, answer string, status ...int) {
	f.t.Helper()
	if all := f.reached(); len(all) > 0 || len(status) > 0 && !slices.Contains(status, statusOf(answer)) {
		f.t.Errorf("%s: %d requests reached the application, answered %.200q, want %v", what, len(all), answer, status)
	}
}
