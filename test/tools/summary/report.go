package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// event is one line of go test -json (see go doc test2json).
type event struct {
	Action     string
	Package    string
	ImportPath string // of build-output and build-fail, instead of Package
	Test       string // empty: the event is the package's own
	Output     string
	Key, Value string // of attr
}

// report counts tests and holds the output of those that have not ended.
type report struct {
	out      io.Writer
	packages map[string]*progress // those that have not ended
	skips    []string
	measured []string

	passed, failed, skipped int
}

// progress is what is known of a package whose tests run.
type progress struct {
	output map[string][]string // by test; the package's own under ""
	failed bool                // a test of it has failed
}

func newReport(out io.Writer) *report {
	return &report{out: out, packages: map[string]*progress{}}
}

// read takes in everything up to the end of in. A line that is no event is printed as it stands.
func (r *report) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			var e event
			if json.Unmarshal([]byte(line), &e) == nil && e.Action != "" {
				r.take(e)
			} else {
				r.print(line)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *report) take(e event) {
	switch e.Action {
	case "build-output":
		r.print(e.Output)
		return
	case "build-fail":
		return // the package's own failure follows and is counted
	}
	p := r.packages[e.Package]
	if p == nil {
		p = &progress{output: map[string][]string{}}
		r.packages[e.Package] = p
	}
	switch e.Action {
	case "run":
		p.output[e.Test] = nil
	case "output":
		p.output[e.Test] = append(p.output[e.Test], e.Output)
	case "attr":
		r.measured = append(r.measured, fmt.Sprintf("%s: %s = %s", e.Test, e.Key, e.Value))
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.endPackage(e, p)
		} else {
			r.endTest(e, p)
		}
	}
}

func (r *report) endTest(e event, p *progress) {
	switch e.Action {
	case "pass":
		r.passed++
	case "skip":
		r.skipped++
		r.skips = append(r.skips, e.Package+" "+e.Test)
	case "fail":
		r.failed++
		p.failed = true
		r.printTest(p, e.Test)
	}
	delete(p.output, e.Test)
}

// endPackage prints go test's line for the package. One that failed though none of its tests did (it was
// not built, it panicked, its TestMain exited) counts as one failed test, and so does each test that began
// and never ended.
func (r *report) endPackage(e event, p *progress) {
	own := p.output[""]
	delete(p.output, "")
	for _, test := range slices.Sorted(maps.Keys(p.output)) {
		r.failed++
		p.failed = true
		r.printTest(p, test)
		r.print("--- never ended: " + test + "\n")
	}
	if e.Action == "fail" && !p.failed {
		r.failed++
	}
	for _, line := range own {
		if e.Action == "fail" || strings.HasPrefix(line, "ok ") {
			r.print(line)
		}
	}
	delete(r.packages, e.Package)
}

// finish counts what never ended, prints the closing lines and reports whether all is well.
func (r *report) finish() bool {
	for _, name := range slices.Sorted(maps.Keys(r.packages)) {
		r.endPackage(event{Action: "fail", Package: name}, r.packages[name])
		r.print("FAIL\t" + name + " never ended\n")
	}
	for _, line := range r.measured {
		r.print("measured by " + line + "\n")
	}
	for _, name := range r.skips {
		r.print("skipped: " + name + "\n")
	}
	if r.passed+r.failed == 0 {
		r.print("no test ran\n")
	}
	r.print(r.closing() + "\n")
	return r.passed > 0 && r.failed == 0 && r.skipped == 0
}

// closing is the last line: how many tests, subtests among them, passed and failed.
func (r *report) closing() string {
	line := fmt.Sprintf("%d passed, %d failed", r.passed, r.failed)
	if r.skipped > 0 {
		line += fmt.Sprintf(", %d skipped", r.skipped)
	}
	return line
}

// printTest prints what a test wrote, without the framework's notes on when it ran and paused.
func (r *report) printTest(p *progress, test string) {
	for _, line := range p.output[test] {
		if !strings.HasPrefix(line, "=== ") {
			r.print(line)
		}
	}
}

func (r *report) print(text string) {
	_, _ = io.WriteString(r.out, text)
}
