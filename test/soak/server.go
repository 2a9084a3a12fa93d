package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// build compiles EasyAuth into dir, with the flags of a release. It must run inside the module.
func build(ctx context.Context, dir string) (program string, err error) {
	program = filepath.Join(dir, "easyauth")
	cmd := exec.CommandContext(ctx, "go", "build", "-race=false", "-trimpath", "-ldflags", "-s -w", "-o", program, "github.com/easyauth-sidecar/easyauth/cmd/easyauth")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build easyauth: %w\n%s", err, text)
	}
	return program, nil
}

// server is a process under load.
type server struct {
	addr, admin string // host:port

	cmd    *exec.Cmd
	output *tail
	done   chan struct{}
	err    error // of its end; after done
}

// start starts a server that takes any free ports, and waits until its log says
// that it is ready, and where.
func start(ctx context.Context, program string, env []string) (*server, error) {
	// Not bound to ctx: stop ends it in good order.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), program, "serve")
	cmd.Env = env
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s := &server{cmd: cmd, output: &tail{}, done: make(chan struct{})}
	cmd.Stderr, cmd.SysProcAttr = s.output, attributes()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	ready := make(chan struct{})
	go func() {
		s.follow(out, ready)
		s.err = cmd.Wait()
		close(s.done)
	}()
	select {
	case <-ready:
		return s, nil
	case <-s.done:
		return nil, fmt.Errorf("the server ended: %w\n%s", s.err, s.output)
	case <-ctx.Done():
	case <-time.After(patience):
	}
	return nil, errors.Join(fmt.Errorf("the server does not get ready\n%s", s.output), s.stop())
}

// follow reads the log to its end.
func (s *server) follow(log io.Reader, ready chan struct{}) {
	lines := bufio.NewReader(log)
	for {
		line, err := lines.ReadBytes('\n')
		_, _ = s.output.Write(line) // it never fails
		if err != nil {
			return
		}
		if s.addr != "" {
			continue
		}
		var entry struct {
			Msg    string `json:"msg"`
			Listen string `json:"listen"`
			Admin  string `json:"admin_listen"`
		}
		if json.Unmarshal(line, &entry) == nil && entry.Msg == "ready" {
			s.addr, s.admin = entry.Listen, entry.Admin
			close(ready)
		}
	}
}

func (s *server) pid() int { return s.cmd.Process.Pid }

// orItsEnd is err, or that the server has ended: what it said then tells more than
// what its clients saw.
func (s *server) orItsEnd(err error) error {
	select {
	case <-s.done:
		return fmt.Errorf("the server ended: %w\n%s\n%w", s.err, s.output, err)
	case <-time.After(time.Second):
		return err
	}
}

// stop interrupts the server and waits for its end. One that has ended is fine.
func (s *server) stop() error {
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop the server: %w", err)
	}
	select {
	case <-s.done:
		return nil
	case <-time.After(patience):
		_ = s.cmd.Process.Kill() // it has ended meanwhile, or dies now
		<-s.done
		return fmt.Errorf("stop the server: killed after %s", patience)
	}
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const longestTail = 16 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if len(t.text) > 2*longestTail {
		t.text = append(t.text[:0], t.text[len(t.text)-longestTail:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text[max(len(t.text)-longestTail, 0):])
}
