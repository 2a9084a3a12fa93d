package translate

import (
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/headers"
)

func TestConfig(t *testing.T) {
	m := manifestOf(t, plainIngress)
	good := Config{To: "envoy-gateway", Namespace: "a", Gateway: "infra/edge", GatewayClass: "envoy", HeaderPrefix: "x-who-"}
	r, err := Translate(m, good)
	if err != nil || r.Refused != 0 || !strings.Contains(r.Text, "namespace: infra") || !strings.Contains(r.Text, "gatewayClassName: envoy") || !strings.Contains(r.Text, "x-who-oid") {
		t.Fatalf("%v\n%s", err, r.Text)
	}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Config){
		"no target":         func(c *Config) { c.To = "" },
		"another target":    func(c *Config) { c.To = "nginx" },
		"a gateway alone":   func(c *Config) { c.Gateway = "edge" },
		"a bad gateway":     func(c *Config) { c.Gateway = "infra/Edge" },
		"a bad class":       func(c *Config) { c.GatewayClass = "a b" },
		"a bad namespace":   func(c *Config) { c.Namespace = "a.b" },
		"a bad prefix":      func(c *Config) { c.HeaderPrefix = "x-who" },
		"a prefix of noise": func(c *Config) { c.HeaderPrefix = "x\"-" },
	} {
		c := good
		change(&c)
		if err := c.Check(); err == nil {
			t.Errorf("%s: passed the check", name)
		}
		if _, err := Translate(m, c); err == nil {
			t.Errorf("%s: was taken", name)
		}
	}
	if r, err := Translate(manifestOf(t, strings.Replace(plainIngress, "  namespace: shop\n", "", 1)), good); err != nil || r.Refused != 0 || !strings.Contains(r.Text, "namespace: a\n") {
		t.Errorf("%v %s", err, lines(r.Notes))
	}
}

// A gateway that is named for a target that writes none would be looked for in vain.
func TestGatewayIsForEnvoyAlone(t *testing.T) {
	m := manifestOf(t, plainIngress)
	for _, to := range Targets() {
		for name, c := range map[string]Config{"a gateway": {To: to, Gateway: "infra/edge"}, "a class": {To: to, GatewayClass: "envoy"}} {
			_, err := Translate(m, c)
			if taken := err == nil; taken != (to == "envoy-gateway") || !taken && !strings.HasSuffix(err.Error(), "is written for "+to) {
				t.Errorf("%s for %s: %v", name, to, err)
			}
		}
		if _, err := Translate(m, Config{To: to}); err != nil {
			t.Errorf("neither for %s: %v", to, err)
		}
	}
}

// What applications get is what the server sends.
func TestIdentityHeaders(t *testing.T) {
	for _, prefix := range []string{usualPrefix, "X-Who-"} {
		server, err := headers.New(headers.Config{Prefix: prefix})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := (&plan{config: Config{HeaderPrefix: prefix}}).identityHeaders(), server.Names(); !slices.Equal(got, want) {
			t.Errorf("%v, but the server sends %v", got, want)
		}
	}
}
