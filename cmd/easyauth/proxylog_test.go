package main

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// What an application sends between two requests is not written anywhere: net/http would quote it.
func TestProxyQuotesNoApplication(t *testing.T) {
	const secret = "s3cret-of-the-application"
	l := listen(t, "127.0.0.1:0")
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"+secret)
					_, _ = io.Copy(io.Discard, conn)
				}
			}()
		}
	}()
	s := startProxy(t, filepath.Join(t.TempDir(), "easyauth.yaml"), documented(t, l.Addr().String()), nil)
	if resp := newBrowser(t, s).get("http://"+host+"/static/a", nil); resp.body != "ok" {
		t.Fatal(resp.body)
	}
	waitFor(t, "the line", func() bool { return strings.Contains(s.out.String(), "a library had a line for the log") })
	if log := s.out.String() + s.errs.String(); strings.Contains(log, secret) || strings.Contains(log, "Unsolicited") {
		t.Error(log)
	}
}

// A host of EASYAUTH_HOSTS that no upstream has is told, unless people only sign in there.
func TestProxyTellsOfHostsWithoutAnApplication(t *testing.T) {
	const line = "hosts without an application"
	for _, row := range []struct {
		hosts, callback string
		want            string // "": no line
	}{
		{"app.example.com", "", ""},
		{"app.example.com,*.example.net,b.example.org", "", `"hosts":["*.example.net","b.example.org"]`},
		{"app.example.com,b.example.com", "b.example.com", ""},
	} {
		vars := map[string]string{"EASYAUTH_UPSTREAMS": "app.example.com=http://a", "EASYAUTH_HOSTS": row.hosts, "EASYAUTH_LISTEN": "192.0.2.1:1"}
		if row.callback != "" {
			vars["EASYAUTH_CALLBACK_HOST"], vars["EASYAUTH_COOKIE_DOMAIN"] = row.callback, "example.com"
		}
		code, stdout, stderr := execute(t, with(t, vars), "proxy")
		if code != exitFailed || strings.Contains(stdout, line) != (row.want != "") || !strings.Contains(stdout, row.want) {
			t.Errorf("%s: %d\n%s%s", row.hosts, code, stdout, stderr)
		}
	}
}

// … and so is one whose upstream a change of the configuration takes away.
func TestProxyTellsOfHostsThatLoseTheirApplication(t *testing.T) {
	file := filepath.Join(t.TempDir(), "easyauth.yaml")
	content := documented(t, application(t))
	s := startProxy(t, file, content, nil)
	const line = "hosts without an application"
	if strings.Contains(s.out.String(), line) {
		t.Fatal(s.out.String())
	}
	without, _, found := strings.Cut(content, `  - host: "*.tools.example.com"`)
	if !found {
		t.Fatal("the page has no such upstream")
	}
	overwrite(t, file, without)
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := self.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the line", func() bool { return strings.Contains(s.out.String(), line) })
	if !strings.Contains(s.out.String(), `"hosts":["*.tools.example.com"]`) {
		t.Error(s.out.String())
	}
}
