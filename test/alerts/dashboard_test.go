package alerts

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// dashboard is as much of Grafana's model as is checked.
type dashboard struct {
	UID           string `json:"uid"`
	SchemaVersion int    `json:"schemaVersion"`
	Templating    struct {
		List []struct {
			Name, Type, Definition string
			Datasource             *datasource
		}
	}
	Panels []panel
}

type datasource struct{ Type, UID string }

type panel struct {
	ID         int
	Type       string
	Title      string
	Datasource *datasource
	GridPos    struct{ X, Y, W, H int }
	Targets    []struct {
		RefID, Expr string
		Datasource  *datasource
	}
}

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	var d dashboard
	if err := json.Unmarshal([]byte(repository(t, "charts/easyauth/files/dashboard.json")), &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Panels) == 0 {
		t.Fatal("the dashboard has no panels")
	}
	return d
}

const chosen = "${datasource}"

// The dashboard must work in a Grafana that nobody has prepared: each panel asks the
// data source that was chosen, and it asks for what is there.
func TestDashboardAsksForWhatIsThere(t *testing.T) {
	document, d := documented(t), readDashboard(t)
	asked := map[string]bool{}
	for _, p := range d.Panels {
		if p.Type == "row" {
			continue
		}
		if p.Datasource == nil || p.Datasource.UID != chosen || p.Datasource.Type != "prometheus" || len(p.Targets) == 0 {
			t.Errorf("%s: the data source is %v, and it has %d expressions", p.Title, p.Datasource, len(p.Targets))
		}
		for _, target := range p.Targets {
			for _, why := range document.Complaints(target.Expr) {
				t.Errorf("%s: %s: %s", p.Title, target.Expr, why)
			}
			if target.Datasource == nil || target.Datasource.UID != chosen {
				t.Errorf("%s: %s: the data source is fixed", p.Title, target.Expr)
			}
			all, _ := selectors(target.Expr)
			for _, s := range all {
				m, _ := document.find(s.name)
				asked[m.Name] = true
				if labels := fmt.Sprint(s.matchers); !strings.Contains(labels, "$namespace") || !strings.Contains(labels, "$job") || !strings.Contains(labels, "$instance") {
					t.Errorf("%s: %s does not heed the variables", p.Title, s.name)
				}
			}
		}
	}
	for name := range document.Metrics {
		if strings.HasPrefix(name, "easyauth_") && !asked[name] {
			t.Errorf("no panel shows %s", name)
		}
	}
}

func TestDashboardVariables(t *testing.T) {
	document, d := documented(t), readDashboard(t)
	var names []string
	for _, v := range d.Templating.List {
		names = append(names, v.Name)
		switch {
		case v.Name == "datasource":
			if v.Type != "datasource" {
				t.Errorf("datasource is a variable of type %s", v.Type)
			}
		case v.Datasource == nil || v.Datasource.UID != chosen:
			t.Errorf("the data source of %s is fixed", v.Name)
		default:
			match := regexp.MustCompile(`^label_values\((.+), (\w+)\)$`).FindStringSubmatch(v.Definition)
			if match == nil || !slices.Contains(ofPrometheus(), match[2]) {
				t.Errorf("%s is made of %q", v.Name, v.Definition)
				continue
			}
			for _, why := range document.Complaints(match[1]) {
				t.Errorf("%s: %s", v.Name, why)
			}
		}
	}
	if want := []string{"datasource", "namespace", "job", "instance"}; !slices.Equal(names, want) {
		t.Errorf("variables %q, want %q", names, want)
	}
}

func TestDashboardLayout(t *testing.T) {
	d := readDashboard(t)
	if d.UID == "" || d.SchemaVersion < 38 { // Grafana 10
		t.Errorf("uid %q, schema %d", d.UID, d.SchemaVersion)
	}
	const wide = 24
	taken := map[[2]int]string{}
	ids := map[int]bool{}
	var rows []string
	for _, p := range d.Panels {
		if p.ID <= 0 || ids[p.ID] {
			t.Errorf("%s: its id %d is another's too", p.Title, p.ID)
		}
		ids[p.ID] = true
		if p.Title == "" {
			t.Errorf("panel %d has no title", p.ID)
		}
		if p.Type == "row" {
			rows = append(rows, p.Title)
		}
		g := p.GridPos
		if g.W <= 0 || g.H <= 0 || g.X < 0 || g.Y < 0 || g.X+g.W > wide {
			t.Errorf("%s lies at %+v", p.Title, g)
			continue
		}
		for x := range g.W {
			for y := range g.H {
				at := [2]int{g.X + x, g.Y + y}
				if other, ok := taken[at]; ok {
					t.Fatalf("%s lies on %s", p.Title, other)
				}
				taken[at] = p.Title
			}
		}
		refs := map[string]bool{}
		for _, target := range p.Targets {
			if target.RefID == "" || refs[target.RefID] {
				t.Errorf("%s: two expressions are %q", p.Title, target.RefID)
			}
			refs[target.RefID] = true
		}
	}
	want := []string{
		"Traffic and decisions", "Latency", "Sign-ins", "Identity provider and Graph", "Sessions and store", "Caches and memory", "Configuration",
	}
	if !slices.Equal(rows, want) {
		t.Errorf("rows %q, want %q", rows, want)
	}
}
