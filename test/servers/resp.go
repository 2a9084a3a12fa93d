package servers

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
)

// connection speaks Redis's protocol, RESP2, as far as the tests need it: one
// command at a time, answers without bounds.
type connection struct {
	conn net.Conn
	r    *bufio.Reader
}

// redisError is an error that Redis answered with.
type redisError string

func (e redisError) Error() string { return "redis: " + string(e) }

// connect opens a connection; without a user it sends no password. ctx must have
// a deadline, which holds for all that follows on the connection.
func connect(ctx context.Context, addr string, secure *tls.Config, user, password string) (*connection, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		return nil, errors.Join(errors.New("connect to redis: no deadline"), conn.Close())
	}
	if err := conn.SetDeadline(deadline); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if secure != nil {
		conn = tls.Client(conn, secure)
	}
	c := &connection{conn: conn, r: bufio.NewReader(conn)}
	if user != "" {
		if _, err := c.do("AUTH", user, password); err != nil {
			return nil, errors.Join(err, c.close())
		}
	}
	return c, nil
}

func (c *connection) close() error { return c.conn.Close() }

// do sends a command and returns its answer: a string, an int64, nil, or an []any
// of these.
func (c *connection) do(words ...string) (any, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "*%d\r\n", len(words))
	for _, word := range words {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := c.conn.Write(b.Bytes()); err != nil {
		return nil, err
	}
	return c.answer()
}

func (c *connection) answer() (any, error) {
	line, err := c.r.ReadString('\n')
	if err != nil {
		return nil, err
	}
	kind, text := line[0], strings.TrimRight(line[1:], "\r\n")
	switch kind {
	case '+':
		return text, nil
	case '-':
		return nil, redisError(text)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read redis's answer: %w", err)
	case kind == ':':
		return n, nil
	case n < 0:
		return nil, nil
	case kind == '$':
		bulk := make([]byte, n+2)
		if _, err := io.ReadFull(c.r, bulk); err != nil {
			return nil, err
		}
		return string(bulk[:n]), nil
	case kind == '*':
		return c.list(n)
	}
	return nil, fmt.Errorf("read redis's answer: unknown kind %q", kind)
}

// list reads n answers; an error among them is one of them.
func (c *connection) list(n int64) (any, error) {
	list := []any{}
	for range n {
		item, err := c.answer()
		var refused redisError
		if errors.As(err, &refused) {
			item, err = refused.Error(), nil
		}
		if err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	return list, nil
}

// texts returns every text and number in an answer, in order.
func texts(answer any) []string {
	switch answer := answer.(type) {
	case string:
		return []string{answer}
	case int64:
		return []string{strconv.FormatInt(answer, 10)}
	case []any:
		var all []string
		for _, item := range answer {
			all = append(all, texts(item)...)
		}
		return all
	}
	return nil
}
