// Package process starts programs for tests and measurements, waits until they are
// ready, and ends them. It knows none of the programs.
package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Command is a program to start.
type Command struct {
	Name    string // in errors; empty: Program
	Program string // a path, or a name in PATH
	Args    []string
	Dir     string   // empty: that of the caller
	Env     []string // all of the environment but PATH
	Account *Account // nil: the caller's
	Kill    bool     // on Linux the kernel kills it when the caller dies, instead of terminating it
	Output  Output   // takes what the program prints; nil: all of it is kept
}

// Account is a user to run a program as.
type Account struct{ UID, GID uint32 }

// Output takes what a program prints while others read it.
type Output interface {
	io.Writer
	fmt.Stringer
}

// Process is a program that was started.
type Process struct {
	name   string
	cmd    *exec.Cmd
	output Output
	done   chan struct{}
	err    error // of Wait; after done
}

// Start starts a program. It outlives ctx, until somebody ends it.
func Start(ctx context.Context, c Command) (*Process, error) {
	if c.Output == nil {
		c.Output = &buffer{}
	}
	p := &Process{name: c.name(), cmd: c.build(context.WithoutCancel(ctx)), output: c.Output, done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// Run starts a program, waits until it has ended, and returns what it wrote to its
// standard output. It ends with ctx. The error holds all that it printed.
func Run(ctx context.Context, c Command) ([]byte, error) {
	var stderr bytes.Buffer
	cmd := c.build(ctx)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s%s", c.name(), err, out, stderr.Bytes())
	}
	return out, nil
}

func (c Command) name() string {
	if c.Name == "" {
		return c.Program
	}
	return c.Name
}

func (c Command) build(ctx context.Context) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.Program, c.Args...)
	cmd.Dir = c.Dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, c.Env...)
	cmd.SysProcAttr = attributes(c.Kill)
	if c.Account != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: c.Account.UID, Gid: c.Account.GID}
	}
	return cmd
}

// Name is what errors call the process.
func (p *Process) Name() string { return p.name }

// PID is the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Environ is the environment that it was started with.
func (p *Process) Environ() []string { return slices.Clone(p.cmd.Env) }

// Output is what was kept of what it has printed so far.
func (p *Process) Output() string { return p.output.String() }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Ended reports whether the process has.
func (p *Process) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// ExitCode waits for the end of the process, and is its exit code.
func (p *Process) ExitCode() int {
	<-p.done
	return p.cmd.ProcessState.ExitCode()
}

// Signal sends a signal. A process that has ended needs none, which is no error.
func (p *Process) Signal(sig os.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal %s: %w", p.name, err)
	}
	return nil
}

// Stop interrupts the process and waits; after the timeout it is killed, which is
// an error. EasyAuth and nginx stop at once when they are interrupted.
func (p *Process) Stop(timeout time.Duration) error { return p.End(os.Interrupt, timeout) }

// End sends a signal that ends the process, and waits; after the timeout it is
// killed, which is an error. One that has ended is fine.
func (p *Process) End(sig os.Signal, timeout time.Duration) error {
	if err := p.Signal(sig); err != nil {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(timeout):
		_ = p.cmd.Process.Kill() // it has ended meanwhile, or dies now
		<-p.done
		return fmt.Errorf("stop %s: killed after %s\n%s", p.name, timeout, p.Output())
	}
}

const poll = 5 * time.Millisecond

// Await asks again and again until ask has no error, the process has ended, or ctx
// has. The error of the last two holds what was asked for, the last answer and what
// the process printed.
func (p *Process) Await(ctx context.Context, what string, ask func(context.Context) error) error {
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s ended (%w) before %s: %w\n%s", p.name, p.err, what, err, p.Output())
		case <-ctx.Done():
			return fmt.Errorf("wait until %s: %w\n%s", what, err, p.Output())
		case <-time.After(poll):
		}
	}
}

// buffer keeps all that is printed.
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
