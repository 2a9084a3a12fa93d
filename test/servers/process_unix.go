//go:build unix && !linux

package servers

import (
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// children returns the processes whose parent is pid.
func children(pid int) ([]int, error) {
	out, err := exec.Command("ps", "-A", "-o", "ppid=,pid=").Output() //nolint:noctx // it ends at once
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var found []int
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) != 2 || fields[0] != strconv.Itoa(pid) {
			continue
		}
		child, err := strconv.Atoi(fields[1])
		if err != nil {
			return nil, fmt.Errorf("list processes: %w", err)
		}
		found = append(found, child)
	}
	return found, nil
}

// gone reports whether a process has ended.
func gone(pid int) (bool, error) {
	err := syscall.Kill(pid, 0)
	if errors.Is(err, syscall.ESRCH) {
		return true, nil
	}
	return false, err
}

// removeSharedMemory takes away a System V segment; one that is gone is fine.
func removeSharedMemory(id int) error {
	_ = exec.Command("ipcrm", "-m", strconv.Itoa(id)).Run() //nolint:noctx,gosec // it ends at once; a number that PostgreSQL wrote
	return nil
}
