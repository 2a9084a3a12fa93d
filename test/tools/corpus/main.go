// Command corpus chooses which of the inputs that fuzzing found are worth committing. It reads lines "directory
// target" and copies, for each target, the few inputs of Go's fuzz cache that reach code, or reach it a number of
// times, that neither the seeds nor what is committed already does, to the directory's testdata/fuzz/TARGET.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
)

// Bounds of what is kept of one target.
const (
	maxInput = 4 << 10  // bytes of one input
	maxFiles = 30       // inputs
	maxTotal = 40 << 10 // bytes of all
	maxTried = 200      // inputs of the cache that are looked at, the smallest
)

func main() {
	cache := flag.String("cache", "", "`directory` with the inputs that were found, as directory/TARGET/file")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdin, os.Stdout, *cache); err != nil {
		fmt.Fprintln(os.Stderr, "corpus:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to be done
	}
}

func run(ctx context.Context, in io.Reader, out io.Writer, cache string) error {
	work, err := os.MkdirTemp("", "corpus")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		directory, target, ok := strings.Cut(lines.Text(), " ")
		if !ok {
			return fmt.Errorf("want a directory and a target, got %q", lines.Text())
		}
		b := &bench{directory: directory, target: target, work: work, cache: cache}
		added, err := b.keep(ctx)
		if err != nil {
			return fmt.Errorf("%s %s: %w", directory, target, err)
		}
		if _, err := fmt.Fprintf(out, "%s %s: %d found, %d committed before, %d added\n", directory, target, len(b.found), len(b.committed), added); err != nil {
			return err
		}
	}
	return lines.Err()
}
