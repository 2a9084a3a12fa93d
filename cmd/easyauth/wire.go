package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/easyauth-sidecar/easyauth/authserver"
	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/cookie"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/graph"
	"github.com/easyauth-sidecar/easyauth/authserver/headers"
	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/pages"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/signin"
	"github.com/easyauth-sidecar/easyauth/authserver/ticket"
)

// Bounds of every trip to the IdP and to Graph.
const (
	remoteTimeout = 10 * time.Second
	maxRemoteBody = 4 << 20 // bytes
)

// parts is the wired server.
type parts struct {
	public   http.Handler
	admin    *authserver.Admin
	provider *entra.RelyingParty
}

// wire builds everything from a configuration. It opens no connection and no
// listener.
func wire(cfg *config.Config, log *slog.Logger, version string) (*parts, error) {
	reg := prometheus.NewRegistry()
	m := metrics.New(reg, version)
	g, err := wireGround(cfg)
	if err != nil {
		return nil, err
	}
	provider, err := entra.New(entra.Config{
		Issuer: cfg.Issuer, TenantID: cfg.TenantID, ClientID: cfg.ClientID, ClientSecret: cfg.ClientSecret,
		DomainHint: cfg.DomainHint, GraphURL: cfg.GraphURL, Client: entra.NewHTTPClient(remoteTimeout, maxRemoteBody), Log: log,
	})
	if err != nil {
		return nil, fmt.Errorf("identity provider: %w", err)
	}
	signIn, err := wireSignIn(cfg, g, provider, m, log)
	if err != nil {
		return nil, err
	}
	renderer, err := wireHeaders(cfg, log)
	if err != nil {
		return nil, err
	}
	server, err := authserver.New(authserver.Config{
		AuthPath: cfg.AuthPath, Paths: signIn.Paths, SuccessStatus: cfg.SuccessStatus,
		Parser: access.NewParser(cfg.GraphQueries, cfg.GraphURL+"/"), Sessions: g.sessions, Denials: g.denials,
		SignIn: signIn, Headers: renderer, Pages: g.pages, Metrics: m, Log: log,
	})
	if err != nil {
		return nil, err
	}
	admin, err := authserver.NewAdmin(authserver.AdminConfig{
		Version: version, Gatherer: reg, PProf: cfg.PProf,
		Degraded: func() []string {
			if provider.Ready() {
				return nil
			}
			return []string{"identity provider: discovery has not succeeded yet; nobody can sign in"}
		},
	})
	if err != nil {
		return nil, err
	}
	return &parts{public: server, admin: admin, provider: provider}, nil
}

// ground is what several packages share.
type ground struct {
	ring     *seal.Ring
	cookies  cookie.Set
	hosts    *hosts.Set
	sessions *session.Manager
	denials  *signin.Denials
	pages    *pages.Pages
}

func wireGround(cfg *config.Config) (*ground, error) {
	g := &ground{}
	var err error
	g.ring, err = seal.NewRing(cfg.Keys, seal.Domain{BasePath: cfg.BasePath, Authority: cfg.Issuer, ClientID: cfg.ClientID})
	if err != nil {
		return nil, fmt.Errorf("EASYAUTH_KEYS: %w", err)
	}
	g.cookies = cookie.New(cookie.Config{
		Domain: cfg.CookieDomain, BasePath: cfg.BasePath, ClientID: cfg.ClientID, CallbackPath: cfg.CallbackPath, InsecureHTTP: cfg.InsecureHTTP,
	})
	g.hosts, err = hosts.New(hosts.Config{
		Hosts: cfg.Hosts, InsecureHTTP: cfg.InsecureHTTP, DefaultPath: cfg.DefaultRedirect,
		OwnPaths: ownPaths(cfg),
	})
	if err != nil {
		return nil, fmt.Errorf("EASYAUTH_HOSTS, EASYAUTH_DEFAULT_REDIRECT or a path: %w", err)
	}
	codec, err := ticket.New(ticket.Config{Ring: g.ring, Issuer: cfg.Issuer, NoCompression: !cfg.Compress})
	if err != nil {
		return nil, err
	}
	g.sessions, err = session.New(session.Config{
		Codec: codec, Ring: g.ring, Cookies: g.cookies, Shared: cfg.CookieDomain != "",
		Lifetime: cfg.SessionLifetime, Idle: cfg.SessionIdle,
	})
	if err != nil {
		return nil, err
	}
	if g.denials, err = signin.NewDenials(g.ring, g.cookies.Denial, cfg.GraphQueries, nil); err != nil {
		return nil, err
	}
	g.pages, err = pages.New(pages.Config{})
	return g, err
}

// ownPaths are where a return URL never leads: all below the base path, and
// the endpoints that were moved elsewhere.
func ownPaths(cfg *config.Config) []string {
	return []string{cfg.BasePath, cfg.AuthPath, cfg.SigninPath, cfg.CallbackPath, cfg.SignedOutPath, cfg.LogoutPath, cfg.MePath}
}

func wireSignIn(cfg *config.Config, g *ground, provider *entra.RelyingParty, m *metrics.Metrics, log *slog.Logger) (*signin.Handler, error) {
	queries, err := graph.New(graph.Config{
		BaseURL: cfg.GraphURL, Version: cfg.GraphVersion, Client: entra.NewHTTPClient(remoteTimeout, maxRemoteBody), Log: log,
	})
	if err != nil {
		return nil, fmt.Errorf("microsoft graph: %w", err)
	}
	var callbackHost hosts.Host
	if cfg.CallbackHost != "" {
		var served bool
		if callbackHost, served = g.hosts.Host(cfg.CallbackHost); !served {
			return nil, fmt.Errorf("EASYAUTH_CALLBACK_HOST is not one of EASYAUTH_HOSTS")
		}
	}
	return signin.New(signin.Config{
		Provider: provider, Graph: queries, Sessions: g.sessions, Denials: g.denials, Hosts: g.hosts, Pages: g.pages,
		Ring: g.ring, Cookies: g.cookies, Metrics: m, Log: log, Scopes: cfg.Scopes, GraphQueries: cfg.GraphQueries, CallbackHost: callbackHost,
		Paths: signin.Paths{
			Login: cfg.SigninPath, Callback: cfg.CallbackPath, Logout: cfg.LogoutPath, SignedOut: cfg.SignedOutPath, Me: cfg.MePath,
		},
	})
}

func wireHeaders(cfg *config.Config, log *slog.Logger) (*headers.Renderer, error) {
	encoding, err := headers.ParseEncoding(cfg.ClaimEncoding)
	if err != nil {
		return nil, fmt.Errorf("EASYAUTH_CLAIM_ENCODING: %w", err)
	}
	format, err := headers.ParseFormat(cfg.HeaderFormat)
	if err != nil {
		return nil, fmt.Errorf("EASYAUTH_HEADER_FORMAT: %w", err)
	}
	renderer, err := headers.New(headers.Config{
		Prefix: cfg.HeaderPrefix, Encoding: encoding, Format: format, ClaimHeaders: cfg.ClaimHeaders, Log: log,
	})
	if err != nil {
		return nil, fmt.Errorf("EASYAUTH_HEADER_PREFIX or EASYAUTH_CLAIM_HEADERS: %w", err)
	}
	return renderer, nil
}
