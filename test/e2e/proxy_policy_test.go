package e2e

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

const officePolicies = `
EASYAUTH_EXPLAIN: true
policies:
  office:
    deny:
      - {name: outside, none: [{source: {in: [NETWORK]}}]}
    allow:
      - {name: admins, any: [{role: {is: Admin}}, {expr: 'identity.preferred_username.startsWith("adele")'}]}
      - {name: readers, all: [{method: {in: [GET, HEAD]}}, {path: {starts_with: /office/open}}]}
  strong:
    allow:
      - {name: strong, acr: {is: c1}}
`

// Policies behind nginx: who asks, from where, for what, and what nobody can say of
// themselves. A change of them counts at once.
func TestPolicies(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "easyauth.yaml")
	put := func(network string) { write(t, file, []byte(strings.ReplaceAll(officePolicies, "NETWORK", network))) }
	put("127.0.0.0/8")
	cfg := oneHost()
	cfg.Env = map[string]string{"EASYAUTH_CONFIG_FILE": file, "EASYAUTH_TRUSTED_PROXIES": "127.0.0.1", "EASYAUTH_READ_REGISTRATION": "false"}
	cfg.Rules = []stand.Rule{
		{Path: "/office", Query: "policy=office"},
		{Path: "/both", Query: "policy=office&role=Admin"},
		{Path: "/strong", Query: "policy=strong"},
		{Path: "/missing", Query: "policy=nobody"},
	}
	s := start(t, cfg)
	adele, bob := signedIn(t, s, entra.Adele), signedIn(t, s, entra.Bob)
	for _, row := range []struct {
		name   string
		v      *visitor
		method string
		path   string
		want   int // 0: a page of ours says no
	}{
		{"by the expression", adele, http.MethodPost, "/office/x", http.StatusOK},
		{"reading what is open", bob, http.MethodGet, "/office/open/x", http.StatusOK},
		{"reading what is not", bob, http.MethodGet, "/office/closed", 0},
		{"what only begins alike", bob, http.MethodGet, "/office/opening", 0},
		{"writing what is open to readers", bob, http.MethodPost, "/office/open/x", 0},
		{"a path of two readings", adele, http.MethodGet, "/office/open/%252e%252e/admin", 0},
		{"the same, written out", adele, http.MethodGet, "/office/open/admin", http.StatusOK},
		{"a policy that there is not", adele, http.MethodGet, "/missing", http.StatusForbidden},
		{"the policy, and a role that is missing", bob, http.MethodGet, "/both", 0},
	} {
		r := row.v.do(row.method, row.path, page())
		if row.want != 0 {
			if r.status != row.want {
				t.Errorf("%s: %d, want %d", row.name, r.status, row.want)
			}
			continue
		}
		if r = row.v.follow(r); r.status != http.StatusForbidden || !strings.Contains(r.body, "You may not open this page") {
			t.Errorf("%s: %d\n%.400s", row.name, r.status, r.body)
		}
	}
	if r := signedIn(t, s, entra.Adele).open("/strong"); r.status != http.StatusOK {
		t.Errorf("a stronger sign-in: %d\n%.300s", r.status, r.body)
	}

	put("10.0.0.0/8")
	hangup(t, adele, 0)
	spoofed := page()
	for _, name := range []string{"X-Real-Ip", "X-Forwarded-For", "X-Client-Ip", "True-Client-Ip"} {
		spoofed.Set(name, "10.1.2.3")
	}
	for name, h := range map[string]http.Header{"as it is": page(), "with an address of the client's own": spoofed} {
		r := adele.follow(adele.do(http.MethodGet, "/office/x", h))
		for _, word := range []string{"office", "outside", "policy_denied"} { // policy, rule, reason
			if r.status != http.StatusForbidden || !strings.Contains(r.body, ">"+word+"<") {
				t.Errorf("from outside, %s: %d, without %s\n%.600s", name, r.status, word, r.body)
			}
		}
	}
	if !strings.Contains(s.Log(), `"policy":"office","rule":"outside"`) {
		t.Error("the log does not name the rule")
	}
}
