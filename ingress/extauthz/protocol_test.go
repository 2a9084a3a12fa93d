package extauthz_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/easyauth-sidecar/easyauth/ingress/extauthz"
)

// TestProtocol calls without grpc-go, as no client of gRPC does.
func TestProtocol(t *testing.T) {
	s := serve(t, false)
	message := marshal(t, to(t, "/pass"))
	framed := func(flag byte, claimed int, b []byte) []byte {
		return append(binary.BigEndian.AppendUint32([]byte{flag}, uint32(claimed)), b...) //nolint:gosec // small
	}
	right := framed(0, len(message), message)
	h2 := &http.Transport{Protocols: new(http.Protocols)}
	h2.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(h2.CloseIdleConnections)
	h1 := &http.Transport{}
	t.Cleanup(h1.CloseIdleConnections)
	for _, row := range []struct {
		name   string
		edit   func(r *http.Request)
		body   []byte
		h1     bool
		status int
		code   string
	}{
		{"right", nil, right, false, 200, "0"},
		{"as proto", func(r *http.Request) { r.Header.Set("Content-Type", "application/grpc+proto") }, right, false, 200, "0"},
		{"with a parameter", func(r *http.Request) { r.Header.Set("Content-Type", "application/grpc;x=y") }, right, false, 200, "0"},
		{"identity", func(r *http.Request) { r.Header.Set("Grpc-Encoding", "identity") }, right, false, 200, "0"},
		{"a timeout", func(r *http.Request) { r.Header.Set("Grpc-Timeout", "99999999H") }, right, false, 200, "0"},
		{"no message within", nil, framed(0, 0, nil), false, 200, "0"},

		{"HTTP/1.1", nil, right, true, 415, ""},
		{"GET", func(r *http.Request) { r.Method, r.Body = http.MethodGet, http.NoBody }, nil, false, 415, ""},
		{"no content type", func(r *http.Request) { r.Header.Del("Content-Type") }, right, false, 415, ""},
		{"JSON", func(r *http.Request) { r.Header.Set("Content-Type", "application/grpc+json") }, right, false, 415, ""},
		{"gRPC-Web", func(r *http.Request) { r.Header.Set("Content-Type", "application/grpc-web") }, right, false, 415, ""},
		{"without te", func(r *http.Request) { r.Header.Del("Te") }, right, false, 200, "13"},
		{"compressed, it says", func(r *http.Request) { r.Header.Set("Grpc-Encoding", "gzip") }, right, false, 200, "12"},
		{"compressed", nil, framed(1, len(message), message), false, 200, "12"},
		{"another flag", nil, framed(128, len(message), message), false, 200, "12"},
		{"two messages", nil, append(bytes.Clone(right), right...), false, 200, "12"},
		{"a byte too much", nil, append(bytes.Clone(right), 0), false, 200, "12"},
		{"a byte too few", nil, right[:len(right)-1], false, 200, "13"},
		{"half a prefix", nil, right[:3], false, 200, "13"},
		{"nothing", nil, nil, false, 200, "13"},
		{"a timeout of nothing", func(r *http.Request) { r.Header.Set("Grpc-Timeout", "") }, right, false, 200, "13"},
		{"a timeout without unit", func(r *http.Request) { r.Header.Set("Grpc-Timeout", "10") }, right, false, 200, "13"},
		{"a timeout of another unit", func(r *http.Request) { r.Header.Set("Grpc-Timeout", "10s") }, right, false, 200, "13"},
		{"a timeout of 9 digits", func(r *http.Request) { r.Header.Set("Grpc-Timeout", "100000000S") }, right, false, 200, "13"},
		{"a timeout below nothing", func(r *http.Request) { r.Header.Set("Grpc-Timeout", "-1S") }, right, false, 200, "13"},
		{"two timeouts", func(r *http.Request) { r.Header["Grpc-Timeout"] = []string{"1S", "2S"} }, right, false, 200, "13"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+extauthz.Path, bytes.NewReader(row.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header = http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}}
			if row.edit != nil {
				row.edit(r)
			}
			over := h2
			if row.h1 {
				over = h1
			}
			a, err := over.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			defer a.Body.Close()
			body, err := io.ReadAll(a.Body)
			if err != nil {
				t.Fatal(err)
			}
			code := a.Trailer.Get("Grpc-Status") + a.Header.Get("Grpc-Status")
			if a.StatusCode != row.status || code != row.code {
				t.Errorf("%d, grpc-status %q; want %d, %q", a.StatusCode, code, row.status, row.code)
			}
			if code != "0" && code != "" && (len(body) > 0 || a.Header.Get("Grpc-Message") == "") {
				t.Errorf("%q, %q beside an error", body, a.Header.Get("Grpc-Message"))
			}
		})
	}
}

// A caller that claims a large message and sends none does not make the server wait beyond its own deadline.
func TestSlowCaller(t *testing.T) {
	s := serve(t, false)
	r, w := io.Pipe()
	t.Cleanup(func() { _ = w.Close() })
	h2 := &http.Transport{Protocols: new(http.Protocols)}
	h2.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(h2.CloseIdleConnections)
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+extauthz.Path, r)
	if err != nil {
		t.Fatal(err)
	}
	q.Header = http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}, "Grpc-Timeout": {"100m"}}
	go func() { _, _ = w.Write([]byte{0, 0, 3, 0, 0, 1}) }()
	a, err := h2.RoundTrip(q)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	if code := a.Header.Get("Grpc-Status"); code != "4" {
		t.Errorf("grpc-status %q", code)
	}
}

// A question without TLS needs HTTP/2 with prior knowledge: an HTTP/1.1 upgrade is none.
func TestNoUpgrade(t *testing.T) {
	s := serve(t, false)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST "+extauthz.Path+" HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nTE: trailers\r\nContent-Type: application/grpc\r\nContent-Length: 0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 12)
	if _, err := io.ReadFull(conn, line); err != nil || string(line) != "HTTP/1.1 415" {
		t.Errorf("%q, %v", line, err)
	}
}
