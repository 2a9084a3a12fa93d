package translate

import (
	"fmt"
	"strings"
	"testing"
)

// many is plainIngress with this many paths, which lead to so many Services in turn.
func many(paths, services int) string {
	var b strings.Builder
	for i := range paths {
		fmt.Fprintf(&b, "          - {path: /p%d, pathType: Prefix, backend: {service: {name: app%d, port: {number: 80}}}}\n", i, i%services)
	}
	head, _, _ := strings.Cut(plainIngress, "          - path: /a\n")
	return head + b.String() + "---\n"
}

// The Gateway API takes 16 rules of an HTTPRoute and 64 matches of a rule. More become several, all protected.
func TestGatewayLimits(t *testing.T) {
	known := definitions(t)
	for name, c := range map[string]struct{ paths, services, routes int }{
		"all that fits":     {64, 1, 1},
		"one path more":     {65, 1, 1},
		"16 Services":       {16, 16, 1},
		"17 Services":       {17, 17, 2},
		"16 rules of 64":    {1024, 1, 1},
		"one path too many": {1025, 1, 2},
	} {
		r := translation(t, many(c.paths, c.services), "envoy-gateway")
		objects, err := objectsOf(r.Text, known)
		if err != nil || r.Refused != 0 {
			t.Errorf("%s: %v\n%s", name, err, lines(r.Notes))
			continue
		}
		routes, targets, matches := 0, 0, 0
		for _, o := range objects {
			switch {
			case o["kind"] == "SecurityPolicy":
				targets += len(o["targetRefs"].([]any))
			case o["kind"] == "HTTPRoute" && o["namespace"] == "shop":
				routes++
				for _, rule := range o["rules"].([]any) {
					matches += len(rule.(map[string]any)["matches"].([]any))
				}
			}
		}
		if routes != c.routes || targets != routes || matches != c.paths {
			t.Errorf("%s: %d routes, %d of them protected, with %d paths", name, routes, targets, matches)
		}
	}
}

// A Gateway takes 64 listeners: one for plain http and 63 hosts.
func TestGatewayListeners(t *testing.T) {
	for hosts, told := range map[int]bool{63: false, 64: true} {
		var text strings.Builder
		for i := range hosts {
			one := strings.ReplaceAll(plainIngress, "app.example.com", fmt.Sprintf("h%d.example.com", i))
			text.WriteString(strings.Replace(one, "name: app\n  namespace", fmt.Sprintf("name: app%d\n  namespace", i), 1))
		}
		if r := translation(t, text.String(), "envoy-gateway"); r.Refused != 0 || strings.Contains(lines(r.Notes), "the Gateway has 65 listeners; one takes 64") != told {
			t.Errorf("%d hosts: %s", hosts, lines(r.Notes))
		}
	}
}

// Two Secrets of one name are two certificates when their namespaces differ.
func TestCertificateOfTwoNamespaces(t *testing.T) {
	for namespace, told := range map[string]bool{"shop": false, "other": true} {
		second := strings.Replace(plainIngress, "name: app\n  namespace: shop", "name: second\n  namespace: "+namespace, 1)
		second = strings.Replace(second, "path: /a", "path: /b", 1)
		for _, to := range Targets() {
			if r := translation(t, plainIngress+second, to); r.Refused != 0 || strings.Contains(lines(r.Notes), "tls: app.example.com has another certificate already, shop/app-tls") != told {
				t.Errorf("%s %s: %s", to, namespace, lines(r.Notes))
			}
		}
	}
}
