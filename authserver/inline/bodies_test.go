package inline_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

const smuggled = "GET /smuggled HTTP/1.1\r\nHost: app.test\r\n\r\n"

// What stands behind a body that cannot be read is no request. It is the client's fault, and no warning names
// an application for it.
func TestBadBodies(t *testing.T) {
	reads := serve(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	closed := listen(t)
	_ = closed.Close()
	for _, row := range []struct {
		name, address, body string
		want                string // the statuses of the answers
		bad                 float64
	}{
		{"corrupt", reads, "zz\r\n", "400", 1},
		{"corrupt later", reads, "1\r\na\r\nzz\r\n", "400", 1},
		{"corrupt behind its end", reads, "0\r\nA B\r\n\r\n", "400", 1},
		{"good", reads, "1\r\na\r\n0\r\n\r\n", "200 200", 0},
		{"corrupt, and nobody to read it", closed.Addr().String(), "zz\r\n", "502", 0},
	} {
		p := start(t, to(row.address))
		conn := dial(t, p.address)
		_, _ = fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n%s%s", row.body, smuggled)
		var got []string
		for from := bufio.NewReader(conn); ; {
			res, err := http.ReadResponse(from, nil)
			if err != nil {
				break
			}
			_, _ = io.Copy(io.Discard, res.Body)
			if got = append(got, res.Status[:3]); len(got) == 2 {
				break
			}
		}
		if strings.Join(got, " ") != row.want || p.failures("bad_body") != row.bad || strings.Contains(p.log.String(), "level=WARN") != (row.want == "502") {
			t.Errorf("%s: %s, %v, and the log is %s", row.name, got, p.failures("bad_body"), p.log)
		}
	}
}

// An answer that begins before its request has ended is the last on its connection.
func TestAnswersBeforeTheEnd(t *testing.T) {
	for _, row := range []struct {
		name, address, rest string
		cut                 bool
	}{
		{"answered at once", startRaw(t, okAnswer).address, "zz\r\n" + smuggled, false},
		{"answered while it is read", serve(t, func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).EnableFullDuplex()
			_ = http.NewResponseController(w).Flush()
			_, _ = io.Copy(io.Discard, r.Body)
		}), "zz\r\n" + smuggled, true},
	} {
		p := start(t, to(row.address))
		conn := dial(t, p.address)
		_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
		from := bufio.NewReader(conn)
		res, err := http.ReadResponse(from, nil)
		if err != nil || res.StatusCode != 200 || !res.Close {
			t.Fatal(row.name, res, err)
		}
		_, _ = io.WriteString(conn, row.rest)
		if _, err := io.ReadAll(res.Body); (err != nil) != row.cut {
			t.Errorf("%s: %v", row.name, err)
		}
		if rest, _ := io.ReadAll(from); len(rest) > 0 {
			t.Errorf("%s: and then %q", row.name, rest)
		}
		if row.cut {
			p.eventually("it is counted", func() bool { return p.failures("bad_body") == 1 })
		}
		if p.failures("cut") != 0 || strings.Contains(p.log.String(), "level=WARN") {
			t.Errorf("%s: %s", row.name, p.log)
		}
	}
}

// A client that has ended its side of the connection still reads what it is answered.
func TestHalfClose(t *testing.T) {
	reached := make(chan struct{}, 1)
	p := start(t, to(serve(t, func(_ http.ResponseWriter, r *http.Request) {
		reached <- struct{}{}
		<-r.Context().Done()
	})))
	conn := dial(t, p.address)
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n")
	<-reached
	_ = conn.CloseWrite()
	if res := p.answer(bufio.NewReader(conn)); res.StatusCode != 502 || p.failures("client_gone") != 1 {
		t.Errorf("%s, %v", res.Status, p.failures("client_gone"))
	}
}

// A body that is too large is told so while the application answers already, and ends the connection.
func TestTooLargeAndAnswered(t *testing.T) {
	o := to(startRaw(t, okAnswer).address)
	o.upstreams[0].MaxBody = 1
	p := start(t, o)
	for range 50 {
		conn := dial(t, p.address)
		_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\naa\r\n0\r\n\r\n"+smuggled)
		from := bufio.NewReader(conn)
		res, err := http.ReadResponse(from, nil)
		if err != nil || res.StatusCode != 200 && res.StatusCode != 413 || !res.Close {
			t.Fatal(res, err)
		}
	}
}

// An application that leaves while a body is sent to it is at fault itself.
func TestBodiesThatNobodyTakes(t *testing.T) {
	p := start(t, to(startRaw(t, "").address))
	for n := range 10 {
		conn := dial(t, p.address)
		_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n")
		go func() {
			for {
				if _, err := io.WriteString(conn, "1\r\na\r\n"); err != nil {
					return
				}
			}
		}()
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || res.StatusCode != 502 || p.failures("broken") != float64(n+1) {
			t.Fatal(n, res, err, p.failures("broken"))
		}
		_ = conn.Close()
	}
}
