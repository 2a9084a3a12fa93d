package stand

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Process is a program that we started.
type Process struct {
	name   string
	cmd    *exec.Cmd
	output *buffer
	done   chan struct{}
	err    error
}

func startProcess(ctx context.Context, name string, env []string, program string, args ...string) (*Process, error) {
	p := &Process{name: name, output: &buffer{}, done: make(chan struct{})}
	// Not bound to ctx: Stop ends it in good order.
	p.cmd = exec.CommandContext(context.WithoutCancel(ctx), program, args...)
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}, env...)
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	p.cmd.SysProcAttr = attributes()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// Signal sends a signal.
func (p *Process) Signal(sig os.Signal) error { return p.cmd.Process.Signal(sig) }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// ExitCode is the exit code of an ended process.
func (p *Process) ExitCode() int {
	<-p.done
	return p.cmd.ProcessState.ExitCode()
}

// PID is the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Environ is the environment that it was started with.
func (p *Process) Environ() []string { return slices.Clone(p.cmd.Env) }

// Output is what it has printed so far.
func (p *Process) Output() string { return p.output.String() }

// Stop interrupts the process and waits; after the timeout it is killed, which
// is an error. One that has ended is fine.
func (p *Process) Stop(timeout time.Duration) error {
	select {
	case <-p.done:
		return nil
	default:
	}
	// SIGINT: EasyAuth then stops at once; nginx does too.
	if err := p.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", p.name, err)
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(timeout):
		_ = p.cmd.Process.Kill() // it has ended meanwhile, or dies now
		<-p.done
		return fmt.Errorf("stop %s: killed after %s", p.name, timeout)
	}
}

// waitHTTP waits until url answers with a status below 500.
func (p *Process) waitHTTP(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close() // only the status matters
			if resp.StatusCode < http.StatusInternalServerError {
				return nil
			}
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s ended: %w\n%s", p.name, p.err, p.Output())
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer at %s\n%s", p.name, url, p.Output())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Build compiles EasyAuth and the sample application into dir. It must run
// inside the module.
func Build(ctx context.Context, dir string) (*Binaries, error) {
	const module = "github.com/easyauth-sidecar/easyauth/"
	b := &Binaries{EasyAuth: filepath.Join(dir, "easyauth"), Sample: filepath.Join(dir, "sample")}
	for out, pkg := range map[string]string{b.EasyAuth: "cmd/easyauth", b.Sample: "examples/sample"} {
		cmd := exec.CommandContext(ctx, "go", "build", "-o", out, module+pkg)
		if text, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build %s: %w\n%s", pkg, err, text)
		}
	}
	return b, nil
}

// buffer keeps output that is read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
