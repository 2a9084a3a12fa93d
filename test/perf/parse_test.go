package main

import (
	"strings"
	"testing"
	"time"
)

const goodFigures = "Running 11s test\nfigures requests=1200 microseconds=500000 status=0 connect=0 read=0 write=0 timeout=0 p50=410 p99=2100\ntaken 640\ntaken 570\n"

func TestParseFigures(t *testing.T) {
	f, err := parseFigures(goodFigures)
	if err != nil {
		t.Fatal(err)
	}
	if f.requests != 1200 || f.elapsed != 500*time.Millisecond || f.rate() != 2400 || f.p50 != 410*time.Microsecond || f.p99 != 2100*time.Microsecond {
		t.Errorf("got %+v", f)
	}
	if len(f.taken) != 2 || f.taken[0] != 640 || f.taken[1] != 570 {
		t.Errorf("taken %v", f.taken)
	}
	for name, output := range map[string]string{
		"nothing":         "",
		"wrk alone":       "Running 1s test\n  1200 requests in 1.00s, 1MB read\n",
		"one is missing":  strings.Replace(goodFigures, " p99=2100", "", 1),
		"no number":       strings.Replace(goodFigures, "requests=1200", "requests=many", 1),
		"no number taken": strings.Replace(goodFigures, "taken 570", "taken nil", 1),
	} {
		if f, err := parseFigures(output); err == nil {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// Each answer has to be what it must be, or the figures are of something else.
func TestExpect(t *testing.T) {
	tests := []struct {
		name    string
		figures figures
		refused bool
		ok      bool
	}{
		{"all passed", figures{requests: 10}, false, true},
		{"one was refused", figures{requests: 10, failed: 1}, false, false},
		{"all were refused, as they had to be", figures{requests: 10, failed: 10}, true, true},
		{"one passed that had to be refused", figures{requests: 10, failed: 9}, true, false},
		{"a connection failed", figures{requests: 10, transport: 1}, false, false},
		{"nothing was answered", figures{}, false, false},
		{"nothing was refused, of nothing", figures{}, true, false},
	}
	for _, tt := range tests {
		if err := tt.figures.expect(tt.refused); (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

const goodSteps = `goos: linux
pkg: github.com/easyauth-sidecar/easyauth/authserver/seal
BenchmarkOpen/2500_bytes-2         	  100	      1200 ns/op	    2688 B/op	       1 allocs/op
BenchmarkOpen/2500_bytes-2         	  100	      1400 ns/op	    2688 B/op	       1 allocs/op
BenchmarkOpen/2500_bytes-2         	  100	      1300 ns/op	    2688 B/op	       1 allocs/op
PASS
ok  	github.com/easyauth-sidecar/easyauth/authserver/seal	1.0s
pkg: github.com/easyauth-sidecar/easyauth/authserver/ticket
BenchmarkOpen-2	  100	  88.5 ns/op	 12.0 cookies	 64 B/op	 2 allocs/op
PASS
`

func TestParseSteps(t *testing.T) {
	steps, err := parseSteps(goodSteps)
	if err != nil || len(steps) != 2 {
		t.Fatalf("%+v, %v", steps, err)
	}
	if s := steps[0]; s.pkg != "authserver/seal" || s.name != "Open/2500_bytes" || median(s.ns) != 1300 || median(s.bytes) != 2688 || median(s.allocs) != 1 {
		t.Errorf("got %+v", s)
	}
	if s := steps[1]; s.pkg != "authserver/ticket" || s.name != "Open" || median(s.ns) != 88.5 || median(s.bytes) != 64 || median(s.allocs) != 2 {
		t.Errorf("got %+v", s)
	}
	for name, output := range map[string]string{
		"without allocations": strings.Replace(goodSteps, "	       1 allocs/op", "", 1),
		"no number":           strings.Replace(goodSteps, "1200 ns", "fast ns", 1),
	} {
		if _, err := parseSteps(output); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

func TestParseCounters(t *testing.T) {
	before, err := parseCounters("# HELP a What it is.\na{x=\"hit ratio\"} 3\nb 1e+06\n")
	if err != nil {
		t.Fatal(err)
	}
	after, err := parseCounters("a{x=\"hit ratio\"} 5\na{x=\"z\"} 1\nb 1e+06\n")
	if err != nil {
		t.Fatal(err)
	}
	added := after.since(before)
	if added[`a{x="hit ratio"}`] != 2 || added["b"] != 0 || added.sum("a{") != 3 {
		t.Errorf("got %v", added)
	}
	for _, page := range []string{"a\n", "a much\n"} {
		if _, err := parseCounters(page); err == nil {
			t.Errorf("%q was read", page)
		}
	}
}
