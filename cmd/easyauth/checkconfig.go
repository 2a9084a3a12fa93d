package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
)

// checkConfig builds everything that serve would and serves nothing. A store that does not
// answer is a warning: it may be reached from elsewhere.
func checkConfig(ctx context.Context, roles config.Roles, env environment) int {
	cfg, ok := load(env, roles)
	if !ok {
		return exitUsage
	}
	p, err := wire(ctx, cfg, slog.New(slog.DiscardHandler), env.version)
	if err != nil {
		sayWrong(env, err)
		return exitUsage
	}
	defer p.close()
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	if err := p.ping(ctx); err != nil {
		say(env.stderr, "warning: the store of sessions does not answer from here: %v\n", err)
	}
	say(env.stdout, "The configuration is good.\n")
	return exitOK
}

const checkTimeout = 3 * time.Second

// load reads the configuration of these roles and prints its warnings and all its faults:
// those that config finds, and those that only the packages see for which the
// values are.
func load(env environment, roles config.Roles) (*config.Config, bool) {
	cfg, warnings, err := config.Load(env.environ, roles)
	for _, w := range warnings {
		say(env.stderr, "warning: %s\n", w)
	}
	var faults config.Faults
	if err != nil && !errors.As(err, &faults) || cfg == nil {
		sayWrong(env, err)
		return nil, false
	}
	faults = append(faults, deepFaults(cfg, faults)...)
	if len(faults) > 0 {
		slices.SortStableFunc(faults, func(a, b config.Fault) int { return cmp.Compare(a.Name, b.Name) })
		sayWrong(env, faults)
		return nil, false
	}
	return cfg, true
}

func sayWrong(env environment, err error) {
	say(env.stderr, "The configuration is wrong:\n%v\n", err)
}
