package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"slices"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver"
	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
	"github.com/easyauth-sidecar/easyauth/authserver/inline"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// putInline puts the proxy before the generations of the configuration.
func (p *parts) putInline(v *live, l *lasting) error {
	log.SetOutput(unquoted{l.log})
	proxy, err := inline.New(inline.Config{Now: v.site, Metrics: l.metrics.InlineFailures(), Log: l.log})
	if err != nil {
		return err
	}
	p.inline, p.public = proxy, proxy
	answered := p.wait
	p.wait = func(ctx context.Context) error {
		proxy.Wait(ctx)
		return answered(ctx)
	}
	return nil
}

// unused returns the hosts that lead to no application. That of the sign-in alone need not.
func (g *generation) unused() []string {
	if g.site == nil {
		return nil
	}
	return slices.DeleteFunc(g.site.Table.Unused(), func(name string) bool { return strings.EqualFold(name, g.cfg.CallbackHost) })
}

// site returns what is in use, for one question.
func (v *live) site() (site *inline.Site, leave func()) {
	g := v.enter()
	return g.site, g.leave
}

func wireSite(cfg *config.Config, g *ground, server *authserver.Server, m *metrics.Metrics) (*inline.Site, error) {
	table, err := newTable(cfg, g.hosts, server.Parser, server.Policies)
	if err != nil {
		return nil, inlineFaults(cfg, err)
	}
	return inline.NewSite(inline.SiteConfig{
		Table: table, Ask: server, Own: http.HandlerFunc(server.ServeSignIn), Pages: g.pages, BasePath: cfg.BasePath, OwnPaths: ownPaths(cfg),
		IdentityPrefixes: g.headers.Prefixes(), IdentityNames: g.headers.Names(), IsToken: isOurs,
		TrustedProxies: cfg.TrustedProxies, LongestUpgrade: cfg.SessionLifetime, HostRefused: func() { m.ConfigError("host_not_served") },
	})
}

func newTable(cfg *config.Config, served *hosts.Set, parser *access.Parser, of authserver.Policies) (*inline.Table, error) {
	return inline.NewTable(inline.TableConfig{
		Hosts: served, Upstreams: upstreamsOf(cfg), BasePath: cfg.BasePath,
		Rule: func(query string) error { return rule(parser, of, query) },
	})
}

// isOurs tells tokens of ours, of both kinds.
func isOurs(text string) bool {
	return session.IsToken(text) || strings.HasPrefix(text, session.RefreshPrefix)
}

func upstreamsOf(cfg *config.Config) (list []inline.Upstream) {
	for _, u := range cfg.Upstreams {
		list = append(list, inline.Upstream{
			Host: u.Host, Path: u.Path, To: u.To, Query: u.Auth, Public: u.Public, HostOfUpstream: !u.PreserveHost,
			Timeout: u.Timeout, MaxBody: u.MaxBody, CA: u.CA, InsecureSkipVerify: u.InsecureSkipVerify,
		})
	}
	return list
}

// rule says what is wrong with the query of an auth-url.
func rule(parser *access.Parser, of authserver.Policies, query string) error {
	req, err := parser.Parse(query)
	switch {
	case err != nil:
		return fmt.Errorf("the rule cannot be read: %w", err)
	case req.Policy != "" && (of == nil || of.Find(req.Policy) == nil):
		return fmt.Errorf("policies has no %q", req.Policy)
	}
	return nil
}

// upstreamFaults is what is wrong with the upstreams of a configuration.
func upstreamFaults(cfg *config.Config) config.Faults {
	if len(cfg.Upstreams) == 0 {
		return nil
	}
	served, err := hosts.New(hosts.Config{Hosts: cfg.Hosts, InsecureHTTP: cfg.InsecureHTTP})
	if err != nil {
		return nil //nolint:nilerr // it is said of the hosts
	}
	parser := access.NewParser(parserConfig(cfg, nil))
	var known authserver.Policies
	list, err := newPolicies(cfg, nil, nil)
	if err != nil {
		return nil //nolint:nilerr // it is said of the policies
	}
	if list != nil {
		known = list
	}
	_, err = newTable(cfg, served, parser, known)
	return inlineFaults(cfg, err)
}

// inlineFaults tells what inline.NewTable found: each with its place.
func inlineFaults(cfg *config.Config, err error) (faults config.Faults) {
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	for _, err := range all {
		var of *inline.UpstreamError
		switch {
		case err == nil:
		case errors.As(err, &of):
			f := config.Fault{Name: "EASYAUTH_UPSTREAMS", Expected: fmt.Sprintf("entry %d: %s", of.Index+1, of.Problem), Place: cfg.Upstreams[of.Index].Place}
			if strings.HasPrefix(f.Place, "configuration file") {
				f.Name = "upstreams"
			}
			faults = append(faults, f)
		default:
			faults = append(faults, config.Fault{Name: "EASYAUTH_UPSTREAMS", Expected: err.Error()})
		}
	}
	return faults
}
