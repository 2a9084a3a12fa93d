package entra

import (
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

func TestPlan(t *testing.T) {
	const own = "api://" + testClient
	c := func(names ...string) access.Clause { return names }
	tests := []struct {
		name  string
		base  string
		unmet []access.Clause
		graph bool
		want  string // after openid profile email
		runs  bool
	}{
		{"nothing", "", nil, false, "", false},
		{"default base", "openid profile email", nil, false, "", false},
		{"offline_access goes with the others", "User.Read offline_access openid", nil, false, "offline_access User.Read", false},
		{"base of Graph", "User.Read https://graph.test/Mail.Read", nil, false, "User.Read Mail.Read", false},
		{"base of our API", own + "/a", nil, false, own + "/a", false},
		{"base of two resources: the first", own + "/a User.Read api://b/c", nil, false, own + "/a", false},

		{"all alternatives", "", []access.Clause{c("A", "B"), c("C")}, false, "A B C", false},
		{"no duplicates", "A", []access.Clause{c("A", "https://graph.test/A"), c("A")}, false, "A", false},
		{"unmet wins over base", "User.Read", []access.Clause{c("api://b/x")}, false, "api://b/x", false},
		{"unmet and base of one resource", "User.Read", []access.Clause{c("Mail.Read")}, false, "Mail.Read User.Read", false},
		{"first unmet wins", "", []access.Clause{c("api://b/x"), c("Mail.Read"), c("api://b/y")}, false, "api://b/x api://b/y", false},
		{"alternatives of two resources", "", []access.Clause{c("Mail.Read", "api://b/x")}, false, "Mail.Read", false},
		{"unmet that is OpenID Connect's", "api://b/x", []access.Clause{c("offline_access")}, false, "offline_access api://b/x", false},
		{"unmet without a resource does not choose", "", []access.Clause{c("email"), c("api://b/x")}, false, "api://b/x", false},
		{"deep resource", "", []access.Clause{c("https://a.test/b/c/d"), c("https://a.test/b/c/e"), c("https://a.test/b/f")}, false, "https://a.test/b/c/d https://a.test/b/c/e", false},
		{"our API by both names", "", []access.Clause{c(own + "/a"), c(testClient + "/b")}, false, own + "/a " + testClient + "/b", false},
		{"a host that begins like Graph's", "", []access.Clause{c("https://graph.test.evil/A"), c("B")}, false, "https://graph.test.evil/A", false},
		{"everything that Graph has", "", []access.Clause{c("https://graph.test/.default")}, false, "https://graph.test/.default", false},

		{"graph alone", "", nil, true, "User.Read", true},
		{"graph with a base of Graph", "Calendars.Read", nil, true, "Calendars.Read", true},
		{"graph with an unmet of Graph", "", []access.Clause{c("Mail.Read")}, true, "Mail.Read", true},
		{"graph with an unmet of another: next trip", "", []access.Clause{c("api://b/x")}, true, "api://b/x", false},
		{"graph wins over base of another, or there is no end", own + "/a", nil, true, "User.Read", true},
		{"graph with an unmet without a resource", "", []access.Clause{c("email")}, true, "User.Read", true},

		{"no scopes in a scope", "", []access.Clause{c("A B"), c("C")}, false, "C", false},
		{"what is no scope does not choose", own + "/a", []access.Clause{c("A B")}, false, own + "/a", false},
		{"other characters", "", []access.Clause{c(`A"`, `B\`, "C\n", "é", "", "D")}, false, "D", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := testConfig(newIDP(), nil)
			cfg.GraphURL = "https://graph.test/"
			got := must(New(cfg)).Plan(strings.Fields(tt.base), tt.unmet, tt.graph)
			want := append([]string{"openid", "profile", "email"}, strings.Fields(tt.want)...)
			if !slices.Equal(got.Scopes, want) || got.Graph != tt.runs {
				t.Errorf("%q, graph %v; want %q, %v", got.Scopes, got.Graph, want, tt.runs)
			}
		})
	}
}

func TestPlanOfAPlainProvider(t *testing.T) {
	cfg := testConfig(newIDP(), nil)
	cfg.TenantID = ""
	got := must(New(cfg)).Plan(nil, nil, true)
	if len(got.Scopes) != 3 || !got.Graph {
		t.Errorf("%+v: User.Read means nothing there", got)
	}
}

// Trips go on until nothing is missing: no combination may repeat itself.
func TestPlansComeToAnEnd(t *testing.T) {
	rp := must(New(testConfig(newIDP(), nil)))
	names := []string{"A", "B", "api://b/x", "api://b/y", "https://c.test/z", "offline_access"}
	for mask := range 1 << len(names) {
		for _, graph := range []bool{false, true} {
			for _, base := range [][]string{nil, {"User.Read"}, {"api://b/x"}, {"https://c.test/z"}} {
				var unmet []access.Clause
				for i, name := range names {
					if mask&(1<<i) != 0 {
						unmet = append(unmet, access.Clause{name})
					}
				}
				trips := 0
				for missing := graph; len(unmet) > 0 || missing; trips++ {
					p := rp.Plan(base, unmet, missing)
					unmet = slices.DeleteFunc(unmet, func(c access.Clause) bool { return slices.Contains(p.Scopes, c[0]) })
					if missing = missing && !p.Graph; trips > 4 {
						t.Fatalf("mask %b, graph %v, base %q: still missing %q, graph %v", mask, graph, base, unmet, missing)
					}
				}
			}
		}
	}
}

func TestScopeNames(t *testing.T) {
	rp := must(New(testConfig(newIDP(), nil)))
	for in, want := range map[string]string{
		"User.Read":                                 "User.Read",
		"https://graph.microsoft.com/User.Read":     "User.Read",
		"https://graph.microsoft.com/":              "https://graph.microsoft.com/",
		"https://graph.microsoft.com/.default":      "https://graph.microsoft.com/.default",
		"https://graph.microsoft.com.evil/A":        "https://graph.microsoft.com.evil/A",
		"api://" + testClient + "/access_as_user":   "api://" + testClient + "/access_as_user",
		testClient + "/access_as_user":              testClient + "/access_as_user",
		"api://other/access_as_user":                "api://other/access_as_user",
		"api://x/" + testClient + "/access_as_user": "api://x/" + testClient + "/access_as_user",
	} {
		if got := rp.withoutGraph(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
