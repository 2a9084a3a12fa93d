package entra

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

const (
	ownPrefix = testClient + "/"
	appIDURI  = "https://contoso.test/orders"
)

// planParty is a relying party of one kind, with Graph at https://graph.test.
func planParty(t *testing.T, kind Kind) *RelyingParty {
	t.Helper()
	cfg := testConfig(newIDP(), nil)
	cfg.GraphURL = "https://graph.test/"
	cfg.Scopes = access.NewScopeNames(testClient, []string{appIDURI}, cfg.GraphURL)
	rp := must(New(cfg))
	if rp.cfg.Kind = kind; kind == Plain {
		rp.cfg.Scopes = nil
	}
	return rp
}

// planText writes a plan as "scopes; resource; resource", a resource of Graph with
// "G:" in front. The three scopes that are always there are left out, and the
// client id is "me".
func planText(p Plan) string {
	parts := []string{strings.Join(p.Scopes, " ")}
	for _, r := range p.Resources {
		text := strings.Join(r.Scopes, " ")
		if r.Graph {
			text = "G:" + text
		}
		parts = append(parts, text)
	}
	text := strings.ReplaceAll(strings.Join(parts, "; "), "openid profile email", "")
	return strings.ReplaceAll(strings.ReplaceAll(text, testClient, "me"), ":  ", ": ")
}

