package main

import (
	"cmp"
	"net/http"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/exchange"
)

// What only those who verify tokens, and who send codes, see.
func TestProgramFaults(t *testing.T) {
	api := func(more map[string]string) map[string]string {
		more["EASYAUTH_TOKEN_API"] = "true"
		return with(t, more)
	}
	for _, row := range []struct{ name, variable, bad, good, want string }{
		{"Microsoft Graph", "EASYAUTH_EXCHANGE_AUDIENCES", "api://a https://graph.microsoft.com", "api://a", "entry 2: any program can get tokens for Microsoft's own services"},
		{"our own", "EASYAUTH_EXCHANGE_AUDIENCES", clientID, otherClient, "entry 1: it is this application's own"},
		{"our own API", "EASYAUTH_EXCHANGE_AUDIENCES", "api://" + strings.ToUpper(clientID), "api://" + otherClient, "entry 1: it is this application's own"},
		{"http", "EASYAUTH_PROGRAMMATIC_REDIRECTS", "https://a.example.com/ https://b.example.com/#" + marker, "https://b.example.com/" + marker, "redirect URI 2: it must be https"},
		{"no host", "EASYAUTH_PROGRAMMATIC_REDIRECTS", "https:///" + marker, "https://x/" + marker, "redirect URI 1: it must be https"},
		{"a code already", "EASYAUTH_PROGRAMMATIC_REDIRECTS", "https://a.example.com/?code=" + marker, "https://a.example.com/?cod=" + marker, "redirect URI 1: it already has a parameter code"},
	} {
		lines := faults(t, api(map[string]string{row.variable: row.bad}))
		if len(lines) != 1 || !strings.HasPrefix(lines[0], row.variable+": ") || !strings.Contains(lines[0], row.want) || strings.Contains(lines[0], marker) {
			t.Errorf("%s: %q", row.name, lines)
		}
		if lines := faults(t, api(map[string]string{row.variable: row.good})); len(lines) > 0 {
			t.Errorf("%s, the sibling: %q", row.name, lines)
		}
		if lines := faults(t, with(t, map[string]string{row.variable: row.bad})); len(lines) > 0 {
			t.Errorf("%s, without the token API: %q", row.name, lines)
		}
	}
	plain := map[string]string{"EASYAUTH_ISSUER": "https://idp.example.com", "EASYAUTH_INSTANCE": "", "EASYAUTH_TENANT_ID": "", "EASYAUTH_EXCHANGE_AUDIENCES": "shop"}
	if lines := faults(t, api(plain)); len(lines) != 1 || !strings.HasPrefix(lines[0], "EASYAUTH_EXCHANGE_AUDIENCES: only Entra ID") {
		t.Errorf("another provider: %q", lines)
	}
}

