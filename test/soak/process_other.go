//go:build !linux

package main

import "syscall"

// attributes has nothing to say: elsewhere the first sample fails.
func attributes() *syscall.SysProcAttr { return nil }
