package main

import (
	"net"

	"golang.org/x/sys/unix"
)

// unsentBytes is what may wait in the system to be sent.
const unsentBytes = 128 << 10

func boundUnsent(conn *net.TCPConn) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return
	}
	// A system without this option (gVisor) only waits longer.
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsentBytes)
	})
}
