package main

import "syscall"

// attributes gives the server a group of its own, so that a Ctrl-C reaches us
// alone, and has it ended when we end without a chance to stop it.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
