package headers_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/headers"
)

// Whoever takes away what begins with a prefix takes away all headers of a profile: those beside come from the
// configuration.
func TestPrefixes(t *testing.T) {
	for _, profile := range []headers.Profile{headers.EasyAuth, headers.OAuth2Proxy, headers.Pomerium, headers.Authentik} {
		r := renderer(t, headers.Config{Prefix: "X_Mine-", Profile: profile})
		prefixes := r.Prefixes()
		if !slices.Contains(prefixes, "x-mine-") || profile == headers.EasyAuth && len(prefixes) != 1 {
			t.Errorf("%v: %q", profile, prefixes)
		}
		for _, name := range r.Names() {
			if !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) }) {
				t.Errorf("%v: %s begins with none of %q", profile, name, prefixes)
			}
		}
	}
}
