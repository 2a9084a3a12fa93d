package main

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/graph"
	"github.com/easyauth-sidecar/easyauth/authserver/keyfile"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/pages"
	"github.com/easyauth-sidecar/easyauth/authserver/registration"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/signin"
)

// untilInformed is how long a new generation may take to learn what the old one knows.
const untilInformed = 15 * time.Second

// generation answers the proxy and signs people in under one configuration.
type generation struct {
	cfg        *config.Config
	public     http.Handler
	metrics    *metrics.Metrics // of this generation
	provider   *entra.RelyingParty
	directory  *graph.Client
	registered atomic.Bool      // the app registration was read
	keys       *keyfile.Watcher // nil: they come from a variable
	wait       func(context.Context) error
	background []func(ctx context.Context)

	course // of its life
}

func wireGeneration(cfg *config.Config, l *lasting) (*generation, error) {
	gen, log := &generation{cfg: cfg, metrics: l.metrics.Stage()}, l.log
	m := gen.metrics
	g, err := wireGround(cfg, log)
	if err != nil {
		return nil, err
	}
	g.observers = observers{l.audit, l.tracing}
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
	gen.provider, gen.directory, gen.wait = provider, directory, g.sessions.Wait
	gen.background = append(gen.background, provider.Run, g.sessions.Run)
	if cfg.KeysFile != "" {
		gen.keys = keyfile.New(keyfile.Config{Path: cfg.KeysFile, Ring: g.ring, Parse: config.ParseKeys, Log: log})
		gen.background = append(gen.background, gen.keys.Run)
	}
	if cfg.ReadRegistration {
		reader, err := registration.New(registration.Config{
			ClientID: cfg.ClientID, Tokens: provider, Directory: directory, Names: g.names, Log: log,
			Adopt: func(b pages.Brand) {
				g.pages.Adopt(b)
				gen.registered.Store(true)
			},
		})
		if err != nil {
			return nil, err
		}
		gen.background = append(gen.background, reader.Run)
	}
	return gen, nil
}

// learn waits until a generation knows what the old one knows, or says what it could not
// find out.
func (g *generation) learn(ctx context.Context, old *generation) error {
	ctx, cancel := context.WithTimeout(ctx, untilInformed)
	defer cancel()
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		lacks := g.lacks(old)
		if lacks == "" {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s could not be read within %v; it is tried again", lacks, untilInformed)
		case <-tick.C:
		}
	}
}

// lacks returns what a generation does not know and the old one does; "" if nothing.
func (g *generation) lacks(old *generation) string {
	switch {
	case old.provider.Ready() && !g.provider.Ready():
		return "the identity provider's discovery document"
	case old.provider.Informed() && !g.provider.Informed():
		return "the identity provider's signing keys, of every tenant that is allowed,"
	case g.cfg.ReadRegistration && old.registered.Load() && !g.registered.Load():
		return "the app registration"
	}
	return ""
}
