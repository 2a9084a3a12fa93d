package main

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// circumstances are where and when something was measured.
type circumstances struct {
	date, commit, goVersion, kernel, cpu, nginx, wrk string
	cores                                            int
}

// lookAround finds them. What cannot be found is "unknown": it changes no figure.
func lookAround(ctx context.Context, now time.Time) circumstances {
	c := circumstances{
		date: now.UTC().Format(time.DateOnly), goVersion: strings.TrimPrefix(runtime.Version(), "go"), cores: runtime.NumCPU(),
		kernel: first(`^Linux version (\d+\.\d+)`, read("/proc/version")),
		cpu:    first(`(?m)^model name\s*:\s*(.*)$`, read("/proc/cpuinfo")),
		commit: first(`^([0-9a-f]+)`, output(ctx, "git", "rev-parse", "--short", "HEAD")),
		nginx:  "unknown",
		wrk:    first(`wrk (?:debian/)?([\d.]+)`, output(ctx, "wrk", "-v")),
	}
	if program, err := findNginx(); err == nil {
		c.nginx = first(`nginx/([\d.]+)`, output(ctx, program, "-v"))
	}
	if strings.TrimSpace(output(ctx, "git", "status", "--porcelain", "--untracked-files=no")) != "" {
		c.commit += " with changes"
	}
	return c
}

func (c circumstances) String() string {
	return c.date + ", commit " + c.commit + ", Go " + c.goVersion + ", Linux " + c.kernel + ", " + c.cpu + ", " +
		strconv.Itoa(c.cores) + " cores, nginx " + c.nginx + ", wrk " + c.wrk
}

// first is the first group of a pattern in a text.
func first(pattern, text string) string {
	if found := regexp.MustCompile(pattern).FindStringSubmatch(text); found != nil {
		return found[1]
	}
	return "unknown"
}

func read(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	return string(text)
}

// output is what a program printed; some say their version with an exit code.
func output(ctx context.Context, name string, args ...string) string {
	text, _ := exec.CommandContext(ctx, name, args...).CombinedOutput()
	return string(text)
}
