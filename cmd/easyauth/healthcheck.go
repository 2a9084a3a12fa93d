package main

import (
	"context"
	"errors"
	"flag"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
)

const healthcheckTimeout = 5 * time.Second

const healthcheckDetails = `Without flags it asks /readyz of the server with the same environment. With --url it asks any server
once, as a proxy does for a page, and wants one status: for helm test.
`

func setUpHealthcheck(fs *flag.FlagSet) runner {
	var q question
	fs.StringVar(&q.url, "url", "", "the `URL` to ask: http or https")
	fs.StringVar(&q.page, "page", "", "the `URL` of a page: it is sent as X-Original-URL, its host as Host")
	fs.IntVar(&q.status, "status", http.StatusOK, "the status that is wanted, a `CODE`")
	fs.BoolVar(&q.insecure, "insecure", false, "do not verify the certificate, as proxies inside of a cluster do")
	return func(ctx context.Context, args []string, env environment) int {
		if q.url != "" {
			return q.ask(ctx, env)
		}
		if q != (question{status: http.StatusOK}) {
			say(env.stderr, "easyauth healthcheck: --page, --status and --insecure go with --url\n")
			return exitUsage
		}
		return healthcheck(ctx, args, env)
	}
}

// healthcheck asks /readyz of the server that runs with the same environment,
// whatever its roles: of the configuration only the admin address counts.
func healthcheck(ctx context.Context, _ []string, env environment) int {
	const variable = "EASYAUTH_ADMIN_LISTEN"
	cfg, _, err := config.Load(env.environ, config.Roles{})
	var faults config.Faults
	wrong := errors.As(err, &faults) && slices.ContainsFunc(faults, func(f config.Fault) bool { return f.Name == variable })
	if cfg == nil || wrong {
		say(env.stderr, "%s is wrong; run easyauth check-config\n", variable)
		return exitUsage
	}
	if _, port, err := net.SplitHostPort(cfg.AdminListen); err != nil || port == "0" {
		say(env.stderr, "EASYAUTH_ADMIN_LISTEN has no fixed port, so there is no telling where the server listens\n")
		return exitUsage
	}
	ctx, cancel := context.WithTimeout(ctx, healthcheckTimeout)
	defer cancel()
	code, err := readyz(ctx, cfg.AdminListen)
	switch {
	case err != nil:
		say(env.stderr, "not healthy: %v\n", err)
		return exitFailed
	case code != http.StatusOK:
		say(env.stderr, "not healthy: /readyz answered %d\n", code)
		return exitFailed
	}
	say(env.stdout, "ok\n")
	return exitOK
}

// readyz returns the status of /readyz on an address that somebody listens on.
// It dials that address as it stands, because an absent or unspecified host
// then means this machine, and never by way of a proxy.
func readyz(ctx context.Context, address string) (int, error) {
	var dialer net.Dialer
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, address)
		},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/readyz", nil)
	if err != nil {
		return 0, err
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}
