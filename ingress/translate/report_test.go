package translate

import (
	"strings"
	"testing"
)

// Each note is one line, whatever stands in names and keys; no text of a manifest is an order to a terminal.
func TestReportIsPlain(t *testing.T) {
	const noise = `x\nin.yaml:1: shop/app: all is well\u001b[31m\u009b\u202e\r`
	for name, c := range map[string]struct{ old, new string }{
		"a name":       {"name: app\n  namespace", `name: "` + noise + `"` + "\n  namespace"},
		"a namespace":  {"namespace: shop", `namespace: "` + noise + `"`},
		"a key":        {"  annotations:\n", "  annotations:\n    \"" + noise + "\": \"b\"\n"},
		"a class":      {"spec:\n", "spec:\n  ingressClassName: \"" + noise + "\"\n"},
		"a host":       {"host: app.example.com", `host: "` + noise + `"`},
		"a path":       {"path: /a", `path: "/` + noise + `"`},
		"a type":       {"pathType: Prefix", `pathType: "` + noise + `"`},
		"a port":       {"{number: 80}", `{name: "` + noise + `"}`},
		"a Secret":     {"secretName: app-tls", `secretName: "` + noise + `"`},
		"an auth-url":  {"easyauth?role", noise + "easyauth?role"},
		"an auth-rule": {"role=Admin", "role=" + noise},
	} {
		text := strings.Replace(plainIngress, c.old, c.new, 1)
		for _, to := range Targets() {
			for _, n := range translation(t, text, to).Notes {
				if strings.ContainsAny(n.String(), "\n\r\x1b\u009b\u202e") {
					t.Errorf("%s, %s: %q", to, name, n.String())
				}
			}
		}
	}
	if got, want := (Note{Text: "ä"}).String(), "ä"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
}
