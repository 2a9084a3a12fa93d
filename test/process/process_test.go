package process

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"
)

const patience = 30 * time.Second

func shell(t *testing.T, script string) *Process {
	t.Helper()
	p, err := Start(t.Context(), Command{Name: "the shell", Program: "sh", Args: []string{"-c", script}, Env: []string{"WORD=hello"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.End(syscall.SIGKILL, patience) }) // it may have ended
	return p
}

func TestProcess(t *testing.T) {
	t.Parallel()
	p := shell(t, `trap 'echo bye; exit 3' INT; echo "$WORD ${HOME-homeless}"; while :; do sleep 0.01; done`)
	err := p.Await(t.Context(), "it greets", func(context.Context) error {
		if !strings.Contains(p.Output(), "hello homeless") {
			return errors.New("silence")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if p.Ended() {
		t.Fatal("it has ended")
	}
	if err := p.Stop(patience); err != nil || p.ExitCode() != 3 || !strings.HasSuffix(p.Output(), "bye\n") {
		t.Errorf("%v, exit code %d, %q", err, p.ExitCode(), p.Output())
	}
	if err := errors.Join(p.Stop(patience), p.Signal(syscall.SIGTERM)); err != nil {
		t.Errorf("when it has ended: %v", err)
	}
}

func TestProcessThatDoesNotStop(t *testing.T) {
	t.Parallel()
	p := shell(t, `trap "" INT; echo deaf; while :; do sleep 0.01; done`)
	deaf := func(context.Context) error {
		if p.Output() == "" {
			return errors.New("silence")
		}
		return nil
	}
	if err := p.Await(t.Context(), "it is deaf", deaf); err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(50 * time.Millisecond); err == nil || !strings.Contains(err.Error(), "the shell: killed after") || !p.Ended() {
		t.Errorf("%v, ended %v", err, p.Ended())
	}
}

func TestAwaitInVain(t *testing.T) {
	t.Parallel()
	never := func(context.Context) error { return errors.New("not yet") }
	p := shell(t, "echo broken; exit 4")
	if err := p.Await(t.Context(), "it serves", never); err == nil || !strings.Contains(err.Error(), "the shell ended (exit status 4) before it serves: not yet\nbroken") {
		t.Errorf("one that has ended: %v", err)
	}
	p = shell(t, "while :; do sleep 0.01; done")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := p.Await(ctx, "it serves", never); err == nil || !strings.Contains(err.Error(), "wait until it serves: not yet") {
		t.Errorf("one that runs: %v", err)
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	out, err := Run(t.Context(), Command{Program: "sh", Args: []string{"-c", "echo out; echo err >&2"}})
	if err != nil || string(out) != "out\n" {
		t.Errorf("%q, %v", out, err)
	}
	if _, err := Run(t.Context(), Command{Program: "sh", Args: []string{"-c", "echo out; echo err >&2; exit 1"}}); err == nil || !strings.Contains(err.Error(), "out\nerr") {
		t.Errorf("one that fails: %v", err)
	}
	if _, err := Start(t.Context(), Command{Program: "no-such-program-of-ours"}); err == nil {
		t.Error("one that does not exist starts")
	}
}
