package pgstore

import (
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// link is a connection between the Store and the database that a test can spoil.
type link struct {
	t      *testing.T
	target string
	l      net.Listener
	deaf   bool // swallow notifications, as a pooler in transaction mode does

	mu     sync.Mutex
	cond   *sync.Cond
	frozen bool
	conns  []net.Conn
}

// between gives the URL of a link to a database.
func between(t *testing.T, at string, deaf bool) (*link, string) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k := &link{t: t, l: l, deaf: deaf}
	k.cond = sync.NewCond(&k.mu)
	through := with(t, at, func(u *url.URL) { k.target, u.Host = u.Host, l.Addr().String() })
	go k.serve()
	t.Cleanup(func() {
		_ = l.Close()
		k.cut()
		k.freeze(false)
	})
	return k, through
}

func (k *link) serve() {
	for {
		front, err := k.l.Accept()
		if err != nil {
			return
		}
		back, err := new(net.Dialer).DialContext(k.t.Context(), "tcp", k.target)
		if err != nil {
			_ = front.Close()
			continue
		}
		k.mu.Lock()
		k.conns = append(k.conns, front, back)
		k.mu.Unlock()
		go k.copy(back, front)
		if k.deaf {
			go k.filter(front, back)
		} else {
			go k.copy(front, back)
		}
	}
}

// freeze stops all bytes, and keeps all connections: what a cable that was pulled
// looks like.
func (k *link) freeze(yes bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.frozen = yes
	k.cond.Broadcast()
}

// cut ends all connections.
func (k *link) cut() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, conn := range k.conns {
		_ = conn.Close()
	}
}

func (k *link) thawed() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for k.frozen {
		k.cond.Wait()
	}
}

func (k *link) copy(to, from net.Conn) {
	defer to.Close()
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		k.thawed()
		if _, failed := to.Write(b[:n]); err != nil || failed != nil {
			return
		}
	}
}

// filter passes the messages of the database on, but no notification (A).
func (k *link) filter(to, from net.Conn) {
	defer to.Close()
	head := make([]byte, 5)
	for {
		if _, err := io.ReadFull(from, head); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head[1:])-4)
		if _, err := io.ReadFull(from, body); err != nil {
			return
		}
		if head[0] == 'A' {
			continue
		}
		if _, err := to.Write(append(head[:5:5], body...)); err != nil {
			return
		}
	}
}
