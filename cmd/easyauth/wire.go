package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver"
	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/assertion"
	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/cookie"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/exchange"
	"github.com/easyauth-sidecar/easyauth/authserver/graph"
	"github.com/easyauth-sidecar/easyauth/authserver/headers"
	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
	"github.com/easyauth-sidecar/easyauth/authserver/inline"
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
	public     http.Handler // nil: this process answers no requests
	admin      *authserver.Admin
	background []func(ctx context.Context) // run until their context ends
	reload     func(ctx context.Context)   // reads again what may change in files
	begin      func()                      // tells that the configuration is in use
	close      func()                      // ends connections
	ping       func(context.Context) error // asks the store whether it answers
	wait       func(context.Context) error // for what goes on when all requests are answered
	tls        *certificate                // what the public listener shows; nil: it is in clear text
	live       *live                       // nil: this process answers no requests
	inline     *inline.Proxy               // nil: it is not a proxy itself
}

// wire builds everything from a configuration. It opens no listener, and no
// connection but that to a store, which need not succeed. The caller calls close.
func wire(ctx context.Context, cfg *config.Config, out outside) (p *parts, err error) {
	l, err := wireLasting(ctx, cfg, out)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	p = &parts{begin: l.begin, close: l.close, ping: l.keeping.ping, reload: l.reopen, wait: func(context.Context) error { return nil }}
	if cfg.Roles.Worker && l.keeping.store != nil {
		worker, err := session.NewWorker(l.keeping.store, l.log, 0)
		if err != nil {
			return nil, err
		}
		worker.Metrics = l.metrics
		p.background = append(p.background, worker.Run)
	}
	degraded := []func() string{l.keeping.degraded}
	if cfg.Roles.Auth || cfg.Roles.SignIn {
		v, err := newLive(cfg, l)
		if err != nil {
			return nil, err
		}
		p.public, p.live, p.tls, p.wait = v, v, v.tls, v.wait
		if l.proxy {
			if err := p.putInline(v, l); err != nil {
				return nil, err
			}
		}
		p.background = append(p.background, v.run)
		p.reload = func(ctx context.Context) {
			l.reopen(ctx)
			v.reload(ctx)
		}
		degraded = append(degraded, v.noProvider, v.notInUse, l.unusable(keysFile), l.unusable(certificateFile))
	}
	p.admin, err = authserver.NewAdmin(authserver.AdminConfig{
		Version: l.version, Gatherer: l.registry, PProf: cfg.PProf,
		Degraded: func() (list []string) {
			for _, ask := range degraded {
				if what := ask(); what != "" {
					list = append(list, what)
				}
			}
			return list
		},
	})
	return p, err
}

func wireServer(cfg *config.Config, g *ground, provider *entra.RelyingParty, directory *graph.Client, signIn *signin.Handler,
	m *metrics.Metrics, log *slog.Logger,
) (*authserver.Server, error) {
	server := serverConfig(cfg, g, provider, directory, m)
	programs, err := wirePrograms(cfg, g, provider, m, log)
	if err != nil {
		return nil, err
	}
	server.Programs, server.ProgramPaths = programs, exchange.Paths(cfg.ProgramPaths)
	server.Paths, server.SignIn, server.Metrics, server.Log = signIn.Paths, signIn, m, log
	return authserver.New(server)
}

