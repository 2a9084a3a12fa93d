// Command summary reads the output of go test -json and prints what somebody who reads a build log wants:
// go test's own line for each package, the whole output of each test that failed, the measurements that
// tests noted with T.Attr, and one closing line with the counts.
//
// It fails when a test failed, when one never ended, when one was skipped (a test that skips itself checks
// nothing, so it is a defect here), and when no test ran at all.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	counts := flag.String("counts", "", "also write the closing line to this `file`")
	flag.Parse()
	os.Exit(run(os.Stdin, os.Stdout, *counts))
}

func run(in io.Reader, out io.Writer, counts string) int {
	report := newReport(out)
	if err := report.read(in); err != nil {
		_, _ = fmt.Fprintf(out, "read go test's output: %v\n", err)
		return 1
	}
	ok := report.finish()
	if counts != "" {
		if err := os.WriteFile(counts, []byte(report.closing()+"\n"), 0o600); err != nil {
			_, _ = fmt.Fprintf(out, "write the closing line: %v\n", err)
			return 1
		}
	}
	if !ok {
		return 1
	}
	return 0
}
