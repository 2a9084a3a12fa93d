package inline_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// short is a pause that is too long where a test says so.
const short = 500 * time.Millisecond

// impatient is a proxy whose clients may not pause for long. Its applications begin their answers at once.
func impatient(t *testing.T, h http.HandlerFunc) *proxy {
	t.Helper()
	o := to(serve(t, h))
	o.pause, o.upstreams[0].Timeout = short, short
	return start(t, o)
}

// A client that does not send what it announced is told so, and the application is let go of.
func TestClientStopsSending(t *testing.T) {
	both(t, func(t *testing.T, version int) {
		ended := make(chan error, 1)
		p := impatient(t, func(_ http.ResponseWriter, r *http.Request) {
			_, err := io.Copy(io.Discard, r.Body)
			ended <- err
		})
		body, writer := io.Pipe()
		defer func() { _ = writer.Close() }()
		go func() { _, _ = io.WriteString(writer, "a part of it") }()
		res := do(t, p.client(version), p.request("POST", "/", body))
		if got := text(t, res); res.StatusCode != http.StatusRequestTimeout || !strings.Contains(got, `"request_timeout"`) || version == 1 && !res.Close {
			t.Errorf("%s, %s", res.Status, got)
		}
		if err := <-ended; err == nil {
			t.Error("the application took a part for the whole")
		}
		p.eventually("it is counted", func() bool { return p.failures("client_slow") == 1 })
		if n := p.failures("bad_body") + p.failures("cut"); n != 0 || strings.Contains(p.log.String(), "level=WARN") {
			t.Errorf("%v, and the log is %s", n, p.log)
		}
	})
}

// The same while the answer is under way: it breaks off.
func TestClientStopsSendingWhileItIsAnswered(t *testing.T) {
	both(t, func(t *testing.T, version int) {
		ended := make(chan error, 1)
		p := impatient(t, func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).EnableFullDuplex()
			_ = http.NewResponseController(w).Flush()
			_, err := io.Copy(io.Discard, r.Body)
			ended <- err
		})
		body, writer := io.Pipe()
		defer func() { _ = writer.Close() }()
		go func() { _, _ = io.WriteString(writer, "a part of it") }()
		res := do(t, p.client(version), p.request("POST", "/", body))
		if _, err := io.ReadAll(res.Body); res.StatusCode != http.StatusOK || err == nil {
			t.Errorf("%s, %v", res.Status, err)
		}
		if err := <-ended; err == nil {
			t.Error("the application took a part for the whole")
		}
		p.eventually("it is counted", func() bool { return p.failures("client_slow") == 1 })
		if n := p.failures("bad_body") + p.failures("cut"); n != 0 || strings.Contains(p.log.String(), "level=WARN") {
			t.Errorf("%v, and the log is %s", n, p.log)
		}
	})
}

// A client that does not read what it is answered loses it, and the application is let go of.
func TestClientStopsReading(t *testing.T) {
	both(t, func(t *testing.T, version int) {
		ended := make(chan struct{})
		p := impatient(t, func(w http.ResponseWriter, r *http.Request) {
			defer close(ended)
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		})
		res := do(t, p.client(version), p.request("GET", "/", nil))
		select { // nobody reads the body
		case <-ended:
		case <-time.After(patience):
			t.Fatal("the application is held")
		}
		p.eventually("it is counted", func() bool { return p.failures("client_slow") == 1 })
		if n, err := io.Copy(io.Discard, res.Body); err == nil {
			t.Errorf("%d bytes are taken for the whole", n)
		}
		if strings.Contains(p.log.String(), "level=WARN") {
			t.Errorf("the log is %s", p.log)
		}
	})
}

// An application may pause, before it reads and in the middle of its answer, and so may the client of an application
// that has longer to begin its answer. The next request on the connection knows nothing of it.
func TestApplicationsPause(t *testing.T) {
	both(t, func(t *testing.T, version int) {
		t.Parallel()
		p := impatient(t, func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).EnableFullDuplex()
			for i := range 2 {
				_, _ = fmt.Fprintf(w, "part %d\n", i)
				_ = http.NewResponseController(w).Flush()
				time.Sleep(2 * short)
			}
			n, err := io.Copy(io.Discard, r.Body)
			_, _ = fmt.Fprintln(w, n, err)
		})
		c := p.client(version)
		for range 2 {
			res := do(t, c, p.request("POST", "/", strings.NewReader(strings.Repeat("a", 4<<20))))
			if got := text(t, res); got != "part 0\npart 1\n4194304 <nil>\n" {
				t.Errorf("%q", got)
			}
		}
		whole := impatient(t, func(w http.ResponseWriter, _ *http.Request) { // of a known length: the proxy flushes nothing
			w.Header().Set("Content-Length", "131072")
			for range 2 {
				_, _ = w.Write(make([]byte, 64<<10))
				_ = http.NewResponseController(w).Flush()
				time.Sleep(2 * short)
			}
		})
		if got := text(t, do(t, whole.client(version), whole.request("GET", "/", nil))); len(got) != 128<<10 {
			t.Errorf("%d bytes", len(got))
		}
		o := to(serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }))
		o.pause, o.upstreams[0].Timeout = short, patience
		q := start(t, o)
		body, writer := io.Pipe()
		go func() {
			_, _ = io.WriteString(writer, "a part, ")
			time.Sleep(2 * short)
			_, _ = io.WriteString(writer, "and the rest")
			_ = writer.Close()
		}()
		if got := text(t, do(t, q.client(version), q.request("POST", "/", body))); got != "a part, and the rest" {
			t.Errorf("%q", got)
		}
		if n := p.failures("client_slow") + whole.failures("client_slow") + q.failures("client_slow"); n != 0 {
			t.Errorf("%v were ended", n)
		}
	})
}

