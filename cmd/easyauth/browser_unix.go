//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// apart keeps Ctrl-C in this terminal from the program that is started.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
