package main

import (
	"fmt"
	"log/slog"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/graph"
	"github.com/easyauth-sidecar/easyauth/authserver/headers"
	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/signin"
)

func wireSignIn(cfg *config.Config, g *ground, provider *entra.RelyingParty, directory *graph.Client, used *signin.UsedIDs, m *metrics.Metrics, log *slog.Logger) (*signin.Handler, error) {
	var callbackHost hosts.Host
	if cfg.CallbackHost != "" {
		var served bool
		if callbackHost, served = g.hosts.Host(cfg.CallbackHost); !served {
			return nil, fmt.Errorf("EASYAUTH_CALLBACK_HOST is not one of EASYAUTH_HOSTS")
		}
	}
	var names *signin.GroupNames
	if cfg.Kind != config.KindOIDC && cfg.Kind != config.KindB2C {
		names = signin.NewGroupNames(provider, directory, log, nil)
		m.Cache(metrics.CacheGroupNames, names)
	}
	return signin.New(signin.Config{
		Provider: provider, Graph: directory, Sessions: g.sessions, Denials: g.denials, Hosts: g.hosts, Pages: g.pages,
		Ring: g.ring, Cookies: g.cookies, Metrics: m, Log: log, Audit: g.audit, Scopes: cfg.Scopes, GraphQueries: cfg.GraphQueries, CallbackHost: callbackHost,
		ScopeNames: g.names, AcceptBearer: cfg.AllowBearer, AcceptTokens: cfg.TokenAPI, Used: used,
		Groups: groupsOf(cfg), GroupNames: names, SubjectIsKey: cfg.Kind == config.KindOIDC,
		Paths: signin.Paths{
			Login: cfg.SigninPath, Callback: cfg.CallbackPath, Logout: cfg.LogoutPath, SignedOut: cfg.SignedOutPath, Me: cfg.MePath,
			FrontChannel: cfg.FrontChannelPath, BackChannel: cfg.BackChannelPath,
		},
	})
}

func groupsOf(cfg *config.Config) signin.Groups {
	return signin.Groups{
		Ask:     map[string]signin.AskGroups{"claims": signin.AskNever, "auto": signin.AskOverage, "always": signin.AskAlways}[cfg.Groups],
		KeepAll: cfg.GroupsKeep == "all", Keep: cfg.GroupsKeepList,
	}
}

func wireHeaders(cfg *config.Config, names *access.ScopeNames, log *slog.Logger) (*headers.Renderer, error) {
	encoding, err := headers.ParseEncoding(cfg.ClaimEncoding)
	if err != nil {
		return nil, fmt.Errorf("EASYAUTH_CLAIM_ENCODING: %w", err)
	}
	format, err := headers.ParseFormat(cfg.HeaderFormat)
	if err != nil {
		return nil, fmt.Errorf("EASYAUTH_HEADER_FORMAT: %w", err)
	}
	renderer, err := headers.New(headers.Config{
		Prefix: cfg.HeaderPrefix, Encoding: encoding, Format: format, ClaimHeaders: cfg.ClaimHeaders, Scopes: names, Log: log,
		PassAccessToken: cfg.PassAccessToken, PassIDToken: cfg.PassIDToken, Assertion: cfg.AssertionHeader,
		Profile: profileOf(cfg), Mappings: mappingsOf(cfg),
	})
	if err != nil {
		return nil, fmt.Errorf("EASYAUTH_HEADER_PREFIX, EASYAUTH_CLAIM_HEADERS or EASYAUTH_ASSERTION_HEADER: %w", err)
	}
	return renderer, nil
}
