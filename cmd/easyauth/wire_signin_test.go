package main

import (
	"log/slog"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/graph"
	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/signin"
)

func TestGroupsWiring(t *testing.T) {
	for _, tt := range []struct {
		groups, keep string
		want         signin.Groups
	}{
		{"", "", signin.Groups{Ask: signin.AskOverage}},
		{"claims", "", signin.Groups{Ask: signin.AskNever}},
		{"auto", "rules", signin.Groups{Ask: signin.AskOverage}},
		{"always", "", signin.Groups{Ask: signin.AskAlways}},
		{"auto", "all", signin.Groups{Ask: signin.AskOverage, KeepAll: true}},
		{"always", wiredGroup, signin.Groups{Ask: signin.AskAlways, Keep: []string{wiredGroup}}},
	} {
		t.Run(tt.groups+" "+tt.keep, func(t *testing.T) {
			changes := map[string]string{"EASYAUTH_GROUPS": tt.groups, "EASYAUTH_GROUPS_KEEP": tt.keep}
			same(t, groupsOf(loaded(t, changes)), tt.want)
			same(t, wiredSignIn(t, changes).Groups, tt.want)
		})
	}
}

// wiredSignIn is the sign-in of an environment.
func wiredSignIn(t *testing.T, changes map[string]string) *signin.Handler {
	t.Helper()
	cfg, log := loaded(t, changes), slog.New(slog.DiscardHandler)
	g, err := wireGround(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	provider, err := wireProvider(cfg, g, nil, log)
	if err != nil {
		t.Fatal(err)
	}
	if g.sessions, err = session.New(sessionConfig(cfg, g, provider.TenantAllowed)); err != nil {
		t.Fatal(err)
	}
	directory, err := graph.New(graph.Config{BaseURL: cfg.GraphURL, Version: cfg.GraphVersion, Client: entra.NewHTTPClient(0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	h, err := wireSignIn(cfg, g, provider, directory, signin.NewUsedIDs(), metrics.New(prometheus.NewRegistry(), testVersion), log)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestSignInWiring(t *testing.T) {
	standard := []string{"openid", "profile", "email"}
	for _, tt := range []struct {
		name    string
		changes map[string]string
		scopes  []string
		queries map[string]string
		bearer  bool
		host    bool
		login   string
	}{
		{"nothing set", nil, standard, nil, false, false, "/easyauth/login"},
		{"scopes", map[string]string{"EASYAUTH_SCOPES": "User.Read"}, append(slices.Clone(standard), "User.Read"), nil, false, false, "/easyauth/login"},
		{"queries", map[string]string{"EASYAUTH_GRAPH_QUERIES": "manager=/me/manager"}, standard, map[string]string{"manager": "/me/manager"}, false, false, "/easyauth/login"},
		{"bearer tokens", map[string]string{"EASYAUTH_ALLOW_BEARER": "true"}, standard, nil, true, false, "/easyauth/login"},
		{"one callback", map[string]string{"EASYAUTH_CALLBACK_HOST": "login." + host, "EASYAUTH_COOKIE_DOMAIN": host}, standard, nil, false, true, "/easyauth/login"},
		{"a path", map[string]string{"EASYAUTH_SIGNIN_PATH": "/easyauth/in"}, standard, nil, false, false, "/easyauth/in"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := wiredSignIn(t, tt.changes)
			if !slices.Equal(h.Scopes, tt.scopes) || len(h.GraphQueries) != len(tt.queries) || h.GraphQueries["manager"] != tt.queries["manager"] {
				t.Errorf("scopes %q, queries %v", h.Scopes, h.GraphQueries)
			}
			if h.AcceptBearer != tt.bearer || (h.CallbackHost != hosts.Host{}) != tt.host || h.Paths.Login != tt.login {
				t.Errorf("bearer %v, callback host %v, paths %+v", h.AcceptBearer, h.CallbackHost, h.Paths)
			}
		})
	}
}
