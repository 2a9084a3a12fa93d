package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver"
	"github.com/easyauth-sidecar/easyauth/authserver/audit"
	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/tracing"
)

// serve runs until ctx ends, then lets requests in flight finish.
func serve(ctx context.Context, roles config.Roles, env environment) int {
	return serveAs(ctx, roles, false, env)
}

// serveAs serves proxies that ask, or as the proxy itself.
func serveAs(ctx context.Context, roles config.Roles, proxy bool, env environment) int {
	cfg, ok := load(env, roles)
	if !ok || !fitsProxy(cfg, proxy, env) {
		return exitUsage
	}
	level := &slog.LevelVar{}
	level.Set(cfg.LogLevel)
	env.stdout = &inTurn{out: env.stdout} // the audit stream may go there too
	log := newLog(cfg.LogFormat, level, env)
	p, err := wire(ctx, cfg, outside{
		version: env.version, log: log, level: level, stdout: env.stdout, proxy: proxy,
		reread: func() (*config.Config, []config.Warning, config.Faults) { return read(env, roles) },
	})
	if err != nil {
		sayWrong(env, err)
		return exitUsage
	}
	defer p.close()
	p.begin()
	p.background = append(p.background, tuneCollector(env.environ))
	if err := listenAndServe(ctx, cfg, p, log, env.version); err != nil {
		log.Error("stopped", "error", err)
		return exitFailed
	}
	log.Info("stopped")
	return exitOK
}

func newLog(format string, level slog.Leveler, env environment) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if format == "text" {
		return slog.New(tracing.Lines(audit.Lines(slog.NewTextHandler(env.stdout, options))))
	}
	return slog.New(tracing.Lines(audit.Lines(slog.NewJSONHandler(env.stdout, options))))
}

func listenAndServe(ctx context.Context, cfg *config.Config, p *parts, log *slog.Logger, version string) error {
	listeners, servers, err := openListeners(ctx, cfg, p, log)
	if err != nil {
		return err
	}
	background, stopBackground := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, run := range append(p.background, onHangup(p.reload)) {
		running.Go(func() { run(background) })
	}
	defer func() {
		stopBackground()
		running.Wait()
	}()

	failed := make(chan error, len(servers))
	for i, l := range listeners {
		running.Go(func() {
			if err := servers[i].Serve(l); !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		})
	}
	p.admin.Ready()
	attrs := []any{"version", version, "roles", cfg.Roles.String(), "store", cfg.Store, "fips140", fipsMode(), "admin_listen", listeners[len(listeners)-1].Addr().String()}
	if p.public != nil {
		attrs = append(attrs, "listen", listeners[0].Addr().String(), "tls", p.tls != nil)
	}
	log.Info("ready", attrs...)
	debug.FreeOSMemory() // what only the start needed
	notice := min(cfg.ShutdownTimeout/4, maxNotice)
	select {
	case <-ctx.Done():
		if errors.Is(context.Cause(ctx), errInterrupted) {
			notice = 0 // no proxy watches a server that a person stops at a keyboard
		}
		log.Info("stopping", "timeout", cfg.ShutdownTimeout.String(), "notice", notice.String())
	case err = <-failed:
		notice = 0
	}
	p.admin.Stopping()
	end := time.Now().Add(cfg.ShutdownTimeout)
	err = errors.Join(err, shutdown(servers, cfg.ShutdownTimeout, notice))
	// A refresh may go on when its request was answered: the provider may have
	// replaced a token that is not written yet.
	ending, cancel := context.WithDeadline(context.Background(), end)
	defer cancel()
	return errors.Join(err, p.wait(ending))
}

// openListeners opens the listeners of a process, and makes a server for each. The public
// one comes first, so that /readyz is answered to the end.
func openListeners(ctx context.Context, cfg *config.Config, p *parts, log *slog.Logger) (listeners []net.Listener, servers []*http.Server, err error) {
	var lc net.ListenConfig
	for _, at := range []struct {
		variable, address string
		handler           http.Handler
		tls               *certificate
	}{{"EASYAUTH_LISTEN", cfg.Listen, p.public, p.tls}, {"EASYAUTH_ADMIN_LISTEN", cfg.AdminListen, p.admin, nil}} {
		if at.handler == nil { // a worker answers no requests
			continue
		}
		l, err := lc.Listen(ctx, "tcp", at.address)
		if err != nil {
			err = fmt.Errorf("%s: %w", at.variable, err)
			for _, open := range listeners {
				err = errors.Join(err, open.Close())
			}
			return nil, nil, err
		}
		server, protocols := authserver.HTTPServer(at.handler, log), []string{"http/1.1"}
		if cfg.Adapters.EnvoyGRPC && cfg.Roles.Auth && at.handler == p.public {
			speakHTTP2(server)
			protocols = []string{"h2", "http/1.1"}
		}
		if p.inline != nil && at.handler == p.public {
			l = patientListener{l}
			serveInline(server)
			protocols = []string{"h2", "http/1.1"}
		}
		if at.tls != nil {
			l = tls.NewListener(l, at.tls.config(protocols...))
		}
		listeners, servers = append(listeners, l), append(servers, server)
	}
	return listeners, servers, nil
}

// speakHTTP2 lets a server speak HTTP/2 too, and that without TLS: Envoy's gRPC needs it.
func speakHTTP2(s *http.Server) {
	s.Protocols = new(http.Protocols)
	s.Protocols.SetHTTP1(true)
	s.Protocols.SetHTTP2(true)
	s.Protocols.SetUnencryptedHTTP2(true)
	s.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: streamsAtOnce}
}

// streamsAtOnce are the requests of one connection that may be under way.
const streamsAtOnce = 100

// maxNotice is how long a stopping server still takes new requests, at most.
const maxNotice = 5 * time.Second

// shutdown takes servers out of service within timeout. For the time of notice
// new requests are still taken, because a proxy goes on sending some until it
// has seen that /readyz is 503. Then the servers close in their order: each
// takes nothing new and lets requests in flight finish. What has not finished
// in the end is broken off, and that is an error.
func shutdown(servers []*http.Server, timeout, notice time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	time.Sleep(notice)
	var errs []error
	for _, s := range servers {
		if err := s.Shutdown(ctx); err != nil {
			errs = append(errs, fmt.Errorf("requests did not finish in time: %w", err), s.Close())
		}
	}
	return errors.Join(errs...)
}
