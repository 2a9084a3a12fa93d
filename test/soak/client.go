package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// request is what a client sends, to the byte: also what no decent client would.
type request struct {
	method, target string
	host           string
	header         []string // lines without their ends
	body           string
}

func (r *request) append(b []byte) []byte {
	b = append(b, r.method...)
	b = append(b, ' ')
	b = append(b, r.target...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, r.host...)
	b = append(b, "\r\n"...)
	for _, line := range r.header {
		b = append(b, line...)
		b = append(b, "\r\n"...)
	}
	if r.body != "" {
		b = fmt.Appendf(b, "Content-Length: %d\r\n", len(r.body))
	}
	b = append(b, "\r\n"...)
	return append(b, r.body...)
}

// answer is what came back, without its body.
type answer struct {
	status int
	header http.Header
}

// client is one connection to a server, and the next one when that has ended. It
// writes requests itself: net/http would refuse some of them, and costs more.
type client struct {
	addr string
	conn net.Conn
	in   *bufio.Reader
	out  []byte
}

// patience is how long a request may take, on a machine that is busy.
const patience = 30 * time.Second

func (c *client) do(ctx context.Context, r *request) (*answer, error) {
	if err := c.connect(ctx); err != nil {
		return nil, err
	}
	conn := c.conn
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // it ends what is under way
	defer stop()
	c.out = r.append(c.out[:0])
	// One that is too large is answered before all of it was read: whether it could
	// be written says nothing.
	_, writeErr := c.conn.Write(c.out)
	resp, err := http.ReadResponse(c.in, &http.Request{Method: r.method})
	if err != nil {
		c.close()
		return nil, errors.Join(fmt.Errorf("read an answer: %w", err), writeErr)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		c.close()
		return nil, fmt.Errorf("read the body of an answer: %w", err)
	}
	if resp.Close {
		c.close()
	}
	return &answer{resp.StatusCode, resp.Header}, nil
}

func (c *client) connect(ctx context.Context) error {
	if c.conn == nil {
		conn, err := dial(ctx, c.addr)
		if err != nil {
			return err
		}
		c.conn, c.in = conn, bufio.NewReader(conn)
	}
	return c.conn.SetDeadline(time.Now().Add(patience))
}

// leave sends a request and goes before it is answered.
func (c *client) leave(ctx context.Context, r *request) error {
	if err := c.connect(ctx); err != nil {
		return err
	}
	c.out = r.append(c.out[:0])
	_, _ = c.conn.Write(c.out) // may have been refused halfway
	c.close()
	return nil
}

// close ends the connection at once: many that linger would use up the system's ports.
func (c *client) close() {
	if c.conn != nil {
		_ = c.conn.Close() // nothing was held back
		c.conn = nil
	}
}

func dial(ctx context.Context, addr string) (net.Conn, error) {
	d := net.Dialer{Timeout: patience}
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("connect to the server: %w", err)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		err = tcp.SetLinger(0)
	}
	return conn, err
}

// String is the beginning of a request, for a report.
func (r *request) String() string {
	const most = 1500
	text := string(r.append(nil))
	if len(text) > most {
		text = text[:most] + "…"
	}
	return strings.ReplaceAll(text, "\r\n", "\n")
}
