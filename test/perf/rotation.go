package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
)

// rotation is a file of lines that requests take in turn, over all runs of wrk:
// a line comes again only after all the others.
type rotation struct {
	path   string
	starts []int64         // where each line begins
	next   [wrkThreads]int // the lines that the threads of the next run begin with
}

// writeRotation writes a file of n lines. line is called from several goroutines.
func writeRotation(path string, n int, line func(i int) (string, error)) (*rotation, error) {
	lines, err := inParallel(n, line)
	if err != nil {
		return nil, fmt.Errorf("make the lines of %s: %w", path, err)
	}
	return newRotation(path, lines)
}

// twice writes a file in which each line of r comes twice in a row.
func (r *rotation) twice(path string) (*rotation, error) {
	text, err := os.ReadFile(r.path)
	if err != nil {
		return nil, err
	}
	lines := make([]string, 0, 2*len(r.starts))
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		lines = append(lines, line, line)
	}
	return newRotation(path, lines)
}

func newRotation(path string, lines []string) (*rotation, error) {
	r := &rotation{path: path}
	var at int64
	for _, text := range lines {
		r.starts = append(r.starts, at)
		at += int64(len(text)) + 1
	}
	for i := range r.next {
		r.next[i] = i * len(lines) / len(r.next)
	}
	return r, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600)
}

// inParallel makes n lines on all cores.
func inParallel(n int, line func(i int) (string, error)) ([]string, error) {
	lines := make([]string, n)
	workers := runtime.NumCPU()
	errs := make([]error, workers)
	var running sync.WaitGroup
	for w := range workers {
		running.Go(func() {
			for i := w; i < n && errs[w] == nil; i += workers {
				lines[i], errs[w] = line(i)
			}
		})
	}
	running.Wait()
	return lines, errors.Join(errs...)
}

// offsets are where the threads begin: at first as far from each other as can be.
func (r *rotation) offsets() (list []string) {
	for _, line := range r.next {
		list = append(list, r.offsetOf(line))
	}
	return list
}

func (r *rotation) offsetOf(line int) string { return strconv.FormatInt(r.starts[line], 10) }

// advance notes how many lines each thread has taken.
func (r *rotation) advance(taken []int) error {
	if len(taken) != len(r.next) {
		return fmt.Errorf("%d threads say what they have taken of %s, want %d", len(taken), r.path, len(r.next))
	}
	for i, n := range taken {
		r.next[i] = (r.next[i] + n) % len(r.starts)
	}
	return nil
}

// line returns one of the lines.
func (r *rotation) line(i int) (text string, err error) {
	file, err := os.Open(r.path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if _, err := file.Seek(r.starts[i], io.SeekStart); err != nil {
		return "", err
	}
	text, err = bufio.NewReader(file).ReadString('\n')
	return strings.TrimSuffix(text, "\n"), err
}
