package servers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// patience bounds every wait for a server, and is far beyond what one needs.
const patience = 60 * time.Second

// process is a program that we started.
type process struct {
	name   string
	cmd    *exec.Cmd
	output *buffer
	done   chan struct{}
	err    error // of Wait; to be read when done is closed
}

// command describes a program to start.
type command struct {
	name    string
	program string
	args    []string
	dir     string
	env     []string // all of it but PATH
	as      *account // nil: us
}

// account is a user to run a program as.
type account struct{ uid, gid uint32 }

func (c command) start(ctx context.Context) (*process, error) {
	p := &process{name: c.name, output: &buffer{}, done: make(chan struct{})}
	p.cmd = c.build(context.WithoutCancel(ctx)) // it outlives ctx, until somebody ends it
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", c.name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// run starts the program and waits until it has ended.
func (c command) run(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var stderr bytes.Buffer
	cmd := c.build(ctx)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s%s", c.name, err, out, stderr.Bytes())
	}
	return out, nil
}

func (c command) build(ctx context.Context) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.program, c.args...)
	cmd.Dir = c.dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, c.env...)
	cmd.SysProcAttr = attributes()
	if c.as != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: c.as.uid, Gid: c.as.gid}
	}
	return cmd
}

// ended reports whether the process has.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// kill ends the process at once, and waits until it has. Halted ones end too.
func (p *process) kill() error { return p.end(syscall.SIGKILL) }

// end sends a signal that ends the process, and waits.
func (p *process) end(sig os.Signal) error {
	if err := p.signal(sig); err != nil {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(patience):
		return fmt.Errorf("%s does not end\n%s", p.name, p.output)
	}
}

// signal sends a signal; a process that has ended needs none.
func (p *process) signal(sig os.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal %s: %w", p.name, err)
	}
	return nil
}

// await asks again and again until ask has no error, the process has ended, or
// patience is over.
func (p *process) await(ctx context.Context, what string, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s ended (%w) before %s: %w\n%s", p.name, p.err, what, err, p.output)
		case <-ctx.Done():
			return fmt.Errorf("wait until %s: %w\n%s", what, err, p.output)
		case <-time.After(10 * time.Millisecond):
		}
	}
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
