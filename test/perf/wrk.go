package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

//go:embed load.lua
var loadScript string

const (
	wrkThreads     = 2
	wrkConnections = 16
)

// load is what wrk sends.
type load struct {
	request string    // a file with the bytes of the request
	lines   *rotation // nil: the request is always the same
}

// clone is the same load with a rotation of its own.
func (l load) clone() load {
	if l.lines != nil {
		lines := *l.lines
		l.lines = &lines
	}
	return l
}

// figures are what one run of wrk has counted.
type figures struct {
	requests  int
	elapsed   time.Duration
	failed    int // answers with a status of 400 or more
	p50, p99  time.Duration
	transport int   // connections, reads, writes and waits that failed
	taken     []int // lines that each thread has put into requests
}

func (f figures) rate() float64 { return float64(f.requests) / f.elapsed.Seconds() }

// wrk runs the load generator.
type wrk struct{ program, script string }

func findWrk(dir string) (*wrk, error) {
	program, err := exec.LookPath("wrk")
	if err != nil {
		return nil, errors.New("wrk is not installed: `make bench` and `make test` install it on Debian (test/tools/install-dependencies bench)")
	}
	w := &wrk{program: program, script: filepath.Join(dir, "load.lua")}
	return w, os.WriteFile(w.script, []byte(loadScript), 0o600)
}

// run sends a load to a URL for this long. wrk itself knows whole seconds only,
// so it is interrupted, which it takes for its end.
func (w *wrk) run(ctx context.Context, url string, l load, duration time.Duration) (figures, error) {
	const late = 10 // seconds after which it ends without us
	args := []string{
		"-t", strconv.Itoa(wrkThreads), "-c", strconv.Itoa(wrkConnections),
		"-d", fmt.Sprintf("%ds", late+int(duration.Seconds())), "-s", w.script, url, "--", l.request,
	}
	if l.lines != nil {
		args = append(args, l.lines.path)
		args = append(args, l.lines.offsets()...)
	}
	p, err := start(ctx, "wrk", nil, w.program, args...)
	if err != nil {
		return figures{}, err
	}
	err = waitFor(ctx, p, "it has begun", func() bool { return catches(p.PID(), syscall.SIGINT) })
	if err == nil {
		select {
		case <-time.After(duration):
		case <-p.Done():
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if err := errors.Join(err, stop(p)); err != nil {
		return figures{}, err
	}
	f, err := parseFigures(p.Output())
	if err == nil && l.lines != nil {
		err = l.lines.advance(f.taken)
	}
	return f, err
}

// parseFigures reads the lines that load.lua prints at the end.
func parseFigures(output string) (figures, error) {
	var f figures
	var line string
	for text := range strings.Lines(output) {
		text = strings.TrimSpace(text)
		if rest, ok := strings.CutPrefix(text, "figures "); ok {
			line = rest
		}
		if rest, ok := strings.CutPrefix(text, "taken "); ok {
			n, err := strconv.Atoi(rest)
			if err != nil {
				return f, fmt.Errorf("read what a thread of wrk has taken: %w", err)
			}
			f.taken = append(f.taken, n)
		}
	}
	values := map[string]int{}
	for _, field := range strings.Fields(line) {
		name, text, _ := strings.Cut(field, "=")
		value, err := strconv.Atoi(text)
		if err != nil {
			return f, fmt.Errorf("read wrk's figure %q: %w", field, err)
		}
		values[name] = value
	}
	for _, name := range []string{"requests", "microseconds", "status", "connect", "read", "write", "timeout", "p50", "p99"} {
		if _, ok := values[name]; !ok {
			return f, fmt.Errorf("wrk's figures lack %s:\n%s", name, output)
		}
	}
	micro := func(name string) time.Duration { return time.Duration(values[name]) * time.Microsecond }
	f.requests, f.elapsed, f.failed = values["requests"], micro("microseconds"), values["status"]
	f.p50, f.p99 = micro("p50"), micro("p99")
	f.transport = values["connect"] + values["read"] + values["write"] + values["timeout"]
	return f, nil
}

// expect wants every answer to be what it has to be: of success, or of refusal.
func (f figures) expect(refused bool) error {
	want := 0
	if refused {
		want = f.requests
	}
	switch {
	case f.requests == 0:
		return errors.New("no request was answered")
	case f.transport > 0:
		return fmt.Errorf("%d connections failed", f.transport)
	case f.failed != want:
		return fmt.Errorf("%d of %d answers have a status of 400 or more, want %d", f.failed, f.requests, want)
	}
	return nil
}
