package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
)

// checkConfig builds everything that serve would and serves nothing.
func checkConfig(_ context.Context, _ []string, env environment) int {
	cfg, ok := load(env)
	if !ok {
		return exitUsage
	}
	if _, err := wire(cfg, slog.New(slog.DiscardHandler), env.version); err != nil {
		sayWrong(env, err)
		return exitUsage
	}
	say(env.stdout, "The configuration is good.\n")
	return exitOK
}

// load reads the configuration and prints its warnings and all its faults:
// those that config finds, and those that only the packages see for which the
// values are.
func load(env environment) (*config.Config, bool) {
	cfg, warnings, err := config.Load(env.environ)
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
