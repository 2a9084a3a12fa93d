package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/exchange"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
)

// wirePrograms makes what gives programs tokens; nil when nobody is to.
func wirePrograms(cfg *config.Config, g *ground, provider *entra.RelyingParty, m *metrics.Metrics, log *slog.Logger) (*exchange.Handler, error) {
	if !cfg.TokenAPI {
		return nil, nil
	}
	h, err := exchange.New(exchange.Config{
		Provider: provider, Sessions: g.sessions, Codec: g.codec, Ring: g.ring, Hosts: g.hosts, Pages: g.pages,
		Log: log, Metrics: m, Audit: g.audit, Paths: exchange.Paths(cfg.ProgramPaths),
		Life: cfg.TokenLifetime, Audiences: append([]string{cfg.ClientID, "api://" + cfg.ClientID}, cfg.Audiences...),
		Redirects: cfg.ProgramRedirects, TrustedProxies: cfg.TrustedProxies, Used: g.codes,
		SignIn: func(w http.ResponseWriter, _ *http.Request, returnTo string) {
			w.Header().Set("Location", cfg.SigninPath+"?rd="+url.QueryEscape(returnTo))
			w.WriteHeader(http.StatusFound)
		},
	})
	if err != nil {
		return nil, fmt.Errorf("EASYAUTH_TOKEN_API: %w", err)
	}
	return h, nil
}

// returnPaths are where a sign-in may come back to, though they are ours.
func returnPaths(cfg *config.Config) []string {
	if !cfg.TokenAPI {
		return nil
	}
	return []string{cfg.ProgramPaths.Authorize}
}

// exchangeRoles is what roles at other applications are worth.
func exchangeRoles(cfg *config.Config) []entra.RoleMap {
	var out []entra.RoleMap
	for _, r := range cfg.ExchangeRoles {
		out = append(out, entra.RoleMap(r))
	}
	return out
}

// programFaults tells what is wrong with the applications whose tokens may be exchanged,
// and with the addresses that codes are sent to.
func programFaults(cfg *config.Config) config.Faults {
	if !cfg.TokenAPI {
		return nil
	}
	faults := named("EASYAUTH_PROGRAMMATIC_REDIRECTS", exchange.CheckRedirects(cfg.ProgramRedirects))
	of := entraConfig(cfg, nil, &ground{}, nil)
	for _, f := range of.ExchangeFaults() {
		expected := f.Problem
		if f.Entry > 0 {
			expected = fmt.Sprintf("entry %d: %s", f.Entry, f.Problem)
		}
		faults = append(faults, config.Fault{Name: exchangeVariable(f.Field), Expected: expected})
	}
	return faults
}

// exchangeVariable is the setting that fills a list.
func exchangeVariable(field entra.ExchangeField) string {
	switch field {
	case entra.FieldExchangeAudiences:
	case entra.FieldExchangeClients:
		return "EASYAUTH_EXCHANGE_CLIENTS"
	case entra.FieldExchangeRoles:
		return "EASYAUTH_EXCHANGE_ROLES"
	}
	return "EASYAUTH_EXCHANGE_AUDIENCES"
}
