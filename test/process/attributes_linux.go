package process

import "syscall"

// attributes gives a process its own group, so that a Ctrl-C at the terminal reaches
// us alone and we stop it; and lets the kernel end it when we die without a chance
// to do so (a test's timeout, SIGKILL).
func attributes(kill bool) *syscall.SysProcAttr {
	signal := syscall.SIGTERM
	if kill {
		signal = syscall.SIGKILL
	}
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: signal}
}
