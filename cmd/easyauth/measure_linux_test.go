package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	maxBinary = 45_000_000 // bytes
	maxIdle   = 30_000_000 // bytes
)

// TestStartTime prints what a start takes and checks what the program weighs.
// The times are not checked: they are the machine's as much as ours.
func TestStartTime(t *testing.T) {
	info, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	t.Attr("stripped_binary_mb", fmt.Sprintf("%.1f", float64(info.Size())/1e6))
	if info.Size() > maxBinary {
		t.Errorf("the binary has %d bytes, more than %d", info.Size(), maxBinary)
	}
	var rounds []int64
	for range 3 {
		// Of a copy, for how a file lies in the page cache makes 2 MB (docs/performance).
		copied := filepath.Join(t.TempDir(), "easyauth")
		copyFile(t, program, copied)
		vars := minimal(t)
		began := time.Now()
		s := startProgram(t, copied, vars)
		t.Attr("start_to_ready_ms", strconv.FormatInt(time.Since(began).Milliseconds(), 10))
		for range 20 { // what a pod that nobody uses does
			if resp := s.get(s.admin, "/readyz", nil); resp.StatusCode != http.StatusOK {
				t.Fatalf("/readyz: %d", resp.StatusCode)
			}
		}
		s.get(s.admin, "/metrics", nil)
		idle := residentBytes(t, s.process.Pid)
		t.Attr("idle_memory_mb", fmt.Sprintf("%.1f", float64(idle)/1e6))
		rounds = append(rounds, idle)
	}
	slices.Sort(rounds)
	if median := rounds[len(rounds)/2]; median > maxIdle {
		t.Errorf("%d bytes are resident, more than %d", median, maxIdle)
	}
}

// residentBytes returns what of a process is in memory, shared pages included.
func residentBytes(t *testing.T, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kilobytes, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	t.Fatalf("no VmRSS in\n%s", text)
	return 0
}