// serverConfig is what the configuration says of the server.
func serverConfig(cfg *config.Config, g *ground, provider *entra.RelyingParty, directory *graph.Client, m *metrics.Metrics) authserver.Config {
	server := authserver.Config{
		Roles: authserver.Roles{Auth: cfg.Roles.Auth, SignIn: cfg.Roles.SignIn}, AuthPath: cfg.AuthPath, SuccessStatus: cfg.SuccessStatus,
		Adapters: authserver.Adapters(cfg.Adapters), ForwardPath: cfg.ForwardPath, EnvoyPath: cfg.EnvoyPath, ProxySecrets: cfg.ProxySecrets,
		Parser:   access.NewParser(parserConfig(cfg, g.names)),
		Sessions: g.sessions, Denials: g.denials, Headers: g.headers, Pages: g.pages, CORSOrigins: cfg.CORSOrigins, LogoPath: cfg.LogoPath,
		Assertion: g.assertion, AssertionAudience: cfg.AssertionAudience, JWKSPath: cfg.JWKSPath,
		TrustedProxies: cfg.TrustedProxies, Explain: cfg.Explain,
		LogAllows: cfg.LogAllows, Audit: g.audit, AuditAllows: cfg.AuditAllows, Tracing: g.tracing,
	}
	if g.policies != nil {
		server.Policies = g.policies
	}
	if cfg.AllowBearer {
		server.Bearer = provider
	}
	if cfg.GroupsAppOnly {
		members := authserver.NewAppMembers(provider, directory, nil)
		m.Cache(metrics.CacheMembers, members)
		server.Members = members
	}
	return server
}

// parserConfig is what rules may say under a configuration.
func parserConfig(cfg *config.Config, names *access.ScopeNames) access.ParserConfig {
	return access.ParserConfig{
		Queries: cfg.GraphQueries, Scopes: names, Entra: cfg.Kind != config.KindOIDC,
		NoGraph: cfg.Kind == config.KindOIDC || cfg.Kind == config.KindB2C, Apps: cfg.AssertionKeys.Reveal() != "",
	}
}

func wireProvider(cfg *config.Config, g *ground, m *metrics.Metrics, log *slog.Logger) (*entra.RelyingParty, error) {
	proof, err := newCredential(cfg, cfg.ClientID, log)
	if err != nil {
		return nil, err
	}
	m.ClientCertificate(proof.Expires)
	of := entraConfig(cfg, proof, g, log)
	of.Metrics = m
	provider, err := entra.New(of)
	if err != nil {
		return nil, fmt.Errorf("identity provider: %w", err)
	}
	return provider, nil
}

func entraConfig(cfg *config.Config, proof entra.Credential, g *ground, log *slog.Logger) entra.Config {
	return entra.Config{
		Kind: map[string]entra.Kind{
			config.KindEntra: entra.SingleTenant, config.KindMulti: entra.MultiTenant, config.KindB2C: entra.B2C,
			config.KindExternal: entra.ExternalID, config.KindOIDC: entra.Plain,
		}[cfg.Kind],
		Authority: cfg.Issuer, TenantID: cfg.TenantID, AllowedTenants: cfg.AllowedTenants, Policy: cfg.Policy, V1Issuer: cfg.V1Issuer,
		ClientID: cfg.ClientID, Credential: proof, Audiences: cfg.Audiences,
		AcceptBearer: cfg.AllowBearer, IgnoreForeignAudience: cfg.IgnoreForeignAudience,
		Scopes: g.names, Headers: g.headers, Claims: entra.ClaimNames{Roles: cfg.RolesClaim, Groups: cfg.GroupsClaim, Scopes: cfg.ScopesClaim},
		Capabilities: cfg.ClientCapabilities, DomainHint: cfg.DomainHint, GraphURL: cfg.GraphURL, CacheBytes: int64(cfg.BearerCacheBytes),
		ExchangeAudiences: cfg.ExchangeAudiences, ExchangeClients: cfg.ExchangeClients, ExchangeRoles: exchangeRoles(cfg),
		Client: g.remoteClient(calledProvider), Log: log,
	}
}

// ground is what several packages share.
type ground struct {
	ring      *seal.Ring
	cookies   cookie.Set
	hosts     *hosts.Set
	names     *access.ScopeNames // nil: the provider knows no resources
	codec     *ticket.Codec
	headers   *headers.Renderer
	assertion *assertion.Signer // nil: no identity is signed
	policies  *policies         // nil: there are none
	sessions  *session.Manager
	denials   *signin.Denials
	pages     *pages.Pages
	codes     *exchange.UsedCodes // nil: nothing outlives a configuration
	observers
}

