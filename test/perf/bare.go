package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"

	"github.com/go-chi/chi/v5"

	"github.com/easyauth-sidecar/easyauth/authserver"
)

// answer is what EasyAuth answered, for the bare handler to answer the same.
type answer struct {
	Path    string // of the request
	Cookie  string // the name of the cookie to read
	Status  int
	Headers []header
}

type header struct{ Name, Value string }

// bareHandler is the yardstick: what any handler on net/http and chi has to do
// that reads the session's cookie and writes these headers. It decides nothing.
func bareHandler(a answer) http.Handler {
	r := chi.NewRouter()
	r.Get(a.Path, func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie(a.Cookie)
		if err == nil && cookie.Value == "" {
			http.Error(w, "empty cookie", http.StatusBadRequest)
			return
		}
		h := w.Header()
		for _, header := range a.Headers {
			h.Set(header.Name, header.Value)
		}
		w.WriteHeader(a.Status)
	})
	return r
}

// serveBare is the sub-command: it serves the answer in a file, under the limits
// of EasyAuth's own http.Server, until it is interrupted.
func serveBare(ctx context.Context, file string, stdout io.Writer) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := authserver.HTTPServer(bareHandler(a), slog.New(slog.DiscardHandler))
	context.AfterFunc(ctx, func() { _ = server.Close() }) // its clients have gone
	say(stdout, "listening on %s\n", l.Addr())
	if err := server.Serve(l); ctx.Err() == nil {
		return err
	}
	return nil
}
