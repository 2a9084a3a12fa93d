package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver"
	"github.com/easyauth-sidecar/easyauth/authserver/config"
)

// serve runs until ctx ends, then lets requests in flight finish.
func serve(ctx context.Context, _ []string, env environment) int {
	cfg, ok := load(env)
	if !ok {
		return exitUsage
	}
	log := newLog(cfg, env)
	p, err := wire(cfg, log, env.version)
	if err != nil {
		sayWrong(env, err)
		return exitUsage
	}
	if err := listenAndServe(ctx, cfg, p, log, env.version); err != nil {
		log.Error("stopped", "error", err)
		return exitFailed
	}
	log.Info("stopped")
	return exitOK
}

func newLog(cfg *config.Config, env environment) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogFormat == "text" {
		return slog.New(slog.NewTextHandler(env.stdout, options))
	}
	return slog.New(slog.NewJSONHandler(env.stdout, options))
}

func listenAndServe(ctx context.Context, cfg *config.Config, p *parts, log *slog.Logger, version string) error {
	var lc net.ListenConfig
	public, err := lc.Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("EASYAUTH_LISTEN: %w", err)
	}
	admin, err := lc.Listen(ctx, "tcp", cfg.AdminListen)
	if err != nil {
		return errors.Join(fmt.Errorf("EASYAUTH_ADMIN_LISTEN: %w", err), public.Close())
	}

	background, stopBackground := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, run := range p.background {
		running.Go(func() { run(background) })
	}
	defer func() {
		stopBackground()
		running.Wait()
	}()

	// The public one first, so that /readyz is answered to the end.
	servers := []*http.Server{authserver.HTTPServer(p.public, log), authserver.HTTPServer(p.admin, log)}
	failed := make(chan error, len(servers))
	for i, l := range []net.Listener{public, admin} {
		running.Go(func() {
			if err := servers[i].Serve(l); !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		})
	}
	p.admin.Ready()
	log.Info("ready", "version", version, "listen", public.Addr().String(), "admin_listen", admin.Addr().String())
	if cfg.InsecureHTTP {
		log.Warn("EASYAUTH_INSECURE_HTTP is on: cookies travel in clear text; for a laptop only")
	}
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
	return errors.Join(err, shutdown(servers, cfg.ShutdownTimeout, notice))
}

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
