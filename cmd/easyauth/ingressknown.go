package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/headers"
	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
	"github.com/easyauth-sidecar/easyauth/ingress/annotations"
)

// knownServer says where it stands how the server is configured that Ingresses ask.
type knownServer struct {
	hosts, envFile, configFile string
}

func (k *knownServer) declare(fs *flag.FlagSet) {
	fs.StringVar(&k.hosts, "hosts", "", "the `LIST` of EASYAUTH_HOSTS")
	fs.StringVar(&k.envFile, "env-file", "", "a `FILE` with the server's variables, one a line: NAME=value")
	fs.StringVar(&k.configFile, "config", "", "the server's EASYAUTH_CONFIG_FILE, a `FILE`")
}

// options reads the server's configuration for what matters to Ingresses. Without one nothing is known
// but its defaults.
func (k *knownServer) options(env environment) (annotations.Options, error) {
	named := k.envFile != "" || k.configFile != ""
	var environ []string
	if !named { // else it is not that server's
		environ = slices.Clone(env.environ)
	}
	if k.envFile != "" {
		lines, err := readEnvFile(k.envFile)
		if err != nil {
			return annotations.Options{}, err
		}
		environ = append(lines, environ...)
	}
	if k.configFile != "" {
		environ = append([]string{"EASYAUTH_CONFIG_FILE=" + k.configFile}, environ...)
	}
	if k.hosts != "" {
		environ = append([]string{"EASYAUTH_HOSTS=" + k.hosts}, environ...)
	}
	cfg, _, err := config.Load(environ, config.Roles{})
	if cfg == nil {
		return annotations.Options{}, err
	}
	var faults config.Faults
	errors.As(err, &faults)
	faults = append(faults, deepFaults(cfg, faults)...)
	for _, f := range faults {
		missing := f.Name == "EASYAUTH_HOSTS" && len(cfg.Hosts) == 0
		switch {
		case missing && named:
			return annotations.Options{}, fmt.Errorf("EASYAUTH_HOSTS is not set in what --env-file or --config names\n%w", faults)
		case !missing && slices.Contains(mattering(), f.Name):
			return annotations.Options{}, fmt.Errorf("%s: %s", f.Name, f.Expected)
		}
	}
	if len(cfg.Hosts) == 0 {
		return annotations.Options{}, nil
	}
	return k.of(cfg, named || slices.ContainsFunc(environ, func(v string) bool { return strings.HasPrefix(v, "EASYAUTH_CLIENT_ID=") }))
}

// mattering are the variables that change what is right in an Ingress.
func mattering() []string {
	return []string{
		"EASYAUTH_HOSTS", "EASYAUTH_CONFIG_FILE", "EASYAUTH_INSECURE_HTTP", "EASYAUTH_CALLBACK_HOST", "EASYAUTH_BASE_PATH", "EASYAUTH_AUTH_PATH",
		"EASYAUTH_SIGNIN_PATH", "EASYAUTH_CALLBACK_PATH", "EASYAUTH_HEADER_PREFIX", "EASYAUTH_HEADER_PROFILE", "EASYAUTH_HEADER_MAP",
		"EASYAUTH_CLAIM_HEADERS", "EASYAUTH_ASSERTION_HEADER", "EASYAUTH_GRAPH_QUERIES", "EASYAUTH_PASS_ACCESS_TOKEN", "EASYAUTH_PASS_ID_TOKEN",
	}
}

// of turns a configuration into options. whole: there is more of it than hosts, so that its rules can be
// read as the server does.
func (k *knownServer) of(cfg *config.Config, whole bool) (annotations.Options, error) {
	served, err := servedNames(cfg)
	if err != nil {
		return annotations.Options{}, err
	}
	renderer, err := headers.New(headerConfig(cfg))
	if err != nil {
		return annotations.Options{}, err
	}
	o := annotations.Options{
		Served: served, Headers: renderer.Names(), Tokens: cfg.PassAccessToken || cfg.PassIDToken,
		AuthPath: cfg.AuthPath, SignInPath: cfg.SigninPath, CallbackPath: cfg.CallbackPath, CallbackHost: cfg.CallbackHost,
	}
	if whole {
		rules := parserConfig(cfg, nil)
		rules.Apps = cfg.AssertionHeader != "" // the keys themselves may be elsewhere
		o.Parser = access.NewParser(rules)
	}
	return o, nil
}

// servedNames tells whether a host is served, on whatever port: an Ingress knows none.
func servedNames(cfg *config.Config) (func(string) bool, error) {
	var names []string
	for _, entry := range cfg.Hosts {
		if name, _, err := net.SplitHostPort(entry); err == nil && !strings.Contains(name, "/") && name != "http" {
			entry = name
			if strings.Contains(name, ":") {
				entry = "[" + name + "]"
			}
		}
		names = append(names, entry)
	}
	set, err := hosts.New(hosts.Config{Hosts: names, InsecureHTTP: cfg.InsecureHTTP})
	if err != nil {
		return nil, fmt.Errorf("EASYAUTH_HOSTS: %w", err)
	}
	return func(host string) bool {
		_, ok := set.Host(host)
		return ok
	}, nil
}

const maxEnvFile = 1 << 20 // bytes

// readEnvFile reads lines NAME=value, as docker does: no quotes, # begins a comment at the beginning of
// a line.
func readEnvFile(path string) ([]string, error) {
	text, err := secret.ReadFile(path, maxEnvFile)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var out []string
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if name, _, ok := strings.Cut(line, "="); !ok || name == "" || strings.ContainsAny(name, " \t") {
			return nil, fmt.Errorf("%s, line %d: must be NAME=value", path, n)
		}
		out = append(out, line)
	}
	return out, nil
}
