package matrix

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync/atomic"
)

// Line is a header line as it was on the wire.
type Line struct{ Name, Value string }

// Echo is a request as the application received it.
type Echo struct {
	Method, Target string
	Lines          []Line
	Body           int    // bytes
	Sum            string // SHA-256 of the body
}

// Values are the values of a header that an application finds under this name, when it takes every sign that is no
// letter or digit for a dash, as CGI, WSGI and many frameworks do with some.
func (e Echo) Values(name string) []string {
	var values []string
	for _, l := range e.Lines {
		if Fold(l.Name) == Fold(name) {
			values = append(values, l.Value)
		}
	}
	return values
}

// Value is the value of a header that must be there once, in this spelling but for case; else ok is false.
func (e Echo) Value(name string) (value string, ok bool) {
	for _, l := range e.Lines {
		if Fold(l.Name) != Fold(name) {
			continue
		}
		if ok || !strings.EqualFold(l.Name, name) {
			return "", false
		}
		value, ok = l.Value, true
	}
	return value, ok
}

// Fold is a header name with all signs that are no letters and digits made dashes, in lower case.
func Fold(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return '-'
	}, name)
}

// application stands behind the proxy. It is no net/http server, because that one changes the case of header names:
// what it echoes is what came.
type application struct {
	listener net.Listener
	seen     atomic.Int64 // requests
	upgrades atomic.Value // the last Upgrade that came, a string
}

func startApplication(ctx context.Context, addr string) (*application, error) {
	l, err := listenAt(ctx, addr)
	if err != nil {
		return nil, err
	}
	a := &application{listener: l}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // closed
			}
			go a.serve(conn)
		}
	}()
	return a, nil
}

func (a *application) close() { _ = a.listener.Close() } // connections end with the proxy's

func (a *application) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	r := bufio.NewReader(conn)
	for {
		again, err := a.answer(r, conn)
		if err != nil && !errors.Is(err, io.EOF) {
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", len(err.Error()), err)
		}
		if err != nil || !again {
			return
		}
	}
}

// answer reads one request and echoes it. It reports whether another one may follow.
func (a *application) answer(r *bufio.Reader, conn net.Conn) (again bool, err error) {
	head, lines, err := readHead(r)
	if err != nil {
		return false, err
	}
	req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
	if err != nil {
		return false, err
	}
	a.seen.Add(1)
	if protocol := strings.ToLower(strings.Join(req.Header.Values("Upgrade"), ", ")); protocol != "" {
		a.upgrades.Store(protocol)
		if protocol == "websocket" {
			return false, echoFrames(req, r, conn)
		}
		return true, takeUp(protocol, conn)
	}
	if strings.EqualFold(req.Header.Get("Expect"), "100-continue") {
		if _, err := io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
			return false, err
		}
	}
	body, err := readBody(req, r)
	if err != nil {
		return false, err
	}
	sum := sha256.Sum256(body)
	text, err := json.Marshal(Echo{Method: req.Method, Target: req.RequestURI, Lines: lines, Body: len(body), Sum: hex.EncodeToString(sum[:])})
	if err != nil {
		return false, err
	}
	_, err = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Application: yes\r\nContent-Length: %d\r\n\r\n", len(text))
	if err == nil && req.Method != http.MethodHead {
		_, err = conn.Write(text)
	}
	return !req.Close, err
}

// takeUp changes to another protocol, whatever it is: in truth requests follow as before, now through a tunnel.
func takeUp(protocol string, conn net.Conn) error {
	_, err := fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: %s\r\nConnection: Upgrade\r\n\r\n", protocol)
	return err
}

const maxHead = 128 << 10

// readHead reads a request's head, and its header lines as they are.
func readHead(r *bufio.Reader) ([]byte, []Line, error) {
	var head []byte
	var lines []Line
	for {
		line, err := r.ReadSlice('\n')
		head = append(head, line...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			if len(head) > maxHead {
				return nil, nil, errors.New("the head is too large")
			}
			continue
		case err != nil:
			return nil, nil, err
		case len(head) > maxHead:
			return nil, nil, errors.New("the head is too large")
		case bytes.HasSuffix(head, []byte("\r\n\r\n")):
			for _, text := range strings.Split(strings.TrimSuffix(string(head), "\r\n\r\n"), "\r\n")[1:] {
				name, value, _ := strings.Cut(text, ":")
				lines = append(lines, Line{name, strings.TrimSpace(value)})
			}
			return head, lines, nil
		}
	}
}

const maxBody = 4 << 20

func readBody(req *http.Request, r *bufio.Reader) ([]byte, error) {
	if len(req.TransferEncoding) == 0 {
		if req.ContentLength > maxBody {
			return nil, errors.New("the body is too large")
		}
		return io.ReadAll(io.LimitReader(r, req.ContentLength))
	}
	body, err := io.ReadAll(io.LimitReader(httputil.NewChunkedReader(r), maxBody))
	if err != nil {
		return nil, err
	}
	for { // the trailer, and the empty line behind it
		line, err := r.ReadString('\n')
		if err != nil || line == "\r\n" {
			return body, err
		}
	}
}
