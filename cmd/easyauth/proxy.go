package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
)

const proxyDetails = `It is a reverse proxy for the applications that EASYAUTH_UPSTREAMS, or upstreams in the
configuration file, lists. On the hosts of EASYAUTH_HOSTS it serves the sign-in itself, and lets
to the applications who may use them. Everything else is as with serve.
docs/proxies/inline.md has a complete configuration.
`

// serveProxy runs the server in front of the applications, with all that serve does.
func serveProxy(ctx context.Context, _ []string, env environment) int {
	return serveAs(ctx, config.Roles{}, true, env)
}

// fitsProxy reports whether a configuration fits the command, and says so if not.
func fitsProxy(cfg *config.Config, proxy bool, env environment) bool {
	switch {
	case proxy && len(cfg.Upstreams) == 0:
		sayWrong(env, config.Faults{{Name: "EASYAUTH_UPSTREAMS", Expected: "is required by easyauth proxy, here or as upstreams in the configuration file: the applications that it leads to, such as app.example.com=http://app:8080"}})
		return false
	case proxy:
		for _, name := range cfg.Given("EASYAUTH_ADAPTERS", "EASYAUTH_PROXY_SECRET_FILE", "EASYAUTH_SUCCESS_STATUS", "EASYAUTH_AUTH_PATH") {
			say(env.stderr, "warning: %s has no effect: no proxy asks easyauth proxy, which asks itself\n", name)
		}
	case len(cfg.Upstreams) > 0:
		say(env.stderr, "warning: EASYAUTH_UPSTREAMS has no effect: easyauth proxy serves applications, this command answers proxies that ask\n")
	}
	return true
}

// serveInline fits a server to requests and answers that take as long as they take: uploads, downloads,
// streams. The endpoints of ours have times of their own. It speaks HTTP/2, without TLS too.
func serveInline(s *http.Server) {
	speakHTTP2(s)
	s.ReadTimeout, s.WriteTimeout = 0, 0
	s.HTTP2.WriteByteTimeout = time.Minute // a connection of which nothing is read; of a stream: see inline's patience
	// What one application does not read may not keep others from reading: there is room for all.
	s.HTTP2.MaxConcurrentStreams = uploadsAtOnce
	s.HTTP2.MaxReceiveBufferPerStream, s.HTTP2.MaxReceiveBufferPerConnection = uploadBuffer, uploadsAtOnce*uploadBuffer
}

// What a connection with HTTP/2 may send before it is read: less than 4 MiB in all, which is net/http's limit.
const (
	uploadsAtOnce = 60
	uploadBuffer  = 64 << 10
)

// unquoted is the output of the package log. net/http's client writes there when an application sends
// something between two requests, and quotes it: there may be secrets in it.
type unquoted struct{ log *slog.Logger }

// Write implements io.Writer.
func (u unquoted) Write(line []byte) (int, error) {
	u.log.Warn("a library had a line for the log: it may quote what an application sent, and is left out")
	return len(line), nil
}
