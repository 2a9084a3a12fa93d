// Perf measures what EasyAuth costs, beside the least that any handler on
// net/http and chi costs: see docs/performance. `make bench` runs it.
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
	"regexp"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // something failed, or a target was missed
	exitUsage  = 2
)

// run is main with everything handed in. `bare FILE` is the bare handler, `proxy URL` the bare reverse
// proxy and `application` what stands behind it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var err error
	if len(args) == 2 && args[0] == "bare" {
		err = serveBare(ctx, args[1], stdout)
	} else if len(args) > 0 && (args[0] == "application" || args[0] == "proxy") {
		err = serveOther(ctx, args, stdout)
	} else {
		var o options
		if o, err = parseOptions(args, stderr); err != nil {
			return exitUsage
		}
		err = measureAll(ctx, o, stdout)
	}
	if err != nil {
		say(stderr, "perf: %v\n", err)
		return exitFailed
	}
	return exitOK
}

// options are the flags.
type options struct {
	settings

	only *regexp.Regexp
	out  string // a folder for the tables and the plot; "": they are printed
}

func parseOptions(args []string, stderr io.Writer) (options, error) {
	o := options{settings: settings{distinctTokens: 12_000}}
	flags := flag.NewFlagSet("perf", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.rounds, "rounds", 21, "rounds of each scenario")
	flags.DurationVar(&o.duration, "duration", 700*time.Millisecond, "how long each of the two is under load in a round")
	flags.IntVar(&o.distinctTickets, "tickets", 100_000, "tickets in rotation that were not seen before; fewer are made sooner, and too few are seen before after all")
	flags.StringVar(&o.out, "out", "", "write results.md and results.svg into this `folder`; without it they are printed")
	only := flags.String("only", "", "measure only what this `regexp` matches, such as '^hit/' or 'steps|nginx'")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	var err error
	switch {
	case flags.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case o.rounds < 1 || o.duration <= 0 || o.distinctTickets < 1:
		err = errors.New("rounds, duration and tickets must be positive")
	default:
		o.only, err = regexp.Compile(*only)
	}
	if err != nil {
		say(stderr, "perf: %v\n", err)
	}
	return o, err
}

const (
	stepRuns = 5
	stepTime = "100ms"
)

// measureAll measures what o asks for and writes it down. A target that was
// missed is an error, after everything was written.
func measureAll(ctx context.Context, o options, stdout io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "easyauth-perf-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b, err := prepare(ctx, dir, o.settings, stdout)
	if err != nil {
		return err
	}
	defer b.close()
	r, err := b.measure(ctx, o)
	if err != nil {
		return err
	}
	if err := write(o.out, r, stdout); err != nil {
		return err
	}
	if list := missed(r.results); len(list) > 0 {
		return fmt.Errorf("targets missed:\n  %s", strings.Join(list, "\n  "))
	}
	return nil
}

func (b *bench) measure(ctx context.Context, o options) (r report, err error) {
	r = report{settings: o.settings, circumstances: lookAround(ctx, time.Now())}
	for _, s := range scenarios() {
		if !o.only.MatchString(s.id()) {
			continue
		}
		say(b.out, "%-28s", s.id())
		result, err := b.run(ctx, s)
		if err != nil {
			return r, fmt.Errorf("%s: %w", s.id(), err)
		}
		say(b.out, " lower quartile %.3f, median %.3f\n", lowerQuartile(result.ratios()), median(result.ratios()))
		r.results = append(r.results, result)
	}
	if o.only.MatchString("nginx") {
		say(b.out, "%-28s", "nginx")
		if r.passages, err = b.runNginx(ctx); err != nil {
			return r, fmt.Errorf("nginx: %w", err)
		}
		say(b.out, "\n")
	}
	if o.only.MatchString("steps") {
		say(b.out, "steps: go test -bench\n")
		if r.steps, err = runSteps(ctx, stepPackages(), stepRuns, stepTime); err != nil {
			return r, err
		}
	}
	return r, nil
}

// write writes the tables and the plot into a folder; without one it prints the tables.
func write(dir string, r report, stdout io.Writer) error {
	if dir == "" {
		_, err := fmt.Fprintf(stdout, "\n%s", r.markdown())
		return err
	}
	for name, text := range map[string]string{"results.md": r.markdown(), "results.svg": r.plot()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	say(stdout, "written: %s\n", filepath.Join(dir, "results.md"))
	return nil
}
