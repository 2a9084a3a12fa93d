package inline_test

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/inline"
)

// A configuration is held for the question alone: an answer may take hours.
func TestConfigurationIsNotHeld(t *testing.T) {
	began, end := make(chan struct{}), make(chan struct{})
	p := start(t, to(serve(t, func(http.ResponseWriter, *http.Request) {
		close(began)
		<-end
	})))
	done := make(chan int, 1)
	go func() {
		res, err := p.client(1).Do(p.request("GET", "/", nil))
		if err != nil {
			t.Error(err)
			done <- 0
			return
		}
		_ = res.Body.Close()
		done <- res.StatusCode
	}()
	<-began
	if n := p.held.Load(); n != 0 {
		t.Errorf("%d are held while the application answers", n)
	}
	close(end)
	if status := <-done; status != 200 {
		t.Error(status)
	}
	p.refuse.Store(true)
	for _, path := range []string{"/", "/easyauth/login", "//", "/%zz"} {
		p.get(path)
	}
	if n := p.held.Load(); n != 0 {
		t.Errorf("%d are held", n)
	}
}

// Nobody holds a configuration by sending no body to who refuses the request: net/http reads it before it sends a
// page. What an application answers has no such time.
func TestStalledBodies(t *testing.T) {
	const short = 50 * time.Millisecond
	o := to(serve(t, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(3 * short)
		_, _ = io.Copy(w, r.Body)
	}))
	o.ownTime = short
	p := start(t, o)
	for _, head := range []string{
		"POST / HTTP/1.1\r\nHost: nobody.test\r\n", "POST // HTTP/1.1\r\nHost: " + app + "\r\n", "POST /easyauth/login HTTP/1.1\r\nHost: " + app + "\r\n",
		"TRACE / HTTP/1.1\r\nHost: " + app + "\r\n",
	} {
		conn := dial(t, p.address)
		if _, err := io.WriteString(conn, head+"Accept: text/html\r\nContent-Length: 10\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(conn); err != nil { // the connection ends by itself
			t.Errorf("%q: %v", head, err)
		}
		p.eventually("let go of after "+head, func() bool { return p.held.Load() == 0 })
	}
	conn := dial(t, p.address)
	for _, part := range []string{"POST / HTTP/1.1\r\nHost: " + app + "\r\nContent-Length: 10\r\n\r\n01234", "56789"} {
		if _, err := io.WriteString(conn, part); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * short)
	}
	if res := p.answer(bufio.NewReader(conn)); res.StatusCode != 200 || text(t, res) != "0123456789" {
		t.Errorf("the application's: %s", res.Status)
	}
}

// HTTP/2 changes nothing of what is dropped, judged and refused.
func TestHTTP2(t *testing.T) {
	application, admin := startRaw(t, okAnswer), startRaw(t, okAnswer)
	p := start(t, options{upstreams: []inline.Upstream{
		{Host: app, To: "http://" + application.address}, {Host: app, Path: "/admin", To: "http://" + admin.address, Query: "role=Admin"},
	}})
	for _, row := range []struct {
		path, host string
		status     int
		at         *raw
	}{
		{"/a?b=%zz", app, 200, application},
		{"/%61dmin/x", app, 200, admin},
		{"/a/../admin", app, 400, nil},
		{"/a%2f..%2fadmin", app, 400, nil},
		{"/a;/admin", app, 400, nil},
		{"/a//admin", app, 400, nil},
		{"/a", "evil.test", 421, nil},
		{"/a", "APP.test:443", 200, application},
	} {
		r := p.request("GET", "/", nil)
		r.URL.Opaque, r.Host = row.path, row.host
		r.Header = http.Header{"X-Injected-Oid": {spoofed}, "X_Injected_Oid": {spoofed}, "X-Forwarded-Host": {spoofed}, "X-Original-Url": {spoofed}, "Cookie": {"__Host-easyauth=t; a=1", "b=2"}}
		res, err := p.client(2).Do(r)
		if err != nil {
			t.Errorf("%s: %v", row.path, err)
			continue
		}
		_ = res.Body.Close()
		if res.StatusCode != row.status && (row.status < 400 || res.StatusCode < 400) {
			t.Errorf("%s of %s: %s", row.path, row.host, res.Status)
		}
		if row.at == nil {
			if n := len(application.seen()) + len(admin.seen()); n > 0 {
				t.Fatalf("%s of %s reached an application", row.path, row.host)
			}
			continue
		}
		head := row.at.head(t)
		if !strings.HasPrefix(head, "GET "+row.path+" HTTP/1.1\r\nHost: app.test\r\n") || strings.Contains(head, spoofed) || strings.Contains(head, "easyauth=") {
			t.Errorf("%s was sent as\n%s", row.path, head)
		}
	}
}
