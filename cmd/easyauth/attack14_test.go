package main

import (
	"strings"
	"testing"
)

// TestAttack14ManyTenants: without a list of those that are allowed, every tenant
// of the world would be let in, so the server does not start.
func TestAttack14ManyTenants(t *testing.T) {
	for _, word := range []string{"organizations", "common"} {
		open := with(t, map[string]string{"EASYAUTH_TENANT_ID": word, "EASYAUTH_ALLOWED_TENANTS": ""})
		for _, command := range []string{"serve", "check-config"} {
			code, _, stderr := execute(t, open, command)
			if code != exitUsage || !strings.Contains(stderr, "EASYAUTH_ALLOWED_TENANTS: is required") {
				t.Errorf("%s with %s and no list: exit code %d\n%s", command, word, code, stderr)
			}
		}
		closed := with(t, map[string]string{"EASYAUTH_TENANT_ID": word, "EASYAUTH_ALLOWED_TENANTS": "6f1d3a52-8c07-4b1e-9a64-2d5e7c90b3f1"})
		if code, _, stderr := execute(t, closed, "check-config"); code != exitOK {
			t.Errorf("%s with a list: exit code %d\n%s", word, code, stderr)
		}
	}
	for _, word := range []string{"consumers", "Organizations,common"} {
		code, _, stderr := execute(t, with(t, map[string]string{"EASYAUTH_TENANT_ID": word}), "serve")
		if code != exitUsage || !strings.Contains(stderr, "EASYAUTH_TENANT_ID") {
			t.Errorf("%s: exit code %d\n%s", word, code, stderr)
		}
	}
}
