package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// stepPackages are those whose benchmarks are in the table, in the order in which
// a request meets them.
func stepPackages() []string {
	return []string{
		"authserver", "ingress", "authserver/hosts", "authserver/cookie", "authserver/access", "authserver/policy", "authserver/policy/celexpr", "authserver/session", "authserver/ticket",
		"authserver/wire", "authserver/seal", "authserver/cache", "authserver/entra", "authserver/headers", "authserver/assertion", "authserver/signin", "authserver/metrics",
	}
}

// step is a Go benchmark: what each of its runs gave, per operation.
type step struct {
	pkg, name         string // the package below the module; without "Benchmark" and the number of cores
	ns, bytes, allocs []float64
}

// runSteps runs the benchmarks of packages: count runs of each, of about benchtime.
func runSteps(ctx context.Context, packages []string, count int, benchtime string) ([]step, error) {
	args := []string{"test", "-race=false", "-run", "^$", "-bench", ".", "-benchmem", "-count", strconv.Itoa(count), "-benchtime", benchtime}
	for _, pkg := range packages {
		args = append(args, module+pkg)
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	text, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("go test -bench: %w\n%s", err, text)
	}
	return parseSteps(string(text))
}

// parseSteps reads what go test prints of benchmarks.
func parseSteps(output string) (steps []step, err error) {
	cores := regexp.MustCompile(`-\d+$`)
	pkg := ""
	for line := range strings.Lines(output) {
		if rest, ok := strings.CutPrefix(line, "pkg: "); ok {
			pkg = strings.TrimPrefix(strings.TrimSpace(rest), module)
		}
		fields := strings.Fields(line)
		if !strings.HasPrefix(line, "Benchmark") || len(fields) < 4 {
			continue
		}
		name := strings.TrimPrefix(cores.ReplaceAllString(fields[0], ""), "Benchmark")
		if n := len(steps); n == 0 || steps[n-1].name != name || steps[n-1].pkg != pkg {
			steps = append(steps, step{pkg: pkg, name: name})
		}
		s := &steps[len(steps)-1]
		for i := 2; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("read a benchmark: %q: %w", line, err)
			}
			switch fields[i+1] {
			case "ns/op":
				s.ns = append(s.ns, value)
			case "B/op":
				s.bytes = append(s.bytes, value)
			case "allocs/op":
				s.allocs = append(s.allocs, value)
			}
		}
		if len(s.ns) == 0 || len(s.allocs) != len(s.ns) {
			return nil, fmt.Errorf("read a benchmark: %q lacks ns/op or allocs/op", line)
		}
	}
	return steps, nil
}
