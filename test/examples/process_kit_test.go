package examples

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/process"
)

// program runs until its test is over, with all that it started.
type program struct{ *process.Process }

// begin starts a program in a folder. env is added to PATH, HOME and what Go and npm need to find their caches.
func begin(t *testing.T, name, dir string, env []string, path string, args ...string) program {
	t.Helper()
	started, err := process.Start(t.Context(), process.Command{Name: name, Program: path, Args: args, Dir: dir, Env: append(inherited(), env...)})
	if err != nil {
		t.Fatal(err)
	}
	p := program{started}
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("%s:\n%.6000s", name, p.Output())
		}
	})
	return p
}

// stop ends the program and its children: go run and sh have some, all in one group.
func (p program) stop() {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} { // with the first EasyAuth stops at once
		_ = syscall.Kill(-p.PID(), signal) // it may have ended
		select {
		case <-p.Done():
			_ = syscall.Kill(-p.PID(), syscall.SIGKILL) // and what it left behind
			return
		case <-time.After(10 * time.Second):
		}
	}
}

// listens waits until somebody listens on a port.
func (p program) listens(t *testing.T, port int) program {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := p.Await(ctx, "it listens on "+local(port), func(ctx context.Context) error {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", local(port))
		if err != nil {
			return err
		}
		return conn.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
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

// freePort is a port below those that systems take for outgoing connections. Until the test is over we listen on the one
// before it, so that nobody who asks in this way gets it, although it stays free until a program is started.
func freePort(t *testing.T) int {
	t.Helper()
	const lowest, pairs = 10000, 2500
	var lc net.ListenConfig
	for range 200 {
		first := lowest + 2*rand.IntN(pairs)
		claim, err := lc.Listen(t.Context(), "tcp", local(first))
		if err != nil {
			continue
		}
		t.Cleanup(func() { _ = claim.Close() }) // nothing was written to it
		if l, err := lc.Listen(t.Context(), "tcp", local(first+1)); err == nil {
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			return first + 1
		}
	}
	t.Fatal("no free port")
	return 0
}
