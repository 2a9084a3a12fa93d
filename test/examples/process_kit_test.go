package examples

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a program that runs until its test is over, with all that it started.
type process struct {
	name   string
	cmd    *exec.Cmd
	output *output
	done   chan struct{}
}

// begin starts a program in a folder. env is added to PATH, HOME and what Go and npm need to find their caches.
func begin(t *testing.T, name, dir string, env []string, program string, args ...string) *process {
	t.Helper()
	p := &process{name: name, output: &output{}, done: make(chan struct{})}
	p.cmd = exec.CommandContext(context.WithoutCancel(t.Context()), program, args...)
	p.cmd.Dir, p.cmd.Env = dir, append(inherited(), env...)
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // go run and sh have children
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	go func() {
		_ = p.cmd.Wait() // that it was stopped is no fault
		close(p.done)
	}()
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("%s:\n%.6000s", name, p.output)
		}
	})
	return p
}

// stop ends the program and its children.
func (p *process) stop() {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} { // with the first EasyAuth stops at once
		_ = syscall.Kill(-p.cmd.Process.Pid, signal) // it may have ended
		select {
		case <-p.done:
			_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // and what it left behind
			return
		case <-time.After(10 * time.Second):
		}
	}
}

// listens waits until somebody listens on a port.
func (p *process) listens(t *testing.T, port int) *process {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		var d net.Dialer
		conn, err := d.DialContext(t.Context(), "tcp", local(port))
		if err == nil {
			if err := conn.Close(); err != nil {
				t.Fatal(err)
			}
			return p
		}
		select {
		case <-p.done:
			t.Fatalf("%s ended: %s\n%s", p.name, p.cmd.ProcessState, p.output)
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not listen on %d\n%s", p.name, port, p.output)
		}
	}
}

// shell runs commands as they stand in a document, and returns what they print and their exit code.
func shell(t *testing.T, dir string, env []string, script string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir, cmd.Env = dir, append(inherited(), env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if ctx.Err() != nil {
		t.Fatalf("%s\ndoes not end: %v\n%s%s", script, err, &out, &errs)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// succeeds runs commands that must end well.
func succeeds(t *testing.T, dir string, env []string, script string) string {
	t.Helper()
	stdout, stderr, code := shell(t, dir, env, script)
	if code != 0 {
		t.Fatalf("%s\nexit code %d\n%s%s", script, code, stdout, stderr)
	}
	return stdout
}

// inherited is what programs get of the environment of the test: no proxy, no setting of ours.
func inherited() []string {
	env := []string{"LC_ALL=C.UTF-8"}
	for _, name := range []string{"HOME", "GOFLAGS", "GOPATH", "GOCACHE", "GOMODCACHE", "GOPROXY", "GOTOOLCHAIN", "CGO_ENABLED", "XDG_CACHE_HOME"} {
		if value, is := os.LookupEnv(name); is {
			env = append(env, name+"="+value)
		}
	}
	return append(env, "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
}

func local(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// freePort is a port below those that systems take for outgoing connections.
func freePort(t *testing.T) int {
	t.Helper()
	for range 200 {
		port := 10000 + rand.IntN(5000)
		var lc net.ListenConfig
		if l, err := lc.Listen(t.Context(), "tcp", local(port)); err == nil {
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

// output keeps what a program prints, read while it is written.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

// String is everything so far.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}
