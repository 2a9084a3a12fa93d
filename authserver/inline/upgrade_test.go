package inline_test

import (
	"bufio"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/inline"
)

func pemOf(certificate []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
}

// echo is an application that speaks a protocol of lines after a WebSocket's handshake.
func echo(t testing.TB) (address string) {
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
			_, _ = fmt.Fprintf(w, "no upgrade, %v", r.Header["Upgrade"]) //nolint:gosec // no browser looks at it
			return
		}
		conn, both, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\nX-Who: %s\r\n\r\n", r.Header.Get("X-Injected-Oid"))
		for {
			line, err := both.ReadString('\n')
			if err != nil {
				return
			}
			if _, err := io.WriteString(conn, "echo "+line); err != nil {
				return
			}
		}
	})
}

const handshake = "GET /ws HTTP/1.1\r\nHost: app.test\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n\r\n"

// socket is the client's end of a WebSocket.
type socket struct {
	t    testing.TB
	conn io.ReadWriteCloser
	from *bufio.Reader
}

func (p *proxy) open() *socket {
	p.t.Helper()
	conn := dial(p.t, p.address)
	_, _ = io.WriteString(conn, handshake)
	from := bufio.NewReader(conn)
	res, err := http.ReadResponse(from, nil)
	if err != nil || res.StatusCode != 101 || res.Header.Get("X-Who") != "our-oid" || res.Header.Get("Set-Cookie") != "__Host-easyauth-seen=ours" {
		p.t.Fatal(res, err)
	}
	return &socket{p.t, conn, from}
}

func (s *socket) says(line string) {
	s.t.Helper()
	_, _ = io.WriteString(s.conn, line+"\n")
	if got, err := s.from.ReadString('\n'); got != "echo "+line+"\n" || err != nil {
		s.t.Fatalf("%q, %v", got, err)
	}
}

// closed waits for the end of the connection.
func (s *socket) closed() {
	s.t.Helper()
	if got, err := s.from.ReadString('\n'); err == nil || strings.Contains(err.Error(), "timeout") {
		s.t.Fatalf("%q, %v", got, err)
	}
}

func TestWebSocket(t *testing.T) {
	p := start(t, to(echo(t)))
	s := p.open()
	s.says("one")
	// The configuration changes, and the connection stays.
	p.site.Store(p.newSite(to(startRaw(t, okAnswer).address)))
	s.says("two")
	_ = s.conn.Close()
	done := make(chan struct{})
	go func() {
		p.Wait(t.Context())
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(patience):
		t.Error("a connection that has ended is waited for")
	}
	p.refuse.Store(true)
	if res := p.send(handshake); res.StatusCode != 401 {
		t.Errorf("refused: %s", res.Status)
	}
}

// A shutdown lets WebSockets live as long as it may, and ends them then; none begins any more.
func TestWebSocketsAtTheEnd(t *testing.T) {
	p := start(t, to(echo(t)))
	s := p.open()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		p.Wait(ctx)
		close(done)
	}()
	p.eventually("none begins any more", func() bool { return p.send(handshake).StatusCode == 504 })
	s.says("still there")
	cancel()
	s.closed()
	<-done
}

// None begins either when none lived.
func TestNoWebSocketAfterTheEnd(t *testing.T) {
	p := start(t, to(echo(t)))
	_ = p.open().conn.Close()
	p.Wait(t.Context())
	if res := p.send(handshake); res.StatusCode != 504 {
		t.Errorf("%s", res.Status)
	}
	if res := p.get("/"); res.StatusCode != 200 {
		t.Errorf("what is no WebSocket: %s", res.Status)
	}
}

func TestLongestWebSocket(t *testing.T) {
	o := to(echo(t))
	for o.longest = 100 * time.Millisecond; ; o.longest *= 2 { // until a handshake fits in
		p := start(t, o)
		conn := dial(t, p.address)
		_, _ = io.WriteString(conn, handshake)
		from := bufio.NewReader(conn)
		res, err := http.ReadResponse(from, nil)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode == 101 {
			(&socket{t, conn, from}).closed()
			return
		}
		if res.StatusCode != 504 || o.longest > patience {
			t.Fatalf("within %v: %s", o.longest, res.Status)
		}
	}
}

// An application that does not answer a handshake in time, or before the server ends, has not let it in.
func TestUnansweredWebSocket(t *testing.T) {
	reached := make(chan struct{}, 1)
	o := to(serve(t, func(_ http.ResponseWriter, r *http.Request) {
		reached <- struct{}{}
		<-r.Context().Done()
	}))
	for _, longest := range []time.Duration{0, 100 * time.Millisecond} {
		o.longest = longest
		p := start(t, o)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if longest == 0 {
			go func() {
				<-reached
				cancel()
				p.Wait(ctx)
			}()
		}
		if res := p.send(handshake); res.StatusCode != 504 || p.failures("timeout") != 1 {
			t.Errorf("%v: %s, %v", longest, res.Status, p.failures("timeout"))
		}
	}
}

// Only a WebSocket is an upgrade: in other protocols requests could follow that nobody judges.
func TestOtherUpgrades(t *testing.T) {
	p := start(t, to(echo(t)))
	for _, row := range []struct{ name, method, lines string }{
		{"h2c", "GET", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"},
		{"two lines", "GET", "Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n"},
		{"two on a line", "GET", "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n"},
		{"another", "GET", "Connection: Upgrade\r\nUpgrade: spdy/3\r\n"},
		{"with another method", "POST", "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n"},
		{"with a body", "GET", "Connection: Upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"},
		{"not said in Connection", "GET", "Upgrade: websocket\r\n"},
	} {
		res := p.send(row.method + " /ws HTTP/1.1\r\nHost: app.test\r\n" + row.lines + "\r\n")
		if body := text(t, res); res.StatusCode != 200 || body != "no upgrade, []" {
			t.Errorf("%s: %s, %s", row.name, res.Status, body)
		}
	}
}

// Connections to an application outlive a change of the configuration that does not concern them.
func TestInherit(t *testing.T) {
	connections := map[string]bool{}
	address := serve(t, func(_ http.ResponseWriter, r *http.Request) { connections[r.RemoteAddr] = true })
	p := start(t, to(address))
	p.get("/")
	for _, row := range []struct {
		name    string
		timeout time.Duration
		want    int
	}{{"the same", 0, 1}, {"another timeout", time.Minute + 1, 2}, {"the same again", time.Minute + 1, 2}} {
		old := p.site.Load()
		o := to(address)
		o.upstreams[0].Timeout = row.timeout
		o.upstreams = append(o.upstreams, inline.Upstream{Host: "other.test", To: "http://" + address, Timeout: time.Second})
		next := p.newSite(o)
		next.Table.Inherit(old.Table)
		p.site.Store(next)
		if res := p.get("/"); res.StatusCode != 200 || len(connections) != row.want {
			t.Errorf("%s: %s, %d connections, want %d", row.name, res.Status, len(connections), row.want)
		}
	}
}
