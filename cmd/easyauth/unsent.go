package main

import "net"

// patientListener bounds what the system holds of an answer that nobody reads. Linux takes megabytes, and more only
// when a third of that is gone: minutes to a client that reads 20 KB a second, which would be taken for one that does
// not read. With the bound it takes more after each 64 KB.
type patientListener struct{ net.Listener }

// Accept implements net.Listener.
func (l patientListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok {
		boundUnsent(tcp)
	}
	return conn, err //nolint:wrapcheck // net/http looks at it
}
