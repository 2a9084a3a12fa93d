package main

import (
	"context"
	"errors"
	"flag"
	"time"

	"github.com/easyauth-sidecar/easyauth/client"
)

const loginDetails = `URL is the address of an application that EasyAuth stands before, such as https://app.example.com.
A page in the browser asks whether programs of yours may act for you there, and the browser comes back
to this computer. Over SSH, where the browser is on the other one, forward a port for it:

  ssh -L 8123:127.0.0.1:8123 HOST
  easyauth login --no-browser --port 8123 URL

The token is kept below $XDG_STATE_HOME/easyauth (~/.local/state/easyauth), readable for you alone.
EASYAUTH_TOKEN_API must be on at the server. Exit status: 0 signed in, 1 not, 2 wrong arguments.
`

func setUpLogin(fs *flag.FlagSet) runner {
	var p place
	p.declare(fs)
	port := fs.Int("port", 0, "where the browser comes back to on this computer, a `NUMBER`; any free one without it")
	quiet := fs.Bool("no-browser", false, "only print the address that is to be opened")
	return func(ctx context.Context, args []string, env environment) int {
		if *port < 0 || *port > 65535 {
			return p.failed(ctx, fs.Name(), client.Server{}, errUsage{errors.New("--port must be 1 to 65535")}, env)
		}
		c, server, err := p.client(args, env)
		if err != nil {
			return p.failed(ctx, fs.Name(), server, err, env)
		}
		token, err := c.Login(ctx, *port, func(loginURL string, life time.Duration) {
			if !*quiet && openBrowser(ctx, loginURL, env) {
				say(env.stderr, "Your browser opens to sign in to %s. If it does not, open this address on this computer:\n\n  %s\n\n", server.Name(), loginURL)
			} else {
				say(env.stderr, "To sign in to %s open this address in a browser on this computer:\n\n  %s\n\n", server.Name(), loginURL)
			}
			say(env.stderr, "Waiting for it, at most %.0f minutes. Ctrl-C gives up.\n", life.Minutes())
		})
		if err != nil {
			return p.failed(ctx, fs.Name(), server, err, env)
		}
		if token.Renewable {
			say(env.stderr, "Signed in to %s. easyauth token%s %s prints a token, and renews it for as long as the session lasts.\n", server.Name(), p.flags(), server.Origin())
			return exitOK
		}
		say(env.stderr, "Signed in to %s until %s. easyauth token%s %s prints the token. The server gives none to renew it with.\n",
			server.Name(), clock(token.Expires), p.flags(), server.Origin())
		return exitOK
	}
}

// clock is a time as a person nearby reads it.
func clock(t time.Time) string { return t.Local().Format("2006-01-02 15:04 MST") }
