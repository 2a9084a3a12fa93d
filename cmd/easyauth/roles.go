package main

import (
	"context"
	"flag"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
)

// withRoles gives a command the flag that says which part of the work it is
// about.
func withRoles(fs *flag.FlagSet, run func(ctx context.Context, roles config.Roles, env environment) int) runner {
	list := fs.String("roles", "", "a `LIST` of what to do: auth (answer the proxy), signin (sign people in and out), worker (tidy the store); all without it")
	return func(ctx context.Context, _ []string, env environment) int {
		roles, err := config.ParseRoles(*list)
		if err != nil {
			say(env.stderr, "easyauth %s: --roles: %v\n", fs.Name(), err)
			return exitUsage
		}
		return run(ctx, roles, env)
	}
}

func setUpServe(fs *flag.FlagSet) runner { return withRoles(fs, serve) }
