package main

import (
	"net/http"
	"strings"
	"testing"
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
