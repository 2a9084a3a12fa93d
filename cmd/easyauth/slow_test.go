package main

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// Who sends nothing, or its headers drop by drop, does not keep a connection; others are answered meanwhile.
func TestSlowClients(t *testing.T) {
	s := start(t, minimal(t))
	const half = "GET /easyauth/auth HTTP/1.1\r\nHost: " + host + "\r\nX-Original-Url: https://" + host + "/\r\n"
	began := time.Now()
	ended := make(chan string, 3)
	for name, write := range map[string]func(io.Writer){
		"says nothing":   func(io.Writer) {},
		"stops half way": func(w io.Writer) { _, _ = io.WriteString(w, half) },
		"goes on for ever": func(w io.Writer) {
			_, err := io.WriteString(w, half)
			for err == nil {
				time.Sleep(100 * time.Millisecond)
				_, err = io.WriteString(w, "A: b\r\n")
			}
		},
	} {
		conn, err := dial(t, s.public)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		go write(conn)
		go func() {
			_ = conn.SetReadDeadline(time.Now().Add(patience))
			_, err := io.Copy(io.Discard, conn)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				name += " is still there"
			}
			ended <- name
		}()
	}
	if r := s.get(s.public, "/easyauth/auth", http.Header{"X-Original-Url": {"https://" + host + "/"}}); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("meanwhile: %d", r.StatusCode)
	}
	for range cap(ended) {
		if who := <-ended; strings.Contains(who, "still") {
			t.Errorf("after %v who %s", time.Since(began), who)
		}
	}
}

// Headers beyond every limit of nginx end in an error of net/http's, not in memory.
func TestHugeHeaders(t *testing.T) {
	s := start(t, minimal(t))
	for size, want := range map[int]int{60 << 10: http.StatusUnauthorized, 80 << 10: http.StatusRequestHeaderFieldsTooLarge} {
		conn, err := dial(t, s.public)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(patience))
		go func() { // the answer may come before the end
			_, _ = io.WriteString(conn, "GET /easyauth/auth HTTP/1.1\r\nHost: "+host+"\r\nX-Original-Url: https://"+host+"/\r\nCookie: a="+strings.Repeat("x", size)+"\r\n\r\n")
		}()
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Errorf("%d bytes: %v", size, err)
			continue
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%d bytes: %d, want %d", size, resp.StatusCode, want)
		}
	}
}
