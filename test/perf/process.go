package main

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/easyauth-sidecar/easyauth/test/process"
)

const patience = 30 * time.Second // for a program to start or to end

// start starts a program with this environment and PATH, nothing else. Of what it prints
// the beginning is kept.
func start(ctx context.Context, name string, env []string, program string, args ...string) (*process.Process, error) {
	return process.Start(ctx, process.Command{Name: name, Program: program, Args: args, Env: env, Output: &beginning{}})
}

var errNotYet = errors.New("not yet")

// waitFor waits until ready says so.
func waitFor(ctx context.Context, p *process.Process, what string, ready func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return p.Await(ctx, what, func(context.Context) error {
		if !ready() {
			return errNotYet
		}
		return nil
	})
}

// printed waits until the output matches a pattern and returns its groups.
func printed(ctx context.Context, p *process.Process, pattern *regexp.Regexp) (found []string, err error) {
	err = waitFor(ctx, p, "it was ready", func() bool {
		found = pattern.FindStringSubmatch(p.Output())
		return found != nil
	})
	return found, err
}

// stop interrupts a process, if there is one, and waits for its end.
func stop(p *process.Process) error {
	if p == nil {
		return nil
	}
	return p.Stop(patience)
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
