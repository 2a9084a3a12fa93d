package translate

import (
	"strings"
	"testing"
)

// easyauth proxy is one EasyAuth with one base path.
func TestInlineIsOneEasyAuth(t *testing.T) {
	second := func(was, is string) string {
		other := strings.ReplaceAll(strings.Replace(plainIngress, "name: app\n  namespace", "name: other\n  namespace", 1), "app.example.com", "b.example.com")
		return plainIngress + strings.Replace(other, was, is, 1)
	}
	for name, c := range map[string]struct {
		text    string
		refused int
	}{
		"the same":              {second("", ""), 0},
		"another Service":       {second("easyauth.easyauth.svc", "login.easyauth.svc"), 2},
		"another namespace":     {second("easyauth.easyauth.svc", "easyauth.other.svc"), 2},
		"another base":          {second("local/easyauth/auth", "local/login/auth"), 2},
		"another port of it":    {second("cluster.local/", "cluster.local:8080/"), 0},
		"another base for both": {strings.ReplaceAll(second("", ""), "local/easyauth/auth", "local/login/auth"), 0},
	} {
		r := translation(t, c.text, "inline")
		report := lines(r.Notes)
		if r.Refused != c.refused || strings.Contains(report, "easyauth proxy is one EasyAuth") != (c.refused > 0) ||
			strings.Contains(report, "set EASYAUTH_BASE_PATH=/login\n") != (name == "another base for both") {
			t.Errorf("%s: %s", name, report)
		}
		if r := translation(t, c.text, "caddy"); r.Refused != 0 {
			t.Errorf("%s for Caddy: %s", name, lines(r.Notes))
		}
	}
}
