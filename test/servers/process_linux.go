package servers

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// children returns the processes whose parent is pid, zombies left out.
func children(pid int) ([]int, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	var found []int
	for _, file := range files {
		child, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			continue
		}
		if state, parent := stat(child); parent == pid && state != "Z" {
			found = append(found, child)
		}
	}
	return found, nil
}

// gone reports whether a process has ended, be it that nobody waits for it.
func gone(pid int) (bool, error) {
	state, _ := stat(pid)
	return state == "" || state == "Z" || state == "X", nil
}

// stat returns a process's state and parent; "" if there is none. Its name, in
// parentheses, may hold anything.
func stat(pid int) (state string, parent int) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return "", 0
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 2 {
		return "", 0
	}
	parent, err = strconv.Atoi(string(fields[1]))
	if err != nil {
		return "", 0
	}
	return string(fields[0]), parent
}

// removeSharedMemory takes away a System V segment, which stays when all who had
// it were killed.
func removeSharedMemory(id int) error {
	const remove = 0 // IPC_RMID
	if _, _, errno := syscall.Syscall(syscall.SYS_SHMCTL, uintptr(id), remove, 0); errno != 0 && errno != syscall.EINVAL && errno != syscall.EIDRM {
		return errno
	}
	return nil
}
