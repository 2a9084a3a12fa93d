package main

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"github.com/easyauth-sidecar/easyauth/client"
)

const printDetails = `URL is the address of an application, such as https://app.example.com. Nothing but the token is printed:

  curl -H "Authorization: Bearer $(easyauth token https://app.example.com)" https://app.example.com/

It is the token of easyauth login; one that ends within a minute is renewed first. Many calls at
once are fine.

With --client-credentials it is an application's own, for pipelines: the identity provider is asked
for an access token, which the server exchanges. The application proves who it is by a secret
(--client-secret-file, AZURE_CLIENT_SECRET) or by a token that the platform signs
(--federated-token-file, AZURE_FEDERATED_TOKEN_FILE). Flags win over variables. The token is kept,
too, and asked for anew when it ends.

Exit status: 0 a token is printed, 1 none, 2 wrong arguments.
`

func setUpToken(fs *flag.FlagSet) runner {
	var p place
	var a appFlags
	p.declare(fs)
	a.declare(fs)
	return func(ctx context.Context, args []string, env environment) int {
		c, server, err := p.client(args, env)
		if err == nil {
			err = a.check()
		}
		var token *client.Token
		if err == nil && a.on {
			token, err = a.token(ctx, c, env)
		} else if err == nil {
			token, err = c.Token(ctx)
		}
		if err != nil {
			return p.failed(ctx, fs.Name(), server, err, env)
		}
		if _, err := fmt.Fprintln(env.stdout, token.Access.Reveal()); err != nil {
			return p.failed(ctx, fs.Name(), server, errors.New("the token could not be written"), env)
		}
		return exitOK
	}
}