func wireGround(cfg *config.Config, log *slog.Logger) (*ground, error) {
	g := &ground{}
	var err error
	g.ring, err = seal.NewRing(cfg.Keys, seal.Domain{BasePath: cfg.BasePath, Authority: cfg.Issuer, ClientID: cfg.ClientID}, cfg.NextKeys...)
	if err != nil {
		return nil, fmt.Errorf("EASYAUTH_KEYS: %w", err)
	}
	g.cookies = cookie.New(cookie.Config{
		Domain: cfg.CookieDomain, BasePath: cfg.BasePath, ClientID: cfg.ClientID, CallbackPath: cfg.CallbackPath, InsecureHTTP: cfg.InsecureHTTP,
	})
	g.hosts, err = hosts.New(hosts.Config{
		Hosts: cfg.Hosts, InsecureHTTP: cfg.InsecureHTTP, DefaultPath: cfg.DefaultRedirect,
		OwnPaths: ownPaths(cfg), ReturnPaths: returnPaths(cfg),
	})
	if err != nil {
		return nil, fmt.Errorf("EASYAUTH_HOSTS, EASYAUTH_DEFAULT_REDIRECT or a path: %w", err)
	}
	if g.codec, err = ticket.New(ticket.Config{Ring: g.ring, Issuer: cfg.Issuer, NoCompression: !cfg.Compress}); err != nil {
		return nil, err
	}
	if cfg.Kind != config.KindOIDC {
		g.names = access.NewScopeNames(cfg.ClientID, cfg.Audiences, cfg.GraphURL)
	}
	if g.headers, err = wireHeaders(cfg, g.names, log); err != nil {
		return nil, err
	}
	if g.policies, err = newPolicies(cfg, g.names, log); err != nil {
		return nil, fmt.Errorf("policies: %w", err)
	}
	if g.assertion, err = wireAssertion(cfg, log); err != nil {
		return nil, err
	}
	if g.denials, err = signin.NewDenials(g.ring, g.cookies.Denial, cfg.GraphQueries, nil); err != nil {
		return nil, err
	}
	brand := pages.Brand{
		Name: cfg.Brand.Name, Logo: cfg.Brand.Logo, Color: cfg.Brand.Color, SupportURL: cfg.Brand.SupportURL,
	}
	g.pages, err = pages.New(pages.Config{Brand: brand, LogoPath: cfg.LogoPath})
	return g, err
}

// sessionConfig needs the provider's word on tenants: it knows which are allowed.
func sessionConfig(cfg *config.Config, g *ground, allowed func(tenant string) bool) session.Config {
	return session.Config{
		Codec: g.codec, Ring: g.ring, Cookies: g.cookies, Shared: cfg.CookieDomain != "",
		Lifetime: cfg.SessionLifetime, Idle: cfg.SessionIdle, RenewBefore: cfg.RenewBefore, Allowed: allowed,
		CacheBytes: int64(cfg.SessionCacheBytes), Headers: g.headers, StaleOK: cfg.StaleOK,
	}
}

// ownPaths are where a return URL never leads: all below the base path, and
// the endpoints that were moved elsewhere.
func ownPaths(cfg *config.Config) []string {
	return []string{
		cfg.BasePath, cfg.AuthPath, cfg.ForwardPath, cfg.EnvoyPath, cfg.SigninPath, cfg.CallbackPath, cfg.SignedOutPath, cfg.LogoutPath, cfg.MePath, cfg.LogoPath, cfg.JWKSPath, cfg.FrontChannelPath, cfg.BackChannelPath,
		cfg.ProgramPaths.Token, cfg.ProgramPaths.Revoke, cfg.ProgramPaths.Session, cfg.ProgramPaths.Login, cfg.ProgramPaths.Authorize,
	}
}
