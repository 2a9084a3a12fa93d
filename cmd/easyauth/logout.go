package main

import (
	"cmp"
	"context"
	"errors"
	"flag"

	"github.com/easyauth-sidecar/easyauth/client"
)

const logoutDetails = `It ends the session of easyauth login at the server, and deletes the token here, also when the
server cannot be reached. With --client-credentials it does so for an application's token.

Exit status: 0 the session has ended, or there was none; 1 the server did not end it; 2 wrong arguments.
`

func setUpLogout(fs *flag.FlagSet) runner {
	var p place
	p.declare(fs)
	app := fs.Bool("client-credentials", false, "the token of an application")
	clientID := fs.String("client-id", "", "with --client-credentials, the application's `ID`; AZURE_CLIENT_ID")
	return func(ctx context.Context, args []string, env environment) int {
		id := ""
		c, server, err := p.client(args, env)
		if *app {
			id = cmp.Or(*clientID, env.lookUp("AZURE_CLIENT_ID"))
		}
		switch {
		case err != nil:
		case *app && id == "":
			err = errUsage{errors.New("--client-credentials needs --client-id or AZURE_CLIENT_ID")}
		case !*app && *clientID != "":
			err = errUsage{errors.New("--client-id goes with --client-credentials only")}
		}
		if err != nil {
			return p.failed(ctx, fs.Name(), server, err, env)
		}
		e, err := c.Logout(ctx, id)
		if e != nil {
			sayEnding(e, server, env)
		}
		if err != nil {
			return p.failed(ctx, fs.Name(), server, err, env)
		}
		if e.Kept && !e.Revoked {
			return exitFailed
		}
		return exitOK
	}
}

func sayEnding(e *client.Ending, server client.Server, env environment) {
	switch {
	case !e.Kept:
		say(env.stderr, "Nobody was signed in to %s here.\n", server.Name())
	case e.Revoked:
		say(env.stderr, "Signed out of %s.\n", server.Name())
	case e.Never:
		say(env.stderr, "The token is deleted here, but not ended: %s keeps no sessions that could be.\nWhoever has a copy can use it until %s.\n", server.Name(), clock(e.Until))
	default:
		say(env.stderr, "The token is deleted here, but not ended: %v.\n", e.Why)
		if e.Renewable {
			say(env.stderr, "Whoever has a copy can use it for as long as the session lasts; it can be ended at %s\n", e.Page)
			return
		}
		say(env.stderr, "Whoever has a copy can use it until %s.\n", clock(e.Until))
	}
}
