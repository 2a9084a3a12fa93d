package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/process"
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
	process     *process.Process
}

// start starts a server that takes any free ports, and waits until its log says
// that it is ready, and where.
func start(ctx context.Context, program string, env []string) (*server, error) {
	log := &journal{}
	p, err := process.Start(ctx, process.Command{Name: "the server", Program: program, Args: []string{"serve"}, Env: env, Output: log})
	if err != nil {
		return nil, err
	}
	s := &server{process: p}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err = p.Await(ctx, "it is ready", func(context.Context) error {
		s.addr, s.admin = log.addresses()
		if s.addr == "" {
			return errors.New("its log does not say so yet")
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (s *server) pid() int { return s.process.PID() }

// orItsEnd is err, or that the server has ended: what it said then tells more than
// what its clients saw.
func (s *server) orItsEnd(err error) error {
	select {
	case <-s.process.Done():
		return fmt.Errorf("the server ended: exit status %d\n%s\n%w", s.process.ExitCode(), s.process.Output(), err)
	case <-time.After(time.Second):
		return err
	}
}

// stop interrupts the server and waits for its end. One that has ended is fine.
func (s *server) stop() error { return s.process.Stop(patience) }

// journal keeps the end of a log, and where it said that the server listens.
type journal struct {
	mu          sync.Mutex
	text        []byte
	line        []byte // the last, until it is whole; only until the server is ready
	addr, admin string
}

const longestTail = 16 << 10

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.text = append(j.text, p...)
	if len(j.text) > 2*longestTail {
		j.text = append(j.text[:0], j.text[len(j.text)-longestTail:]...)
	}
	for rest := p; j.addr == "" && len(rest) > 0; {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		j.line, rest = append(j.line, line...), after
		if whole {
			j.read()
			j.line = j.line[:0]
		}
	}
	return len(p), nil
}

// read looks at one line.
func (j *journal) read() {
	var entry struct {
		Msg    string `json:"msg"`
		Listen string `json:"listen"`
		Admin  string `json:"admin_listen"`
	}
	if json.Unmarshal(j.line, &entry) == nil && entry.Msg == "ready" {
		j.addr, j.admin = entry.Listen, entry.Admin
	}
}

// addresses are those of the two listeners; empty until the server is ready.
func (j *journal) addresses() (public, admin string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.addr, j.admin
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return string(j.text[max(len(j.text)-longestTail, 0):])
}