// Each fault is told of the setting that it is in, also where its text speaks of another.
func TestExchangeFaults(t *testing.T) {
	const aud, clients, roles = "EASYAUTH_EXCHANGE_AUDIENCES: ", "EASYAUTH_EXCHANGE_CLIENTS: ", "EASYAUTH_EXCHANGE_ROLES: "
	role := func(audience, theirs, ours string) config.ExchangeRole {
		return config.ExchangeRole{Audience: audience, Theirs: theirs, Ours: ours}
	}
	for _, row := range []struct {
		name string
		cfg  config.Config
		want []string // what the lines begin with
	}{
		{"nothing is wrong", config.Config{Audiences: []string{"x"}, ExchangeAudiences: []string{"api://a"}, ExchangeClients: []string{otherClient}, ExchangeRoles: []config.ExchangeRole{role("api://a", "b", "c")}}, nil},
		{"a client that is no word", config.Config{ExchangeClients: []string{otherClient, "a b"}}, []string{clients + "entry 2: want printable text"}},
		{"a client twice", config.Config{ExchangeClients: []string{"a", "a"}}, []string{clients + "entry 2: it is there twice"}},
		{"a role of an audience that is not listed", config.Config{ExchangeRoles: []config.ExchangeRole{role("api://a", "b", "c")}}, []string{roles + "entry 1: its audience is not among the exchange audiences"}},
		{"a role twice", config.Config{ExchangeAudiences: []string{"api://a"}, ExchangeRoles: []config.ExchangeRole{role("api://a", "b", "c"), role("api://a", "b", "c")}}, []string{roles + "entry 2: it is there twice"}},
		{"an empty role", config.Config{ExchangeAudiences: []string{"api://a"}, ExchangeRoles: []config.ExchangeRole{role("api://a", "", "c")}}, []string{roles + "entry 1: of both roles want"}},
		{"a role of an App ID URI, with several tenants", config.Config{Kind: config.KindMulti, ExchangeAudiences: []string{"api://a"}, ExchangeRoles: []config.ExchangeRole{role("api://a", "b", "c")}}, []string{roles + "entry 1: with several tenants"}},
		{"Microsoft Graph, and a role of what is not listed", config.Config{ExchangeAudiences: []string{"https://graph.microsoft.com"}, ExchangeRoles: []config.ExchangeRole{role("api://a", "b", "c")}}, []string{
			aud + "entry 1: any program", roles + "entry 1: its audience is not among",
		}},
		{"all three", config.Config{ExchangeAudiences: []string{"a", "a"}, ExchangeClients: []string{"b", "b"}, ExchangeRoles: []config.ExchangeRole{role("a", "c", "")}}, []string{
			aud + "entry 2: it is there twice", clients + "entry 2: it is there twice", roles + "entry 1: of both roles",
		}},
	} {
		row.cfg.TokenAPI, row.cfg.ClientID, row.cfg.Kind = true, clientID, cmp.Or(row.cfg.Kind, config.KindEntra)
		got := programFaults(&row.cfg)
		if len(got) != len(row.want) {
			t.Errorf("%s: %v", row.name, got)
			continue
		}
		for i, f := range got {
			if line := f.Name + ": " + f.Expected; !strings.HasPrefix(line, row.want[i]) {
				t.Errorf("%s: %s\nwant %s", row.name, line, row.want[i])
			}
		}
	}
	lines := faults(t, with(t, map[string]string{
		"EASYAUTH_TOKEN_API": "true", "EASYAUTH_EXCHANGE_AUDIENCES": "https://graph.microsoft.com", "EASYAUTH_EXCHANGE_ROLES": "api://a b c",
	}))
	if len(lines) != 2 || !strings.HasPrefix(lines[0], aud+"entry 1: any program") || !strings.HasPrefix(lines[1], roles) {
		t.Errorf("as the command says it: %q", lines)
	}
}

const otherClient = "33333333-0000-4000-8000-000000000003"

// The endpoints are there when they are wanted, and only then.
func TestTokenAPIServes(t *testing.T) {
	for value, want := range map[string]int{"true": http.StatusBadRequest, "false": http.StatusNotFound} {
		s := start(t, with(t, map[string]string{"EASYAUTH_TOKEN_API": value}))
		resp := s.get(s.public, "/easyauth/api/v1/login", http.Header{"Host": {host}})
		if resp.StatusCode != want {
			t.Errorf("%s: %d", value, resp.StatusCode)
		}
	}
}

// A code that was redeemed stays used when the configuration changes.
func TestUsedCodesOutliveAChange(t *testing.T) {
	c := startChanging(t, map[string]string{"EASYAUTH_TOKEN_API": "true"}, "EASYAUTH_CLAIM_HEADERS: upn\n")
	used := func() *exchange.UsedCodes { return c.parts.live.now.Load().public.Programs.Used }
	before := used()
	c.change("EASYAUTH_CLAIM_HEADERS: dept\n", hasChanged)
	if got := c.parts.live.now.Load().cfg.ClaimHeaders; len(got) != 1 || got[0] != "dept" {
		t.Fatalf("in use: %q", got)
	}
	if before == nil || used() != before {
		t.Error("codes of before can be redeemed again")
	}
}
