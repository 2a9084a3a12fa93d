package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// running is the demonstration as its own process.
type running struct {
	cmd    *exec.Cmd
	origin string // http://localhost:port
	text   string // what it printed until it was up
	tmp    string // its temporary folder
}

// start runs the demonstration and waits for its last line.
func start(t *testing.T, program string, args ...string) *running {
	t.Helper()
	tmp := t.TempDir()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 3*time.Minute)
	t.Cleanup(cancel)
	r := &running{cmd: exec.CommandContext(ctx, program, args...), tmp: tmp}
	r.cmd.Env, r.cmd.Stderr = append(os.Environ(), "TMPDIR="+tmp), os.Stderr
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for !strings.Contains(r.text, "Ctrl-C") {
		if !lines.Scan() {
			t.Fatalf("it ended: %v\n%s", r.cmd.Wait(), r.text)
		}
		r.text += lines.Text() + "\n"
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // its last words
	r.origin = regexp.MustCompile(`http://localhost:\d+`).FindString(r.text)
	return r
}

// status asks for a page without following redirects.
func (r *running) status(t *testing.T, path string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.origin+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Location")
}

// stop sends a signal and checks that nothing is left.
func (r *running) stop(t *testing.T, signal os.Signal) {
	t.Helper()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	if err := r.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Wait(); err != nil {
		t.Errorf("after %v: %v", signal, err)
	}
	left, err := os.ReadDir(r.tmp)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	var d net.Dialer
	if conn, err := d.DialContext(t.Context(), "tcp", strings.TrimPrefix(r.origin, "http://")); err == nil {
		t.Errorf("something still listens on %s", r.origin)
		_ = conn.Close() // nothing was written
	}
}

// Each run finds its port taken on one of the two addresses of localhost.
func TestDemo(t *testing.T) {
	program := filepath.Join(t.TempDir(), "demo")
	if text, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, text)
	}
	for host, signal := range map[string]os.Signal{"127.0.0.1": os.Interrupt, "[::1]": syscall.SIGTERM} {
		t.Run(host+" "+signal.String(), func(t *testing.T) {
			var lc net.ListenConfig
			other, err := lc.Listen(t.Context(), "tcp", host+":0")
			if err != nil { // a machine without IPv6
				if other, err = lc.Listen(t.Context(), "tcp", "127.0.0.1:0"); err != nil {
					t.Fatal(err)
				}
			}
			port := other.Addr().(*net.TCPAddr).Port
			r := start(t, program, "-port", fmt.Sprint(port))
			if strings.HasSuffix(r.origin, fmt.Sprintf(":%d", port)) {
				t.Errorf("it took port %d", port)
			}
			for _, want := range []string{"is taken", r.origin + "/admin", r.origin + "/graph", r.origin + "/public", "adele@contoso.example", "bob@contoso.example", `"demo"`} {
				if !strings.Contains(r.text, want) {
					t.Errorf("%s is not among what it prints:\n%s", want, r.text)
				}
			}
			if status, _ := r.status(t, "/public"); status != http.StatusOK {
				t.Errorf("/public: %d", status)
			}
			status, at := r.status(t, "/admin")
			if status != http.StatusFound || !strings.HasPrefix(at, r.origin+"/easyauth/login?rd=") {
				t.Errorf("/admin: %d to %q", status, at)
			}
			r.stop(t, signal)
			if err := other.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
