package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver"
	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/graph"
	"github.com/easyauth-sidecar/easyauth/authserver/inline"
	"github.com/easyauth-sidecar/easyauth/authserver/keyfile"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/registration"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/signin"
)

// generation answers the proxy and signs people in under one configuration.
type generation struct {
	cfg        *config.Config
	public     *authserver.Server
	metrics    *metrics.Metrics // of this generation
	provider   *entra.RelyingParty
	directory  *graph.Client
	registered *registration.Reader // nil: the app registration is not read
	keys       *keyfile.Watcher     // nil: they come from a variable
	keysFault  error                // of their file as it is now; fileFaults.telling guards it
	wait       func(context.Context) error
	background []func(ctx context.Context)
	answer     int          // most bytes of headers of an answer
	site       *inline.Site // of easyauth proxy; nil: other proxies ask
	leave      func()       // a request of it was answered

	course // of its life
}

func wireGeneration(cfg *config.Config, l *lasting) (*generation, error) {
	gen, log := &generation{cfg: cfg, metrics: l.metrics.Stage()}, l.log
	m := gen.metrics
	g, err := wireGround(cfg, log)
	if err != nil {
		return nil, err
	}
	g.observers, g.codes = observers{l.audit, l.tracing}, l.codes
	provider, err := wireProvider(cfg, g, m, log)
	if err != nil {
		return nil, err
	}
	showParts(m, g.ring, provider)
	directory, err := graph.New(graph.Config{
		BaseURL: cfg.GraphURL, Version: cfg.GraphVersion, Client: g.remoteClient(calledGraph), Log: log, Metrics: m,
	})
	if err != nil {
		return nil, fmt.Errorf("microsoft graph: %w", err)
	}
	sessions := sessionConfig(cfg, g, provider.TenantAllowed)
	l.longest = max(l.longest, cfg.SessionLifetime)
	sessions.Longest = l.longest
	sessions.Store, sessions.Revoked, sessions.Metrics, sessions.Log = l.keeping.store, l.keeping.revoked, m, log
	if sessions.Refresher, err = signin.NewRefresher(signin.RefresherConfig{Provider: provider, Graph: directory, Groups: groupsOf(cfg), Log: log}); err != nil {
		return nil, err
	}
	if g.sessions, err = session.New(sessions); err != nil {
		return nil, err
	}
	signIn, err := wireSignIn(cfg, g, provider, directory, l.used, m, log)
	if err != nil {
		return nil, err
	}
	if gen.public, err = wireServer(cfg, g, provider, directory, signIn, m, log); err != nil {
		return nil, err
	}
	if l.proxy {
		gen.leave = func() { gen.requests.Add(-1) }
		if gen.site, err = wireSite(cfg, g, gen.public, m); err != nil {
			return nil, err
		}
	}
	gen.provider, gen.directory, gen.wait, gen.answer = provider, directory, g.sessions.Wait, g.headers.MaxBytes()
	gen.background = append(gen.background, provider.Run, g.sessions.Run)
	if cfg.KeysFile != "" {
		gen.keys = keyfile.New(keyfile.Config{Path: cfg.KeysFile, Ring: g.ring, Parse: config.ParseKeys, Log: log, Told: func(err error) { l.keysTold(gen, err) }})
		gen.background = append(gen.background, gen.keys.Run)
	}
	if cfg.ReadRegistration {
		gen.registered, err = registration.New(registration.Config{
			ClientID: cfg.ClientID, Tokens: provider, Directory: directory, Names: g.names, Log: log, Adopt: g.pages.Adopt,
		})
		if err != nil {
			return nil, err
		}
		gen.background = append(gen.background, gen.registered.Run)
	}
	return gen, nil
}

// inherit takes over what the old generation has found out and what a change of the
// configuration does not change, so that one that narrows access hangs on nobody's answer.
// The generation has not started.
func (g *generation) inherit(old *generation) {
	g.provider.Inherit(old.provider)
	if g.site != nil && old.site != nil {
		g.site.Table.Inherit(old.site.Table)
	}
	if g.registered != nil && old.registered != nil && g.cfg.GraphURL == old.cfg.GraphURL {
		g.registered.Inherit(old.registered)
	}
}

// learn waits until a generation knows what is new in it: tenants that the old one does
// not accept, and the app registration where it is asked for elsewhere. It says which
// tenants could not be found. Nobody waits for what the old one does not know either, nor
// for anything while it has not found the identity provider. The registration decides
// nothing about who may pass a rule in its full spelling, so its absence is no error.
func (g *generation) learn(ctx context.Context, old *generation, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	unknown := old.provider.Unknown() // before it finds out more
	lacks := func() []string {
		if !old.provider.Ready() {
			return nil
		}
		return slices.DeleteFunc(g.provider.Unknown(), func(issuer string) bool { return slices.Contains(unknown, issuer) })
	}
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		tenants, registered := lacks(), g.knowsRegistration(old)
		if len(tenants) == 0 && registered {
			return nil
		}
		select {
		case <-ctx.Done():
			if len(tenants) == 0 {
				return nil
			}
			return fmt.Errorf("of tenants that are new the discovery document or the signing keys could not be read within %v: %s; it is tried again", within, strings.Join(tenants, ", "))
		case <-tick.C:
		}
	}
}

// knowsRegistration reports whether the app registration is known if the old generation
// knows it, and both want to.
func (g *generation) knowsRegistration(old *generation) bool {
	return g.registered == nil || old.registered == nil || g.registered.Known() || !old.registered.Known()
}

// tell warns of what the operator should know of a configuration that is in use.
func (g *generation) tell(ctx context.Context, log *slog.Logger, warnings []config.Warning) {
	for _, w := range warnings {
		log.WarnContext(ctx, string(w))
	}
	if unused := g.unused(); len(unused) > 0 {
		log.WarnContext(ctx, "hosts without an application: what is asked for there is answered 404, but for the sign-in", "hosts", unused)
	}
	if g.answer > metrics.LargeAnswer {
		log.WarnContext(ctx, "tokens are handed over: nginx needs larger buffers on the locations of auth-url and of the applications", "proxy_buffer_size", "32k", "proxy_buffers", "8 32k", "proxy_busy_buffers_size", "64k", "large_client_header_buffers", "4 32k", "bytes_at_most", g.answer)
	}
}
