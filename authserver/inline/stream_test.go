package inline_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// serve starts an application.
func serve(t testing.TB, h http.HandlerFunc) (address string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// client speaks a version of HTTP to a proxy.
func (p *proxy) client(version int) *http.Client {
	tr := &http.Transport{Protocols: new(http.Protocols), DisableCompression: true}
	tr.Protocols.SetHTTP1(version == 1)
	tr.Protocols.SetUnencryptedHTTP2(version == 2)
	p.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: patience}
}

func (p *proxy) request(method, path string, body io.Reader) *http.Request {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, "http://"+p.address+path, body)
	if err != nil {
		p.t.Fatal(err)
	}
	r.Host = app
	return r
}

func do(t testing.TB, c *http.Client, r *http.Request) *http.Response {
	t.Helper()
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

// both runs a test over HTTP/1.1 and HTTP/2.
func both(t *testing.T, test func(t *testing.T, version int)) {
	for _, version := range []int{1, 2} {
		t.Run(fmt.Sprint("HTTP/", version), func(t *testing.T) { test(t, version) })
	}
}

// The first event is there while the application still writes.
func TestEvents(t *testing.T) {
	for _, kind := range []string{"text/event-stream", "application/octet-stream"} {
		both(t, func(t *testing.T, version int) {
			next := make(chan struct{})
			p := start(t, to(serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", kind)
				for i := range 3 {
					_, _ = fmt.Fprintf(w, "data: %d\n\n", i)
					_ = http.NewResponseController(w).Flush()
					<-next
				}
			})))
			res := do(t, p.client(version), p.request("GET", "/", nil))
			from := bufio.NewReader(res.Body)
			for i := range 3 {
				line, err := from.ReadString('\n')
				if want := fmt.Sprintf("data: %d\n", i); line != want || err != nil {
					t.Fatalf("%q, %v, want %q", line, err, want)
				}
				_, _ = from.ReadString('\n')
				next <- struct{}{}
			}
			if rest, err := io.ReadAll(from); len(rest) > 0 || err != nil {
				t.Errorf("%q, %v", rest, err)
			}
		})
	}
}

// The application sees the first bytes before the client has sent the last, and its answer to them arrives.
func TestUploadsAreStreamed(t *testing.T) {
	both(t, func(t *testing.T, version int) {
		p := start(t, to(serve(t, func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).EnableFullDuplex()
			from := bufio.NewReader(r.Body)
			for {
				line, err := from.ReadString('\n')
				if err != nil {
					return
				}
				_, _ = io.WriteString(w, "got "+line)
				_ = http.NewResponseController(w).Flush()
			}
		})))
		body, writer := io.Pipe()
		sent := make(chan *http.Response, 1)
		go func() {
			res, err := p.client(version).Do(p.request("POST", "/", body))
			if err != nil {
				t.Error(err)
			}
			sent <- res
		}()
		var from *bufio.Reader
		for i := range 3 {
			if _, err := fmt.Fprintf(writer, "line %d\n", i); err != nil {
				t.Fatal(err)
			}
			if from == nil {
				res := <-sent
				if res == nil {
					return
				}
				defer func() { _ = res.Body.Close() }()
				from = bufio.NewReader(res.Body)
			}
			if line, err := from.ReadString('\n'); line != fmt.Sprintf("got line %d\n", i) || err != nil {
				t.Fatalf("%q, %v", line, err)
			}
		}
		_ = writer.Close()
		if rest, err := io.ReadAll(from); len(rest) > 0 || err != nil {
			t.Errorf("%q, %v", rest, err)
		}
	})
}

