package main

import (
	"io"
	"log/slog"
	"net/http"
	"sync"

	"github.com/easyauth-sidecar/easyauth/authserver/audit"
	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/tracing"
)

// observers hear what requests do. The zero value hears nothing.
type observers struct {
	audit   *audit.Stream    // nil: there is none
	tracing *tracing.Tracing // nil: nothing is traced
}

// Names of those who are called, on spans.
const (
	calledProvider = "identity_provider"
	calledGraph    = "microsoft_graph"
)

// remoteClient is the client for one who is called: spans of its calls are children of
// the request's.
func (o observers) remoteClient(name string) *http.Client {
	client := entra.NewHTTPClient(remoteTimeout, maxRemoteBody)
	if traced := o.tracing.Transport(name); traced != nil {
		client.Transport = traced(client.Transport)
	}
	return client
}

// inTurn lets the log and the audit stream write to one output: a line at a time.
type inTurn struct {
	mu  sync.Mutex
	out io.Writer
}

// Write implements io.Writer.
func (w *inTurn) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out.Write(p)
}

// recorder writes the events of a command to where the server's go: to the same file, or
// to the command's own output. There, a program that reads JSON finds nothing but what it
// asked for: the event goes to stderr. The file is not made: it would belong to whoever runs
// the command, and the server could not write to it. That an event cannot be written
// undoes nothing.
func recorder(cfg *config.Config, env environment, json bool, log *slog.Logger) func(audit.Event) {
	c := audit.Config{Log: log, NoNew: true}
	switch {
	case cfg.Audit == config.AuditFile:
		c.File = cfg.AuditFile
	case cfg.Audit == config.AuditStdout && json:
		c.Writer = env.stderr
	case cfg.Audit == config.AuditStdout:
		c.Writer = env.stdout
	default:
		return func(audit.Event) {}
	}
	return func(e audit.Event) {
		stream, err := audit.New(c)
		if err == nil {
			stream.Write(e)
			err = stream.Close()
		}
		if err != nil {
			log.Warn("it is done, but not recorded", "error", err)
		}
	}
}

// revocation is the event of a command that ended n sessions; -1 means that nobody knows.
func revocation(who session.Who, n int) audit.Event {
	e := audit.Event{Event: audit.Revoked, Scope: "user", By: "operator", Via: "command"}
	switch {
	case who.All:
		e.Scope = "all"
	case who.SID != "":
		e.Scope = "sid"
	default:
		e.Person(who.User.Authority, who.User.ID)
	}
	if n >= 0 {
		e.Count = &n
	}
	return e
}
