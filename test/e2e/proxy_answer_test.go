package e2e

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/stand"
)

// raw writes bytes to nginx and reads one answer.
func (v *visitor) raw(request string) *reply {
	v.t.Helper()
	d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, ServerName: appHost}}
	conn, err := d.DialContext(v.t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", v.s.Port))
	if err != nil {
		v.t.Fatal(err)
	}
	defer conn.Close()
	return exchange(v.t, conn, request)
}

// exchange writes a request and reads its answer.
func exchange(t *testing.T, conn net.Conn, request string) *reply {
	t.Helper()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	// nginx may answer and close before it has read everything.
	_, writeErr := io.WriteString(conn, request)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(errors.Join(writeErr, err))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	return &reply{resp.StatusCode, resp.Header, string(body), ""}
}

// request is a request's text: a line, a host and a page's headers.
func (v *visitor) request(line string, more ...string) string {
	lines := append([]string{line, fmt.Sprintf("Host: %s:%d", appHost, v.s.Port), "Accept: text/html", "Connection: close"}, more...)
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// echoed is a request as it arrived at the application.
type echoed struct {
	Method, URI, Host string
	Headers           http.Header
}

func (r *reply) echo(t *testing.T) echoed {
	t.Helper()
	var e echoed
	if err := json.Unmarshal([]byte(r.body), &e); r.status != http.StatusOK || err != nil {
		t.Fatalf("%s: not the application's echo: %d %v\n%.500s", r.url, r.status, err, r.body)
	}
	return e
}

// identity is the application's identity headers, sorted lines of name and
// values: not only ours, but whatever any framework could take for one.
func (e echoed) identity() []string {
	var lines []string
	for name, values := range e.Headers {
		plain := strings.ToLower(strings.NewReplacer("_", "-", ".", "-", " ", "").Replace(name))
		if strings.Contains(plain, "x-injected") {
			lines = append(lines, name+": "+strings.Join(values, " AND "))
		}
	}
	slices.Sort(lines)
	return lines
}

// shownURI is the request URI that a page of the sample shows, "" if the answer
// is not the sample's.
func (r *reply) shownURI() string {
	found := regexp.MustCompile(`<code id="uri">(.*?)</code>`).FindStringSubmatch(r.body)
	if r.status != http.StatusOK || found == nil {
		return ""
	}
	return html.UnescapeString(found[1])
}

// reached reports whether the application answered: nothing else does so
// without a redirect to login, a page of ours, or an error of nginx's.
func (r *reply) reached() bool {
	switch {
	case r.status == http.StatusUnauthorized, r.status == http.StatusForbidden, r.status == http.StatusBadRequest:
		return false
	case r.status == http.StatusFound && strings.Contains(r.header.Get("Location"), "/easyauth/login?rd="):
		return false
	}
	return true
}

// never5xx holds for every answer of nginx.
func (r *reply) never5xx(t *testing.T, what string) {
	t.Helper()
	if r.status >= http.StatusInternalServerError {
		t.Errorf("%s: %d\n%.300s", what, r.status, r.body)
	}
}

// direct asks the first EasyAuth past nginx, as nginx asks, and returns the
// header block's size in bytes as it came over the wire.
func direct(t *testing.T, s *stand.Stand, query string, h http.Header) (*reply, int) {
	t.Helper()
	address := strings.TrimPrefix(s.EasyAuth, "http://")
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	target := "/easyauth/auth"
	if query != "" {
		target += "?" + query
	}
	var text strings.Builder
	fmt.Fprintf(&text, "GET %s HTTP/1.1\r\nHost: easyauth.internal\r\nConnection: close\r\n", target)
	for name, values := range h {
		for _, value := range values {
			fmt.Fprintf(&text, "%s: %s\r\n", name, value)
		}
	}
	if _, err := io.WriteString(conn, text.String()+"\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(answer)), nil)
	if err != nil {
		t.Fatalf("%v\n%.300q", err, answer)
	}
	defer resp.Body.Close()
	return &reply{resp.StatusCode, resp.Header, "", target}, bytes.Index(answer, []byte("\r\n\r\n")) + 4
}
