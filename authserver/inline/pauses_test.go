package inline_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// short is a pause that is too long where a test says so.
const short = 200 * time.Millisecond

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
		p := impatient(t, func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).EnableFullDuplex()
			for i := range 2 {
				_, _ = fmt.Fprintf(w, "part %d\n", i)
				_ = http.NewResponseController(w).Flush()
				time.Sleep(3 * short)
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
				time.Sleep(3 * short)
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
			time.Sleep(3 * short)
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
	p := impatient(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "small") })
	conn := dial(t, p.address)
	from := bufio.NewReader(conn)
	for range 2 {
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n")
		if res := p.answer(from); res.StatusCode != 200 || text(t, res) != "small" {
			t.Fatal(res.Status)
		}
		time.Sleep(3 * short)
	}
}
