package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
)

// inFlight is a request whose handler runs and waits for the rest of a form.
type inFlight struct {
	conn   net.Conn
	reader *bufio.Reader
}

const form = "rd=%2F"

// beginRequest returns when the handler has begun: the server asks for the
// body only then.
func beginRequest(t *testing.T, s *server) *inFlight {
	t.Helper()
	conn, err := dial(t, s.public)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // the server may have
	_, err = fmt.Fprintf(conn, "POST /easyauth/logout HTTP/1.1\r\nHost: %s\r\nExpect: 100-continue\r\n"+
		"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n", host, len(form))
	if err != nil {
		t.Fatal(err)
	}
	r := &inFlight{conn, bufio.NewReader(conn)}
	if line, err := r.reader.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 100 ") {
		t.Fatalf("got %q, %v", line, err)
	}
	if _, err := r.reader.ReadString('\n'); err != nil { // the empty line
		t.Fatal(err)
	}
	return r
}

// finish sends the rest and returns the status.
func (r *inFlight) finish(t *testing.T) int {
	t.Helper()
	if _, err := io.WriteString(r.conn, form); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(r.reader, nil)
	if err != nil {
		t.Fatalf("the request in flight was broken off: %v", err)
	}
	defer resp.Body.Close()
	if _, err := io.ReadAll(resp.Body); err != nil {
		t.Fatalf("the answer was broken off: %v", err)
	}
	return resp.StatusCode
}

// isClosed reports whether nobody listens any more.
func isClosed(t *testing.T, address string) bool {
	conn, err := dial(t, address)
	if err != nil {
		return true
	}
	_ = conn.Close() // only asked
	return false
}

// drains stops a server in the way that end does and sees a request in flight through.
func drains(t *testing.T, s *server, end func()) {
	t.Helper()
	r := beginRequest(t, s)
	end()
	waitFor(t, "/readyz to be 503", func() bool {
		resp := s.get(s.admin, "/readyz", nil) // it is answered to the end
		return resp.StatusCode == http.StatusServiceUnavailable && strings.Contains(resp.body, "stopping")
	})
	waitFor(t, "the public listener to close", func() bool { return isClosed(t, s.public) })
	if resp := s.get(s.admin, "/readyz", nil); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("/readyz while requests finish: %d", resp.StatusCode)
	}
	if resp := s.get(s.admin, "/healthz", nil); resp.StatusCode != http.StatusOK {
		t.Errorf("/healthz while requests finish: %d", resp.StatusCode)
	}
	if status := r.finish(t); status >= http.StatusBadRequest {
		t.Errorf("the request in flight got %d", status)
	}
	if code := s.wait(); code != exitOK {
		t.Errorf("exit code %d\n%s%s", code, s.out.String(), s.errs.String())
	}
	if _, ok := s.logged("stopped"); !ok || !isClosed(t, s.admin) {
		t.Errorf("not stopped:\n%s", s.out.String())
	}
}

func TestStopWaitsForRequestsInFlight(t *testing.T) {
	t.Parallel()
	s := start(t, with(t, map[string]string{"EASYAUTH_SHUTDOWN_TIMEOUT": "12s"})) // a notice of 3 s
	drains(t, s, func() { s.end(errTerminated) })
}

// A proxy that has not yet seen the 503 is still served: readiness goes first.
func TestStopIsAnnouncedFirst(t *testing.T) {
	t.Parallel()
	s := start(t, with(t, map[string]string{"EASYAUTH_SHUTDOWN_TIMEOUT": "1m"})) // a notice of 5 s
	s.end(errTerminated)
	waitFor(t, "/readyz to be 503", func() bool {
		resp, err := ask(t, s.admin, "/readyz", nil)
		if err != nil {
			t.Fatalf("the admin listener went before it said 503: %v", err)
		}
		return resp.StatusCode == http.StatusServiceUnavailable
	})
	if line, ok := s.logged("stopping"); !ok || line["notice"] != "5s" || line["timeout"] != "1m0s" {
		t.Errorf("logged %v", line)
	}
	resp, err := ask(t, s.public, "/easyauth/auth", asNginx("https://"+host+"/page"))
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a new request after the 503: %v, %v", resp, err)
	}
	if code := s.wait(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
}

func TestNoticeIsBounded(t *testing.T) {
	for timeout, want := range map[string]string{"2s": "500ms", "20s": "5s", "10m": "5s"} {
		s := startProcess(t, with(t, map[string]string{"EASYAUTH_SHUTDOWN_TIMEOUT": timeout}))
		s.signal(syscall.SIGTERM)
		waitFor(t, "the log line", func() bool { _, ok := s.logged("stopping"); return ok })
		if line, _ := s.logged("stopping"); line["notice"] != want {
			t.Errorf("%s: %v, want %s", timeout, line["notice"], want)
		}
	}
}

// A request that never ends is broken off: it would wait 30 s for its form, and
// the exit code tells that it was not that which ended it.
func TestStopIsBounded(t *testing.T) {
	t.Parallel()
	s := start(t, with(t, map[string]string{"EASYAUTH_SHUTDOWN_TIMEOUT": "1s"}))
	r := beginRequest(t, s)
	s.end(errTerminated)
	if code := s.wait(); code != exitFailed || !strings.Contains(s.out.String(), "requests did not finish in time") {
		t.Errorf("exit code %d\n%s", code, s.out.String())
	}
	if line, err := r.reader.ReadString('\n'); err == nil {
		t.Errorf("the request was answered: %q", line)
	}
}

// signal sends a signal to the process.
func (s *server) signal(sig os.Signal) {
	s.t.Helper()
	if err := s.process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

func TestTerminated(t *testing.T) {
	t.Parallel()
	s := startProcess(t, with(t, map[string]string{"EASYAUTH_SHUTDOWN_TIMEOUT": "12s"}))
	drains(t, s, func() {
		s.signal(syscall.SIGTERM)
		s.signal(syscall.SIGTERM) // impatient supervisors change nothing
	})
	if line, _ := s.logged("stopping"); line["notice"] != "3s" {
		t.Errorf("logged %v", line)
	}
}

func TestInterrupted(t *testing.T) {
	s := startProcess(t, with(t, map[string]string{"EASYAUTH_SHUTDOWN_TIMEOUT": "10m"}))
	drains(t, s, func() { s.signal(os.Interrupt) })
	if line, _ := s.logged("stopping"); line["notice"] != "0s" {
		t.Errorf("logged %v", line)
	}
}

func TestInterruptedTwice(t *testing.T) {
	for name, first := range map[string]os.Signal{"by hand": os.Interrupt, "terminated before": syscall.SIGTERM} {
		s := startProcess(t, with(t, map[string]string{"EASYAUTH_SHUTDOWN_TIMEOUT": "10m"}))
		beginRequest(t, s)
		s.signal(first)
		waitFor(t, "the log line", func() bool { _, ok := s.logged("stopping"); return ok })
		s.signal(os.Interrupt)
		if code := s.wait(); code != -1 { // ended by the signal
			t.Errorf("%s: exit code %d", name, code)
		}
	}
}
