//go:build linux

package main

import (
	"io"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver"
	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/inline"
)

// A client that reads slowly is seen to read: half a megabyte makes room for more. With a bare listener it does not.
func TestReadersAreSeenToRead(t *testing.T) {
	handler := new(inline.Proxy)
	proxy := &parts{public: handler, admin: new(authserver.Admin), inline: handler}
	listeners, _, err := openListeners(t.Context(), &config.Config{Listen: "127.0.0.1:0", AdminListen: "127.0.0.1:0"}, proxy, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range listeners {
		defer func() { _ = l.Close() }()
	}
	l := listeners[0]
	var written atomic.Int64
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		for buf := make([]byte, 32<<10); err == nil; {
			var n int
			n, err = conn.Write(buf)
			written.Add(int64(n))
		}
	}()
	client, err := dial(t, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	_ = client.(*net.TCPConn).SetReadBuffer(128 << 10)              //nolint:forcetypeassert // it was dialed as one
	if _, err := io.CopyN(io.Discard, client, 50<<20); err != nil { // the system would hold megabytes now
		t.Fatal(err)
	}
	var full int64
	for still := 0; still < 20; still++ {
		time.Sleep(10 * time.Millisecond)
		if n := written.Load(); n != full {
			full, still = n, 0
		}
	}
	if _, err := io.CopyN(io.Discard, client, 512<<10); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "room for more", func() bool { return written.Load() > full })
}
