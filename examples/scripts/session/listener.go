//go:build linux || darwin

package main

import (
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// back is where the browser of a person ends: a port that listens to this computer alone.
type back struct {
	server   *http.Server
	redirect string
	answers  chan url.Values
}

// listen waits for a browser that brings our state, until close.
func listen(ctx context.Context, state string) (*back, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &back{redirect: "http://" + l.Addr().String() + "/back", answers: make(chan url.Values, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /back", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		answer := r.URL.Query()
		if subtle.ConstantTimeCompare([]byte(answer.Get("state")), []byte(state)) != 1 {
			say("An answer of another sign-in was refused: its state is not ours.")
			http.Error(w, "This is the answer to another sign-in. Start again in the program.", http.StatusBadRequest)
			return
		}
		select {
		case b.answers <- answer:
		default: // it came before
		}
		_, _ = io.WriteString(w, "You can close this window and go back to the program.\n") // the browser may have gone
	})
	b.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = b.server.Serve(l) }() // until close
	return b, nil
}

// wait gives what the browser brought.
func (b *back) wait(ctx context.Context, patience time.Duration) (url.Values, error) {
	select {
	case answer := <-b.answers:
		return answer, nil
	case <-time.After(patience):
		return nil, errors.New("nobody came back from the browser")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// close lets an answer that is under way reach the browser.
func (b *back) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_ = b.server.Shutdown(ctx) // the program goes on in any case
}
