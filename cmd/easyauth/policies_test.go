package main

import (
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
)

// The examples of network policies name the ports and labels that there are, and the one
// that stands in the documents is the file's.
func TestNetworkPoliciesAgree(t *testing.T) {
	cfg, _, err := config.Load(environ(with(t, map[string]string{"EASYAUTH_LISTEN": "", "EASYAUTH_ADMIN_LISTEN": ""})), config.Roles{})
	if err != nil {
		t.Fatal(err)
	}
	_, public, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		t.Fatal(err)
	}
	_, admin, err := net.SplitHostPort(cfg.AdminListen)
	if err != nil {
		t.Fatal(err)
	}
	file := text(t, "../../examples/ingress/network-policies.yaml")
	_, file, _ = strings.Cut(file, "\napiVersion: ")
	documents := strings.Split("apiVersion: "+file, "---\n")
	if len(documents) != 2 {
		t.Fatalf("%d policies, want one of the application and one of EasyAuth", len(documents))
	}
	application, own := documents[0], documents[1]

	deployment := text(t, "../../examples/ingress/easyauth.yaml")
	for _, of := range []struct{ what, text, pattern string }{
		{"namespace", deployment, `\n  namespace: (\S+)\n`},
		{"label", deployment, `\n      labels:\n        (app\.kubernetes\.io/name: \S+)\n`},
	} {
		if value := match(t, of.text, of.pattern); !strings.Contains(own, " "+value+"\n") {
			t.Errorf("EasyAuth's policy does not name the %s %s of easyauth.yaml", of.what, value)
		}
	}
	if namespace := match(t, text(t, "../../examples/ingress/plain.yaml"), `\n  namespace: (\S+)\n`); !strings.Contains(application, "\n  namespace: "+namespace+"\n") {
		t.Errorf("the application's policy is not of the namespace %s of plain.yaml", namespace)
	}
	for i, part := range strings.Split(own, "    - from:\n")[1:] {
		who, port := match(t, part, `metadata\.name: (\S+)\n`), match(t, part, `port: (\d+)\n`)
		if want := [][2]string{{"ingress-nginx", public}, {"monitoring", admin}}; i >= len(want) || (want[i] != [2]string{who, port}) {
			t.Errorf("%s may reach port %s, want one each of %v", who, port, want)
		}
	}

	if strings.Count(text(t, "../../docs/security.md"), "\n```yaml\n"+application+"```\n") != 1 {
		t.Error("docs/security.md does not hold the application's policy as it is in the file")
	}
	for _, policy := range documents {
		// A dash before podSelector would be another peer: pods of the policy's own namespace, or any of the controller's.
		// A peer or a rule without selectors would be everybody.
		for _, wrong := range []string{"- podSelector", "- {}", "from: []", "ingress: []", "Egress"} {
			if strings.Contains(policy, wrong) {
				t.Errorf("a policy says %q:\n%s", wrong, policy)
			}
		}
		rules := strings.Count(policy, "    - from:\n")
		for _, every := range []string{"        - namespaceSelector:\n", "          podSelector:\n", "      ports:\n        - protocol: TCP\n"} {
			if n := strings.Count(policy, every); n != rules || n == 0 {
				t.Errorf("%d rules, but %d times %q:\n%s", rules, n, every, policy)
			}
		}
		if !slices.Contains(strings.Split(policy, "\n"), `  policyTypes: ["Ingress"]`) {
			t.Errorf("a policy of another type:\n%s", policy)
		}
	}
}