func TestPlan(t *testing.T) {
	c := func(names ...string) access.Clause { return names }
	queries, groups := PlanOptions{Graph: true}, PlanOptions{Groups: true}
	tests := []struct {
		name  string
		base  string
		unmet []access.Clause
		o     PlanOptions
		want  string
	}{
		{"a refresh token", "", nil, PlanOptions{Offline: true}, " offline_access; G: offline_access"},
		{"a refresh token that the base names too", "offline_access", nil, PlanOptions{Offline: true}, " offline_access; G: offline_access"},
		{"a refresh token and our own", "api://" + testClient + "/a", nil, PlanOptions{Offline: true}, " offline_access me/a;  offline_access me/a"},
		{"a refresh token and all of an API", "https://api.test/.default", nil, PlanOptions{Offline: true}, " offline_access https://api.test/.default;  offline_access https://api.test/.default"},
		{"nothing", "", nil, PlanOptions{}, "; G:"},
		{"default base", "email openid profile", nil, PlanOptions{}, "; G:"},
		{"base of Graph", "User.Read https://graph.test/Mail.Read", nil, PlanOptions{}, " User.Read Mail.Read; G: User.Read Mail.Read"},
		{"OpenID Connect's first", "User.Read offline_access openid", nil, PlanOptions{}, " offline_access User.Read; G: offline_access User.Read"},
		{"our own in each spelling", "api://" + testClient + "/a " + appIDURI + "/b " + ownPrefix + "a", nil, PlanOptions{}, " me/a me/b;  me/a me/b"},
		{"another API whose identifier begins like ours", appIDURI + "/x/a", nil, PlanOptions{}, " https://contoso.test/orders/x/a;  https://contoso.test/orders/x/a"},

		{"all alternatives", "", []access.Clause{c("A", "B"), c("C")}, PlanOptions{}, " A B C; G: A B C"},
		{"no duplicates", "A https://graph.test/A", []access.Clause{c("A"), c("A", "B")}, PlanOptions{}, " A B; G: A B"},
		{"unmet before base", "User.Read", []access.Clause{c("Mail.Read")}, PlanOptions{}, " Mail.Read User.Read; G: Mail.Read User.Read"},
		{
			"three resources in order", "https://b.test/x User.Read",
			[]access.Clause{c(ownPrefix + "a")},
			PlanOptions{},
			" offline_access me/a User.Read https://b.test/x;  offline_access me/a; G:User.Read; https://b.test/x",
		},
		{"alternatives of two resources", "", []access.Clause{c("Mail.Read", "api://b/x")}, PlanOptions{}, " offline_access Mail.Read api://b/x; G: offline_access Mail.Read; api://b/x"},
		{
			"others in their order", "api://c/x",
			[]access.Clause{c("api://b/x"), c("api://b/y")},
			PlanOptions{},
			" offline_access api://b/x api://b/y api://c/x;  offline_access api://b/x api://b/y; api://c/x",
		},
		{"a host that begins like Graph's", "", []access.Clause{c("https://graph.test.evil/A")}, PlanOptions{}, " https://graph.test.evil/A;  https://graph.test.evil/A"},
		{"unmet that is OpenID Connect's", "", []access.Clause{c("phone")}, PlanOptions{}, " phone; G: phone"},

		{"a name that may be ours: Graph's", "", []access.Clause{c("orders.read", ownPrefix+"orders.read")}, PlanOptions{}, " orders.read; G: orders.read"},
		{"the same in base", "orders.read", nil, PlanOptions{}, " orders.read; G: orders.read"},
		{"ours of another name in the same clause", "", []access.Clause{c("A", ownPrefix+"B")}, PlanOptions{}, " offline_access me/B A;  offline_access me/B; G:A"},

		{"queries alone", "", nil, queries, " User.Read; G: User.Read"},
		{"queries and a base of Graph", "Calendars.Read", nil, queries, " Calendars.Read; G: Calendars.Read"},
		{"queries and ours", ownPrefix + "a", nil, queries, " offline_access me/a User.Read;  offline_access me/a; G:User.Read"},
		{"queries, and one of Graph in base", "api://b/x Mail.Read", nil, queries, " offline_access Mail.Read api://b/x; G: offline_access Mail.Read; api://b/x"},
		{"groups alone", "", nil, groups, " User.Read; G: User.Read"},
		{"groups and ours: the token waits", ownPrefix + "a", nil, groups, " offline_access me/a User.Read;  offline_access me/a"},
		{"groups and Graph", "Mail.Read", nil, groups, " Mail.Read User.Read; G: Mail.Read User.Read"},

		{
			"five resources: those of unmet clauses", "api://e/1 " + ownPrefix + "a User.Read",
			[]access.Clause{c("api://b/1"), c("api://c/1"), c("api://d/1")},
			PlanOptions{},
			" offline_access api://b/1 api://c/1 api://d/1 api://e/1;  offline_access api://b/1; api://c/1; api://d/1; api://e/1",
		},
		{
			"queries before base", "api://e/1 " + ownPrefix + "a",
			[]access.Clause{c("api://b/1"), c("api://c/1"), c("api://d/1")},
			queries,
			" offline_access User.Read api://b/1 api://c/1 api://d/1; G: offline_access User.Read; api://b/1; api://c/1; api://d/1",
		},
		{
			"four unmet before queries", "",
			[]access.Clause{c("api://b/1"), c("api://c/1"), c("api://d/1"), c("api://e/1")},
			queries,
			" offline_access api://b/1 api://c/1 api://d/1 api://e/1 User.Read;  offline_access api://b/1; api://c/1; api://d/1; api://e/1",
		},

		{"everything of Graph", "https://graph.test/.default", nil, PlanOptions{}, " https://graph.test/.default; G: https://graph.test/.default"},
		{"everything of Graph, by queries", ".default", nil, queries, " .default; G: .default"},
		{"everything goes alone", "api://" + testClient + "/.default Mail.Read", nil, PlanOptions{}, " me/.default;  me/.default"},
		{"names are not mixed with everything", "Mail.Read me/.default", nil, PlanOptions{}, " Mail.Read; G: Mail.Read"},
		{"everything of ours, and queries", ownPrefix + ".default", nil, queries, " offline_access me/.default;  offline_access me/.default; G:User.Read"},
		{"everything of ours, and groups", ownPrefix + ".default", nil, groups, " offline_access me/.default;  offline_access me/.default"},
		{"unmet before everything", ownPrefix + ".default", []access.Clause{c(ownPrefix + "a")}, PlanOptions{}, " me/a;  me/a"},

		{"no scopes in a scope", "", []access.Clause{c("A B"), c("C")}, PlanOptions{}, " C; G: C"},
		{"other characters", "", []access.Clause{c(`A"`, `B\`, "C\n", "é", "", "D")}, PlanOptions{}, " D; G: D"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := planParty(t, SingleTenant).Plan(strings.Fields(tt.base), access.Missing{Scopes: tt.unmet}, tt.o)
			if text := planText(got); text != tt.want {
				t.Errorf("got  %q\nwant %q", text, tt.want)
			}
		})
	}
}

func TestPlanOfOtherKinds(t *testing.T) {
	const base = "User.Read api://b/x address"
	unmet := access.Missing{Scopes: []access.Clause{{"https://c.test/y", "read"}}}
	for _, tt := range []struct {
		kind Kind
		o    PlanOptions
		want string
	}{
		{MultiTenant, PlanOptions{}, " address offline_access read User.Read https://c.test/y api://b/x; G: address offline_access read User.Read; https://c.test/y; api://b/x"},
		{ExternalID, PlanOptions{}, " address offline_access read User.Read https://c.test/y api://b/x; G: address offline_access read User.Read; https://c.test/y; api://b/x"},
		{B2C, PlanOptions{}, " address https://c.test/y;  address https://c.test/y"},
		{B2C, PlanOptions{Graph: true}, " address https://c.test/y;  address https://c.test/y"},
		{Plain, PlanOptions{}, " address https://c.test/y read User.Read api://b/x;  address https://c.test/y read User.Read api://b/x"},
		{Plain, PlanOptions{Graph: true}, " address https://c.test/y read User.Read api://b/x;  address https://c.test/y read User.Read api://b/x"},
	} {
		if got := planText(planParty(t, tt.kind).Plan(strings.Fields(base), unmet, tt.o)); got != tt.want {
			t.Errorf("%v %+v:\ngot  %q\nwant %q", tt.kind, tt.o, got, tt.want)
		}
	}
	for kind, want := range map[Kind]string{B2C: "; ", Plain: "; ", ExternalID: " User.Read; G: User.Read"} {
		if got := planText(planParty(t, kind).Plan(nil, access.Missing{}, PlanOptions{Graph: true, Groups: true})); got != want {
			t.Errorf("%v without scopes: %q, want %q", kind, got, want)
		}
	}
	if got := planText(planParty(t, Plain).Plan([]string{"a/.default", "b"}, access.Missing{}, PlanOptions{})); got != " a/.default b;  a/.default b" {
		t.Errorf("names mean nothing there: %q", got)
	}
	if got := planText(planParty(t, B2C).Plan([]string{testClient}, access.Missing{}, PlanOptions{})); got != " me;  me" {
		t.Errorf("our own API as B2C names it: %q", got)
	}
}

// Once the registration is known, a bare name of its own means ours.
func TestPlanLearns(t *testing.T) {
	rp := planParty(t, SingleTenant)
	clause := access.Clause(rp.cfg.Scopes.Rule("orders.read"))
	rp.cfg.Scopes.Learn([]string{"api://learned"}, []string{"orders.read"})
	for _, tt := range []struct{ base, want string }{
		{"", " me/orders.read;  me/orders.read"},
		{"orders.read api://learned/x", " me/orders.read me/x;  me/orders.read me/x"},
		{"https://graph.test/orders.write", " offline_access me/orders.read orders.write;  offline_access me/orders.read; G:orders.write"},
	} {
		if got := planText(rp.Plan(strings.Fields(tt.base), access.Missing{Scopes: []access.Clause{clause}}, PlanOptions{})); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.base, got, tt.want)
		}
	}
	graphs := access.Clause{rp.cfg.Scopes.Canonical("https://graph.test/orders.read")}
	if got := planText(rp.Plan(nil, access.Missing{Scopes: []access.Clause{graphs}}, PlanOptions{})); got != " orders.read; G: orders.read" {
		t.Errorf("Graph's of the same name: %q", got)
	}
}

// Trips go on until nothing is missing: no combination may repeat itself.
func TestPlansComeToAnEnd(t *testing.T) {
	names := []string{"A", ownPrefix + "a", "api://b/x", "api://b/y", "https://c.test/z", "api://d/x", "api://e/x", "phone"}
	for _, kind := range []Kind{SingleTenant, B2C, Plain} {
		rp := planParty(t, kind)
		for mask := range 1 << len(names) {
			for _, graph := range []bool{false, true} {
				if graph && !rp.hasGraph() {
					continue // a rule that needs it is refused
				}
				for _, base := range [][]string{nil, {"User.Read"}, {"api://b/x"}, {"https://f.test/z", "api://g/.default"}} {
					if left := tripsLeft(rp, base, names, mask, graph); left != "" {
						t.Fatalf("%v, mask %b, graph %v, base %q: %s", kind, mask, graph, base, left)
					}
				}
			}
		}
	}
}

func tripsLeft(rp *RelyingParty, base, names []string, mask int, graph bool) string {
	var m access.Missing
	for i, name := range names {
		if mask&(1<<i) != 0 {
			m.Scopes = append(m.Scopes, access.Clause{name})
		}
	}
	for range len(names) + 1 {
		p := rp.Plan(base, m, PlanOptions{Graph: graph})
		var asked []string
		for _, r := range p.Resources {
			asked = append(asked, r.Scopes...)
			graph = graph && !r.Graph && rp.cfg.Kind != B2C
		}
		if want := maxResources; len(p.Resources) > want || len(p.Resources) == 0 {
			return fmt.Sprintf("%d resources", len(p.Resources))
		}
		m.Scopes = slices.DeleteFunc(m.Scopes, func(c access.Clause) bool { return slices.Contains(asked, c[0]) })
	}
	if len(m.Scopes) > 0 || graph {
		return fmt.Sprintf("still missing %q, graph %v", m.Scopes, graph)
	}
	return ""
}
