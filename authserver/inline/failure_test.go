package inline_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// Both ways of telling where a body ends, and other tricks, let no second request through.
func TestSmuggling(t *testing.T) {
	application := startRaw(t, okAnswer)
	p := start(t, to(application.address))
	const smuggled = "GET /smuggled HTTP/1.1\r\nHost: app.test\r\n\r\n"
	for _, row := range []struct{ name, lines, body string }{
		{"two lengths", "Content-Length: 4\r\nContent-Length: 5\r\n", "aaaa"},
		{"a length with a sign", "Content-Length: +4\r\n", "aaaa"},
		{"a blank before the colon", "Content-Length : 4\r\n", "aaaa"},
		{"an unknown encoding", "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"},
		{"two encodings", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"},
		{"an encoding behind another", "Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"},
		{"a folded line", "X-A: b\r\n Content-Length: 4\r\n", "" + smuggled},
		{"a name with a blank", "X A: b\r\n", ""},
		{"a control byte", "X-A: \x01\r\n", ""},
		{"a line feed alone in a name", "X-A\n: b\r\n", ""},
	} {
		conn := dial(t, p.address)
		_, _ = fmt.Fprintf(conn, "POST /a HTTP/1.1\r\nHost: app.test\r\n%sConnection: close\r\n\r\n%s", row.lines, row.body)
		_ = conn.CloseWrite()
		_, _ = io.ReadAll(conn)
		for _, head := range application.seen() {
			if strings.Contains(head, "smuggled") && strings.HasPrefix(head, "GET") {
				t.Errorf("%s: the application got\n%s", row.name, head)
			}
		}
	}
	// With both, net/http takes the chunks; the application is told one way alone.
	application2 := make(chan string, 4)
	p = start(t, to(serve(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		application2 <- fmt.Sprintf("%s %q %v %v", r.URL.Path, body, r.TransferEncoding, r.Header["Content-Length"])
	})))
	conn := dial(t, p.address)
	_, _ = io.WriteString(conn, "POST /a HTTP/1.1\r\nHost: app.test\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"+smuggled)
	_ = conn.CloseWrite()
	_, _ = io.ReadAll(conn)
	if got := <-application2; got != `/a "" [chunked] []` && got != `/a "" [] []` {
		t.Errorf("the application got %s", got)
	}
}

// The client that leaves takes its request along; the application that leaves ends the answer, so that nobody
// takes a part for the whole.
func TestAborts(t *testing.T) {
	both(t, func(t *testing.T, version int) {
		reached, gone := make(chan struct{}), make(chan struct{})
		p := start(t, to(serve(t, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/waits":
				close(reached)
				<-r.Context().Done()
				close(gone)
			case "/breaks":
				_, _ = io.WriteString(w, "part")
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			}
		})))
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-reached
			cancel()
		}()
		if res, err := p.client(version).Do(p.request("GET", "/waits", nil).WithContext(ctx)); !errors.Is(err, context.Canceled) {
			t.Fatal(res, err)
		}
		select {
		case <-gone:
		case <-time.After(patience):
			t.Fatal("the application still works")
		}
		p.eventually("it is counted", func() bool { return p.failures("client_gone") == 1 })

		res := do(t, p.client(version), p.request("GET", "/breaks", nil))
		if body, err := io.ReadAll(res.Body); err == nil || string(body) != "part" {
			t.Errorf("%q, %v, want an error", body, err)
		}
		p.eventually("it is counted", func() bool { return p.failures("cut") == 1 })
	})
}

