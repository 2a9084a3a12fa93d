package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// get reads a URL that has to answer 200.
func get(ctx context.Context, url string) (body []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	r.Close = true
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, resp.Status)
	}
	return io.ReadAll(resp.Body)
}

// probe sends the bytes of a request once and returns the answer, without the
// headers that net/http writes by itself.
func probe(ctx context.Context, url string, request []byte) (a answer, err error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return a, err
	}
	if _, err := conn.Write(request); err != nil {
		return a, err
	}
	sent, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(request)))
	if err != nil {
		return a, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), sent)
	if err != nil {
		return a, err
	}
	if err := resp.Body.Close(); err != nil {
		return a, err
	}
	a = answer{Path: sent.URL.Path, Cookie: ticketCookie(), Status: resp.StatusCode}
	for name, values := range resp.Header {
		if name == "Date" || name == "Content-Length" || name == "Connection" {
			continue
		}
		if len(values) != 1 {
			return a, fmt.Errorf("%d headers %s in one answer", len(values), name)
		}
		a.Headers = append(a.Headers, header{name, values[0]})
	}
	slices.SortFunc(a.Headers, func(a, b header) int { return strings.Compare(a.Name, b.Name) })
	return a, nil
}

// value is that of a header; "" if there is none.
func (a answer) value(name string) string {
	for _, h := range a.Headers {
		if h.Name == name {
			return h.Value
		}
	}
	return ""
}

// same tells how two answers differ in status, names of headers, or the length
// of their values; nil if they do not.
func (a answer) same(b answer) error {
	if a.Status != b.Status || len(a.Headers) != len(b.Headers) {
		return fmt.Errorf("answers differ: %d with %d headers, and %d with %d", a.Status, len(a.Headers), b.Status, len(b.Headers))
	}
	for i, h := range a.Headers {
		if other := b.Headers[i]; h.Name != other.Name || len(h.Value) != len(other.Value) {
			return fmt.Errorf("answers differ: %s of %d bytes, and %s of %d", h.Name, len(h.Value), other.Name, len(other.Value))
		}
	}
	return nil
}

// counters are the values of a Prometheus page, by name and labels.
type counters map[string]float64

func readCounters(ctx context.Context, admin string) (counters, error) {
	body, err := get(ctx, admin+"/metrics")
	if err != nil {
		return nil, err
	}
	return parseCounters(string(body))
}

func parseCounters(page string) (counters, error) {
	c := counters{}
	for line := range strings.Lines(page) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		at := strings.LastIndexByte(line, ' ')
		var value float64
		if at < 0 {
			return nil, fmt.Errorf("read a metric: %q", line)
		}
		if _, err := fmt.Sscan(line[at+1:], &value); err != nil {
			return nil, fmt.Errorf("read a metric: %q: %w", line, err)
		}
		c[line[:at]] = value
	}
	return c, nil
}

// since is what was added to each counter.
func (c counters) since(before counters) counters {
	added := counters{}
	for name, value := range c {
		added[name] = value - before[name]
	}
	return added
}

// sum adds up all whose names begin so.
func (c counters) sum(prefix string) (total float64) {
	for name, value := range c {
		if strings.HasPrefix(name, prefix) {
			total += value
		}
	}
	return total
}
