package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
)

func setUpCheckConfig(fs *flag.FlagSet) runner {
	online := fs.Bool("online", false, "ask the identity provider, Microsoft Graph and the store, too")
	return withRoles(fs, func(ctx context.Context, roles config.Roles, env environment) int {
		return checkConfig(ctx, roles, *online, env)
	})
}

// checkConfig builds everything that serve would and serves nothing; it makes no file. A store that does not
// answer is a warning, unless it is asked online: it may be reached from elsewhere.
func checkConfig(ctx context.Context, roles config.Roles, online bool, env environment) int {
	cfg, ok := load(env, roles)
	if !ok {
		return exitUsage
	}
	p, err := wire(ctx, cfg, outside{version: env.version, log: slog.New(slog.DiscardHandler), looks: true})
	if err != nil {
		sayWrong(env, err)
		return exitUsage
	}
	defer p.close()
	if online {
		say(env.stdout, "The configuration is good.\n\n")
		return checkOnline(ctx, cfg, p, env)
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	if err := p.ping(ctx); err != nil {
		say(env.stderr, "warning: the store of sessions does not answer from here: %v; docs/sessions.md has its set-up\n", err)
	}
	say(env.stdout, "The configuration is good.\n")
	return exitOK
}

const checkTimeout = 3 * time.Second

// load reads the configuration of these roles and prints its warnings and all its faults.
func load(env environment, roles config.Roles) (*config.Config, bool) {
	cfg, warnings, faults := read(env, roles)
	for _, w := range warnings {
		say(env.stderr, "warning: %s\n", w)
	}
	if len(faults) > 0 {
		sayWrong(env, faults)
		return nil, false
	}
	return cfg, true
}

// read reads the configuration of these roles. Its faults are sorted: those that config
// finds, and those that only the packages see for which the values are. With faults the
// configuration is half read, or nil.
func read(env environment, roles config.Roles) (*config.Config, []config.Warning, config.Faults) {
	cfg, warnings, err := config.Load(env.environ, roles)
	var faults config.Faults
	if err != nil && !errors.As(err, &faults) {
		faults = config.Faults{{Name: "configuration", Expected: err.Error()}}
	}
	if cfg != nil {
		faults = append(faults, deepFaults(cfg, faults)...)
		cfg.Locate(faults)
		slices.SortStableFunc(faults, func(a, b config.Fault) int { return cmp.Compare(subject(a), subject(b)) })
	}
	return cfg, warnings, faults
}

// subject is what a fault is sorted by. Those of policies stay in the order of their lines.
func subject(f config.Fault) string {
	if strings.HasPrefix(f.Name, "policies.") {
		return "policies"
	}
	return f.Name
}

func sayWrong(env environment, err error) {
	say(env.stderr, "The configuration is wrong:\n%v\n", err)
}
