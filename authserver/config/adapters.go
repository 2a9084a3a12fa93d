package config

import (
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// Adapters are the kinds of proxies that are answered.
type Adapters struct{ Nginx, Forward, Envoy, EnvoyGRPC bool }

// adapters is the list of their names.
type adapters Adapters

// Decode implements envconfig.Decoder.
func (a *adapters) Decode(value string) error {
	var names list
	if err := names.Decode(value); err != nil {
		return err
	}
	var set adapters
	for _, name := range names {
		adapter := map[string]*bool{"nginx": &set.Nginx, "forward": &set.Forward, "envoy": &set.Envoy, "envoy-grpc": &set.EnvoyGRPC}[strings.ToLower(name)]
		if adapter == nil || *adapter {
			return expect("must list nginx, forward (Traefik, Caddy, APISIX), envoy and envoy-grpc, at least one of them and each at most once")
		}
		*adapter = true
	}
	*a = set
	return nil
}

const (
	minProxySecret, maxProxySecret = 16, 200 // bytes
	maxProxySecrets                = 2       // while one replaces the other
)

// adapters sets which proxies are answered, and what they have to bring.
func (s *spec) adapters(r *report, c *Config) {
	const name, list = "EASYAUTH_PROXY_SECRET_FILE", "EASYAUTH_ADAPTERS"
	c.Adapters = Adapters(s.Adapters)
	if s.ProxySecretFile == "" {
		if c.Adapters.Envoy && len(c.Upstreams) == 0 && !r.has(list) {
			r.warn(list, "has envoy, and there is no %s: let nobody from outside reach %s, or a link of a stranger can have people asked for consent at their next sign-in", name, c.EnvoyPath)
		}
		return
	}
	text := readSecret(r, name, s.ProxySecretFile).Reveal()
	if r.has(name) {
		return
	}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if len(lines) > maxProxySecrets || len(line) < minProxySecret || !isGraphic(line, maxProxySecret) {
			r.fault(name, "must name a file with one secret, or two on lines of their own, of %d to %d printable characters of ASCII without blanks; `openssl rand -hex 32` prints a good one", minProxySecret, maxProxySecret)
			return
		}
		c.ProxySecrets = append(c.ProxySecrets, secret.New(line))
	}
}
