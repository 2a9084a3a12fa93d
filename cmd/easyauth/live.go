package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/audit"
	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/watch"
)

const (
	// untilRenewed bounds how long refreshes of sessions may take when their requests were
	// answered.
	untilRenewed = 10 * time.Second

	// untilInformed bounds how long a new generation learns, if outside does not say.
	untilInformed = 15 * time.Second
)

// live answers requests by the generation of the configuration that is in use, and
// replaces it by another when the configuration changes: the new one is built and
// gets to know the identity provider beside the old one, which answers to the end what
// it has begun. A configuration that is of no use changes nothing.
type live struct {
	*lasting
	tls     *certificate // nil: the listener is in clear text
	files   *watch.Watcher
	paths   []string                   // of the configuration; files alone uses it
	now     atomic.Pointer[generation] // never nil
	leaving leaving                    // have been replaced and still work
	refused atomic.Pointer[string]     // why the last configuration is not in use; nil: it is
}

func newLive(cfg *config.Config, l *lasting) (*live, error) {
	v := &live{lasting: l, paths: cfg.Files()}
	first, err := wireGeneration(cfg, l)
	if err != nil {
		return nil, err
	}
	v.now.Store(first)
	l.follow(first)
	first.metrics.Show()
	first.tell(context.Background(), l.log, nil) // config's warnings were printed
	if cfg.TLSCertFile != "" {
		v.tls, err = newCertificate(func() (cert, key string) {
			now := v.now.Load().cfg
			return now.TLSCertFile, now.TLSKeyFile
		}, l)
		if err != nil {
			return nil, err
		}
	}
	v.files = watch.New(watch.Config{
		What: "configuration", Kept: "the one before stays in use", Paths: func() []string { return v.paths }, Take: v.take, Log: l.log,
	})
	return v, nil
}

// ServeHTTP implements http.Handler.
func (v *live) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g := v.enter()
	defer g.requests.Add(-1)
	g.public.ServeHTTP(w, r)
}

// enter returns the generation in use, which counts the request. One that was replaced
// in between could end before the request was counted.
func (v *live) enter() *generation {
	for {
		g := v.now.Load()
		g.requests.Add(1)
		if g == v.now.Load() {
			return g
		}
		g.requests.Add(-1)
	}
}

// run lets the generations work and follows the files of the configuration until ctx
// ends.
func (v *live) run(ctx context.Context) {
	first := v.now.Load()
	first.start(ctx, first.background)
	if v.tls != nil {
		done := make(chan struct{})
		go func() {
			v.tls.files.Run(ctx)
			close(done)
		}()
		defer func() { <-done }()
	}
	if v.reread == nil {
		<-ctx.Done()
	} else {
		v.files.Run(ctx)
	}
	v.leaving.ended.Wait()
	v.now.Load().stop()
}

// reload has everything read again that is in files.
func (v *live) reload(ctx context.Context) {
	if keys := v.now.Load().keys; keys != nil {
		keys.Reload(ctx)
	}
	if v.tls != nil {
		v.tls.files.Reload(ctx)
	}
	v.files.Poke()
}

// wait returns when all that goes on after requests were answered has ended, or ctx.
func (v *live) wait(ctx context.Context) error {
	err := v.now.Load().wait(ctx)
	for _, g := range v.leaving.all() {
		err = errors.Join(err, g.wait(ctx))
	}
	return err
}

// take reads the configuration, and uses it if it differs from the one in use. The
// generation before ends by itself; take waits only where too many are about to.
func (v *live) take(ctx context.Context, asked bool) error {
	old := v.now.Load()
	next, changed, err := v.prepare(ctx, old)
	switch {
	case ctx.Err() != nil: // the process ends
		if next != nil {
			next.stop()
		}
		return err
	case err != nil:
		v.refuse(err)
		return errors.New(strings.ReplaceAll(err.Error(), "\n", "; ")) // a fault a line
	case next == nil:
		if asked {
			v.log.InfoContext(ctx, "the configuration was read again: it is the same")
		}
		if v.refused.Swap(nil) != nil { // the old one was put back
			v.begin()
		}
		return nil
	}
	v.replace(ctx, old, next)
	v.refused.Store(nil)
	v.log.InfoContext(ctx, "the configuration has changed", "settings", changed)
	v.metrics.ConfigurationLoaded(nil)
	v.audit.Write(audit.Event{Event: audit.ConfigurationLoaded, Version: v.version, Changed: changed})
	v.leaving.add(old, func() { v.retire(ctx, old) })
	return nil
}

// refuse tells once why a configuration is not in use.
func (v *live) refuse(err error) {
	text := err.Error()
	if last := v.refused.Swap(&text); last != nil && *last == text {
		return // it is tried again and again
	}
	v.metrics.ConfigurationLoaded(err)
	v.audit.Write(audit.Event{Event: audit.ConfigurationRefused, Version: v.version, Faults: strings.Split(text, "\n")})
}

// prepare reads the configuration and returns a generation for it that works beside the
// old one, and the settings that differ; nil if none does.
func (v *live) prepare(ctx context.Context, old *generation) (next *generation, changed []string, err error) {
	cfg, warnings, faults := v.reread()
	if cfg != nil {
		// With the files of one that is refused: they may be what is to be mended.
		v.paths = slices.Compact(slices.Sorted(slices.Values(append(old.cfg.Files(), cfg.Files()...))))
	}
	if len(faults) > 0 {
		return nil, nil, faults
	}
	changed, needRestart := old.cfg.Changes(cfg)
	switch {
	case len(needRestart) > 0:
		return nil, nil, fmt.Errorf("%s: cannot change while the server runs; restart it, or take the change back", strings.Join(needRestart, ", "))
	case len(changed) == 0:
		return nil, nil, nil
	}
	if v.leaving.room(ctx) && ctx.Err() == nil { // meanwhile the files may say something else
		return v.prepare(ctx, old)
	}
	if next, err = wireGeneration(cfg, v.lasting); err != nil {
		return nil, nil, err
	}
	next.inherit(old)
	next.start(ctx, next.background)
	if err := next.learn(ctx, old, cmp.Or(v.learns, untilInformed)); err != nil {
		next.stop()
		return nil, nil, err
	}
	if ctx.Err() == nil {
		next.tell(ctx, v.log, warnings)
	}
	return next, changed, nil
}

// replace lets a generation answer from now on.
func (v *live) replace(ctx context.Context, old, next *generation) {
	if v.level != nil {
		v.level.Set(next.cfg.LogLevel)
	}
	next.metrics.Show()
	v.now.Store(next)
	v.follow(next)
	if v.tls != nil && (old.cfg.TLSCertFile != next.cfg.TLSCertFile || old.cfg.TLSKeyFile != next.cfg.TLSKeyFile) {
		v.tls.files.Reload(ctx)
	}
}

// retire ends a generation that was replaced, when it has answered what it had begun.
func (v *live) retire(ctx context.Context, old *generation) {
	old.answered(ctx)
	renewing, cancel := context.WithTimeout(ctx, untilRenewed)
	defer cancel()
	if err := old.wait(renewing); err != nil && ctx.Err() == nil {
		v.log.WarnContext(ctx, "of the configuration before", "error", err)
	}
	old.stop()
}

// noProvider and notInUse are lines of /readyz; "" when there is nothing to say.
func (v *live) noProvider() string {
	if v.now.Load().provider.Ready() {
		return ""
	}
	return "identity provider: discovery has not succeeded yet; nobody can sign in"
}

func (v *live) notInUse() string {
	if v.refused.Load() == nil {
		return ""
	}
	return "configuration: it was changed and cannot be used, so the one before is; the log says why"
}
