package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/entra"
	"github.com/easyauth-sidecar/easyauth/test/stand"
)

func TestAttack18And19Rules(t *testing.T) {
	t.Parallel()
	cfg := oneHost()
	bad := []string{"roles=Admin", "role=", "role=|", "role=%zz", "role=Admin|", "role", "Role=Admin", "role=Admin&x=1", "role=Admin&", "scope=", "graph=nope", "graph=//evil.test/me"}
	for i, query := range bad {
		cfg.Rules = append(cfg.Rules, stand.Rule{Path: fmt.Sprintf("/api/bad/%d/", i), Query: query, API: i%2 == 0})
	}
	cfg.Rules = append(cfg.Rules, stand.Rule{Path: "/api/lower", Query: "role=admin", API: true}, stand.Rule{Path: "/api/upper", Query: "role=ADMIN|AUDITOR", API: true},
		stand.Rule{Path: "/api/either", Query: "role=admin|Admin", API: true}, stand.Rule{Path: "/api/any", Query: "role-any=admin,Admin", API: true})
	s := start(t, cfg)
	visitors := map[string]*visitor{"Adele": signedIn(t, s, entra.Adele), "Bob": signedIn(t, s, entra.Bob), "nobody": newVisitor(t, s, "")}
	for name, v := range visitors {
		for i, query := range append(bad, "the stand's own") {
			path := fmt.Sprintf("/api/bad/%d/x", i)
			if i == len(bad) {
				path = "/bad"
			}
			for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodOptions} {
				if r := v.do(method, path, page()); r.status != http.StatusForbidden || len(r.header["Set-Cookie"]) > 0 {
					t.Errorf("%s, %q: %s is answered %d, cookies %q", name, query, method, r.status, r.header["Set-Cookie"])
				}
			}
		}
	}
	if log := s.Log(); !strings.Contains(log, `"reason":"bad_query"`) || !strings.Contains(log, `"level":"ERROR"`) {
		t.Error("nothing loud in the log")
	}
	for path, want := range map[string]int{"/api/lower": 401, "/api/upper": 401, "/api/either": 200, "/api/any": 200, "/api/admin": 200} {
		if r := visitors["Adele"].get(path + "/x"); r.status != want {
			t.Errorf("Adele at %s: %d, want %d", path, r.status, want)
		}
	}
}
