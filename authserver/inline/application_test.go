package inline_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// raw is an application that sees bytes.
type raw struct {
	address string
	mu      sync.Mutex
	heads   []string
}

// startRaw answers each request on a connection with the same bytes.
func startRaw(t testing.TB, answer string) *raw {
	t.Helper()
	l := listen(t)
	a := &raw{address: l.Addr().String()}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go a.serve(conn, answer)
		}
	}()
	return a
}

const okAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

func (a *raw) serve(conn net.Conn, answer string) {
	defer func() { _ = conn.Close() }()
	from := bufio.NewReader(conn)
	for {
		var head strings.Builder
		for !strings.HasSuffix(head.String(), "\r\n\r\n") {
			line, err := from.ReadString('\n')
			if err != nil {
				return
			}
			head.WriteString(line)
		}
		a.mu.Lock()
		a.heads = append(a.heads, head.String())
		a.mu.Unlock()
		text := answer
		if answer == okAnswer && strings.HasPrefix(head.String(), "HEAD ") {
			text = strings.TrimSuffix(answer, "ok")
		}
		if _, err := io.WriteString(conn, text); err != nil || answer != okAnswer {
			return
		}
	}
}

// seen returns the heads of all requests.
func (a *raw) seen() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.heads...)
}

// head returns the head of the only request since the last call.
func (a *raw) head(t testing.TB) string {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.heads) != 1 {
		t.Fatalf("%d requests reached the application, want one: %q", len(a.heads), a.heads)
	}
	head := a.heads[0]
	a.heads = nil
	return head
}

// values returns the values of a header, in any case, in the head of a request.
func values(head, name string) (list []string) {
	for line := range strings.SplitSeq(head, "\r\n") {
		if n, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(n, name) {
			list = append(list, strings.TrimSpace(v))
		}
	}
	return list
}

func only(t testing.TB, head, name, want string) {
	t.Helper()
	if got := values(head, name); fmt.Sprint(got) != fmt.Sprint([]string{want}) {
		t.Errorf("%s is %q, want %q alone, in\n%s", name, got, want, head)
	}
}
