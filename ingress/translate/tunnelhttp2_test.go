package translate

import (
	"bytes"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// ask2 asks for an upgrade as HTTP/2 does (RFC 8441), with words that a plain HTTP/2 client begins with. It gives what the
// application told, and what a tunnel said.
func ask2(t *testing.T, address, target, protocol string) string {
	t.Helper()
	conn, err := (&net.Dialer{Timeout: time.Minute}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	var block bytes.Buffer
	e := hpack.NewEncoder(&block)
	for _, field := range [][2]string{
		{":method", "CONNECT"},
		{":protocol", protocol},
		{":scheme", "http"},
		{":authority", "app.example.com"},
		{":path", target},
		{"sec-websocket-version", "13"},
		{"cookie", "in=1"},
	} {
		if err := e.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]}); err != nil {
			t.Fatal(err)
		}
	}
	framer := http2.NewFramer(conn, conn)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	_, first := io.WriteString(conn, http2.ClientPreface)
	head := http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true}
	if err := errors.Join(conn.SetDeadline(time.Now().Add(time.Minute)), first, framer.WriteSettings(), framer.WriteHeaders(head)); err != nil {
		t.Fatal(err)
	}
	text := ""
	for !strings.HasSuffix(text, "hello\n") {
		frame, err := framer.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		if frame.Header().StreamID != 1 {
			continue
		}
		switch frame := frame.(type) {
		case *http2.MetaHeadersFrame: // what is written before them HAProxy does not take
			length := func(f hpack.HeaderField) bool { return f.Name == "content-length" }
			if !slices.ContainsFunc(frame.Fields, length) { // a tunnel
				if err := framer.WriteData(1, false, []byte("hello\n")); err != nil {
					t.Fatal(err)
				}
			}
		case *http2.DataFrame:
			text += string(frame.Data())
			if frame.StreamEnded() {
				return text
			}
		case *http2.RSTStreamFrame:
			return text
		}
	}
	return text
}

// In HTTP/2 an upgrade has no header: HAProxy makes one for the application. Caddy is not asked: it speaks
// HTTP/2 with TLS alone.
func TestTunnelsOfHTTP2(t *testing.T) {
	w := newWorld(t)
	w.tunnels.Store(true)
	address := start(t, w, "haproxy", asItIs)
	for protocol, opens := range map[string]bool{
		"websocket": true, "WebSocket": true, "h2c": false, "websocket, h2c": false, "h2c, websocket": false, "connect-udp": false,
	} {
		for _, target := range []string{"/open/", "/a"} {
			text := ask2(t, address, target, protocol)
			if !strings.HasPrefix(text, "app "+target+" ") || strings.HasSuffix(text, "\ntunnel hello\n") != opens || strings.Contains(text, " Upgrade=") != opens {
				t.Errorf("%s, %s: %s", protocol, target, text)
			}
			if target == "/a" && !strings.Contains(text, " X-Injected-Oid=me") {
				t.Errorf("%s, %s: no identity: %s", protocol, target, text)
			}
		}
	}
}
