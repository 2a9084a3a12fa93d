// Command soak puts EasyAuth's own program under a load that tries to make it grow,
// and fails when it does: tickets and access tokens that were never seen, rules
// that were never asked, and everything that a hostile client can send.
//
// What is sent stands in kinds.go and the files beside it, and what is wanted of the
// server in verdict.go. It knows the server as its clients and its administrators
// do, and its keys. It needs Linux, which tells how much memory a process has.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// A busy deployment has this many requests a second, and an hour of it so many.
const (
	perSecond = 500
	hour      = 3600 * perSecond
)

type options struct {
	duration time.Duration
	requests int64
	markdown string
}

func main() {
	var o options
	flag.DurationVar(&o.duration, "duration", 0, "how long the load lasts when all caches are full")
	flag.Int64Var(&o.requests, "requests", 0, "how many requests are sent at least")
	flag.StringVar(&o.markdown, "markdown", "", "file that the result is written to as well")
	flag.Parse()
	if o.duration == 0 && o.requests == 0 {
		o.duration, o.requests = 5*time.Minute, hour
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "easyauth-soak-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) } // progress: nobody misses it
	say("Building …")
	program, err := build(ctx, dir)
	if err != nil {
		return err
	}
	s, p, stop, err := easyauth(ctx, program)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	p.duration, p.requests, p.say = o.duration, o.requests, say
	r, l, err := soak(ctx, s, p)
	if err != nil {
		return err
	}
	wrong := judge(r, p.limits)
	say("")
	if err := report(out, r, l, p, wrong); err != nil {
		return err
	}
	if o.markdown != "" {
		if err := writeMarkdown(o.markdown, r, l, p, wrong); err != nil {
			return err
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("the server is not bounded: %s", strings.Join(wrong, "; "))
	}
	return nil
}

func writeMarkdown(name string, r *record, l *load, p *plan, wrong []string) (err error) {
	f, err := os.Create(filepath.Clean(name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := fmt.Fprintf(f, "# Soak: the last run\n\nWritten by `make soak`; what it means: [soak](soak.md).\n\n"); err != nil {
		return err
	}
	return report(f, r, l, p, wrong)
}
