package e2e

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

func TestAttack06And27Claims(t *testing.T) {
	t.Parallel()
	tests := []struct {
		encoding, mallory, zoe string
	}{
		{"UrlEncode", url.QueryEscape(entra.MalloryName), url.QueryEscape(entra.ZoeName)},
		{"Base64", "", ""},
		{"None", "encoding_error", entra.ZoeName},
		{"NoneWithReject", "encoding_error", ""},
	}
	for _, tt := range tests {
		t.Run(tt.encoding, func(t *testing.T) {
			t.Parallel()
			cfg := oneHost()
			cfg.Env = map[string]string{"EASYAUTH_CLAIM_ENCODING": tt.encoding}
			s := start(t, cfg)
			for user, want := range map[string]string{entra.Mallory: tt.mallory, entra.Zoe: tt.zoe} {
				e := signedIn(t, s, user).get("/echo").echo(t)
				if got := e.Headers.Get("X-Injected-Name"); want != "" && got != want {
					t.Errorf("%s: name %q, want %q", user, got, want)
				}
				for name, values := range e.Headers {
					if len(values) != 1 || strings.ContainsAny(values[0], "\r\n\x00") || strings.HasPrefix(name, "X-Injected-Roles") && strings.Contains(values[0], "Admin") {
						t.Errorf("%s: %s: %.100q", user, name, values)
					}
				}
				for _, line := range e.identity() {
					name, _, _ := strings.Cut(line, ": ")
					if !slices.Contains(identityNames(), strings.ToLower(name)) {
						t.Errorf("%s: an unexpected header %.100q", user, line)
					}
				}
			}
			v := newVisitor(t, s, entra.Mallory)
			if r := v.open("/admin"); r.status != http.StatusForbidden || v.get("/api/admin/x").status != http.StatusUnauthorized {
				t.Errorf("Mallory at /admin: %d", r.status)
			}
		})
	}
}

func TestAttack26HugeClaims(t *testing.T) {
	t.Parallel()
	cfg := oneHost()
	cfg.Rules = []stand.Rule{{Path: "/api/graph", Query: "role-any=Guest,Admin&scope=User.Read&graph=/me"}}
	s := start(t, cfg)
	tests := []struct {
		user, oid, roles string
		graph            bool // Graph's answer fits
	}{
		{entra.Adele, entra.AdeleOID, "Admin|Orders.Write", true},
		{entra.Mallory, entra.MalloryOID, "Guest", false}, // 10 KB of job title
	}
	for _, tt := range tests {
		e := newVisitor(t, s, tt.user).open("/api/graph/x").echo(t)
		h := e.Headers
		if h.Get("X-Injected-Oid") != tt.oid || h.Get("X-Injected-Roles") != tt.roles || !strings.Contains(h.Get("X-Injected-Scp"), "User.Read") {
			t.Errorf("%s: oid %q, roles %q, scp %q", tt.user, h.Get("X-Injected-Oid"), h.Get("X-Injected-Roles"), h.Get("X-Injected-Scp"))
		}
		if got := h.Get("X-Injected-Graph") != ""; got != tt.graph {
			t.Errorf("%s: graph %.100q, overflow %q", tt.user, h.Get("X-Injected-Graph"), h.Get("X-Injected-Overflow"))
		}
		if named := strings.Contains(h.Get("X-Injected-Overflow"), "graph"); named == tt.graph {
			t.Errorf("%s: overflow %q", tt.user, h.Get("X-Injected-Overflow"))
		}
	}
	for user, groups := range map[string]int{entra.Max: 200, entra.Grace: 250} {
		h := signedIn(t, s, user).get("/echo").echo(t).Headers
		if h.Get("X-Injected-Groups") != "" || !strings.Contains(h.Get("X-Injected-Overflow"), "groups") || h.Get("X-Injected-Oid") == "" {
			t.Errorf("%s with %d groups: groups %.100q, overflow %q", user, groups, h.Get("X-Injected-Groups"), h.Get("X-Injected-Overflow"))
		}
	}
}

func TestAttack28GraphOfAnotherQuery(t *testing.T) {
	t.Parallel()
	cfg := oneHost()
	cfg.Rules = []stand.Rule{
		{Path: "/api/me", Query: "graph=/me"},
		{Path: "/api/boss", Query: "scope=User.Read.All&graph=/me/manager"},
		{Path: "/api/both", Query: "graph=boss&graph=/me", API: true},
	}
	s := start(t, cfg)
	v := newVisitor(t, s, entra.Adele)
	graph := func(path string) string { return v.open(path).echo(t).Headers.Get("X-Injected-Graph") }
	me := graph("/api/me/1")
	if !strings.Contains(me, "Retail+Manager") || strings.Contains(me, "Grace") {
		t.Errorf("/me: %q", me)
	}
	if r := v.get("/api/boss/1"); r.status != http.StatusFound {
		t.Fatalf("/me/manager with the answer of /me alone: %d", r.status)
	}
	if r := v.get("/api/both/1"); r.status != http.StatusUnauthorized {
		t.Errorf("both, with one of them: %d", r.status)
	}
	if boss := graph("/api/boss/1"); !strings.Contains(boss, "Grace") || strings.Contains(boss, "Retail") {
		t.Errorf("/me/manager: %q", boss)
	}
	if again := graph("/api/me/1"); again != me {
		t.Errorf("/me afterwards: %q", again)
	}
	if plain := graph("/echo"); plain != "" {
		t.Errorf("a page that asks for nothing: %q", plain)
	}
	if r := v.get("/api/both/1"); r.status != http.StatusUnauthorized {
		t.Errorf("another query of the manager, by name: %d", r.status)
	}
}