func TestLargeBodies(t *testing.T) {
	const size = 20 << 20
	both(t, func(t *testing.T, version int) {
		p := start(t, to(serve(t, func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).EnableFullDuplex()
			n, err := io.Copy(w, r.Body)
			if err != nil || n != size {
				t.Errorf("the application read %d bytes: %v", n, err)
			}
		})))
		res := do(t, p.client(version), p.request("PUT", "/", io.LimitReader(zeros{}, size)))
		if n, err := io.Copy(io.Discard, res.Body); n != size || err != nil {
			t.Errorf("%d bytes came back: %v", n, err)
		}
	})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestTrailersOfAnAnswer(t *testing.T) {
	both(t, func(t *testing.T, version int) {
		var te atomic.Value
		p := start(t, to(serve(t, func(w http.ResponseWriter, r *http.Request) {
			te.Store(r.Header.Get("Te"))
			w.Header().Set("Trailer", "Grpc-Status")
			_, _ = io.WriteString(w, "body")
			w.Header().Set("Grpc-Status", "0")
		})))
		r := p.request("GET", "/", nil)
		r.Header.Set("Te", "trailers")
		res := do(t, p.client(version), r)
		if body := text(t, res); body != "body" || res.Trailer.Get("Grpc-Status") != "0" || te.Load() != "trailers" {
			t.Errorf("%q, trailers %v, TE %v", body, res.Trailer, te.Load())
		}
	})
}

// An application cannot set our cookies behind its answer either, whether it announces that or not.
func TestCookiesBehindAnAnswer(t *testing.T) {
	for _, announced := range []string{"", "Trailer: Set-Cookie\r\n", "Trailer: Set-Cookie, X-Sum\r\n"} {
		application := startRaw(t, "HTTP/1.1 200 OK\r\n"+announced+"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nSet-Cookie: __Host-easyauth="+spoofed+"\r\nX-Sum: 1\r\n\r\n")
		both(t, func(t *testing.T, version int) {
			p := start(t, to(application.address))
			res := do(t, p.client(version), p.request("GET", "/", nil))
			_ = text(t, res)
			if cookies := res.Header["Set-Cookie"]; len(cookies) != 1 || cookies[0] != "__Host-easyauth-seen=ours" {
				t.Errorf("%q: %q", announced, cookies)
			}
			if _, has := res.Trailer["Set-Cookie"]; has || res.Trailer.Get("X-Sum") != "1" {
				t.Errorf("%q: behind the answer comes %v", announced, res.Trailer)
			}
		})
	}
}

// What comes behind a body is nobody's word on who somebody is.
func TestTrailersOfARequest(t *testing.T) {
	var got atomic.Value
	p := start(t, to(serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		got.Store(fmt.Sprintf("%v %v %s", r.Trailer, r.Header["Trailer"], r.Header.Get("X-Injected-Roles")))
	})))
	for _, announced := range []string{"Trailer: X-Injected-Roles\r\n", ""} {
		res := p.send("POST / HTTP/1.1\r\nHost: " + app + "\r\n" + announced + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n1\r\na\r\n0\r\nX-Injected-Roles: " + spoofed + "\r\n\r\n")
		if res.StatusCode != 200 || got.Load() != "map[] [] our-role" {
			t.Errorf("%q: %s, the application got %v", announced, res.Status, got.Load())
		}
	}
}

// A client that waits for a word before it sends its body is let in, or told no without it.
func TestExpectContinue(t *testing.T) {
	p := start(t, to(serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
	})))
	const head = "POST / HTTP/1.1\r\nHost: app.test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
	conn := dial(t, p.address)
	from := bufio.NewReader(conn)
	_, _ = io.WriteString(conn, head)
	if line, err := from.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 100 ") {
		t.Fatalf("%q, %v", line, err)
	}
	_, _ = from.ReadString('\n')
	_, _ = io.WriteString(conn, "body")
	if res := p.answer(from); res.StatusCode != 200 || text(t, res) != "body" {
		t.Errorf("%s", res.Status)
	}
	p.refuse.Store(true)
	if res := p.send(head); res.StatusCode != 401 {
		t.Errorf("%s", res.Status)
	}
}