// An answer does not wait for the body of its request, and the connection does not wait for it for ever.
func TestAnsweredAndStalled(t *testing.T) {
	closed := listen(t)
	_ = closed.Close()
	for _, row := range []struct{ name, address, want string }{
		{"an answer", startRaw(t, okAnswer).address, "HTTP/1.1 200 "},
		{"a part of one", startRaw(t, "HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n"+strings.Repeat("a", 8000)).address, "HTTP/1.1 200 "},
		{"nobody answers", closed.Addr().String(), "HTTP/1.1 502 "},
	} {
		for _, length := range []string{"Content-Length: 10", "Content-Length: 9000000", "Transfer-Encoding: chunked"} {
			o := to(row.address)
			o.pause, o.upstreams[0].Timeout = short, short
			p := start(t, o)
			conn := dial(t, p.address)
			_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: app.test\r\n"+length+"\r\n\r\n")
			got, err := io.ReadAll(conn)
			if err != nil && !errors.Is(err, syscall.ECONNRESET) || !strings.HasPrefix(string(got), row.want) && row.name != "a part of one" {
				t.Errorf("%s, %s: %q, and then %v", row.name, length, got, err)
			}
			if p.failures("client_slow") != 0 {
				t.Errorf("%s, %s: the client had its answer", row.name, length)
			}
		}
	}
}

// pipeListener accepts the connections that it is given, until there will be no more.
type pipeListener struct {
	net.Listener

	conn chan net.Conn
}

// Accept implements net.Listener.
func (l pipeListener) Accept() (net.Conn, error) {
	if conn, ok := <-l.conn; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}

// A client that waits for "100 Continue" and does not read it holds nothing either: its body is asked for with a write.
func TestClientReadsNoContinue(t *testing.T) {
	l := listen(t)
	ended := make(chan struct{})
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, conn) // an application that knows nothing of Expect
		close(ended)
	}()
	o := to(l.Addr().String())
	o.pause, o.upstreams[0].Timeout = short, short
	p := start(t, o)
	client, server := net.Pipe() // in which nothing waits
	defer func() { _ = client.Close() }()
	pipe := pipeListener{listen(t), make(chan net.Conn, 1)}
	pipe.conn <- server
	close(pipe.conn)
	go func() { _ = p.server.Serve(pipe) }()
	_, _ = io.WriteString(client, "POST / HTTP/1.1\r\nHost: app.test\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n")
	select {
	case <-ended:
	case <-time.After(patience):
		t.Fatal("the application is held")
	}
	p.eventually("it is counted", func() bool { return p.failures("client_slow") == 1 })
}

// The client of a WebSocket that reads nothing holds neither the application nor the end of the server.
func TestSocketNobodyReads(t *testing.T) {
	for _, row := range []struct {
		name           string
		pause, longest time.Duration
	}{
		{"a pause", short, patience},
		{"its longest life", patience, time.Second},
		{"the server ends", patience, patience},
	} {
		t.Run(row.name, func(t *testing.T) {
			ended := make(chan struct{})
			o := to(serve(t, func(w http.ResponseWriter, _ *http.Request) {
				defer close(ended)
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer func() { _ = conn.Close() }()
				_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
				for err == nil {
					_, err = conn.Write(make([]byte, 64<<10))
				}
			}))
			o.pause, o.longest, o.upstreams[0].Timeout = row.pause, row.longest, row.pause
			p := start(t, o)
			conn := dial(t, p.address)
			_, _ = io.WriteString(conn, handshake)
			if line, err := bufio.NewReaderSize(conn, 16).ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 101 ") {
				t.Fatalf("%q, %v", line, err)
			}
			over, cancel := context.WithCancel(t.Context())
			defer cancel()
			if row.name == "the server ends" {
				cancel()
			}
			waited := make(chan struct{})
			go func() {
				p.Wait(over)
				close(waited)
			}()
			for _, what := range []chan struct{}{waited, ended} {
				select {
				case <-what:
				case <-time.After(patience / 2):
					t.Fatal("it does not end")
				}
			}
		})
	}
}

// Both ends of a WebSocket may be silent for as long as they like.
func TestSocketPauses(t *testing.T) {
	t.Parallel()
	o := to(echo(t))
	o.pause, o.upstreams[0].Timeout = short, short
	socket := start(t, o).open()
	for _, line := range []string{"one", "two", "three"} {
		socket.says(line)
		time.Sleep(2 * short)
	}
	socket.says("four")
}

// Small answers are written when their handlers have returned: that has an end as well.
func TestClientReadsNoSmallAnswers(t *testing.T) {
	p := impatient(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1<<10)) })
	conn := dial(t, p.address)
	for {
		_, err := io.WriteString(conn, strings.Repeat("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n", 100))
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal("the connection lives")
		}
		if err != nil {
			break
		}
	}
}

// … and none that reaches the next request on the connection.
func TestNextRequestHasItsOwnTime(t *testing.T) {
	t.Parallel()
	p := impatient(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "small") })
	conn := dial(t, p.address)
	from := bufio.NewReader(conn)
	for range 2 {
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n")
		if res := p.answer(from); res.StatusCode != 200 || text(t, res) != "small" {
			t.Fatal(res.Status)
		}
		time.Sleep(2 * short)
	}
}
