package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each stream is what go test -json writes, cut to the members that matter.
const (
	onePass = `{"Action":"start","Package":"m/a"}
{"Action":"run","Package":"m/a","Test":"TestOne"}
{"Action":"output","Package":"m/a","Test":"TestOne","Output":"=== RUN   TestOne\n"}
{"Action":"output","Package":"m/a","Test":"TestOne","Output":"    a_test.go:7: chatter\n"}
{"Action":"pass","Package":"m/a","Test":"TestOne"}
{"Action":"output","Package":"m/a","Output":"PASS\n"}
{"Action":"output","Package":"m/a","Output":"ok  \tm/a\t0.1s\n"}
{"Action":"pass","Package":"m/a"}
`
	noTestFiles = `{"Action":"start","Package":"m/none"}
{"Action":"output","Package":"m/none","Output":"?   \tm/none\t[no test files]\n"}
{"Action":"skip","Package":"m/none"}
`
	oneFail = `{"Action":"run","Package":"m/b","Test":"TestTwo"}
{"Action":"run","Package":"m/b","Test":"TestTwo/sub"}
{"Action":"output","Package":"m/b","Test":"TestTwo/sub","Output":"    b_test.go:9: got 1, want 2\n"}
{"Action":"fail","Package":"m/b","Test":"TestTwo/sub"}
{"Action":"output","Package":"m/b","Test":"TestTwo","Output":"--- FAIL: TestTwo (0.00s)\n"}
{"Action":"fail","Package":"m/b","Test":"TestTwo"}
{"Action":"output","Package":"m/b","Output":"FAIL\tm/b\t0.2s\n"}
{"Action":"fail","Package":"m/b"}
`
	oneSkip = `{"Action":"run","Package":"m/c","Test":"TestThree"}
{"Action":"skip","Package":"m/c","Test":"TestThree"}
{"Action":"pass","Package":"m/c"}
`
	notBuilt = `{"ImportPath":"m/d","Action":"build-output","Output":"d.go:1:1: undefined: x\n"}
{"ImportPath":"m/d","Action":"build-fail"}
{"Action":"start","Package":"m/d"}
{"Action":"output","Package":"m/d","Output":"FAIL\tm/d [build failed]\n"}
{"Action":"fail","Package":"m/d","FailedBuild":"m/d"}
`
	panicked = `{"Action":"run","Package":"m/e","Test":"TestFive"}
{"Action":"output","Package":"m/e","Test":"TestFive","Output":"panic: test timed out after 20m0s\n"}
{"Action":"output","Package":"m/e","Output":"FAIL\tm/e\t1200.0s\n"}
{"Action":"fail","Package":"m/e"}
`
	cutOff = `{"Action":"run","Package":"m/f","Test":"TestSix"}
`
	measured = `{"Action":"run","Package":"m/g","Test":"TestSize"}
{"Action":"attr","Package":"m/g","Test":"TestSize","Key":"ticket_bytes","Value":"812"}
{"Action":"pass","Package":"m/g","Test":"TestSize"}
{"Action":"pass","Package":"m/g"}
`
)

func TestReport(t *testing.T) {
	tests := []struct {
		name    string
		stream  string
		status  int
		closing string
		shows   []string
		hides   []string
	}{
		{"a passing test is quiet", onePass, 0, "1 passed, 0 failed", []string{"ok  \tm/a\t0.1s\n"}, []string{"chatter", "PASS"}},
		{"a package without tests is no skipped test", onePass + noTestFiles, 0, "1 passed, 0 failed", nil, []string{"no test files"}},
		{"a failing test is shown whole", onePass + oneFail, 1, "1 passed, 2 failed", []string{"got 1, want 2", "--- FAIL: TestTwo", "FAIL\tm/b"}, []string{"chatter"}},
		{"a skipped test fails", onePass + oneSkip, 1, "1 passed, 0 failed, 1 skipped", []string{"skipped: m/c TestThree"}, nil},
		{"a package that is not built fails", onePass + notBuilt, 1, "1 passed, 1 failed", []string{"undefined: x", "[build failed]"}, nil},
		{"a test that never ends fails", onePass + panicked, 1, "1 passed, 1 failed", []string{"timed out", "never ended: TestFive"}, nil},
		{"a stream that is cut off fails", onePass + cutOff, 1, "1 passed, 1 failed", []string{"m/f never ended"}, nil},
		{"nothing at all fails", "", 1, "0 passed, 0 failed", []string{"no test ran"}, nil},
		{"only packages without tests fail", noTestFiles, 1, "0 passed, 0 failed", []string{"no test ran"}, nil},
		{"measurements are shown", measured, 0, "1 passed, 0 failed", []string{"measured by TestSize: ticket_bytes = 812\n"}, nil},
		{"other lines are kept", "go: a warning\n" + onePass, 0, "1 passed, 0 failed", []string{"go: a warning\n"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			counts := filepath.Join(t.TempDir(), "counts")
			var out strings.Builder
			if status := run(strings.NewReader(tt.stream), &out, counts); status != tt.status {
				t.Errorf("status %d, want %d", status, tt.status)
			}
			if got := out.String(); !strings.HasSuffix(got, "\n"+tt.closing+"\n") && got != tt.closing+"\n" {
				t.Errorf("output does not close with %q:\n%s", tt.closing, got)
			}
			written, err := os.ReadFile(counts)
			if err != nil || string(written) != tt.closing+"\n" {
				t.Errorf("counts file holds %q, %v", written, err)
			}
			for _, want := range tt.shows {
				if !strings.Contains(out.String(), want) {
					t.Errorf("output lacks %q:\n%s", want, out.String())
				}
			}
			for _, not := range tt.hides {
				if strings.Contains(out.String(), not) {
					t.Errorf("output shows %q:\n%s", not, out.String())
				}
			}
		})
	}
}

func TestCountsFileThatCannotBeWritten(t *testing.T) {
	var out strings.Builder
	if status := run(strings.NewReader(onePass), &out, t.TempDir()); status != 1 {
		t.Errorf("status %d, want 1", status)
	}
}
