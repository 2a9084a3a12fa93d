package translate

import (
	"bufio"
	"crypto/sha1" //nolint:gosec // WebSocket's handshake has it
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// aKey is a WebSocket's. Each try has it: HAProxy refuses some without.
const aKey = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="

// accept answers the key of a WebSocket (RFC 6455, 1.3). HAProxy looks at it.
func accept(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // the protocol says so
	return base64.StdEncoding.EncodeToString(sum[:])
}

// tellAll is an application that upgrades to whatever it is asked to: it tells each header that it got in one line, and in
// a tunnel says one line again.
func tellAll(rw http.ResponseWriter, r *http.Request) {
	told := "app " + r.RequestURI
	for name, values := range r.Header {
		told += " " + name + "=" + strings.Join(values, "+")
	}
	upgrade := r.Header.Get("Upgrade")
	if upgrade == "" {
		_, _ = fmt.Fprintln(rw, told) //nolint:gosec // the test reads it
		return
	}
	conn, rest, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	_, _ = fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\nSec-WebSocket-Accept: %s\r\n\r\n%s\n", upgrade, accept(r.Header.Get("Sec-WebSocket-Key")), told)
	line, _ := rest.ReadString('\n')
	_, _ = io.WriteString(conn, "tunnel "+line)
}

// speak sends one request, and a line after it if a tunnel was opened. It gives what came back, heads and all.
func speak(t *testing.T, address, target string, headers ...string) (status int, text string) {
	t.Helper()
	conn, err := (&net.Dialer{Timeout: time.Minute}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	lines := append([]string{"GET " + target + " HTTP/1.1", "Host: app.example.com", in, aKey, "Sec-WebSocket-Version: 13"}, headers...)
	if _, err := io.WriteString(conn, strings.Join(lines, "\r\n")+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusSwitchingProtocols {
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	if _, err := io.WriteString(conn, "hello\n"); err != nil {
		t.Fatal(err)
	}
	told, _ := r.ReadString('\n')
	said, _ := r.ReadString('\n')
	return resp.StatusCode, told + said
}

// upgrade is one try to leave HTTP, and which proxies make a WebSocket of it.
type upgrade struct {
	headers []string
	opens   []string
}

func upgrades() map[string]upgrade {
	both := []string{"caddy", "haproxy"}
	return map[string]upgrade{
		"websocket":               {[]string{"Connection: Upgrade", "Upgrade: websocket"}, both},
		"WebSocket, kept alive":   {[]string{"Connection: keep-alive, Upgrade", "Upgrade: WebSocket"}, both},
		"websocket, other names":  {[]string{"Connection: Upgrade, X-Injected-Oid, X-Injected-Name", "Upgrade: websocket"}, both},
		"websocket before h2c":    {[]string{"Connection: Upgrade", "Upgrade: websocket", "Upgrade: h2c"}, both[:1]},
		"websocket after h2c":     {[]string{"Connection: Upgrade", "Upgrade: h2c", "Upgrade: websocket"}, both[:1]},
		"h2c":                     {[]string{"Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"}, nil},
		"h2c, settings not named": {[]string{"Connection: Upgrade", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"}, nil},
		"websocket, h2c":          {[]string{"Connection: Upgrade", "Upgrade: websocket, h2c"}, nil},
		"h2c, websocket":          {[]string{"Connection: Upgrade", "Upgrade: h2c, websocket"}, nil},
		"longer":                  {[]string{"Connection: Upgrade", "Upgrade: websocket2"}, nil},
		"another":                 {[]string{"Connection: Upgrade", "Upgrade: TLS/1.0"}, nil},
		"nothing":                 {[]string{"Connection: Upgrade", "Upgrade:"}, nil},
		"names without an upgrade": {[]string{
			"Connection: X-Injected-Oid, X-Injected-Name, X-Real-IP",
			"X-Real-IP: 192.0.2.66", "X-Forwarded-For: 192.0.2.66", "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: gopher",
			"X-Forwarded-Prefix: /evil", "X-Forwarded-Uri: /evil", "X_Forwarded_Host: evil.example", "X-Forwarded.Prefix: /evil", "Forwarded: host=evil.example",
		}, nil},
	}
}

// faults tries all upgrades on an open and on a protected path, and tells where the application saw what it must not.
func faults(t *testing.T, to, address string) []string {
	t.Helper()
	var list []string
	for name, u := range upgrades() {
		for _, target := range []string{"/open/", "/a"} {
			status, text := speak(t, address, target, u.headers...)
			fault := func(what string) {
				list = append(list, fmt.Sprintf("%s, %s: %s: %d %s", name, target, what, status, text))
			}
			opens := slices.Contains(u.opens, to)
			want, websocket := http.StatusOK, 0
			if opens {
				want, websocket = http.StatusSwitchingProtocols, 1
			}
			lower := strings.ToLower(text)
			switch {
			case status != want || opens != strings.HasSuffix(text, "\ntunnel hello\n"):
				fault("a tunnel")
			case strings.Count(lower, " upgrade=websocket ")+strings.Count(lower, " upgrade=websocket\n") != websocket || strings.Count(lower, "upgrade=") > 2*websocket:
				fault("what the application was asked to upgrade to")
			case opens != strings.Contains(lower, " connection=upgrade") || strings.Contains(lower, "connection=upgrade,"):
				fault("Connection")
			case !opens && strings.Contains(lower, " connection="):
				fault("Connection")
			case strings.Contains(lower, "http2-settings") || strings.Contains(lower, "evil") || strings.Contains(lower, "gopher") || strings.Contains(lower, "192.0.2.66"):
				fault("what the client wrote")
			case target == "/a" && !strings.Contains(text, " X-Injected-Oid=me"):
				fault("no identity")
			}
			for _, own := range []string{"For=127.0.0.1", "Host=app.example.com", "Proto=http"} {
				if !strings.Contains(text+" ", " X-Forwarded-"+own) {
					fault("no X-Forwarded-" + own)
				}
			}
		}
	}
	return list
}

func TestTunnels(t *testing.T) {
	for _, to := range []string{"caddy", "haproxy"} {
		t.Run(to, func(t *testing.T) {
			w := newWorld(t)
			w.tunnels.Store(true)
			for _, fault := range faults(t, to, start(t, w, to, asItIs)) {
				t.Error(fault)
			}
		})
	}
}

// Without any one of the lines something gets through.
func TestTunnelsNeedEachLine(t *testing.T) {
	for to, text := range map[string]string{"caddy": "\trequest_header -*Forwarded*\n" + caddyTunnels, "haproxy": haproxyOwn} {
		for line := range strings.Lines(text) {
			word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
			if word == "#" || strings.HasPrefix(word, "@") || strings.Contains(line, "https if { ssl_fc }") { // the test has no TLS
				continue
			}
			t.Run(to+"/"+strings.TrimSpace(line), func(t *testing.T) {
				w := newWorld(t)
				w.tunnels.Store(true)
				whole := toRun(t, to)
				without := strings.Replace(whole, line, "", 1)
				if without == whole {
					t.Fatal("the line is not in it")
				}
				if len(faults(t, to, startWith(t, w, to, without, asItIs))) == 0 {
					t.Error("nothing got through")
				}
			})
		}
	}
}
