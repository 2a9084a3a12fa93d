package main

import (
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
)

// Each mapping that cannot be is told by its place, and no other.
func TestMapFaults(t *testing.T) {
	of := func(names ...string) *config.Config {
		cfg := &config.Config{HeaderPrefix: "x-injected-", HeaderProfile: "authentik", HeaderFormat: "Separate", ClaimEncoding: "None", ClaimHeaders: []string{"upn"}}
		for _, name := range names {
			cfg.HeaderMap = append(cfg.HeaderMap, config.HeaderMapping{Header: name, Claim: "oid", Encoding: "None", Separator: "|"})
		}
		return cfg
	}
	for _, row := range []struct {
		name  string
		names []string
		lines []string
	}{
		{"all good", []string{"X-A", "X-B"}, nil},
		{"one twice", []string{"X-A", "X-B", "x-a"}, []string{"line 3"}},
		{"two that cannot be", []string{"Set-Cookie", "X-B", "X-Authentik-Uid"}, []string{"line 1", "line 3"}},
		{"a claim header's name", []string{"X-Injected-Upn"}, []string{"line 1"}},
	} {
		faults := mapFaults(of(row.names...))
		if len(faults) != len(row.lines) {
			t.Errorf("%s: %v", row.name, faults)
			continue
		}
		for i, f := range faults {
			if f.Name != "EASYAUTH_HEADER_MAP" || !strings.HasPrefix(f.Expected, row.lines[i]+":") {
				t.Errorf("%s: %v", row.name, f)
			}
		}
	}
}
