package ingress_test

import (
	"testing"

	"github.com/easyauth-sidecar/easyauth/ingress"
)

func TestSpellings(t *testing.T) {
	const want = "x-injected-oid"
	for _, sign := range "-!#$%&'*+.^_`|~" {
		if got := ingress.Fold("X" + string(sign) + "iNJected" + string(sign) + "OID"); got != want {
			t.Errorf("%c: %q", sign, got)
		}
	}
	if got := ingress.Fold("x-injected1oid"); got == want {
		t.Errorf("a digit is no sign: %q", got)
	}
	for name, want := range map[string]bool{
		"Forwarded": true, "forwarded": true, "X-Original-Url": true, "x-original-anything": true, "X-Rewrite-URL": true,
		"Forwarded-For": false, "X-Originality": false, "X-Forwarded-For": false, "X-Rewrite": false, "": false,
	} {
		if got := ingress.Rerouting(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}
