package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	patience = 30 * time.Second // for a program to start or to end
	poll     = 5 * time.Millisecond
)

// process is a program that we started. What it prints goes through a pipe that
// is always drained; only the beginning is kept.
type process struct {
	name   string
	cmd    *exec.Cmd
	output *beginning
	done   chan struct{}
	err    error
}

// start starts a program with this environment and PATH, nothing else.
func start(ctx context.Context, name string, env []string, program string, args ...string) (*process, error) {
	p := &process{name: name, output: &beginning{}, done: make(chan struct{})}
	p.cmd = exec.CommandContext(context.WithoutCancel(ctx), program, args...) // stop ends it in good order
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	p.cmd.SysProcAttr = ownGroup()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// waitFor waits until ready says so.
func (p *process) waitFor(ctx context.Context, what string, ready func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for !ready() {
		select {
		case <-p.done:
			return fmt.Errorf("%s ended before %s: %w\n%s", p.name, what, p.err, p.output)
		case <-ctx.Done():
			return fmt.Errorf("%s: waited for %s: %w\n%s", p.name, what, ctx.Err(), p.output)
		case <-time.After(poll):
		}
	}
	return nil
}

// printed waits until the output matches a pattern and returns its groups.
func (p *process) printed(ctx context.Context, pattern *regexp.Regexp) (found []string, err error) {
	err = p.waitFor(ctx, "it was ready", func() bool {
		found = pattern.FindStringSubmatch(p.output.String())
		return found != nil
	})
	return found, err
}

// stop interrupts the process and waits for its end.
func (p *process) stop() error {
	if p == nil {
		return nil
	}
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", p.name, err)
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(patience):
		_ = p.cmd.Process.Kill() // it has ended meanwhile, or dies now
		<-p.done
		return fmt.Errorf("stop %s: killed after %s", p.name, patience)
	}
}

// beginning keeps the first bytes that are written to it, and drops the rest.
type beginning struct {
	mu   sync.Mutex
	kept bytes.Buffer
}

const mostKept = 64 << 10

func (b *beginning) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if room := mostKept - b.kept.Len(); room > 0 {
		b.kept.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

func (b *beginning) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.TrimSpace(b.kept.String())
}
