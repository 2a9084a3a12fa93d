//go:build unix

package main

import "syscall"

// writable asks the system whether this process may write to a file, or into a folder.
func writable(path string) error {
	const toWrite = 2 // W_OK
	return syscall.Access(path, toWrite)
}
