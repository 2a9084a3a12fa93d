package servers

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// halt stops the postmaster first, which then starts no other process.
func (p *Postgres) halt() ([]int, error) {
	postmaster := p.process.PID()
	if err := p.process.Signal(syscall.SIGSTOP); err != nil {
		return nil, err
	}
	found, err := children(postmaster)
	if err != nil {
		return nil, err
	}
	for _, pid := range found {
		if err := signal(pid, syscall.SIGSTOP); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (p *Postgres) kill() error {
	if p.process.Ended() {
		return nil
	}
	found, err := p.halt()
	if err != nil {
		return err
	}
	for _, pid := range found {
		if err := signal(pid, syscall.SIGKILL); err != nil {
			return err
		}
	}
	if err := kill(p.process); err != nil {
		return err
	}
	for _, pid := range found {
		if err := awaitGone(pid); err != nil {
			return err
		}
	}
	return nil
}

// awaitGone waits for a process that is no child of ours.
func awaitGone(pid int) error {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if gone, err := gone(pid); gone || err != nil {
			return err
		}
	}
	return fmt.Errorf("process %d does not end", pid)
}

// stop ends the server, at the end of the test, and takes away what a kill leaves.
func (p *Postgres) stop() {
	if p.process != nil {
		if err := p.kill(); err != nil {
			p.t.Error(err)
		}
		p.dropSharedMemory()
	}
	if err := os.RemoveAll(p.dir); err != nil {
		p.t.Error(err)
	}
}

// dropSharedMemory removes the segment that a killed server leaves in the system.
// Its number is the last word of the seventh line of postmaster.pid.
func (p *Postgres) dropSharedMemory() {
	text, err := os.ReadFile(filepath.Join(p.data(), "postmaster.pid"))
	if err != nil {
		return // it never came so far
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) < 7 {
		return
	}
	words := strings.Fields(lines[6])
	if len(words) == 0 {
		return
	}
	id, err := strconv.Atoi(words[len(words)-1])
	if err == nil {
		err = removeSharedMemory(id)
	}
	if err != nil {
		p.t.Errorf("remove PostgreSQL's shared memory: %v", err)
	}
}

// signal sends a signal to a process that is perhaps gone.
func signal(pid int, sig syscall.Signal) error {
	if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("signal process %d: %w", pid, err)
	}
	return nil
}