func TestFailures(t *testing.T) {
	closed := listen(t)
	_ = closed.Close()
	slow := listen(t) // accepts, and says nothing
	for _, row := range []struct {
		name, address  string
		status         int
		reason, answer string
		timeout        time.Duration // 0: the default
	}{
		{"down", closed.Addr().String(), 502, "unreachable", "bad_gateway", 0},
		{"slow", slow.Addr().String(), 504, "timeout", "gateway_timeout", 100 * time.Millisecond},
		{"garbage", startRaw(t, "garbage\r\n\r\n").address, 502, "broken", "bad_gateway", 0},
		{"another protocol", startRaw(t, "SSH-2.0-OpenSSH_9.6\r\n").address, 502, "broken", "bad_gateway", 0},
		{"nothing", startRaw(t, "").address, 502, "broken", "bad_gateway", 0},
		{"a large header", startRaw(t, "HTTP/1.1 200 OK\r\nX-A: "+strings.Repeat("a", 300<<10)+"\r\n\r\n").address, 502, "broken", "bad_gateway", 0},
		{"two lengths", startRaw(t, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab").address, 502, "broken", "bad_gateway", 0},
		{"a status that there is not", startRaw(t, "HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n").address, 502, "broken", "bad_gateway", 0},
		{"it switches protocols unasked", startRaw(t, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n").address, 502, "broken", "bad_gateway", 0},
	} {
		o := to(row.address)
		o.upstreams[0].Timeout = row.timeout
		p := start(t, o)
		res := p.get("/")
		if body := text(t, res); res.StatusCode != row.status || !strings.Contains(body, `"error":"`+row.answer+`"`) || strings.Contains(body, row.address) || res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %s %v %s", row.name, res.Status, res.Header, body)
		}
		if p.failures(row.reason) != 1 || strings.Count(p.log.String(), "\n") != 1 || !strings.Contains(p.log.String(), "reason="+row.reason+" host=app.test upstream=http://"+row.address) {
			t.Errorf("%s: %v of %s, and the log is %s", row.name, p.failures(row.reason), row.reason, p.log)
		}
		if res := p.get("/", "Sec-Fetch-Mode: navigate"); !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") || res.StatusCode != row.status {
			t.Errorf("%s: a browser got %s %v", row.name, res.Status, res.Header)
		}
	}
}

func TestMaxBody(t *testing.T) {
	o := to(serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			_, _ = w.Write(body)
		}
	}))
	o.upstreams[0].MaxBody = 1000
	both(t, func(t *testing.T, version int) {
		p := start(t, o)
		for size, want := range map[int]int{0: 200, 1000: 200, 1001: 413, 100000: 413} {
			for _, chunked := range []bool{false, true} {
				body := io.Reader(strings.NewReader(strings.Repeat("a", size)))
				if chunked {
					body = io.MultiReader(body)
				}
				res, err := p.client(version).Do(p.request("POST", "/", body))
				if err != nil {
					t.Errorf("%d bytes, chunked %v: %v", size, chunked, err)
					continue
				}
				if got := len(text(t, res)); res.StatusCode != want || want == 200 && got != size {
					t.Errorf("%d bytes, chunked %v: %s, %d bytes", size, chunked, res.Status, got)
				}
				_ = res.Body.Close()
			}
		}
	})
}

// An application over TLS is asked only if its certificate proves who it is, or the configuration does not care.
func TestTLS(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto) //nolint:gosec // no browser looks at it
	}))
	s.EnableHTTP2 = true // the proxy speaks HTTP/1.1 all the same, in which a WebSocket can begin
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	s.StartTLS()
	defer s.Close()
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	for _, row := range []struct {
		name     string
		to       string
		ca       []byte
		insecure bool
		status   int
	}{
		{"an authority that is not the system's", s.URL, nil, false, 502},
		{"its authority", s.URL, pemOf(s.Certificate().Raw), false, 200},
		{"its authority, and another name", "https://localhost:" + port, pemOf(s.Certificate().Raw), false, 502},
		{"whoever it is", s.URL, nil, true, 200},
	} {
		o := to("")
		u := &o.upstreams[0]
		u.To, u.CA, u.InsecureSkipVerify = row.to, row.ca, row.insecure
		p := start(t, o)
		if res := p.get("/"); res.StatusCode != row.status || row.status == 200 && text(t, res) != "HTTP/1.1" {
			t.Errorf("%s: %s", row.name, res.Status)
		}
	}
}

// net/http quotes what it cannot read of an answer. The log does not: it may be anything.
func TestLogQuotesNoAnswer(t *testing.T) {
	const secret = "s3cret-of-the-application"
	for _, row := range []struct{ answer, reason, want string }{
		{"HTTP/1.1 200 OK\r\nSet-Cookie session=" + secret + "\r\n\r\n", "broken", "what it sent cannot be read"},
		{"220 " + secret + "\r\n\r\n", "broken", "what it sent cannot be read"},
		{"HTTP/1.1 2x0 " + secret + "\r\n\r\n", "broken", "what it sent cannot be read"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 1, " + secret + "\r\n\r\n", "broken", "what it sent cannot be read"},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: " + secret + "\r\n\r\n", "broken", "what it sent cannot be read"},
		{"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " + secret + "\r\n\r\n", "broken", "what it sent cannot be read"},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + secret + "\r\n\r\n", "cut", "what it sent cannot be read"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + secret, "cut", "unexpected EOF"},
		{"HTTP/1.1 200", "broken", "unexpected EOF"},
	} {
		p := start(t, to(startRaw(t, row.answer).address))
		conn := dial(t, p.address)
		_, _ = io.WriteString(conn, strings.Replace(handshake, "/ws", "/?code="+secret, 1))
		_, _ = io.Copy(io.Discard, io.LimitReader(conn, 1)) // an answer, or the end of the connection
		p.eventually(row.answer, func() bool { return p.failures(row.reason) == 1 && p.log.String() != "" })
		if log := p.log.String(); strings.Contains(log, secret) || !strings.Contains(log, `error="`+row.want+`"`) {
			t.Errorf("%q: %s", row.answer, log)
		}
	}
}
