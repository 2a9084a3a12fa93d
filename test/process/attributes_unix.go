//go:build unix && !linux

package process

import "syscall"

// attributes gives a process its own group, so that a Ctrl-C at the terminal reaches
// us alone and we stop it.
func attributes(bool) *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
