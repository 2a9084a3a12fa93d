package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
)

// Each mapping that cannot be is told by its place, with what is wrong with it, and no other.
func TestMapFaults(t *testing.T) {
	of := func(names ...string) *config.Config {
		cfg := &config.Config{HeaderPrefix: "x-injected-", HeaderProfile: "authentik", HeaderFormat: "Separate", ClaimEncoding: "None", ClaimHeaders: []string{"upn"}}
		for _, name := range names {
			cfg.HeaderMap = append(cfg.HeaderMap, config.HeaderMapping{Header: name, Claim: "oid", Encoding: "None", Separator: "|"})
		}
		return cfg
	}
	many := func(n int) (names []string) {
		for i := range n {
			names = append(names, fmt.Sprintf("X-A-Header-Of-Thirty-Signs-%03d", i))
		}
		return names
	}
	for _, row := range []struct {
		name  string
		names []string
		lines []string
	}{
		{"all good", []string{"X-A", "X-B"}, nil},
		{"one twice", []string{"X-A", "X-B", "x-a"}, []string{"mapping 3: its header is another header's name already"}},
		{"two that cannot be", []string{"Set-Cookie", "X-B", "X-Authentik-Uid"}, []string{"mapping 1: its header has a meaning of its own", "mapping 3: its header is another header's name already"}},
		{"a claim header's name", []string{"X-Injected-Upn"}, []string{"mapping 1: its header is another header's name already"}},
		{"what is no header's name", []string{"X-A", "X_B"}, []string{"mapping 2: its header must be letters, digits and hyphens"}},
		{"many", many(31), nil},
		{"too many to leave room", many(34), []string{"mapping 32 and those after it: prefix, claim headers, mappings and profile leave"}},
	} {
		faults := mapFaults(of(row.names...))
		if len(faults) != len(row.lines) {
			t.Errorf("%s: %v", row.name, faults)
			continue
		}
		for i, f := range faults {
			if f.Name != "EASYAUTH_HEADER_MAP" || !strings.HasPrefix(f.Expected, row.lines[i]) {
				t.Errorf("%s: %v", row.name, f)
			}
		}
	}
	separators := of("X-A", "X-B")
	separators.HeaderMap[1].Separator = "||||"
	if faults := mapFaults(separators); len(faults) != 1 || !strings.HasPrefix(faults[0].Expected, "mapping 2: its separator must be 1 to 3 printable characters") {
		t.Errorf("a separator: %v", faults)
	}
	separators.HeaderMap[1].Separator = "|||"
	if faults := mapFaults(separators); len(faults) != 0 {
		t.Errorf("a shorter one: %v", faults)
	}
}
